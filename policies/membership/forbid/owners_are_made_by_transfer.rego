package membership.forbid

import rego.v2

# METADATA
# title: Owners are made by transfer
# description: Adding, inviting or updating a member makes nobody an owner who is not the tenant's owner already.
violation contains {
	"code": "owner_by_transfer_only",
	"message": "only a transfer of ownership makes an owner",
} if {
	input.action.name in {"invitation.create", "member.add", "member.update"}
	not _no_owner_is_made
}

_no_owner_is_made if input.requested.level != "owner"

_no_owner_is_made if {
	input.target.user != ""
	input.target.user == input.tenant.owner
}
