# METADATA
# title: Access
# description: >-
#   Judges every action that changes nothing, by a boolean. These rules read no
#   id: what holds for one person in a position holds for everybody in it.
#   Conditions are written as comparisons with a constant wherever they can be,
#   so that OPA's index skips the rules that do not apply.
package access

import rego.v2

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
# title: People see their own
# description: A person may read their own account, and list their own keys and tenants.
allow if {
	input.action.name in {"key.list", "tenant.list", "user.read"}
	input.target.self == true
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
# title: The platform sees all accounts and tenants
# description: A platform key may read every account with its keys and tenants, and list all tenants.
allow if {
	input.action.name in {"key.list", "tenant.list", "tenant.list_all", "user.find", "user.read"}
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
