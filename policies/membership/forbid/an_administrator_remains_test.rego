package membership.forbid_test

import rego.v2

import data.membership.cases
import data.membership.forbid

_last := {"tenant": {"owner": "", "lasting_admins": 1}, "target": {"level": "admin", "rank": 30, "lasting": true}}

test_administrator[name] if {
	some name, tc in {
		"the last one is removed": {"given": {}, "want": {"last_administrator"}},
		"the last one leaves": {"given": {"action": {"name": "member.leave"}}, "want": {"last_administrator"}},
		"the last one is removed, whatever is asked for": {
			"given": {"requested": {"level": "admin", "rank": 30, "enabled": true}},
			"want": {"last_administrator"},
		},
		"the last one selects the tenant": {"given": {"action": {"name": "tenant.select"}}, "want": set()},
		"one of two is removed": {"given": {"tenant": {"lasting_admins": 2}}, "want": set()},
		"one who does not last is removed": {"given": {"target": {"lasting": false}}, "want": set()},
		"the count is lost": {"given": {"tenant": {"lasting_admins": 0}}, "want": {"last_administrator"}},
	}
	cases.codes(forbid.violation) == tc.want with input as cases.given(object.union(_last, tc.given))
}

test_administrator_is_updated[name] if {
	some name, tc in {
		"and stays an admin": {"requested": {}, "want": set()},
		"and becomes a member": {"requested": {"level": "member", "rank": 20}, "want": {"last_administrator"}},
		"and is disabled": {"requested": {"enabled": false}, "want": {"last_administrator"}},
		"and gets an expiry": {"requested": {"expires": true}, "want": {"last_administrator"}},
	}
	requested := object.union({"level": "admin", "rank": 30, "enabled": true, "expires": false}, tc.requested)
	given := object.union(_last, {"action": {"name": "member.update"}, "requested": requested})
	cases.codes(forbid.violation) == tc.want with input as cases.given(given)
}

test_an_owner_without_other_administrators_is_updated if {
	given := {
		"action": {"name": "member.update"},
		"actor": {"level": "owner"},
		"tenant": {"owner": "max"},
		"target": {"level": "owner", "rank": 40},
		"requested": {"level": "owner", "rank": 40, "enabled": true},
	}
	forbid.violation == set() with input as cases.given(object.union(_last, given))
}
