package membership.grant_test

import rego.v2

import data.membership.cases
import data.membership.grant

_as_owner := {
	"capability.grant",
	"capability.revoke",
	"invitation.create",
	"invitation.delete",
	"member.add",
	"member.remove",
	"member.update",
	"project.create",
	"project.delete",
	"project.update",
	"role.create",
	"role.delete",
	"role.update",
	"tenant.update",
	"usage.report",
}

_administrator := {"actor": {"member": false, "level": "none", "organization_admin": true}}

test_organization_administrators[name] if {
	some action in _as_owner
	some what, tc in {
		"who administers it": {"by": _administrator, "want": true},
		"who is a viewer there as well": {"by": {"actor": {"level": "viewer", "organization_admin": true}}, "want": true},
		"who does not": {"by": {"actor": {"member": false, "level": "none"}}, "want": false},
	}
	name := sprintf("%s by %s", [action, what])
	grant.allowed == tc.want with input as cases.given(object.union(tc.by, {"action": {"name": action}}))
}

test_not_as_an_owner[action] if {
	some action in {
		"dataset.create", "dataset.grant", "member.leave", "organization.create", "signing_key.rotate",
		"tenant.delete", "tenant.select", "tenant.transfer", "user.create",
	}
	grant.allowed == false with input as cases.given(object.union(_administrator, {"action": {"name": action}}))
}

test_no_more_than_owners[action] if {
	some action in _as_owner
	given := cases.given(object.union(_administrator, {"action": {"name": action}}))
	grant.allowed == false with input as given with data.roles.changes.owner as []
}
