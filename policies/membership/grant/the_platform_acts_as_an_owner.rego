package membership.grant

import rego.v2

# METADATA
# title: The platform acts as an owner
# description: >-
#   A platform key may create accounts, keys and tenants, and may do in every
#   tenant what its owner may. Leaving and selecting are for people.
allowed if {
	input.action.name in {
		"key.create", "key.delete", "member.add", "member.remove", "member.update",
		"tenant.create", "user.create",
	}
	input.actor.platform == true
}
