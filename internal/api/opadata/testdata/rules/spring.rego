# Spring's authorization manager wants an object with decision. Here the
# subject is a member of the tenant that the request names.
package spring

default main := {"decision": false, "context": {"reason_user": {"en": "not a member"}}}

main := {"decision": true} if {
	input.memberward.actor.active
	input.memberward.actor.level in _writing[input.action.name]
}

_writing := {"GET": {"viewer", "member", "admin", "owner"}, "PUT": {"member", "admin", "owner"}}
