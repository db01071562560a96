package authzen

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// Gate is what this API needs of the program.
type Gate interface {
	// Evaluate answers questions in their order, at one revision. The error is
	// about who asks, or the store: whatever is wrong with a question denies it.
	Evaluate(ctx context.Context, actor tenancy.Actor, questions []tenancy.Evaluation) ([]tenancy.Verdict, error)
	// Search gives one page of what an evaluation allows.
	Search(ctx context.Context, actor tenancy.Actor, search tenancy.Search) (tenancy.Found, error)
}

// Options goes with [New].
type Options struct {
	Gate          Gate              // required
	Authenticator api.Authenticator // required
	Random        io.Reader         // required: the keys of page tokens
	PublicURL     string            // where callers reach the APIs, without a final slash; empty: there is no metadata
	Timeout       time.Duration     // of one call of the gate; default api.GateTimeout
}

// dialect holds what the handlers need.
type dialect struct {
	gate     Gate
	seal     seal
	metadata metadata
	timeout  time.Duration
}

// The paths of the API.
const (
	pathEvaluation     = "/access/v1/evaluation"
	pathEvaluations    = "/access/v1/evaluations"
	pathSearchSubject  = "/access/v1/search/subject"
	pathSearchResource = "/access/v1/search/resource"
	pathSearchAction   = "/access/v1/search/action"
	pathMetadata       = "/.well-known/authzen-configuration"
	paramBelow         = "below" // of the metadata, of a decision point whose URL has a path
)

// New describes the dialect.
func New(opts Options) api.Dialect {
	d := &dialect{gate: opts.Gate, seal: newSeal(opts.Random), metadata: metadataOf(opts.PublicURL), timeout: opts.Timeout}
	if d.timeout <= 0 {
		d.timeout = api.GateTimeout
	}
	return api.Dialect{
		Name:          tenancy.DialectAuthZEN,
		Prefixes:      []string{"/access", pathMetadata},
		Authenticator: opts.Authenticator,
		EchoAnyID:     true,
		Routes: []api.Route{
			{Method: http.MethodPost, Path: pathEvaluation, Quiet: true, Handle: d.evaluation},
			{Method: http.MethodPost, Path: pathEvaluations, Quiet: true, Handle: d.evaluations},
			{Method: http.MethodPost, Path: pathSearchSubject, Handle: d.search(tenancy.SearchSubject)},
			{Method: http.MethodPost, Path: pathSearchResource, Handle: d.search(tenancy.SearchResource)},
			{Method: http.MethodPost, Path: pathSearchAction, Handle: d.search(tenancy.SearchAction)},
			{Method: http.MethodGet, Path: pathMetadata, Public: true, Handle: d.describe},
			{Method: http.MethodGet, Path: pathMetadata + "/*" + paramBelow, Public: true, Handle: d.describeBelow},
		},
		Render: render,
	}
}

// evaluate asks the gate, for as long as a call may take.
func (d *dialect) evaluate(c *gin.Context, actor tenancy.Actor, questions []tenancy.Evaluation) ([]tenancy.Verdict, error) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), d.timeout)
	defer cancel()
	return d.gate.Evaluate(ctx, actor, questions)
}

func write(c *gin.Context, status int, body any) {
	api.WriteJSON(c, status, "application/json", body)
}
