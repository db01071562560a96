package membership.grant_test

import rego.v2

import data.membership.cases
import data.membership.grant

test_creating_tenants[name] if {
	some name, tc in {
		"with oneself as owner": {"given": {"target": {"self": true}}, "want": true},
		"with another as owner": {"given": {"target": {"self": false}}, "want": false},
		"the platform, with anybody as owner": {"given": cases.platform, "want": true},
	}
	given := object.union({"action": {"name": "tenant.create"}, "actor": {"member": false, "level": "none"}}, tc.given)
	grant.allowed == tc.want with input as cases.given(given)
}

test_creators_may_nothing_else[action] if {
	some action in {"member.remove", "store.bootstrap", "user.create"}
	given := {"action": {"name": action}, "actor": {"level": "viewer"}, "target": {"self": true}}
	grant.allowed == false with input as cases.given(given)
}
