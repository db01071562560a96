package tenancy

// RuleQuestion asks for the value of a rule or of data, for an input that the
// caller makes up. Nothing is decided by it: whoever asks decides.
type RuleQuestion struct {
	Path  []string // below data, at least one; a whole number is an index
	Input []byte   // JSON; nil: none
	// About is whom the input names, whose place the rules then see as
	// input.memberward; nil: nobody, and there is no such key. The input is an
	// object without that key then.
	About   *Place
	Trace   Trace
	Measure bool // say how long it took
}

// Place is a person's in a tenant.
type Place struct {
	Tenant TenantRef
	User   UserID
}

// Trace says how much of an evaluation is told. The zero value is nothing.
type Trace string

// The kinds of trace, in OPA's words.
const (
	TraceNone  Trace = ""
	TraceFull  Trace = "full"  // every step that led to the value
	TraceNotes Trace = "notes" // what rules noted
	TraceFails Trace = "fails" // what did not hold
	TraceDebug Trace = "debug" // every step
)

// Value is what an evaluation came to.
type Value struct {
	JSON    []byte // nil: the document is undefined
	Trace   []byte // JSON, a list of steps; nil unless asked for
	Metrics []byte // JSON, nanoseconds by name; nil unless asked for
}

// RuleAnswer is the answer to an evaluation, under the decision that it might be
// asked for.
type RuleAnswer struct {
	Outcome
	Value
}

// Module is one file of rules.
type Module struct {
	Path string // below the source
	Text string
}
