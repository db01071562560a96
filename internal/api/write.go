package api

import (
	"errors"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/memberward/memberward/internal/tenancy"
)

// The headers that the shell sets.
const (
	headerRequest  = "X-Request-Id"
	headerDecision = "X-Decision-Id"
)

// Decided names the decision that an answer rests on, in X-Decision-Id and in
// the log. The shell does it for refusals; a handler does it for its
// successes, before it writes.
func Decided(c *gin.Context, id tenancy.DecisionID) {
	if !id.IsZero() {
		c.Header(headerDecision, id.String())
	}
}

// RequestID gives the id of the request, as answered in X-Request-Id.
func RequestID(c *gin.Context) string { return c.Writer.Header().Get(headerRequest) }

// WriteJSON writes an answer of the given media type. Invalid UTF-8, which an
// answer may repeat from a path, is replaced (U+FFFD). A value that cannot be
// encoded is a mistake of ours and panics, which the shell answers with 500.
func WriteJSON(c *gin.Context, status int, mediaType string, value any) {
	data, err := json.Marshal(value, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		panic("api: encode an answer: " + err.Error())
	}
	c.Data(status, mediaType, data)
}

// problem is the answer (RFC 9457) outside of every dialect.
type problem struct {
	Type   string       `json:"type"`
	Title  string       `json:"title"`
	Status int          `json:"status"`
	Detail string       `json:"detail"`
	Code   tenancy.Code `json:"code"`
}

// renderOutside answers what belongs to no dialect.
func renderOutside(c *gin.Context, err error) {
	p := problem{Type: "about:blank", Status: http.StatusInternalServerError, Detail: "the server made a mistake", Code: CodeOf(err)}
	if p.Code == tenancy.CodeNotFound {
		p.Status, p.Detail = http.StatusNotFound, "no API is served under this path"
	}
	p.Title = http.StatusText(p.Status)
	WriteJSON(c, p.Status, "application/problem+json", p)
}

// CodeOf names an error for a dialect's table of failures: the code of a
// *tenancy.Error, the first finding of a refusal, invalid for an *InputError,
// timeout where the time ran out or the caller went away, else internal.
func CodeOf(err error) tenancy.Code {
	var failure *tenancy.Error
	var refusal *tenancy.Refusal
	var input *InputError
	switch {
	case errors.As(err, &refusal) && len(refusal.Reasons) > 0:
		return refusal.Reasons[0].Code
	case errors.As(err, &failure):
		return failure.Code
	case errors.As(err, &input):
		return tenancy.CodeInvalid
	case isTimeout(err):
		return tenancy.CodeTimeout
	default:
		return tenancy.CodeInternal
	}
}

// policyFaults say that there was no ruling.
var policyFaults = []tenancy.Code{
	tenancy.CodeFactsIncomplete, tenancy.CodePolicyError, tenancy.CodePolicyUndefined, tenancy.CodePolicyTimeout,
}

// IsPolicyFault reports whether an error is a refusal because the policies
// gave no ruling. Nobody is then known to hold the right, and what else was
// found is not to be told.
func IsPolicyFault(err error) bool {
	var refusal *tenancy.Refusal
	return errors.As(err, &refusal) && slices.ContainsFunc(refusal.Reasons, func(f tenancy.Finding) bool {
		return slices.Contains(policyFaults, f.Code)
	})
}
