package membership.grant_test

import rego.v2

import data.membership.cases
import data.membership.grant

# Every change that a custom role may give.
_by_role := {
	"capability.grant",
	"capability.revoke",
	"dataset.create",
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

test_custom_roles[name] if {
	some action in _by_role
	some what, tc in {
		"it is named": {"actor": {"actions": ["x", action]}, "want": true},
		"something else is named": {"actor": {"actions": ["x"]}, "want": false},
		"nothing is named": {"actor": {"actions": []}, "want": false},
		"it is named in another tenant": {"actor": {"member": false, "actions": [action]}, "want": false},
	}
	name := sprintf("%s: %s", [action, what])
	given := {"action": {"name": action}, "actor": object.union({"level": "none"}, tc.actor)}
	grant.allowed == tc.want with input as cases.given(given)
}

test_never_by_custom_role[action] if {
	some action in {
		"dataset.grant", "dataset.revoke", "invitation.accept", "key.create", "key.delete", "member.leave",
		"entity.put", "organization.attach", "organization.create", "organization.set_member", "signing_key.rotate",
		"tenant.create", "tenant.delete", "tenant.select", "tenant.transfer", "user.create", "user.delete", "user.update",
	}
	given := {"action": {"name": action}, "actor": {"level": "viewer", "actions": [action]}}
	grant.allowed == false with input as cases.given(given)
}
