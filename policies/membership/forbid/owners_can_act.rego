package membership.forbid

import rego.v2

# METADATA
# title: Owners can act
# description: Whoever becomes the owner of a new tenant has an account that is enabled and has signed up.
violation contains {
	"code": "owner_permanent",
	"message": "a tenant's owner has an account that is enabled and has signed up",
} if {
	input.action.name == "tenant.create"
	not _owner_can_act
}

_owner_can_act if input.target.active

# Nobody's account is found in Go: user_unknown.
_owner_can_act if input.target.exists == false
