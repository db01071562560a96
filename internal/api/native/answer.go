package native

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// The headers that answer terms.
const (
	headerRevision = "Memberward-Revision"
	headerTag      = "ETag"
	headerDryRun   = "Memberward-Dry-Run"
	headerReplayed = "Idempotency-Replayed"
)

// The headers that the shell sets.
const (
	headerRequest   = "X-Request-Id"
	headerChallenge = "WWW-Authenticate"
)

// request is one call of an operation: who asks, on which terms, and what the
// gate made of it.
type request struct {
	actor   tenancy.Actor
	manner  manner
	terms   terms
	outcome tenancy.Outcome
	version tenancy.Version // of the object answered; none: it is no versioned object
}

// answered takes over what the gate made of the request.
func (r *request) answered(outcome tenancy.Outcome) {
	r.outcome, r.version = outcome, tenancy.VersionOf(outcome.Result)
}

// isSecretShown reports whether a secret that was made for the request came to
// be: a dry run makes none, and the one of a replayed change was shown before.
func (r *request) isSecretShown() bool { return !r.terms.DryRun && !r.outcome.Replayed }

// answer writes a success: the status of the operation with the body, which
// may be nil, unless the terms have another.
func (r *request) answer(c *gin.Context, status int, body any) {
	r.head(c, body != nil)
	switch {
	case r.manner == readingObject && r.terms.unless.hold(r.version):
		status, body = http.StatusNotModified, nil
	case r.terms.DryRun && body == nil: // of what has no body, such as a removal
		status, body = http.StatusOK, struct{}{}
	case r.terms.DryRun:
		status = http.StatusOK
	}
	if body == nil {
		c.Status(status)
		c.Writer.WriteHeaderNow()
		return
	}
	api.WriteJSON(c, status, mediaJSON, body)
}

// head sets what the answer of every operation says of itself. Nothing is said
// where nothing was decided.
func (r *request) head(c *gin.Context, hasBody bool) {
	if r.outcome.DecisionID.IsZero() {
		return
	}
	api.Decided(c, r.outcome.DecisionID)
	header := c.Writer.Header()
	header.Set(headerRevision, strconv.FormatUint(uint64(r.outcome.Revision), 10))
	switch {
	case r.terms.DryRun: // what it would make has no tag, since it is not there
		header.Set(headerDryRun, "true")
	case hasBody && r.version != "":
		header.Set(headerTag, quoted(r.version))
	case r.manner.writes(): // no object is left to be named: the state of the store is
		header.Set(headerTag, fmt.Sprintf(`"r%d"`, r.outcome.Revision))
	}
	if r.outcome.Replayed {
		header.Set(headerReplayed, "true")
	}
}

// body is the output of an operation that answers one.
type body[T any] struct{ Body T }

// nothing is the output of an operation that answers none.
type nothing struct{}

// show gives the result of an outcome, which is of type R, as the API has it.
func show[R, T any](o tenancy.Outcome, shown func(R) T) (*body[T], error) {
	result, ok := o.Result.(R)
	if !ok {
		return nil, unexpected(o)
	}
	return &body[T]{shown(result)}, nil
}

func unexpected(o tenancy.Outcome) error {
	return fmt.Errorf("native: the gate gave a %T", o.Result)
}

// hashOf gives a SHA-256 in hexadecimal.
func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// versionOf names a state of what is no record of the store, by its texts.
func versionOf(texts ...string) tenancy.Version {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", texts))
	return tenancy.Version(hex.EncodeToString(sum[:12]))
}
