package membership.forbid

import rego.v2

# METADATA
# title: Nobody exceeds their rank
# description: Nobody gives a level above their own, and nobody changes or removes a member above them.
# custom:
#   code: rank_exceeded
violation contains {
	"code": "rank_exceeded",
	"message": "nobody hands out or takes away more than they hold",
} if {
	input.action.name in {"member.add", "member.update"}
	not _requested_is_within_rank
}

violation contains {
	"code": "rank_exceeded",
	"message": "nobody hands out or takes away more than they hold",
} if {
	input.action.name in {"member.remove", "member.update"}
	not _target_is_within_rank
}

_requested_is_within_rank if input.requested.rank <= _rank_of_actor

_target_is_within_rank if input.target.rank <= _rank_of_actor

# The ranks are constants of the domain (contracts/levels.md), no setting.
_ranks := {"none": 0, "viewer": 10, "member": 20, "admin": 30, "owner": 40}

_rank_of_actor := _ranks.owner if input.actor.platform

_rank_of_actor := _ranks[input.actor.level] if input.actor.platform == false
