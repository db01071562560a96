package membership.forbid_test

import rego.v2

import data.membership.cases
import data.membership.forbid

_kept := {"level": "owner", "rank": 40, "enabled": true, "expires": false}

test_owner[name] if {
	some who, by in {"the platform": cases.platform, "the owner": {"actor": {"user": "olga", "level": "owner"}}}
	some what, tc in {
		"removes the owner": {"action": "member.remove", "requested": {}, "want": {"owner_permanent"}},
		"removes the owner, whatever is asked for": {
			"action": "member.remove",
			"requested": _kept,
			"want": {"owner_permanent"},
		},
		"selects the owner's tenant": {"action": "tenant.select", "requested": {}, "want": set()},
		"lets the owner leave": {"action": "member.leave", "requested": {}, "want": {"owner_permanent"}},
		"demotes the owner": {
			"action": "member.update",
			"requested": {"level": "admin", "rank": 30, "enabled": true},
			"want": {"owner_permanent"},
		},
		"disables the owner": {
			"action": "member.update",
			"requested": object.union(_kept, {"enabled": false}),
			"want": {"owner_permanent"},
		},
		"gives the owner an expiry": {
			"action": "member.update",
			"requested": object.union(_kept, {"expires": true}),
			"want": {"owner_permanent"},
		},
		"changes something else of the owner": {"action": "member.update", "requested": _kept, "want": set()},
	}
	name := sprintf("%s %s", [who, what])
	change := {"action": {"name": tc.action}, "requested": tc.requested}
	given := object.union_n([by, cases.owner_as_target, change])
	cases.codes(forbid.violation) == tc.want with input as cases.given(given)
}

test_tenant_without_owner[name] if {
	some name, tc in {
		"a member is removed": {"user": "max", "want": set()},
		"nobody is removed": {"user": "", "want": {"owner_permanent"}},
	}
	given := {"tenant": {"owner": ""}, "target": {"user": tc.user}}
	cases.codes(forbid.violation) == tc.want with input as cases.given(given)
}
