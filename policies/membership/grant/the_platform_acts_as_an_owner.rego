package membership.grant

import rego.v2

# METADATA
# title: The platform acts as an owner
# description: >-
#   A platform key may make, change and delete accounts, keys and tenants, and
#   may do in every tenant what its owner may. Leaving one and selecting one are
#   for people.
allowed if {
	input.action.name in {
		"key.create", "key.delete", "member.add", "member.remove", "member.update",
		"signing_key.rotate",
		"tenant.create", "tenant.delete", "tenant.transfer", "tenant.update",
		"user.create", "user.delete", "user.leave", "user.password", "user.revoke", "user.update",
	}
	input.actor.platform == true
}
