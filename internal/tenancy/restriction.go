package tenancy

// Restriction is a rule of the operator's that has to allow a request besides
// the rules that decide. It can only narrow.
type Restriction struct {
	Rule []string // path below data, at least one element
	// Public asks the rule alone: nobody has to be known, and nobody's place is
	// looked up.
	Public bool
	// Beside is what the rule sees beside the usual input: version, which it
	// replaces, and keys that the usual input and the gate do not have.
	Beside []JSONMember
}

// JSONMember is a key of a JSON object with its value.
type JSONMember struct {
	Name  string
	Value string // JSON
}
