// Package gate decides and then acts, in one transaction. Every change, check
// and read goes through it: it gathers the facts, asks the policy, holds the
// invariants beneath the policy, performs the change and records the
// decision. It declares what it needs of a store and of a decider.
package gate
