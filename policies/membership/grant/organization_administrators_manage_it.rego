package membership.grant

import rego.v2

# METADATA
# title: Organization administrators manage it
# description: >-
#   Who administers an organization may change and delete it, say who belongs to
#   it, make tenants in it and take tenants out of it. The platform makes it.
allowed if {
	input.action.name in {
		"organization.attach", "organization.delete", "organization.detach",
		"organization.remove_member", "organization.set_member", "organization.update",
	}
	input.actor.organization_admin == true
}
