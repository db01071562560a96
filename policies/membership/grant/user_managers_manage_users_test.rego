package membership.grant_test

import rego.v2

import data.membership.cases
import data.membership.grant

_manager := {"dialect": "cognee", "actor": {"level": "member", "capabilities": ["manage_users"]}}

_kept := {"requested": {"level": "member", "rank": 20, "enabled": true, "developer": false}}

test_user_managers[name] if {
	some action, want in {
		"member.add": true,
		"member.remove": true,
		"member.update": true,
		"role.create": true,
		"role.delete": true,
		"role.update": false,
		"member.leave": false,
		"invitation.create": false,
		"capability.grant": false,
		"tenant.update": false,
		"tenant.delete": false,
	}
	some who, tc in {"a user manager": {"by": {}, "is": true}, "no user manager": {"by": {"actor": {"capabilities": []}}, "is": false}}
	name := sprintf("%s by %s", [action, who])
	given := object.union_n([_manager, _kept, {"action": {"name": action}}, tc.by])
	granted := {action | want; tc.is}
	{action | grant.allowed with input as cases.given(given)} == granted
}

test_user_managers_change_nothing_but_roles[name] if {
	some name, requested in {
		"a level": {"level": "viewer", "rank": 10},
		"enabled": {"enabled": false},
		"developer": {"developer": true},
	}
	given := object.union_n([_manager, _kept, {"action": {"name": "member.update"}}, {"requested": requested}])
	grant.allowed == false with input as cases.given(given)
}

test_user_managers_of_other_apis[name] if {
	some dialect in ["native", "llamacloud", "cogniac", "proxy", ""]
	some action in ["member.remove", "member.update"]
	name := sprintf("%s through %s", [action, dialect])
	given := object.union_n([_manager, _kept, {"action": {"name": action}, "dialect": dialect}])
	grant.allowed == false with input as cases.given(given)
}

test_user_managers_do_nothing_else_with_themselves[action] if {
	some action in {"tenant.update", "invitation.create", "role.update"}
	given := object.union(_manager, {"action": {"name": action}, "target": {"self": true}})
	grant.allowed == false with input as cases.given(given)
}

# Of processmind's administrators, data.roles.leave lets none leave.
test_user_managers_leave_through_cognee_alone if {
	actor := {"actor": {"level": "admin", "capabilities": ["manage_users"]}}
	leaving := {"action": {"name": "member.leave"}, "target": {"self": true}, "dialect": "processmind"}
	grant.allowed == false with input as cases.given(object.union(leaving, actor))
}

test_user_managers_leave if {
	given := object.union(_manager, {"action": {"name": "member.leave"}, "target": {"self": true}})
	grant.allowed == true with input as cases.given(given)
}
