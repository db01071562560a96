package membership.grant_test

import rego.v2

import data.membership.cases
import data.membership.grant

_clearing := {
	"action": {"name": "tenant.select"},
	"actor": {"member": false, "level": "none"},
	"tenant": {"id": "", "owner": "", "members": 0, "lasting_admins": 0},
}

test_clearing[name] if {
	some name, tc in {
		"one's own": {"self": true, "want": true},
		"another's": {"self": false, "want": false},
	}
	grant.allowed == tc.want with input as cases.given(object.union(_clearing, {"target": {"self": tc.self}}))
}
