package api

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/tenancy"
)

// call is one request on its way through the shell.
type call struct {
	shell   *shell
	c       *gin.Context
	dialect *Dialect
	method  string // of the route; empty where none matched
	route   string // its template
	actor   tenancy.Actor
	started time.Time
	quiet   bool // a success is no news
}

// begin names the request.
func (s *shell) begin(c *gin.Context, dialect *Dialect, route *Route) *call {
	id := c.GetHeader(headerRequest)
	if !isRequestID(id) && (!dialect.EchoAnyID || !fitsHeader(id)) {
		id = s.newID()
	}
	c.Header(headerRequest, id)
	c.Header("Cache-Control", "no-store") // an answer holds for its caller, at its time
	c.Header("X-Content-Type-Options", "nosniff")
	call := &call{shell: s, c: c, dialect: dialect, started: s.now()}
	if route != nil {
		call.method, call.route, call.quiet = route.Method, route.Path, route.Quiet
	}
	return call
}

// run does what comes before the handler, in the order of the contract, and
// then the handler.
func (k *call) run(route *Route) error {
	if err := unescape(k.c); err != nil {
		return err
	}
	if err := k.shell.readBody(k.c); err != nil {
		return err
	}
	if !route.Public {
		door := route.Authenticator
		if door == nil {
			door = k.dialect.Authenticator
		}
		actor, err := k.shell.authenticate(k.c, door)
		if err != nil {
			return err
		}
		k.actor = actor
	}
	return route.Handle(k.c, k.actor)
}

// unescape decodes the parameters of the path, once. One that is empty or
// malformed names nothing.
func unescape(c *gin.Context) error {
	for i, param := range c.Params {
		value, err := url.PathUnescape(param.Value)
		if err != nil || value == "" {
			return &tenancy.Error{Code: tenancy.CodeNotFound, Msg: "there is nothing here", Cause: err}
		}
		c.Params[i].Value = value
	}
	return nil
}

// fail has the dialect render an error. An answer that has begun cannot be
// taken back: the connection is broken off, so that nobody takes what arrived
// for the whole.
func (k *call) fail(err error) {
	k.logFailure(err)
	if k.c.Writer.Written() {
		panic(http.ErrAbortHandler)
	}
	var refusal *tenancy.Refusal
	if errors.As(err, &refusal) {
		Decided(k.c, refusal.DecisionID)
	}
	if CodeOf(err) == tenancy.CodeUnauthenticated {
		k.c.Header("WWW-Authenticate", "Bearer") // RFC 9110, 15.5.2
	}
	k.dialect.Render(k.c, err)
}

// end turns a panic into an answer and writes the access log.
func (k *call) end() {
	cause := recover()
	if cause == nil {
		k.report(k.c.Writer.Status())
		return
	}
	err, _ := cause.(error)
	aborted := errors.Is(err, http.ErrAbortHandler)
	if !aborted {
		k.shell.logger.Error("panic", "request_id", RequestID(k.c), "route", k.route, "cause", cause, "stack", string(debug.Stack()))
	}
	if aborted || k.c.Writer.Written() {
		k.report(statusAborted)
		panic(http.ErrAbortHandler)
	}
	k.dialect.Render(k.c, &tenancy.Error{Code: tenancy.CodeInternal, Msg: "the server made a mistake"})
	k.report(k.c.Writer.Status())
}

// statusAborted stands in logs and metrics for an answer that was broken off.
const statusAborted = 499

// report writes the access log and tells the metrics. Neither ever learns a
// query, a body, a raw path or a credential.
func (k *call) report(status int) {
	took := k.shell.now().Sub(k.started)
	k.shell.observe(Observation{Dialect: k.dialect.Name, Method: k.method, Route: k.route, Status: status, Duration: took})
	level := slog.LevelInfo
	if k.quiet && status < http.StatusBadRequest {
		level = slog.LevelDebug
	}
	k.shell.logger.LogAttrs(k.c.Request.Context(), level, "request",
		slog.String("dialect", string(k.dialect.Name)),
		slog.String("method", k.method),
		slog.String("route", k.route),
		slog.Int("status", status),
		slog.Duration("duration", took),
		slog.String("request_id", RequestID(k.c)),
		slog.String("decision_id", k.c.Writer.Header().Get(headerDecision)),
		slog.String("actor", k.actor.String()),
	)
}

// logFailure logs the cause of what is no fault of the caller: everything but
// refusals, wrong input and missing routes or credentials.
func (k *call) logFailure(err error) {
	what := "request failed"
	if IsPolicyFault(err) {
		what = "policy fault"
	} else if !slices.Contains(ourFaults, CodeOf(err)) {
		return
	}
	level := slog.LevelError
	if k.c.Request.Context().Err() != nil { // the caller went away
		level = slog.LevelInfo
	}
	k.shell.logger.Log(k.c.Request.Context(), level, what, "request_id", RequestID(k.c), "route", k.route, "error", err.Error())
}

// ourFaults are the codes that say nothing about the caller.
var ourFaults = []tenancy.Code{
	tenancy.CodeTimeout, tenancy.CodeStoreFull, tenancy.CodeOutcomeUnknown, tenancy.CodeUnavailable, tenancy.CodeInternal,
}

// requestIDLimit is the longest request id that is taken over, in bytes.
const requestIDLimit = 128

// anyRequestIDLimit is the same where any text is.
const anyRequestIDLimit = 1024

// fitsHeader reports whether a caller's request id may at least stand in a
// header: 1 to 1,024 bytes, none of them a control character (RFC 9110, 5.5).
// Logs quote it.
func fitsHeader(s string) bool {
	return s != "" && len(s) <= anyRequestIDLimit && !slices.ContainsFunc([]byte(s), func(c byte) bool { return c < ' ' || c == 0x7f })
}

// isRequestID reports whether a caller's request id may stand in a header and
// a log: 1 to 128 letters, digits and marks that need no quoting anywhere.
func isRequestID(s string) bool {
	if s == "" || len(s) > requestIDLimit {
		return false
	}
	for _, c := range []byte(s) {
		letter := (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
		if !letter && c != '-' && c != '_' && c != '.' && c != ':' && c != '/' && c != '+' && c != '=' && c != '@' {
			return false
		}
	}
	return true
}
