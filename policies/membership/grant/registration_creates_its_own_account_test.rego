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
