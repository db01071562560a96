package membership.grant

import rego.v2

# METADATA
# title: People clear their selection
# description: A person may have no active tenant.
allowed if {
	input.action.name == "tenant.select"
	input.tenant.id == ""
	input.target.self == true
}
