package membership_test

import rego.v2

import data.membership
import data.membership.cases

test_decision[name] if {
	some name, tc in {
		"granted and unopposed": {
			"given": {},
			"want": {"allow": true, "granted": true, "codes": set()},
		},
		"granted, but an objection stands": {
			"given": cases.owner_as_target,
			"want": {"allow": false, "granted": true, "codes": {"owner_permanent", "rank_exceeded"}},
		},
		"unopposed, but nothing grants it": {
			"given": {"actor": {"level": "member"}},
			"want": {"allow": false, "granted": false, "codes": set()},
		},
		"neither": {
			"given": {"actor": {"member": false, "level": "none", "active": false}},
			"want": {"allow": false, "granted": false, "codes": {"not_permitted", "rank_exceeded"}},
		},
		"no change at all": {
			"given": {"action": {"name": "resource.read"}},
			"want": {"allow": false, "granted": false, "codes": set()},
		},
	}
	decision := membership.decision with input as cases.given(tc.given)
	object.keys(decision) == {"allow", "granted", "violations"}
	decision.allow == tc.want.allow
	decision.granted == tc.want.granted
	cases.codes(decision.violations) == tc.want.codes
}

test_empty_input_is_refused if {
	decision := membership.decision with input as {}
	not decision.allow
	not decision.granted
	cases.codes(decision.violations) == {"facts_incomplete", "not_permitted"}
}
