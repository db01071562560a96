package membership.grant_test

import rego.v2

import data.membership.cases
import data.membership.grant

_manager := {"dialect": "cognee", "actor": {"level": "member", "capabilities": ["manage_users"]}}

test_user_managers[name] if {
	some action in {"member.add", "member.remove", "role.create", "role.delete"}
	some who, tc in {
		"a user manager": {"by": {}, "want": true},
		"no user manager": {"by": {"actor": {"capabilities": []}}, "want": false},
	}
	name := sprintf("%s by %s", [action, who])
	given := object.union_n([_manager, {"action": {"name": action}}, tc.by])
	grant.allowed == tc.want with input as cases.given(given)
}

test_user_managers_of_other_apis[dialect] if {
	some dialect in ["native", "llamacloud", "cogniac", "processmind", "proxy", ""]
	grant.allowed == false with input as cases.given(object.union(_manager, {"dialect": dialect}))
}

test_user_managers_do_nothing_else[action] if {
	some action in {"role.update", "invitation.create", "capability.grant", "tenant.update", "tenant.delete"}
	grant.allowed == false with input as cases.given(object.union(_manager, {"action": {"name": action}}))
}
