package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/tenancy"
)

// Handler answers one request. The body has been read and the caller
// authenticated; actor is nobody on a public route. A handler that returns an
// error has written nothing: the dialect renders the error.
type Handler func(c *gin.Context, actor tenancy.Actor) error

// Route is one operation of a dialect.
type Route struct {
	Method string
	Path   string // in Gin's form: /v1/tenants/:tenant
	Public bool   // asks for no credential and ignores any
	Quiet  bool   // asked so often that a success is logged at level debug
	// Authenticator finds out who calls here; nil: the dialect's.
	Authenticator Authenticator
	Handle        Handler
}

// Authenticator finds out who is calling. It fails with a *tenancy.Error:
// unauthenticated, forbidden (a cross-site request by cookie), or one of the
// store's codes.
type Authenticator interface {
	Authenticate(ctx context.Context, r *http.Request) (tenancy.Actor, error)
}

// Dialect describes one published API. Name, Prefixes,
// Authenticator and Render are required.
type Dialect struct {
	Name          tenancy.Dialect
	Prefixes      []string // whole segments: "/v1" owns /v1 and what lies below, not /v10
	Authenticator Authenticator
	Routes        []Route
	// ReadOnly are prefixes like those, below which nothing is ever written: what
	// would write where no route is gets 405 from this dialect, and no 404,
	// whosever path it is.
	ReadOnly []string
	// EchoAnyID: a caller's request id is answered whatever text of at most 1 KiB
	// it is, and not only one of a usual form.
	EchoAnyID bool
	// Render writes the answer to an error: a *tenancy.Refusal, a
	// *tenancy.Error (the shell's own are not_found, method_not_allowed,
	// too_large, unauthenticated and internal), an *InputError, whatever else
	// a handler returned, or an error of a context that ended. The headers of
	// the shell are set already.
	Render func(c *gin.Context, err error)
}

// owns reports whether a path lies below one of the dialect's prefixes.
func (d *Dialect) owns(path string) bool { return below(d.Prefixes, path) }

func below(prefixes []string, path string) bool {
	for _, prefix := range prefixes {
		if rest, ok := strings.CutPrefix(path, prefix); ok && (rest == "" || rest[0] == '/') {
			return true
		}
	}
	return false
}
