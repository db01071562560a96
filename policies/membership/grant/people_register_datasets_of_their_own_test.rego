package membership.grant_test

import rego.v2

import data.membership.cases
import data.membership.grant

_registering := {
	"action": {"name": "dataset.create"},
	"actor": {"member": false, "level": "none"},
	"tenant": {"id": "", "owner": "", "members": 0, "lasting_admins": 0},
	"resource": {"type": "dataset", "mine": true},
}

test_registering_a_dataset[name] if {
	some name, tc in {
		"one's own, in no tenant": {"given": {}, "want": true},
		"nobody's": {"given": {"resource": {"mine": false}}, "want": false},
		"in a tenant of others": {"given": {"tenant": {"id": "acme"}}, "want": false},
		"in a tenant, by a viewer": {
			"given": {"actor": {"member": true, "level": "viewer"}, "tenant": {"id": "acme"}},
			"want": true,
		},
		"in a tenant, by its organization's administrator": {
			"given": {"actor": {"organization_admin": true}, "tenant": {"id": "acme"}},
			"want": false,
		},
	}
	grant.allowed == tc.want with input as cases.given(object.union(_registering, tc.given))
}

test_registering_is_nothing_else[action] if {
	some action in {"dataset.grant", "member.remove", "organization.create", "user.create"}
	grant.allowed == false with input as cases.given(object.union(_registering, {"action": {"name": action}}))
}
