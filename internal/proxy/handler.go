package proxy

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

// Ports are what a handler needs from outside. All are required.
type Ports struct {
	Checker       Checker
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
	ports     Ports
	peers     peers
	password  password
	login     *login // nil: no redirects
	preflight bool   // CORS preflights pass
	timeout   time.Duration
	endpoints map[string]endpoint
}

// endpoint is a protocol with what is prepared for it.
type endpoint struct {
	protocol
	guard guard
}

// ServeHTTP answers one check. The path is compared as it was sent, and its
// query ignored.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.leaveBody(w, r)
	path, _, _ := strings.Cut(r.RequestURI, "?")
	e, known := h.endpoints[path]
	if !known {
		answer{status: http.StatusNotFound}.write(w)
		return
	}
	h.judge(e, r).write(w)
}

// judge comes to an answer, even when what it asks breaks.
func (h *Handler) judge(e endpoint, r *http.Request) (a answer) {
	c := &check{handler: h, endpoint: e, request: r}
	defer func() {
		if broken := recover(); broken != nil {
			a = c.broke(broken)
		}
	}()
	ctx, cancel := context.WithTimeout(r.Context(), h.timeout)
	defer cancel()
	return c.run(ctx)
}
