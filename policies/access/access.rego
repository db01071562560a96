# METADATA
# title: Access
# description: >-
#   Judges every action that changes nothing, by a boolean. These rules read no
#   id: what holds for one person in a position holds for everybody in it.
package access

import rego.v2

# METADATA
# title: Access
# description: Whoever is active and whose credential covers the action may do what their position permits.
# entrypoint: true
default allow := false

allow if {
	input.actor.active
	_action_is_in_scope
	_position_permits
}

_action_is_in_scope if "*" in input.actor.scopes

_action_is_in_scope if input.action.name in input.actor.scopes

# METADATA
# title: A level gives access
# description: An active member may do what the role table gives to their level.
_position_permits if {
	input.actor.member
	input.action.name in data.roles.levels[input.actor.level].access
}

# METADATA
# title: The platform has an owner's access
# description: A platform key may do in every tenant what its owner may.
_position_permits if {
	input.actor.platform
	input.action.name in data.roles.levels.owner.access
}

# METADATA
# title: The platform sees all accounts and tenants
# description: A platform key may read every account with its keys and tenants, and list all tenants.
_position_permits if {
	input.action.name in {"key.list", "tenant.list", "tenant.list_all", "user.find", "user.read"}
	input.actor.platform
}

# METADATA
# title: People see their own
# description: A person may read their own account, and list their own keys and tenants.
_position_permits if {
	input.action.name in {"key.list", "tenant.list", "user.read"}
	input.target.self
}

# METADATA
# title: People find each other
# description: Any account may find another by its e-mail address, through the APIs that the role table names.
_position_permits if {
	input.action.name == "user.find"
	input.dialect in data.roles.find
}

# METADATA
# title: Everybody reads the rules
# description: Any account may see which rules are in force.
_position_permits if input.action.name == "policy.read"
