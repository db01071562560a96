package membership.forbid

import rego.v2

# METADATA
# title: Facts are complete
# description: >-
#   A decision that lacks a fact, or finds one of another type, is refused.
#   Every key of the input is always present; one that is not is a fault, and
#   an objection that needs it might not be raised.
violation contains {
	"code": "facts_incomplete",
	"message": "the decision lacked a fact that it needs",
} if {
	not _facts_are_complete
}

# One body and one line a fact: each further rule would cost a change more
# than all these lines do.
_facts_are_complete if {
	is_string(input.action.name)
	is_string(input.dialect)
	is_string(input.actor.user)
	is_boolean(input.actor.member)
	is_string(input.actor.level)
	is_boolean(input.actor.active)
	is_boolean(input.actor.organization_admin)
	is_boolean(input.actor.platform)
	is_array(input.actor.scopes)
	is_string(input.tenant.id)
	is_string(input.tenant.owner)
	is_number(input.tenant.members)
	is_number(input.tenant.limit)
	is_number(input.tenant.lasting_admins)
	is_string(input.target.user)
	is_boolean(input.target.exists)
	is_boolean(input.target.member)
	is_string(input.target.level)
	is_number(input.target.rank)
	is_boolean(input.target.enabled)
	is_boolean(input.target.pending)
	is_boolean(input.target.active)
	is_boolean(input.target.lasting)
	is_boolean(input.target.self)
	is_string(input.requested.level)
	is_number(input.requested.rank)
	is_boolean(input.requested.enabled)
	is_boolean(input.requested.expires)
	is_array(input.requested.actions)
}
