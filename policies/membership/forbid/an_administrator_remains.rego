package membership.forbid

import rego.v2

# METADATA
# title: An administrator remains
# description: >-
#   No change takes away a tenant's last lasting administrator: the owner or an
#   admin, signed up, enabled, and without a beginning or an end in time.
violation contains {
	"code": "last_administrator",
	"message": "the tenant would be left without a lasting administrator",
} if {
	input.action.name in {"member.remove", "member.leave", "member.update"}
	not _administrator_remains
}

_administrator_remains if input.target.lasting == false

_administrator_remains if input.tenant.lasting_admins > 1

_administrator_remains if {
	input.action.name == "member.update"
	input.requested.level in {"owner", "admin"}
	input.requested.enabled == true
	input.requested.expires == false
}
