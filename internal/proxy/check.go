package proxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"

	"github.com/memberward/memberward/internal/tenancy"
)

// Why a request is denied without a verdict.
const (
	ReasonCredential Reason = "no valid credential"
	ReasonForbidden  Reason = "a cookie that a page of another host or port may have sent: if the page is the site's own, the proxy must name host and port as browsers see them (X-Original-Host, X-Forwarded-Host)"
	ReasonNobody     Reason = "authentication named nobody who may be judged"
	ReasonNoRoute    Reason = "no route"
	ReasonFailed     Reason = "the check failed"
	ReasonLate       Reason = "the check took too long"
	ReasonGone       Reason = "the proxy hung up before the answer"
	ReasonBroken     Reason = "the check panicked"
)

// check is the course of one check.
type check struct {
	handler  *Handler
	endpoint endpoint
	request  *http.Request

	routes *Routes // those in force when the check began

	target target // as far as it is known
	client string // address; empty until it is known, and where only a socket is

	described described // what Envoy says beside that

	found found
}

// run follows the order of the contract: who may ask, what is asked, who is
// it about, may they.
func (c *check) run(ctx context.Context) answer {
	if err := c.read(); err != nil {
		return c.refuse(http.StatusForbidden, err)
	}
	if a, passes := c.preflight(ctx); passes {
		return a
	}
	m, unrouted := c.routed(ctx, c.target.method)
	if unrouted == nil && m.row.public {
		if c.ruled() {
			return c.judgePublic(ctx, m)
		}
		return c.welcome(ctx, slog.LevelDebug, "public route", m)
	}
	return c.judge(ctx, m, unrouted)
}

// judge finds out who asks, and whether they may do what a route stands for,
// and answers. Where there is no route, they may not.
func (c *check) judge(ctx context.Context, m matched, unrouted error) answer {
	f := &c.found
	f.matched, f.err = m, unrouted
	err := c.handler.ports.Together(ctx, c.find)
	err = cmp.Or(err, f.err, ctx.Err()) // a late allow is none
	switch {
	case err != nil: // the credential may have ended since it was checked, or with a change to the membership
		return c.invite(c.refuse(statusOf(err), err))
	case !f.verdict.Allow:
		return c.turnAway(f.actor, m, f.tenant, f.verdict)
	}
	who, err := callerOf(f.actor, f.tenant, f.verdict)
	if err != nil {
		return c.refuse(http.StatusForbidden, err)
	}
	a, err := c.admit(ctx, who)
	if err != nil {
		return c.refuse(http.StatusForbidden, err)
	}
	return c.extended(a, f.verdict.Rule)
}

// found is by which route, who asked, about which tenant, and what the gate
// says to it.
type found struct {
	matched matched
	actor   tenancy.Actor
	tenant  tenancy.TenantRef
	verdict tenancy.Verdict
	err     error
}

// find authenticates, and asks the gate where there is a route.
func (c *check) find(ctx context.Context) {
	f, unrouted := &c.found, c.found.err
	if f.actor, f.err = c.authenticate(ctx); f.err != nil {
		return
	}
	if f.err = unrouted; f.err != nil {
		return
	}
	if f.tenant, f.err = f.matched.tenant(c.request.Header, f.actor); f.err != nil {
		return
	}
	f.verdict, f.err = c.verdict(ctx, f.actor, c.question(f.matched, f.tenant), false)
}

// read finds out what the proxy asks about, and the client's address.
func (c *check) read() error {
	peer, err := c.handler.rules.peers.peer(c.request)
	if err != nil {
		return err
	}
	header := c.request.Header
	if err := c.handler.rules.password.check(header); err != nil {
		return err
	}
	if err := c.endpoint.guard.check(header); err != nil {
		return err
	}
	if err := c.handler.rules.preset.check(header); err != nil {
		return err
	}
	if c.target, err = c.endpoint.read(header); err != nil {
		return err
	}
	c.client, err = c.handler.rules.peers.client(header, peer)
	return err
}

// authenticate accepts accounts and the platform, nobody else.
func (c *check) authenticate(ctx context.Context) (tenancy.Actor, error) {
	actor, err := c.handler.ports.Authenticator.Authenticate(ctx, Credentials{
		Header: credentials(c.request.Header),
		Method: c.target.method,
		Host:   c.target.authority,
	})
	switch {
	case err != nil:
		return tenancy.Actor{}, err
	case actor.Registering || actor.Operator || actor.User.IsZero() != actor.Platform:
		return tenancy.Actor{}, ReasonNobody
	default:
		return actor, nil
	}
}

// vary names the headers that an answer depends on.
func (c *check) vary() string { return c.endpoint.guard.vary + c.routes.vary }

