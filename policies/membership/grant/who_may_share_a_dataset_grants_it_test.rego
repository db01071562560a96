package membership.grant_test

import rego.v2

import data.membership.cases
import data.membership.grant

test_sharing[name] if {
	some action in {"dataset.grant", "dataset.revoke"}
	some what, tc in {
		"who may share it": {"given": {"resource": {"permissions": ["read", "share"]}}, "want": true},
		"who may all else": {"given": {"resource": {"permissions": ["read", "write", "delete"]}}, "want": false},
		"an owner of the tenant": {"given": {"actor": {"level": "owner"}}, "want": false},
		"its owner without a permission": {"given": {"resource": {"mine": true}}, "want": false},
		"the platform": {"given": cases.platform, "want": false},
	}
	name := sprintf("%s by %s", [action, what])
	given := object.union({"action": {"name": action}, "actor": {"level": "viewer"}}, tc.given)
	grant.allowed == tc.want with input as cases.given(given)
}

test_sharing_is_nothing_else[action] if {
	some action in {"dataset.create", "member.remove", "role.delete"}
	given := {"action": {"name": action}, "actor": {"level": "none"}, "resource": {"permissions": ["share"]}}
	grant.allowed == false with input as cases.given(given)
}
