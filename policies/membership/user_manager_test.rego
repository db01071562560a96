package membership_test

import rego.v2

import data.membership
import data.membership.cases

test_user_managers[name] if {
	some name, tc in {
		"by the capability": {"actor": {"capabilities": ["manage_users"]}, "want": true},
		"by another capability": {"actor": {"capabilities": ["manage"]}, "want": false},
		"by a role": {"actor": {"roles": [{"id": "r0", "name": "x"}, {"id": "r1", "name": "admin"}]}, "want": true},
		"by a role, in another case": {"actor": {"roles": [{"id": "r1", "name": "AdMin"}]}, "want": true},
		"by a role that contains the name": {"actor": {"roles": [{"id": "r1", "name": "admins"}]}, "want": false},
		"by a role that the name contains": {"actor": {"roles": [{"id": "r1", "name": "adm"}]}, "want": false},
		"by a role with blanks around": {"actor": {"roles": [{"id": "r1", "name": " admin"}]}, "want": false},
		"by a role without a name": {"actor": {"roles": [{"id": "r1", "name": ""}]}, "want": false},
		"by administering the organization": {"actor": {"organization_admin": true}, "want": true},
		"by administering the organization, as no member": {
			"actor": {"member": false, "level": "none", "organization_admin": true},
			"want": false,
		},
		"by nothing": {"actor": {}, "want": false},
		"of another tenant": {
			"actor": {"member": false, "level": "none", "capabilities": ["manage_users"]},
			"want": false,
		},
	}
	given := {"actor": object.union({"level": "member"}, tc.actor)}
	{true | membership.user_manager with input as cases.given(given)} == {true | tc.want}
}

test_role_names_are_data[name] if {
	some name, want in {"Leiter": true, "admin": false}
	roles := [{"id": "r1", "name": lower(name)}]
	given := cases.given({"actor": {"level": "member", "roles": roles}})
	got := {true | membership.user_manager with input as given with data.roles.user_management_role_names as ["LEITER"]}
	got == {true | want}
}
