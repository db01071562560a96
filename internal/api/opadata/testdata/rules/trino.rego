# Trino asks once for each operation, or with a list of what to filter.
package trino

default allow := false

allow if {
	input.context.identity.user == "alice"
	input.action.operation in {"ExecuteQuery", "AccessCatalog"}
}

batch contains i if {
	input.context.identity.user == "alice"
	some i, resource in input.action.filterResources
	resource.table.schemaName == "open"
}
