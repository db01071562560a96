package membership.grant

import rego.v2

# METADATA
# title: The platform acts as an owner
# description: >-
#   A platform key may make, change and delete accounts, keys, tenants,
#   organizations and entities, and may do in every tenant what its owner may. Leaving one,
#   selecting one and registering datasets are for people.
allowed if {
	input.action.name in {
		"capability.grant", "capability.revoke",
		"entity.delete", "entity.put",
		"invitation.create", "invitation.delete",
		"key.create", "key.delete", "member.add", "member.remove", "member.update",
		"organization.attach", "organization.create", "organization.delete", "organization.detach",
		"organization.remove_member", "organization.set_member", "organization.update",
		"project.create", "project.delete", "project.update",
		"role.create", "role.delete", "role.update",
		"signing_key.rotate",
		"tenant.create", "tenant.delete", "tenant.transfer", "tenant.update",
		"usage.report",
		"user.create", "user.delete", "user.leave", "user.password", "user.revoke", "user.update",
	}
	input.actor.platform == true
}
