// Package opadata is the data API of Open Policy Agent, as far as clients that
// only ask need it (contracts/proxy.md, "OPA data API"): the value of a rule or
// of data for an input, health, and the list of policies. Nothing can be
// written: rules are activated by the operator, and facts change through the
// membership APIs alone.
package opadata
