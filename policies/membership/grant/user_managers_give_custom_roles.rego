package membership.grant

import rego.v2

import data.membership

# METADATA
# title: User managers give custom roles
# description: >-
#   Through cognee, a user manager (membership/user_manager.rego) may give and
#   take custom roles, and change nothing else of a membership.
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
