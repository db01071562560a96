package membership.grant

import rego.v2

# METADATA
# title: Registration creates its own account
# description: Whoever registers acts as the account that comes into being, and creates no other.
allowed if {
	input.action.name == "user.register"
	input.target.self == true
}
