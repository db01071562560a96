package membership.forbid

import rego.v2

# METADATA
# title: Nobody exceeds their rank
# description: >-
#   Nobody gives a level above their own, and nobody changes or removes a member
#   above them. Deleting a tenant removes its owner, and a transfer makes one.
violation contains {
	"code": "rank_exceeded",
	"message": "nobody hands out or takes away more than they hold",
} if {
	input.action.name in {"member.add", "member.remove", "member.update", "tenant.delete", "tenant.transfer"}
	not _rank_suffices
}

_rank_suffices if _rank_of_actor == 40

_rank_suffices if {
	input.action.name != "tenant.delete"
	input.requested.rank <= _rank_of_actor
	input.target.rank <= _rank_of_actor
}

# The ranks are constants of the domain, no setting.
_rank_of_actor := 40 if input.actor.platform == true

_rank_of_actor := {"none": 0, "viewer": 10, "member": 20, "admin": 30, "owner": 40}[input.actor.level] if {
	input.actor.platform == false
}
