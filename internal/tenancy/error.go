package tenancy

import (
	"fmt"
	"strings"
)

// Error is a failure with a code for machines, a message for people and the
// cause for the log. Codes are those of the API and the store.
type Error struct {
	Code  Code
	Msg   string
	Cause error
}

// Error gives the code, the message and the cause.
func (e *Error) Error() string {
	parts := []string{string(e.Code)}
	if e.Msg != "" {
		parts = append(parts, e.Msg)
	}
	if e.Cause != nil {
		parts = append(parts, e.Cause.Error())
	}
	return strings.Join(parts, ": ")
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Refusal is the error of a decision that came out against the request. Its
// outcome carries every finding in the native order.
type Refusal struct{ Outcome }

// Error names the codes that were found.
func (r *Refusal) Error() string {
	codes := make([]string, len(r.Reasons))
	for i, f := range r.Reasons {
		codes[i] = string(f.Code)
	}
	return "refused: " + strings.Join(codes, ", ")
}

// ItemError is what went wrong with one of several things asked for at once,
// other than a refusal.
type ItemError struct {
	Index int // from 0
	Err   error
}

// Error names the place and the cause.
func (e *ItemError) Error() string { return fmt.Sprintf("item %d: %s", e.Index, e.Err) }

// Unwrap gives the cause.
func (e *ItemError) Unwrap() error { return e.Err }
