package proxy

import (
	"log/slog"
	"net/http"

	"github.com/memberward/memberward/internal/tenancy"
)

// preflight lets a CORS preflight through as anonymous, where the operator has
// allowed it and a route exists: a browser asks by it whether it may make the
// request itself, and never sends a credential along. It reports false for
// every other request.
func (c *check) preflight() (answer, bool) {
	if !c.handler.rules.preflight || !isPreflight(c.target.method, c.request.Header) {
		return answer{}, false
	}
	m, found := match(builtin, c.target.method, c.target.Segments)
	if !found {
		return answer{}, false
	}
	id := c.handler.ports.NewID()
	a := anonymous(c.endpoint.guard.vary, id)
	if err := a.check(); err != nil {
		return c.refuse(http.StatusForbidden, err), true
	}
	c.log(slog.LevelInfo, "CORS preflight let through", id, slog.String("route", m.route.Template))
	return a, true
}

// isPreflight reports whether a request is what browsers send as a preflight
// (Fetch Standard, "CORS-preflight fetch"): all three signs, each once.
func isPreflight(method string, h http.Header) bool {
	if method != http.MethodOptions {
		return false
	}
	if origin, err := only(h, "Origin"); err != nil || joined(origin, "") {
		return false
	}
	var asked target
	text, err := only(h, "Access-Control-Request-Method")
	return err == nil && asked.readMethod(text) == nil
}

// anonymous is an allow that names nobody and no tenant: none was judged.
func anonymous(vary string, id tenancy.DecisionID) answer {
	return answer{status: http.StatusOK, fields: []field{
		{"Vary", vary},
		{authSubject, "anonymous"},
		{authTenant, none},
		{authLevel, none},
		{authRoles, none},
		{authAuthenticated, "false"},
		{decisionID, id.String()},
		{policyRevision, none},
	}}
}
