package membership.grant

import rego.v2

import data.membership

# METADATA
# title: A custom role grants its changes
# description: >-
#   An active member may make the changes that their custom roles name, besides
#   those of their level. What is an owner's alone, no custom role gives; and a
#   role whose name makes user managers (membership/user_manager.rego) is made,
#   so renamed or handed out only by who manages users already.
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
	_makes_no_user_manager
}

_makes_no_user_manager if membership.user_manager

_makes_no_user_manager if {
	is_array(input.requested.roles)
	making := [role | some role in input.requested.roles; _makes_user_managers(role)]
	count(making) == 0
}

_makes_user_managers(role) if {
	membership.names_user_managers(role)
	not role in input.target.roles
}
