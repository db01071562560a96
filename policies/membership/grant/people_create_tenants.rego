package membership.grant

import rego.v2

# METADATA
# title: People create tenants
# description: Any account may create a tenant, with itself as the owner.
allowed if {
	input.action.name == "tenant.create"
	input.target.self == true
}
