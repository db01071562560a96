// Package policy turns Rego into decisions. It loads a set of rules, refuses
// one that breaks the contract, evaluates changes and accesses, and takes
// nothing but a well-formed answer. It is the only importer of OPA.
package policy
