package membership.grant_test

import rego.v2

import data.membership.cases
import data.membership.grant

test_selecting[name] if {
	some name, tc in {
		"a viewer selects their tenant": {"given": {"actor": {"level": "viewer"}, "target": {"self": true}}, "want": true},
		"a stranger selects a tenant": {
			"given": {"actor": {"member": false, "level": "none"}, "target": {"self": true}},
			"want": false,
		},
		"an owner selects for another": {"given": {"actor": {"level": "owner"}}, "want": false},
		"the platform selects for a person": {"given": cases.platform, "want": false},
	}
	given := object.union({"action": {"name": "tenant.select"}}, tc.given)
	grant.allowed == tc.want with input as cases.given(given)
}

test_selecting_is_nothing_else[action] if {
	some action in {"member.remove", "store.bootstrap", "user.create"}
	given := {"action": {"name": action}, "actor": {"level": "viewer"}, "target": {"self": true}}
	grant.allowed == false with input as cases.given(given)
}
