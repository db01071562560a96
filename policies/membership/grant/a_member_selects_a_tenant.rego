package membership.grant

import rego.v2

# METADATA
# title: A member selects a tenant
# description: A person may make a tenant that they belong to their active one.
allowed if {
	input.action.name == "tenant.select"
	input.actor.member == true
	input.target.self == true
}
