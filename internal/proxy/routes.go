package proxy

import (
	"net/http"
	"strings"

	"github.com/memberward/memberward/internal/tenancy"
)

// route maps the requests below a path to an action in a tenant.
type route struct {
	template string   // as written, for people and policies
	pattern  []string // the template's segments
	read     tenancy.Action
	write    tenancy.Action
	tenant   string // the parameter that names the tenant, by id or slug
}

// builtin is the table that serves when no other is given: whoever may read
// or write a tenant's resources may do so below its path. Everything else is
// denied.
var builtin = []route{{
	template: "/tenants/{tenant}/**",
	pattern:  []string{"tenants", "{tenant}", "**"},
	read:     tenancy.ActionResourceRead,
	write:    tenancy.ActionResourceWrite,
	tenant:   "tenant",
}}

// matched is what a route makes of a request.
type matched struct {
	route  tenancy.Route
	action tenancy.Action
	tenant tenancy.TenantRef
}

// match finds the route of a request. It reports false where there is none,
// and where the path does not name a tenant: both are denied.
func match(table []route, method string, segments []string) (matched, bool) {
	for _, r := range table {
		params, ok := capture(r.pattern, segments)
		if !ok {
			continue
		}
		tenant, err := tenancy.ParseTenantRef(params[r.tenant])
		if err != nil {
			return matched{}, false
		}
		return matched{
			route:  tenancy.Route{Template: r.template, Params: params},
			action: r.action(method),
			tenant: tenant,
		}, true
	}
	return matched{}, false
}

// action is the one that a method asks for: GET covers HEAD, all others write.
func (r route) action(method string) tenancy.Action {
	if method == http.MethodGet || method == http.MethodHead {
		return r.read
	}
	return r.write
}

// capture holds segments against a pattern and gives the parameters. "**"
// stands last and takes any number of segments, none included; a trailing
// slash is an empty last segment. No parameter is empty.
func capture(pattern, segments []string) (map[string]string, bool) {
	params := map[string]string{}
	for i, p := range pattern {
		if p == "**" {
			return params, true
		}
		if i >= len(segments) {
			return nil, false
		}
		name, parameter := parameterOf(p)
		switch {
		case parameter && segments[i] != "":
			params[name] = segments[i]
		case parameter || p != segments[i]:
			return nil, false
		}
	}
	return params, len(pattern) == len(segments)
}

func parameterOf(p string) (name string, ok bool) {
	name, ok = strings.CutPrefix(p, "{")
	return strings.TrimSuffix(name, "}"), ok
}
