package membership.grant_test

import rego.v2

import data.membership.cases
import data.membership.grant

test_accounts[name] if {
	some action in {"user.delete", "user.leave", "user.password", "user.revoke", "user.update"}
	some whose, tc in {
		"one's own": {"given": {"target": {"self": true}}, "want": true},
		"another's": {"given": {"target": {"self": false}}, "want": false},
		"another's, by the owner of a tenant": {"given": {"actor": {"level": "owner"}}, "want": false},
		"anybody's, by the platform": {"given": cases.platform, "want": true},
	}
	name := sprintf("%s, %s", [action, whose])
	grant.allowed == tc.want with input as cases.given(object.union({"action": {"name": action}}, tc.given))
}

test_account_holders_may_nothing_else[action] if {
	some action in {"signing_key.rotate", "tenant.delete", "user.create"}
	given := {"action": {"name": action}, "actor": {"level": "viewer"}, "target": {"self": true}}
	grant.allowed == false with input as cases.given(given)
}
