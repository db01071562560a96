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
	input.action.name in {"member.add", "member.remove", "role.create", "role.delete"}
	input.dialect == "cognee"
	membership.user_manager
}

allowed if {
	input.action.name == "member.leave"
	input.dialect == "cognee"
	input.target.self == true
	membership.user_manager
}

allowed if {
	input.action.name == "member.update"
	input.dialect == "cognee"
	_nothing_but_roles_changes
	membership.user_manager
}

_nothing_but_roles_changes if {
	input.requested.level == input.target.level
	input.requested.enabled == input.target.enabled
	input.requested.developer == input.target.developer
}
