package membership.forbid

import rego.v2

import data.membership

# METADATA
# title: Nobody exceeds their rank
# description: >-
#   Nobody gives a level above their own, and nobody changes or removes a member
#   above them; but a user manager of cognee's removes anyone whom nothing else
#   protects.
violation contains {
	"code": "rank_exceeded",
	"message": "nobody hands out or takes away more than they hold",
} if {
	input.action.name in {"invitation.create", "member.add", "member.remove", "member.update"}
	not _rank_suffices
}

_rank_suffices if {
	input.requested.rank <= _rank_of_actor
	input.target.rank <= _rank_of_actor
}

# Nobody is touched by being added or invited, whatever they are already.
_rank_suffices if {
	input.action.name in {"invitation.create", "member.add"}
	input.requested.rank <= _rank_of_actor
}

_rank_suffices if {
	input.action.name == "member.remove"
	input.dialect == "cognee"
	membership.user_manager
}

# The ranks are constants of the domain, no setting.
_rank_of_actor := 40 if input.actor.platform == true

_rank_of_actor := 40 if input.actor.organization_admin == true

_rank_of_actor := {"none": 0, "viewer": 10, "member": 20, "admin": 30, "owner": 40}[input.actor.level] if {
	input.actor.platform == false
	input.actor.organization_admin == false
}
