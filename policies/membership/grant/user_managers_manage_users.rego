package membership.grant

import rego.v2

import data.membership

# METADATA
# title: User managers manage users
# description: >-
#   Through cognee, a user manager (membership/user_manager.rego) may add and remove members,
#   make and delete custom roles, and give and take them, but change nothing else
#   of a membership; and may leave.
allowed if {
	input.action.name in {"member.add", "member.leave", "member.remove", "member.update", "role.create", "role.delete"}
	input.dialect == "cognee"
	membership.user_manager
	_nothing_but_roles_changes
}

_nothing_but_roles_changes if input.action.name in {"member.add", "member.remove", "role.create", "role.delete"}

_nothing_but_roles_changes if {
	input.action.name == "member.leave"
	input.target.self == true
}

_nothing_but_roles_changes if {
	input.action.name == "member.update"
	input.requested.level == input.target.level
	input.requested.enabled == input.target.enabled
	input.requested.developer == input.target.developer
}
