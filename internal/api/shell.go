package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/tenancy"
)

// Options goes with [New].
type Options struct {
	Dialects    []Dialect
	Logger      *slog.Logger      // required
	NewID       func() string     // required: a new request id
	Now         func() time.Time  // required
	Observe     func(Observation) // called once for each request, after it; nil: nobody watches
	BodyTimeout time.Duration     // for a whole body to arrive; default 10 s
	AuthTimeout time.Duration     // for finding out who calls; default GateTimeout
}

// Observation is what metrics learn of one answered request. It names neither
// tenants nor users.
type Observation struct {
	Dialect  tenancy.Dialect // empty outside of every dialect
	Method   string          // empty where no route matched
	Route    string          // the template; empty where no route matched
	Status   int
	Duration time.Duration
}

// bodyTimeout is how long a body may take where nothing else is configured.
const bodyTimeout = 10 * time.Second

// shell is what every request passes through.
type shell struct {
	dialects    []Dialect
	logger      *slog.Logger
	newID       func() string
	now         func() time.Time
	observe     func(Observation)
	bodyTimeout time.Duration
	authTimeout time.Duration
}

// New makes the handler of all dialects. Routes that collide, and a dialect
// without its parts, are mistakes in the program and panic.
func New(opts Options) http.Handler {
	s := &shell{
		dialects: opts.Dialects, logger: opts.Logger, newID: opts.NewID, now: opts.Now, observe: opts.Observe,
		bodyTimeout: opts.BodyTimeout, authTimeout: opts.AuthTimeout,
	}
	if s.observe == nil {
		s.observe = func(Observation) {}
	}
	if s.bodyTimeout <= 0 {
		s.bodyTimeout = bodyTimeout
	}
	if s.authTimeout <= 0 {
		s.authTimeout = GateTimeout
	}
	return s.engine()
}

// engine makes Gin route and do nothing else: no redirects, no proxies
// trusted, no output of its own.
func (s *shell) engine() *gin.Engine {
	gin.SetMode(gin.ReleaseMode) // Gin's only switch for its debug output is one for the whole process
	engine := gin.New()
	engine.RedirectTrailingSlash = false
	engine.RedirectFixedPath = false
	engine.HandleMethodNotAllowed = true
	engine.UseEscapedPath = true      // an encoded slash is part of a segment
	engine.UnescapePathValues = false // Gin would read "+" as a space; see unescape
	engine.ForwardedByClientIP = false
	for i := range s.dialects {
		dialect := &s.dialects[i]
		for _, route := range dialect.Routes {
			engine.Handle(route.Method, route.Path, s.serve(dialect, route))
		}
	}
	engine.NoRoute(s.unserved)
	engine.NoMethod(func(c *gin.Context) { s.refuse(c, s.dialectOf(c.Request.URL.Path), errMethod()) })
	return engine
}

// serve answers a route of a dialect.
func (s *shell) serve(dialect *Dialect, route Route) gin.HandlerFunc {
	return func(c *gin.Context) {
		call := s.begin(c, dialect, &route)
		defer call.end()
		if err := call.run(&route); err != nil {
			call.fail(err)
		}
	}
}

// unserved answers a path that no route serves.
func (s *shell) unserved(c *gin.Context) {
	path := c.Request.URL.Path
	switch c.Request.Method {
	case http.MethodPut, http.MethodPatch, http.MethodDelete:
		for i := range s.dialects {
			if below(s.dialects[i].ReadOnly, path) {
				c.Writer.Header()["Allow"] = []string{""} // nothing (RFC 9110, 10.2.1)
				s.refuse(c, &s.dialects[i], errMethod())
				return
			}
		}
	}
	s.refuse(c, s.dialectOf(path), &tenancy.Error{Code: tenancy.CodeNotFound, Msg: "there is nothing here"})
}

func errMethod() error {
	return &tenancy.Error{Code: tenancy.CodeMethod, Msg: "the method is not served here"}
}

// refuse answers what no route serves, in the body of a dialect.
func (s *shell) refuse(c *gin.Context, dialect *Dialect, err error) {
	call := s.begin(c, dialect, nil)
	defer call.end()
	call.fail(err)
}

// dialectOf gives the dialect below whose prefix a path lies.
func (s *shell) dialectOf(path string) *Dialect {
	for i := range s.dialects {
		if s.dialects[i].owns(path) {
			return &s.dialects[i]
		}
	}
	return &Dialect{Render: renderOutside}
}

// authenticate finds out who calls. An authenticator that names nobody has
// failed, whatever it says.
func (s *shell) authenticate(c *gin.Context, door Authenticator) (tenancy.Actor, error) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), s.authTimeout)
	defer cancel()
	actor, err := door.Authenticate(ctx, c.Request)
	if err != nil {
		return tenancy.Actor{}, err
	}
	if actor.IsZero() {
		return tenancy.Actor{}, &tenancy.Error{Code: tenancy.CodeUnauthenticated, Msg: "nobody was authenticated"}
	}
	return actor, nil
}

func isTimeout(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}