// welcome lets a request through as anonymous, which nobody was asked about.
func (c *check) welcome(ctx context.Context, level slog.Level, msg string, m matched) answer {
	id := c.handler.ports.NewID()
	a, err := c.admit(ctx, anonymous(id))
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return c.refuse(http.StatusForbidden, err)
	}
	c.log(level, msg, id, slog.String("route", m.route.Template))
	return a
}

func (c *check) question(m matched, tenant tenancy.TenantRef) tenancy.Question {
	return tenancy.Question{
		Action:   m.action,
		Tenant:   tenant,
		Resource: m.resource,
		Dialect:  tenancy.DialectProxy,
		Route:    m.route,
		HTTP:     c.target.asked(c.target.method, c.endpoint.guard.facts(c.request.Header), c.client),
	}
}

// turnAway denies what the gate has judged, and says so in the log: the answer
// tells nobody why.
func (c *check) turnAway(actor tenancy.Actor, m matched, tenant tenancy.TenantRef, v tenancy.Verdict) answer {
	if v.DecisionID.IsZero() {
		return c.refuse(http.StatusForbidden, ReasonIncomplete)
	}
	code := tenancy.CodeNotPermitted
	if len(v.Reasons) > 0 {
		code = v.Reasons[0].Code
	}
	c.log(slog.LevelInfo, denied, v.DecisionID,
		slog.String("code", string(code)), slog.String("route", m.route.Template), slog.String("action", string(m.action)),
		slog.String("tenant", tenant.String()), slog.String("actor", actor.String()))
	return c.denialOf(v.DecisionID, v.Rule)
}

// refuse denies what the gate did not judge, and says why in the log: there
// is no record of it elsewhere.
func (c *check) refuse(status int, err error) answer {
	id := c.handler.ports.NewID()
	reason, level, cause := reasonOf(err)
	why := []slog.Attr{slog.String("reason", string(reason))}
	if cause != "" {
		why = append(why, slog.String("error", cause))
	}
	c.log(level, denied, id, why...)
	return denial(status, c.vary(), id)
}

// reasonOf finds what may be logged of an error. What authentication says of
// a credential that is not valid stays out, lest it quote the credential.
func reasonOf(err error) (reason Reason, level slog.Level, cause string) {
	var e *tenancy.Error
	var mapping *mappingError
	switch {
	case errors.As(err, &mapping):
		return ReasonMapping, slog.LevelError, mapping.code()
	case errors.Is(err, ReasonMapping):
		return ReasonMapping, slog.LevelError, ""
	case errors.As(err, &reason):
		return reason, slog.LevelInfo, ""
	case errors.As(err, &e) && e.Code == tenancy.CodeUnauthenticated:
		return ReasonCredential, slog.LevelInfo, ""
	case errors.As(err, &e) && e.Code == tenancy.CodeForbidden:
		return ReasonForbidden, slog.LevelInfo, ""
	case errors.Is(err, context.DeadlineExceeded):
		return ReasonLate, slog.LevelError, ""
	case errors.Is(err, context.Canceled):
		return ReasonGone, slog.LevelInfo, ""
	default:
		return ReasonFailed, slog.LevelError, err.Error()
	}
}

// denied is what the log says of every denial.
const denied = "proxy check denied"

// log writes what a check came to, and why. It names the request without its query and
// credential, and without its path before that is canonical, since a query may
// hide behind an encoded "?".
func (c *check) log(level slog.Level, msg string, id tenancy.DecisionID, why ...slog.Attr) {
	attrs := append([]slog.Attr{
		slog.String("decision_id", id.String()),
		slog.String("endpoint", c.endpoint.endpoint),
		slog.String("peer", c.request.RemoteAddr),
		slog.String("method", c.target.method),
		slog.String("host", c.target.host),
		slog.String("path", c.target.Path),
	}, why...)
	c.handler.ports.Log.LogAttrs(c.request.Context(), level, msg, attrs...)
}

// broke denies after a panic. Only the text of a runtime error is logged:
// other values may hold anything.
func (c *check) broke(broken any) answer {
	id := c.anyID()
	text := fmt.Sprintf("%T", broken)
	if e, ok := broken.(runtime.Error); ok {
		text = e.Error()
	}
	c.log(slog.LevelError, denied, id, slog.String("reason", string(ReasonBroken)), slog.String("error", text), slog.String("stack", string(debug.Stack())))
	return denial(http.StatusForbidden, c.vary(), id)
}

// anyID makes an id, or none when making ids is what broke.
func (c *check) anyID() (id tenancy.DecisionID) {
	defer func() { _ = recover() }()
	return c.handler.ports.NewID()
}
