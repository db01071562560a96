package membership.forbid_test

import rego.v2

import data.membership.cases
import data.membership.forbid

test_inactive[name] if {
	some action in {"member.remove", "member.leave", "tenant.create", "tenant.select", "key.create", "user.register"}
	some active, want in {"active": set(), "inactive": {"not_permitted"}}
	name := sprintf("%s, %s", [action, active])
	given := {"action": {"name": action}, "actor": {"active": active == "active"}}
	cases.codes(forbid.violation) == want with input as cases.given(given)
}
