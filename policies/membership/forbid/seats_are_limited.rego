package membership.forbid

import rego.v2

# METADATA
# title: Seats are limited
# description: A tenant takes no more members than its limit allows. Pending, disabled and expired members fill seats.
violation contains {"code": "member_limit", "message": "the tenant has as many members as its limit allows"} if {
	input.action.name in {"invitation.accept", "member.add"}
	not _seat_is_free
}

_seat_is_free if input.tenant.members < input.tenant.limit

# Whoever is a member has a seat already, waiting or not.
_seat_is_free if input.target.member == true
