# Kafka's authorizer asks for one boolean. Producers of a topic write to it.
package kafka.authz

default allow := false

allow if {
	input.action.resourcePattern.resourceType == "TOPIC"
	input.action.operation in {"WRITE", "DESCRIBE"}
	_user == sprintf("%s-producer", [input.action.resourcePattern.name])
}

_user := trim_prefix(split(input.requestContext.principal.name, ",")[0], "CN=")
