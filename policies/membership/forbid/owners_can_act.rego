package membership.forbid

import rego.v2

# METADATA
# title: Owners can act
# description: >-
#   Whoever becomes the owner of a tenant can act: with an account that is
#   enabled and has signed up, and of a tenant that is there, as an active member.
violation contains {
	"code": "owner_permanent",
	"message": "a tenant's owner can act: enabled, signed up and active",
} if {
	input.action.name in {"organization.attach", "tenant.create", "tenant.transfer"}
	not _owner_can_act
}

_owner_can_act if input.target.active

# Nobody's account is found in Go: user_unknown.
_owner_can_act if input.target.exists == false

# So is somebody who is no member: target_not_member.
_owner_can_act if {
	input.action.name == "tenant.transfer"
	input.target.member == false
}
