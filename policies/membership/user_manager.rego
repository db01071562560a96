package membership

import rego.v2

# METADATA
# title: User managers
# description: >-
#   A member whose level does not say so manages the users of a tenant all the
#   same by the capability for it, by a custom role whose whole name, in any
#   case, the role table lists, or by administering the tenant's organization.
#   The rules that ask are those of cognee's API.
user_manager if {
	input.actor.member == true
	_manages_users
}

_manages_users if "manage_users" in input.actor.capabilities

_manages_users if input.actor.organization_admin == true

_manages_users if {
	some role in input.actor.roles
	names_user_managers(role)
}

# METADATA
# title: Roles that make user managers
# description: Whether the role table lists the whole name of a custom role, in any case.
names_user_managers(role) if {
	some name in data.roles.user_management_role_names
	lower(role.name) == lower(name)
}
