package membership.grant_test

import rego.v2

import data.membership.cases
import data.membership.grant

test_levels[name] if {
	some action in {
		"capability.grant",
		"capability.revoke",
		"invitation.create",
		"invitation.delete",
		"member.add",
		"member.remove",
		"member.update",
		"project.create",
		"project.delete",
		"project.update",
		"role.create",
		"role.delete",
		"role.update",
		"usage.report",
	}
	some level, want in {"owner": true, "admin": true, "member": false, "viewer": false, "none": false}
	name := sprintf("%s by %s", [action, level])
	grant.allowed == want with input as cases.given({"action": {"name": action}, "actor": {"level": level}})
}

test_levels_and_the_tenant_itself[name] if {
	some action, levels in {
		"tenant.update": {"owner", "admin"},
		"dataset.create": {"owner", "admin", "member", "viewer"},
		"tenant.delete": {"owner"},
		"tenant.transfer": {"owner"},
	}
	some level in {"owner", "admin", "member", "viewer", "none"}
	name := sprintf("%s by %s", [action, level])
	want := level in levels
	grant.allowed == want with input as cases.given({"action": {"name": action}, "actor": {"level": level}})
}

test_a_level_without_membership_grants_nothing[level] if {
	some level in {"owner", "admin"}
	grant.allowed == false with input as cases.given({"actor": {"level": level, "member": false}})
}

test_the_table_grants_memberships_alone if {
	given := cases.given({"action": {"name": "tenant.create"}})
	grant.allowed == false with input as given with data.roles.changes as {"admin": ["tenant.create"]}
}
