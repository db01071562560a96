package membership.forbid_test

import rego.v2

import data.membership.cases
import data.membership.forbid

test_seats[name] if {
	some action in {"invitation.accept", "member.add"}
	some what, tc in {
		"one seat is free": {"members": 4, "limit": 5, "want": set()},
		"all seats are taken": {"members": 5, "limit": 5, "want": {"member_limit"}},
		"the limit was lowered": {"members": 6, "limit": 5, "want": {"member_limit"}},
		"no limit": {"members": 1000000, "limit": 9007199254740991, "want": set()},
		"a limit of nothing": {"members": 0, "limit": 0, "want": {"member_limit"}},
	}
	name := sprintf("%s: %s", [action, what])
	given := {
		"action": {"name": action},
		"tenant": {"members": tc.members, "limit": tc.limit},
		"target": {"member": false, "level": "none", "rank": 0},
		"requested": {"level": "member", "rank": 20},
	}
	cases.codes(forbid.violation) == tc.want with input as cases.given(given)
}

test_a_full_tenant_can_be_left[action] if {
	some action in {"member.remove", "member.leave"}
	given := {"action": {"name": action}, "tenant": {"limit": 3}}
	cases.codes(forbid.violation) == set() with input as cases.given(given)
}

test_whoever_is_a_member_has_a_seat[action] if {
	some action in {"invitation.accept", "member.add"}
	given := {"action": {"name": action}, "tenant": {"members": 5, "limit": 5}, "target": {"member": true}}
	cases.codes(forbid.violation) == set() with input as cases.given(given)
}
