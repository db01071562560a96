package membership.grant

import rego.v2

# METADATA
# title: Organization administrators act as owners
# description: >-
#   Who administers an organization may do in each of its tenants what an owner
#   may by the role table, but for its transfer and its deletion, and for
#   registering datasets, which belong to members.
allowed if {
	input.action.name in {
		"capability.grant", "capability.revoke",
		"invitation.create", "invitation.delete",
		"member.add", "member.remove", "member.update",
		"project.create", "project.delete", "project.update",
		"role.create", "role.delete", "role.update",
		"tenant.update", "usage.report",
	}
	input.actor.organization_admin == true
	input.action.name in data.roles.changes.owner
}
