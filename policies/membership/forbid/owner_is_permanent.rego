package membership.forbid

import rego.v2

# METADATA
# title: The owner is permanent
# description: >-
#   A tenant's owner is never removed, demoted, disabled or given an expiry. A
#   transfer of ownership comes first.
violation contains {
	"code": "owner_permanent",
	"message": "the tenant's owner cannot be removed, demoted, disabled or given an expiry",
} if {
	input.action.name in {"member.remove", "member.leave", "member.update"}
	not _owner_stays
}

_owner_stays if input.target.user != input.tenant.owner

_owner_stays if {
	input.action.name == "member.update"
	input.requested.level == "owner"
	input.requested.enabled == true
	input.requested.expires == false
}
