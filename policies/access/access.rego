# METADATA
# title: Access
# description: >-
#   Judges every action that changes nothing, by a boolean. These rules read no
#   id: what holds for one person in a position holds for everybody in it.
#   Conditions are written as comparisons with a constant wherever they can be,
#   so that OPA's index skips the rules that do not apply.
package access

import rego.v2

import data.membership

# METADATA
# description: Nobody may do what no rule below permits.
# entrypoint: true
default allow := false

# METADATA
# title: A level gives access
# description: An active member may do what the role table gives to their level.
allow if {
	input.actor.member == true
	input.action.name in data.roles.access[input.actor.level]
	_actor_may_act
}

# METADATA
# title: A custom role gives access
# description: >-
#   An active member may do what their custom roles name, besides what their
#   level has. What no level could hold, no custom role gives: a dataset, an
#   account, an organization, the store.
allow if {
	input.actor.member == true
	input.action.name in input.actor.actions
	not _is_beyond_roles
	_actor_may_act
}

_is_beyond_roles if {
	split(input.action.name, ".")[0] in {"dataset", "entity", "organization", "policy", "signing_key", "store", "user"}
	input.action.name != "dataset.list_of"
}

_is_beyond_roles if input.action.name in {"tenant.list", "tenant.list_all"}

# METADATA
# title: Organization administrators have an owner's access
# description: Who administers an organization may see and do in each of its tenants what an owner may.
allow if {
	input.actor.organization_admin == true
	input.action.name in data.roles.access.owner
	_actor_may_act
}

# METADATA
# title: Permissions give access to a dataset
# description: >-
#   Whoever holds a permission on a dataset, by grants to themself, to a role of
#   theirs or to the tenant, may do what it says, whatever their level.
allow if {
	input.action.name in {"dataset.delete", "dataset.read", "dataset.share", "dataset.write"}
	trim_prefix(input.action.name, "dataset.") in input.resource.permissions
	_actor_may_act
}

# METADATA
# title: People see their own
# description: >-
#   A person may read their own account, and list their own keys, tenants,
#   datasets and organizations.
allow if {
	input.action.name in {"dataset.list", "key.list", "organization.list", "tenant.list", "user.read"}
	input.target.self == true
	_actor_may_act
}

# METADATA
# title: Members see what they may
# description: A member may read which capabilities they have in a tenant.
allow if {
	input.action.name == "capability.read"
	input.actor.member == true
	_actor_may_act
}

# METADATA
# title: Holders see their role
# description: >-
#   A member may read a custom role that they hold, who else holds it, and which
#   datasets it, or their tenant as a whole, can reach.
allow if {
	input.action.name in {"dataset.list_of", "role.read"}
	input.resource.mine == true
	_actor_may_act
}

# METADATA
# title: User managers see users and roles
# description: >-
#   Through cognee, a user manager (membership/user_manager.rego) may see the custom roles of
#   the tenant and what each of its users, roles and datasets comes to.
allow if {
	input.action.name in {"dataset.list_of", "role.list", "role.read"}
	input.dialect == "cognee"
	membership.user_manager
	_actor_may_act
}

# METADATA
# title: Members see their organization
# description: An organization is read by the members whose place in it is enabled.
allow if {
	input.action.name == "organization.read"
	input.resource.mine == true
	_actor_may_act
}

# METADATA
# title: Organization administrators see their organization
# description: Who administers an organization may read it, with its members, tenants and their numbers.
allow if {
	input.action.name in {"organization.read", "organization.usage"}
	input.actor.organization_admin == true
	_actor_may_act
}

# METADATA
# title: People find each other
# description: Any account may find another by its e-mail address, through the APIs that the role table names.
allow if {
	input.action.name == "user.find"
	input.dialect in data.roles.find
	_actor_may_act
}

# METADATA
# title: Everybody reads the rules
# description: Any account may see which rules are in force.
allow if {
	input.action.name == "policy.read"
	_actor_may_act
}

# METADATA
# title: The platform has an owner's access
# description: A platform key may do in every tenant what its owner may.
allow if {
	input.actor.platform == true
	input.action.name in data.roles.access.owner
	_actor_may_act
}

# METADATA
# title: The platform sees all accounts, tenants and organizations
# description: >-
#   A platform key may read every account with its keys, tenants and
#   organizations, and list all tenants and organizations.
allow if {
	input.action.name in {
		"key.list", "organization.list", "organization.list_all", "organization.read",
		"organization.usage", "tenant.list", "tenant.list_all", "user.find", "user.read",
	}
	input.actor.platform == true
	_actor_may_act
}

# METADATA
# title: The platform reads the registry
# description: A platform key may read the entities whose access operators' own rules judge.
allow if {
	input.action.name == "entity.read"
	input.actor.platform == true
	_actor_may_act
}

# METADATA
# title: The platform keeps the store
# description: A platform key may see what the store is, copy it and have it checked.
allow if {
	input.action.name in {"store.backup", "store.read", "store.verify"}
	input.actor.platform == true
	_actor_may_act
}

# Pending, disabled and expired members may do nothing, and a key with scopes
# is good for the actions that they name.
_actor_may_act if {
	input.actor.active
	"*" in input.actor.scopes
}

_actor_may_act if {
	input.actor.active
	input.action.name in input.actor.scopes
}
