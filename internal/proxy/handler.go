package proxy

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

// Ports are what a handler needs from outside. All but Together, Assert and
// Observe are required, Restricter only with Options.EnvoyRule.
type Ports struct {
	Checker       Checker
	Restricter    Restricter
	Authenticator Authenticator
	NewID         func() tenancy.DecisionID // for denials that no decision was asked for; UUIDv7
	Clock         func() time.Time          // wall-clock time, for deadlines on connections
	Log           *slog.Logger

	// Together has everything that is asked of the other ports with the context
	// that it gives answered as of one moment. Nil: each answer is of its own.
	Together func(context.Context, func(context.Context)) error
	// Assert signs who makes an allowed request; nil: nothing is signed. Where
	// it fails, the request is denied.
	Assert func(context.Context, Assertion) (string, error)
	// Observe hears of every check when it is answered: by which protocol
	// (nginx, forward, haproxy, envoy, grpc, fcgi), the status, how long it
	// took. Nil: nobody does.
	Observe func(protocol string, status int, took time.Duration)
}

// Handler answers the checks of reverse proxies, and 404 on every other path.
// It is safe for concurrent use. On an endpoint it answers nothing but 200,
// 401 and 403, 302 to a login page for browsers where the proxy hands it on,
// and to Envoy the status of a denial that a rule names, whatever fails: there
// is no fail-open switch.
//
// It reads no bodies, so that a server which waits for them will not do, as
// net/http's does: internal/http1 runs it.
type Handler struct {
	ports      Ports
	rules      rules
	endpoints  map[string]endpoint
	authorizer endpoint // of FastCGI
	calls      endpoint // of Envoy by gRPC
	routes     atomic.Pointer[Routes]
	unused     sync.Pool // of checks
}

// endpoint is a protocol with what is prepared for it.
type endpoint struct {
	protocol
	guard guard
}

// New makes a handler for every protocol. Its error names everything that is
// wrong with the options.
func New(ports Ports, options Options) (*Handler, error) {
	if ports.Checker == nil || ports.Authenticator == nil || ports.NewID == nil || ports.Clock == nil || ports.Log == nil {
		return nil, errors.New("proxy: a checker, an authenticator, ids, a clock and a log are required")
	}
	if ports.Restricter == nil && len(options.EnvoyRule) > 0 {
		return nil, errors.New("proxy: nobody can be asked for the rule of Envoy's checks")
	}
	rules, err := options.rules()
	if err != nil {
		return nil, err
	}
	guarded := func(p protocol) endpoint { return endpoint{protocol: p, guard: newGuard(p, rules.preset)} }
	if ports.Together == nil {
		ports.Together = func(ctx context.Context, ask func(context.Context)) error { ask(ctx); return nil }
	}
	h := &Handler{ports: ports, rules: rules, endpoints: map[string]endpoint{}, authorizer: guarded(apache), calls: guarded(envoy)}
	h.calls.name = "grpc"
	for _, p := range protocols {
		h.endpoints[p.endpoint] = guarded(p)
	}
	table := options.Routes
	if table == nil {
		table = BuiltInRoutes()
	}
	h.Use(table)
	return h, nil
}

// Use puts another table into force. Checks that have begun end by the one
// that they began with; nil denies every check.
func (h *Handler) Use(table *Routes) {
	if table == nil {
		table = &Routes{}
	}
	h.routes.Store(table)
}

// ServeHTTP answers one check. The path is compared as it was sent, and its
// query ignored.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if asked, is := envoyOverHTTP(r); is {
		h.judge(h.endpoints[envoy.endpoint], asked).write(w)
		return
	}
	path, _, _ := strings.Cut(r.RequestURI, "?")
	e, known := h.endpoints[path]
	if !known {
		answer{status: http.StatusNotFound}.write(w)
		return
	}
	h.judge(e, r).write(w)
}

// judge comes to an answer.
func (h *Handler) judge(e endpoint, r *http.Request) answer {
	return h.judgeDescribed(e, r, described{})
}

// judgeDescribed comes to an answer, even when what it asks breaks.
func (h *Handler) judgeDescribed(e endpoint, r *http.Request, more described) (a answer) {
	c := h.begin(e, r, more)
	if h.ports.Observe != nil {
		began := h.ports.Clock()
		defer func() { h.ports.Observe(e.name, a.code(), h.ports.Clock().Sub(began)) }()
	}
	defer func() {
		if broken := recover(); broken != nil {
			a = c.broke(broken)
		}
	}()
	ctx := &limit{Context: r.Context(), at: time.Now().Add(h.rules.timeout)}
	defer ctx.end()
	a = c.run(ctx)
	h.done(c) // not one that broke
	return a
}

// begin takes a check that has ended, which is nothing but room, or makes one:
// itself is a sixth of what a check allocates.
func (h *Handler) begin(e endpoint, r *http.Request, more described) *check {
	c, is := h.unused.Get().(*check)
	if !is {
		c = new(check)
	}
	*c = check{handler: h, endpoint: e, request: r, routes: h.routes.Load(), described: more}
	return c
}

// done keeps the room of a check that has ended, and nothing that was in it.
func (h *Handler) done(c *check) {
	*c = check{}
	h.unused.Put(c)
}
