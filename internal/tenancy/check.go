package tenancy

// Question asks whether somebody may do something, without doing it.
type Question struct {
	Subject  UserID // zero: the caller
	Action   Action
	Tenant   TenantRef
	Resource Resource
	Dialect  Dialect
	Context  map[string]any // JSON values, as the caller sent them
	Route    Route
	HTTP     HTTPRequest
	Explain  bool     // say which rules led to the answer
	AtLeast  Revision // that the answer must have been computed at, or later
}

// Resource is what an action is about.
type Resource struct {
	Type string
	ID   string
}

// Route is the row of a route table that a proxied request fell under. The
// zero value is none.
type Route struct {
	Template string
	Params   map[string]string
}

// HTTPRequest is a proxied request in its canonical form, without its
// credentials. The zero value is none.
type HTTPRequest struct {
	Method   string
	Scheme   string
	Host     string
	Path     string   // canonical
	Segments []string // of the canonical path, decoded
	RawPath  string   // as the proxy reported it
	Query    map[string][]string
	Headers  map[string][]string // names in lower case
	ClientIP string
}

// Verdict answers a question. The zero value denies.
type Verdict struct {
	Outcome
	Allow  bool
	Tenant TenantID   // the tenant that was asked about, when allowed
	Level  Level      // the judged person's level there, when allowed; the platform has none
	Roles  []HeldRole // custom roles of the judged person there, when allowed
	// Explanation and Input, the facts as JSON, are there when they were asked
	// for and nothing of the answer is withheld from the caller.
	Explanation *Explanation
	Input       []byte
	// Rule is the object that a restriction gave for its answer, as JSON, of an
	// allow and of its own denial; nil: it gave a plain answer, or none.
	Rule []byte
}
