package membership.grant_test

import rego.v2

import data.membership.cases
import data.membership.grant

_giver := {
	"action": {"name": "member.update"},
	"dialect": "cognee",
	"actor": {"level": "member", "capabilities": ["manage_users"]},
	"requested": {"level": "member", "rank": 20, "enabled": true, "developer": false},
}

test_user_managers_give_roles[name] if {
	some name, tc in {
		"a user manager": {"given": {}, "want": true},
		"no user manager": {"given": {"actor": {"capabilities": []}}, "want": false},
		"through another API": {"given": {"dialect": "native"}, "want": false},
		"and a level": {"given": {"requested": {"level": "viewer", "rank": 10}}, "want": false},
		"and disable": {"given": {"requested": {"enabled": false}}, "want": false},
		"and make a developer": {"given": {"requested": {"developer": true}}, "want": false},
		"to change the tenant": {"given": {"action": {"name": "tenant.update"}}, "want": false},
	}
	grant.allowed == tc.want with input as cases.given(object.union(_giver, tc.given))
}
