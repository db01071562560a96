package api

import "strings"

// Fault says what kind of thing is wrong with an input.
type Fault string

// The faults of an input.
const (
	FaultSyntax    Fault = "syntax"       // no JSON at all, something after it, invalid UTF-8; a malformed query or form
	FaultDuplicate Fault = "duplicate"    // a key, parameter or header given twice
	FaultCase      Fault = "case"         // a key that equals a known one but for its case
	FaultType      Fault = "type"         // another JSON type than the one expected
	FaultUnknown   Fault = "unknown"      // a key or parameter that is not served
	FaultMissing   Fault = "missing"      // a body, key or parameter that must be there
	FaultValue     Fault = "value"        // the right type, but no acceptable value
	FaultTooMany   Fault = "too_many"     // an array over ArrayLimit elements
	FaultTooDeep   Fault = "too_deep"     // nested deeper than DepthLimit
	FaultTooSlow   Fault = "too_slow"     // a body that did not arrive in time: 408, the caller's fault
	FaultMedia     Fault = "content_type" // a body that does not claim to be what is read
)

// Place is the part of a request that an input stood in.
type Place string

// The parts of a request.
const (
	InBody   Place = "body"
	InQuery  Place = "query"
	InPath   Place = "path"
	InHeader Place = "header"
)

// InputError says what is wrong with a request's input, and where.
type InputError struct {
	Fault  Fault
	In     Place
	Path   []string // in a body, keys and indexes down to the value; else the parameter's name
	Offset int64    // in a body that is no JSON: the byte near which that shows
	Want   string   // of FaultType: the JSON type expected, as "string" or "number"; may be empty
	Input  any      // what was given in a query or path; nil in bodies
	Msg    string   // for people, without the value itself
	Cause  error    // for the log; may be nil
}

// Error gives the place and the message.
func (e *InputError) Error() string {
	return string(e.In) + e.Pointer() + ": " + e.Msg
}

// Unwrap gives the cause.
func (e *InputError) Unwrap() error { return e.Cause }

// Pointer gives the path as a JSON pointer (RFC 6901), "" for the whole.
func (e *InputError) Pointer() string {
	var b strings.Builder
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	for _, token := range e.Path {
		b.WriteByte('/')
		b.WriteString(escape.Replace(token))
	}
	return b.String()
}
