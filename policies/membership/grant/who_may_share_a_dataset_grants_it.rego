package membership.grant

import rego.v2

# METADATA
# title: Who may share a dataset grants it
# description: >-
#   Permissions on a dataset are given and taken by whoever holds the permission
#   to share it, whatever their level.
allowed if {
	input.action.name in {"dataset.grant", "dataset.revoke"}
	"share" in input.resource.permissions
}
