package proxy

import (
	"context"
	"log/slog"
	"net/http"
)

// preflight lets a CORS preflight through as anonymous, where the operator has
// allowed it and a route for the method that it asks about exists: a browser asks by it whether it may make the
// request itself, and never sends a credential along. It reports false for
// every other request.
func (c *check) preflight(ctx context.Context) (answer, bool) {
	if !c.handler.rules.preflight || !isPreflight(c.target.method, c.request.Header) {
		return answer{}, false
	}
	method, err := only(c.request.Header, requestedMethod)
	if err != nil {
		return answer{}, false
	}
	m, err := c.routed(ctx, method)
	if err != nil || !m.mayName() {
		return answer{}, false
	}
	return c.welcome(ctx, slog.LevelInfo, "CORS preflight let through", m), true
}

// requestedMethod is the header that names the method of the request to come.
const requestedMethod = "Access-Control-Request-Method"

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
	text, err := only(h, requestedMethod)
	return err == nil && asked.readMethod(text) == nil
}
