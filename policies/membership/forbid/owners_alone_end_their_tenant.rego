package membership.forbid

import rego.v2

# METADATA
# title: Owners alone end their tenant
# description: >-
#   Deleting a tenant removes its owner, and a transfer makes another: both take
#   the rank of an owner, which administering its organization does not give.
violation contains {
	"code": "rank_exceeded",
	"message": "nobody hands out or takes away more than they hold",
} if {
	input.action.name in {"tenant.delete", "tenant.transfer"}
	not _actor_is_as_the_owner
}

_actor_is_as_the_owner if input.actor.level == "owner"

_actor_is_as_the_owner if input.actor.platform == true
