package membership.grant

import rego.v2

import data.membership

# METADATA
# title: User managers manage users
# description: >-
#   Through cognee, a user manager (membership/user_manager.rego) may add and
#   remove members, and make and delete custom roles.
allowed if {
	input.action.name in {"member.add", "member.remove", "role.create", "role.delete"}
	input.dialect == "cognee"
	membership.user_manager
}
