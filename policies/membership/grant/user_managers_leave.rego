package membership.grant

import rego.v2

import data.membership

# METADATA
# title: User managers leave
# description: Through cognee, a user manager (membership/user_manager.rego) may leave, whatever their level.
allowed if {
	input.action.name == "member.leave"
	input.dialect == "cognee"
	input.target.self == true
	membership.user_manager
}
