package proxy

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

// Ports are what a handler needs from outside. All are required, Restricter
// only with Options.EnvoyRule.
type Ports struct {
	Checker       Checker
	Restricter    Restricter
	Authenticator Authenticator
	NewID         func() tenancy.DecisionID // for denials that no decision was asked for; UUIDv7
	Clock         func() time.Time          // wall-clock time, for deadlines on connections
	Log           *slog.Logger
}

// Handler answers the checks of reverse proxies, and 404 on every other path.
// It is safe for concurrent use. On an endpoint it answers nothing but 200,
// 401 and 403, and 302 to a login page for browsers where the proxy hands it
// on, whatever fails: there is no fail-open switch.
//
// The server that runs it should set DisableGeneralOptionsHandler (net/http
// otherwise answers OPTIONS * itself, with 200), ReadHeaderTimeout, and an
// IdleTimeout above the proxy's own.
type Handler struct {
	ports      Ports
	rules      rules
	endpoints  map[string]endpoint
	authorizer endpoint // of FastCGI
	routes     atomic.Pointer[Routes]
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
	h := &Handler{ports: ports, rules: rules, endpoints: map[string]endpoint{}, authorizer: endpoint{protocol: apache, guard: newGuard(apache)}}
	for _, p := range protocols {
		h.endpoints[p.endpoint] = endpoint{protocol: p, guard: newGuard(p)}
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
	h.leaveBody(w, r)
	if asked, is := envoyOverHTTP(r); is {
		h.judgeEnvoy(asked, described{}).write(w)
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
	c := &check{handler: h, endpoint: e, request: r, routes: h.routes.Load(), described: more}
	defer func() {
		if broken := recover(); broken != nil {
			a = c.broke(broken)
		}
	}()
	ctx, cancel := context.WithTimeout(r.Context(), h.rules.timeout)
	defer cancel()
	return c.run(ctx)
}
