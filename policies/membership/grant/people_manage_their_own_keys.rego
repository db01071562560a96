package membership.grant

import rego.v2

# METADATA
# title: People manage their own keys
# description: A person may create and revoke API keys of their own.
allowed if {
	input.action.name in {"key.create", "key.delete"}
	input.target.self == true
}
