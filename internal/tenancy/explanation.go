package tenancy

// Explanation says which rules of a policy set led to an answer. The zero
// value explains nothing.
type Explanation struct {
	PolicyRevision string     // of the set that was asked
	Fired          []Rule     // the sentences that applied, in the order of files and lines
	Nearly         []NearMiss // the sentences that would have permitted it but for one condition, in the same order
}

// Rule is one sentence of a rule book, for people.
type Rule struct {
	Kind        string // "grant", "objection" or "access"
	Package     string // as its file writes it: "membership.grant"
	Name        string // of the rule: "allowed"
	Code        string // of an objection, as it was raised; else ""
	Title       string // what the rule's METADATA says; "" where it says nothing
	Description string
	File        string // below the source of the set
	Line        int    // of its head
}

// NearMiss is a grant, or a rule that gives access, of which exactly one
// condition does not hold.
type NearMiss struct {
	Rule
	Condition Condition
}

// Condition is one line of a rule.
type Condition struct {
	Text string // in Rego, as written but for its layout
	Line int
}
