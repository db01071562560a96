package membership.grant_test

import rego.v2

import data.membership.cases
import data.membership.grant

test_registration[name] if {
	some name, tc in {
		"one's own account": {"self": true, "want": true},
		"another account": {"self": false, "want": false},
	}
	grant.allowed == tc.want with input as cases.given({
		"action": {"name": "user.register"},
		"actor": {"member": false, "level": "none"},
		"target": {"self": tc.self},
	})
}

test_registration_is_nothing_else[action] if {
	some action in {"member.remove", "store.bootstrap", "user.create"}
	given := {"action": {"name": action}, "actor": {"level": "viewer"}, "target": {"self": true}}
	grant.allowed == false with input as cases.given(given)
}
