package membership.grant

import rego.v2

# METADATA
# title: People register datasets of their own
# description: Any account may register a dataset that belongs to no tenant, as its owner.
allowed if {
	input.action.name == "dataset.create"
	input.tenant.id == ""
	input.resource.mine == true
}
