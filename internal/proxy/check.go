package proxy

import (
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
	ReasonForbidden  Reason = "the credential may not be used like this"
	ReasonNobody     Reason = "authentication named nobody who may be judged"
	ReasonNoRoute    Reason = "no route, or no tenant in the path"
	ReasonFailed     Reason = "the check failed"
	ReasonLate       Reason = "the check took too long"
	ReasonBroken     Reason = "the check panicked"
)

// check is the course of one check.
type check struct {
	handler  *Handler
	endpoint endpoint
	request  *http.Request

	target target  // as far as it is known
	denied bool    // an answer exists; set before ids are made, which may break
}

// run follows the order of the contract: who may ask, what is asked, who is
// it about, may they.
func (c *check) run(ctx context.Context) answer {
	client, err := c.read()
	if err != nil {
		return c.refuse(http.StatusForbidden, err)
	}
	actor, err := c.authenticate(ctx)
	if err != nil {
		return c.refuse(statusOf(err), err)
	}
	m, found := match(builtin, c.target.method, c.target.Segments)
	if !found {
		return c.refuse(http.StatusForbidden, ReasonNoRoute)
	}
	verdict, err := c.handler.Checker.Check(ctx, actor, c.question(m, client))
	if err == nil {
		err = ctx.Err() // a late allow is none
	}
	switch {
	case err != nil:
		return c.refuse(http.StatusForbidden, err)
	case !verdict.Allow:
		return c.denial(verdict.DecisionID)
	}
	a, err := admission(c.endpoint.guard.vary, actor, m.tenant, verdict)
	if err != nil {
		return c.refuse(http.StatusForbidden, err)
	}
	return a
}

// read finds out what the proxy asks about, and the client's address.
func (c *check) read() (client string, err error) {
	peer, err := c.handler.peers.peer(c.request)
	if err != nil {
		return "", err
	}
	header := c.request.Header
	if err := c.endpoint.guard.check(header); err != nil {
		return "", err
	}
	if c.target, err = c.endpoint.read(header); err != nil {
		return "", err
	}
	return c.handler.peers.client(header, peer)
}

// authenticate accepts accounts and the platform, nobody else.
func (c *check) authenticate(ctx context.Context) (tenancy.Actor, error) {
	actor, err := c.handler.Authenticator.Authenticate(ctx, Credentials{
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

func (c *check) question(m matched, client string) tenancy.Question {
	t := &c.target
	return tenancy.Question{
		Action:  m.action,
		Tenant:  m.tenant,
		Dialect: tenancy.DialectProxy,
		Route:   m.route,
		HTTP: tenancy.HTTPRequest{
			Method: t.method, Scheme: t.scheme, Host: t.host,
			Path: t.Path, Segments: t.Segments, RawPath: t.RawPath, Query: parseQuery(t.Query),
			Headers: c.endpoint.guard.facts(c.request.Header), ClientIP: client,
		},
	}
}
