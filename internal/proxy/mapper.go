package proxy

import (
	"context"
	"errors"
	"net/http"

	"github.com/memberward/memberward/internal/tenancy"
)

// ReasonMapping refuses a request that the rule which maps requests failed on,
// or made no question of that can be asked.
const ReasonMapping Reason = "the rule that maps requests failed, or gave no question"

// Mapper maps requests in place of a table. It sees them without their
// credentials.
type Mapper interface {
	// Route says what a request asks for. It reports false where it knows
	// nothing of it. Any error denies.
	Route(context.Context, tenancy.HTTPRequest) (tenancy.Mapped, bool, error)
}

// ruleTemplate stands for the route of requests that a rule maps.
const ruleTemplate = "data.routing.route"

// tenantParam is the parameter under which such a route has the tenant that
// the rule gave.
const tenantParam = "tenant"

// MapBy gives routes that a mapper decides on; nil denies everything.
func MapBy(m Mapper) *Routes { return &Routes{mapper: m, byRule: true} }

// route makes of a request what a table would.
func (r *Routes) route(ctx context.Context, request tenancy.HTTPRequest) (matched, error) {
	if !r.byRule {
		return r.match(request.Method, request.Host, request.Segments)
	}
	if r.mapper == nil {
		return matched{}, ReasonNoRoute
	}
	mapped, known, err := r.mapper.Route(ctx, request)
	if err == nil {
		err = ctx.Err() // late is no answer
	}
	switch {
	case ctx.Err() != nil:
		return matched{}, ctx.Err()
	case err != nil:
		return matched{}, &mappingError{err}
	case !known:
		return matched{}, ReasonNoRoute
	default:
		return ruled(mapped, request.Method)
	}
}

// ruled puts what a rule gave into the form of a table's rule.
func ruled(mapped tenancy.Mapped, method string) (matched, error) {
	about, whole := mapped.Resource, (mapped.Resource.Type == "") == (mapped.Resource.ID == "")
	switch {
	case mapped.Public && mapped != tenancy.Mapped{Public: true}, !whole:
		return matched{}, ReasonMapping
	case !mapped.Public && (mapped.Action == "" || mapped.OfCaller == (mapped.Tenant != "")):
		return matched{}, ReasonMapping
	case resourceOfUser[mapped.Action] && (about.Type != "user" || about.ID == ""):
		return matched{}, ReasonMapping
	}
	m := matched{
		rule: &rule{method: method, action: mapped.Action, row: &row{
			public: mapped.Public, tenant: tenantSource{credential: mapped.OfCaller}, resource: about,
		}},
		route: tenancy.Route{Template: ruleTemplate, Params: map[string]string{}}, resource: about,
	}
	if mapped.Tenant != "" {
		m.row.tenant.param, m.route.Params[tenantParam] = tenantParam, mapped.Tenant
	}
	return m, nil
}

// mappingError says in the log why a rule failed.
type mappingError struct{ cause error }

// Error gives the reason and the cause.
func (e *mappingError) Error() string { return string(ReasonMapping) + ": " + e.cause.Error() }

// Unwrap gives the cause.
func (e *mappingError) Unwrap() error { return e.cause }

// code is all of the cause that a log may hold: a built-in that fails quotes
// what it was given. memberward routes match shows the rest.
func (e *mappingError) code() string {
	var failed *tenancy.Error
	if errors.As(e.cause, &failed) {
		return string(failed.Code)
	}
	return ""
}

// asked is a request as a rule sees it before anybody is known.
func (t *target) asked(method string, headers map[string][]string, client string) tenancy.HTTPRequest {
	return tenancy.HTTPRequest{
		Method: method, Scheme: t.scheme, Host: t.host,
		Path: t.Path, Segments: t.Segments, RawPath: t.RawPath, Query: parseQuery(t.Query),
		Headers: headers, ClientIP: client,
	}
}

// routed finds the route of the request, or of the one that a preflight is
// about. A table does not look at headers, so they are gathered for rules
// alone.
func (c *check) routed(ctx context.Context, method string) (matched, error) {
	if !c.routes.byRule {
		return c.routes.match(method, c.target.host, c.target.Segments)
	}
	return c.routes.route(ctx, c.target.asked(method, c.endpoint.guard.facts(c.request.Header), c.client))
}

// factsOf gives the headers that a rule sees of a request that is only asked
// about.
func factsOf(h http.Header) map[string][]string { return newGuard(protocol{}, preset{}).facts(h) }
