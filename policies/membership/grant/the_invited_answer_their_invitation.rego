package membership.grant

import rego.v2

# METADATA
# title: The invited answer their invitation
# description: Whoever has the address that was invited accepts or declines, and nobody for them.
allowed if {
	input.action.name in {"invitation.accept", "invitation.decline"}
	input.target.self == true
}
