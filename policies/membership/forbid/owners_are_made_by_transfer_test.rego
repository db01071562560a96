package membership.forbid_test

import rego.v2

import data.membership.cases
import data.membership.forbid

test_transfer[name] if {
	some action in {"invitation.create", "member.add", "member.update"}
	some what, tc in {
		"a member becomes an owner": {"given": {}, "want": {"owner_by_transfer_only"}},
		"a member becomes an admin": {"given": {"requested": {"level": "admin", "rank": 30}}, "want": set()},
		"the owner stays the owner": {"given": cases.owner_as_target, "want": set()},
		"nobody owns the tenant": {
			"given": {"tenant": {"owner": ""}},
			"want": {"owner_by_transfer_only"},
		},
	}
	name := sprintf("%s: %s", [action, what])
	change := {"action": {"name": action}, "requested": {"level": "owner", "rank": 40, "enabled": true}}
	given := object.union_n([cases.platform, change, tc.given])
	cases.codes(forbid.violation) == tc.want with input as cases.given(given)
}

test_nobody_is_no_owner if {
	given := object.union_n([cases.platform, {
		"action": {"name": "member.add"},
		"tenant": {"owner": ""},
		"target": {"user": ""},
		"requested": {"level": "owner", "rank": 40, "enabled": true},
	}])
	cases.codes(forbid.violation) == {"owner_by_transfer_only"} with input as cases.given(given)
}

test_a_removal_makes_no_owner if {
	given := object.union(cases.platform, {"requested": {"level": "owner", "rank": 40}})
	cases.codes(forbid.violation) == set() with input as cases.given(given)
}
