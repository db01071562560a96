// Package authzen is the Authorization API 1.0 of the OpenID AuthZEN working
// group: evaluation, evaluations, the three searches and the metadata of the
// decision point (contracts/proxy.md, "AuthZEN"). It translates and decides
// nothing.
package authzen
