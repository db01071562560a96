package native

import (
	"net/http"
	"slices"

	"github.com/memberward/memberward/internal/api"
)

// manner says on which terms an operation may be asked for.
type manner uint8

// The manners. The zero one takes no terms at all.
const (
	plain         manner = iota // public operations
	reading                     // at a revision or later
	readingObject               // so, and unless it is the version that the caller has
	changing                    // dry, once, and if the object has a version that the caller names
	joining                     // so, without a credential
)

// writes reports whether operations of the manner change something.
func (m manner) writes() bool { return m == changing || m == joining }

// isOpen reports whether nobody is authenticated for operations of the manner.
func (m manner) isOpen() bool { return m == plain || m == joining }

// The headers and the parameter that state terms.
const (
	headerAtLeast     = "Memberward-At-Least"
	headerIdempotency = "Idempotency-Key"
	headerIfMatch     = "If-Match"
	headerIfNoneMatch = "If-None-Match"
	headerActAs       = "X-Act-As"
	paramDryRun       = "dry_run"
)

// takes lists the headers of each manner. Any other of them is refused:
// nobody's condition may be passed over in silence (contracts/native.md,
// "Answers").
var takes = map[manner][]string{
	reading:       {headerAtLeast},
	readingObject: {headerAtLeast, headerIfNoneMatch},
	changing:      {headerIdempotency, headerIfMatch},
	joining:       {headerIdempotency, headerIfMatch},
}

// termHeaders are those of any manner.
var termHeaders = []string{headerAtLeast, headerIdempotency, headerIfMatch, headerIfNoneMatch}

// refusedHeader gives the first header of a request that an operation of the
// manner does not take; "" for none.
func (m manner) refusedHeader(header http.Header) string {
	for _, name := range termHeaders {
		if _, given := header[name]; given && !slices.Contains(takes[m], name) {
			return name
		}
	}
	if _, given := header[headerActAs]; given && m.isOpen() { // nobody is authenticated who could act for somebody
		return headerActAs
	}
	return ""
}

// parameters are those of the query that state terms.
func (m manner) parameters() []string {
	if m.writes() {
		return []string{paramDryRun}
	}
	return nil
}

func notServed(header string) error {
	return &api.InputError{Fault: api.FaultUnknown, In: api.InHeader, Path: []string{header}, Msg: "this header is not served here"}
}

func wrongHeader(header, msg string) error {
	return &api.InputError{Fault: api.FaultValue, In: api.InHeader, Path: []string{header}, Msg: msg}
}
