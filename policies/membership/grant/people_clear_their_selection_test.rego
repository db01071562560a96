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

test_people_may_clear_nothing_else[action] if {
	some action in {"member.remove", "store.bootstrap", "user.create"}
	given := {"action": {"name": action}, "actor": {"level": "viewer"}, "target": {"self": true}, "tenant": {"id": ""}}
	grant.allowed == false with input as cases.given(given)
}

test_clearing_is_not_selecting if {
	grant.allowed == false with input as cases.given(object.union(_clearing, {"tenant": {"id": "acme"}, "target": {"self": true}}))
}
