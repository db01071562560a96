package membership.grant

import rego.v2

# METADATA
# title: People manage their own account
# description: >-
#   A person may change and delete their own account, set its password, end its
#   tokens, and leave everywhere at once.
allowed if {
	input.action.name in {"user.delete", "user.leave", "user.password", "user.revoke", "user.update"}
	input.target.self == true
}
