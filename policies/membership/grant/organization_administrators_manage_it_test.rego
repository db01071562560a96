package membership.grant_test

import rego.v2

import data.membership.cases
import data.membership.grant

test_organizations[name] if {
	some action in {
		"organization.attach",
		"organization.delete",
		"organization.detach",
		"organization.remove_member",
		"organization.set_member",
		"organization.update",
	}
	some who, tc in {
		"who administers it": {"by": {"actor": {"member": false, "level": "none", "organization_admin": true}}, "want": true},
		"an owner of a tenant": {"by": {"actor": {"level": "owner"}}, "want": false},
		"who belongs to it": {"by": {"actor": {"level": "none"}, "resource": {"mine": true}}, "want": false},
		"the platform": {"by": cases.platform, "want": true},
	}
	name := sprintf("%s by %s", [action, who])
	grant.allowed == tc.want with input as cases.given(object.union(tc.by, {"action": {"name": action}}))
}
