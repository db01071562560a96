package membership.grant

import rego.v2

# METADATA
# title: A custom role grants its changes
# description: >-
#   An active member may make the changes that their custom roles name, besides
#   those of their level. What is an owner's alone, no custom role gives.
allowed if {
	input.action.name in {
		"capability.grant", "capability.revoke", "dataset.create",
		"invitation.create", "invitation.delete",
		"member.add", "member.remove", "member.update",
		"project.create", "project.delete", "project.update",
		"role.create", "role.delete", "role.update",
		"tenant.update", "usage.report",
	}
	input.actor.member == true
	input.action.name in input.actor.actions
}
