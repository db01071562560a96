package membership.grant

import rego.v2

# METADATA
# title: A level grants its changes
# description: An active member may make the changes that the role table gives to their level.
allowed if {
	input.action.name in {
		"capability.grant", "capability.revoke", "dataset.create",
		"invitation.create", "invitation.delete",
		"member.add", "member.remove", "member.update",
		"project.create", "project.delete", "project.update",
		"role.create", "role.delete", "role.update",
		"tenant.delete", "tenant.transfer", "tenant.update",
		"usage.report",
	}
	input.actor.member == true
	input.action.name in data.roles.changes[input.actor.level]
}
