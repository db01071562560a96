package membership.forbid

import rego.v2

# METADATA
# title: Nobody hands out what they could not hold
# description: >-
#   Whoever makes a custom role, or gives one, gives no action by it that their
#   own level could not hold.
violation contains {
	"code": "actions_exceeded",
	"message": "nobody hands out actions that they could not hold, and a credential reaches no further than its scopes and its tenant",
} if {
	input.action.name in {"invitation.create", "member.add", "member.update", "role.create", "role.update"}
	not _actions_could_be_held
}

_actions_could_be_held if {
	held := [action | some action in input.requested.actions; _ceiling(action) <= _rank_of_actor]
	count(held) == count(input.requested.actions)
}

# The lowest rank that could hold an action: that of its name, else that of its
# family, the word before the first dot, else an administrator's. No rank is 50:
# these are granted by something else than a level. Constants of the domain.
_ceiling(action) := object.get(_ceilings, action, object.get(_families, split(action, ".")[0], 30))

_ceilings := {
	"dataset.create": 10, "member.leave": 10, "member.list": 10, "member.read": 10, "project.list": 10, "project.read": 10,
	"resource.read": 10, "tenant.read": 10, "tenant.select": 10,
	"feedback.write": 20,
	"dataset.list_of": 30,
	"tenant.delete": 40, "tenant.transfer": 40,
	"tenant.create": 50, "tenant.list": 50, "tenant.list_all": 50,
}

_families := {"dataset": 50, "entity": 50, "organization": 50, "policy": 50, "resource": 20, "signing_key": 50, "store": 50, "user": 50}
