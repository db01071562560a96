package membership.forbid_test

import rego.v2

import data.membership.cases
import data.membership.forbid

test_the_tenant_itself_takes_an_owner[name] if {
	some action, asked in {
		"tenant.delete": {"target": {"rank": 0}, "requested": {"rank": 0}},
		"tenant.transfer": {"target": {"rank": 20}, "requested": {"rank": 40}},
	}
	some who, tc in {
		"the owner": {"by": {"actor": {"level": "owner"}}, "want": set()},
		"an admin": {"by": {"actor": {"level": "admin"}}, "want": {"rank_exceeded"}},
		"an organization's administrator": {
			"by": {"actor": {"member": false, "level": "none", "organization_admin": true}},
			"want": {"rank_exceeded"},
		},
		"an owner who administers the organization": {
			"by": {"actor": {"level": "owner", "organization_admin": true}},
			"want": set(),
		},
		"the platform": {"by": cases.platform, "want": set()},
	}
	name := sprintf("%s by %s", [action, who])
	facts := object.union_n([{"action": {"name": action}}, asked, tc.by])
	cases.codes(forbid.violation) == tc.want with input as cases.given(facts)
}

test_nothing_else_takes_an_owner[action] if {
	some action in {"tenant.select", "tenant.update"}
	cases.codes(forbid.violation) == set() with input as cases.given({"action": {"name": action}, "actor": {"level": "viewer"}})
}
