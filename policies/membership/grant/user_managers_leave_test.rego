package membership.grant_test

import rego.v2

import data.membership.cases
import data.membership.grant

_leaver := {
	"action": {"name": "member.leave"},
	"dialect": "cognee",
	"actor": {"level": "member", "capabilities": ["manage_users"]},
	"target": {"self": true},
}

test_user_managers_leave[name] if {
	some name, tc in {
		"a user manager": {"given": {}, "want": true},
		"no user manager": {"given": {"actor": {"capabilities": []}}, "want": false},
		"for another": {"given": {"target": {"self": false}}, "want": false},
		"elsewhere, where their level does not": {"given": {"actor": {"level": "admin"}, "dialect": "processmind"}, "want": false},
		"to change the tenant": {"given": {"action": {"name": "tenant.update"}}, "want": false},
	}
	grant.allowed == tc.want with input as cases.given(object.union(_leaver, tc.given))
}
