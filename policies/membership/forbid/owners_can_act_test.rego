package membership.forbid_test

import rego.v2

import data.membership.cases
import data.membership.forbid

test_owners_can_act[name] if {
	some action in {"organization.attach", "tenant.create"}
	some what, tc in {
		"an active account": {"target": {"member": false, "exists": true, "active": true}, "want": set()},
		"a disabled one": {"target": {"member": false, "exists": true, "active": false}, "want": {"owner_permanent"}},
		"none at all": {"target": {"member": false, "exists": false, "active": false}, "want": set()},
	}
	name := sprintf("%s: %s", [action, what])
	given := {"action": {"name": action}, "target": tc.target}
	cases.codes(forbid.violation) == tc.want with input as cases.given(given)
}

test_new_owners_can_act[name] if {
	some name, tc in {
		"an active member": {"target": {"active": true}, "want": set()},
		"a disabled one": {"target": {"active": false}, "want": {"owner_permanent"}},
		"no member": {"target": {"member": false, "active": false}, "want": set()},
		"nobody": {"target": {"exists": false, "member": false, "active": false}, "want": set()},
	}
	given := {"action": {"name": "tenant.transfer"}, "actor": {"level": "owner"}, "target": tc.target}
	cases.codes(forbid.violation) == tc.want with input as cases.given(given)
}

test_only_at_the_start if {
	given := {"action": {"name": "tenant.select"}, "target": {"exists": true, "active": false}}
	cases.codes(forbid.violation) == set() with input as cases.given(given)
}
