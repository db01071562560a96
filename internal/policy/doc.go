// Package policy turns Rego into decisions. It loads a set of rules, refuses
// one that breaks the contract, evaluates changes and accesses, and takes
// nothing but a well-formed answer. A ruling is a function of what the rules
// can read of an input, and is remembered by it (docs/adr/0008). It is the only
// importer of OPA.
package policy
