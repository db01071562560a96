package proxy

import (
	"net/http"
	"strings"

	"github.com/memberward/memberward/internal/tenancy"
)

// Why a request that could be read falls under no route.
const (
	ReasonNoMethod Reason = "the route names no action for the method"
	ReasonNoTenant Reason = "what names the tenant is neither an id nor a slug"
	ReasonTenant   Reason = "the header that names the tenant is missing, is there twice, or has a rival"
	ReasonNotBound Reason = "the route takes the tenant from the credential, which is bound to none"
)

// matched is what a table makes of a request.
type matched struct {
	*rule
	route    tenancy.Route
	resource tenancy.Resource
}

// match finds the rule of a request, or says why there is none. A path that is
// found but not for the method leads nowhere else: otherwise a route could
// open what a more specific one meant to close.
func (r *Routes) match(method, host string, segments []string) (matched, error) {
	found, keys := r.find(host, segments)
	if found == nil {
		return matched{}, ReasonNoRoute
	}
	rule := found.rule(method)
	if rule == nil {
		return matched{}, ReasonNoMethod
	}
	m := matched{rule: rule, route: tenancy.Route{Template: rule.row.template.text}, resource: rule.row.resource}
	m.route.Params = make(map[string]string, len(rule.captures))
	for _, c := range rule.captures {
		m.route.Params[c.name] = keys[c.at]
	}
	if about := rule.row.about; about != "" {
		m.resource.ID = m.route.Params[about]
	}
	return m, nil
}

// find looks among the routes of the host before those of every host. The keys
// are what the captures of the rules there count in.
func (r *Routes) find(host string, segments []string) (end, []string) {
	if r.onHosts.literals != nil || r.onHosts.param != nil {
		keys := append(labelsOf(host), segments...)
		if found := r.onHosts.find(keys); found != nil {
			return found, keys
		}
	}
	return r.onAny.find(segments), segments
}

// mayName reports whether the path does not rule out that the request names a
// tenant, or needs none.
func (m *matched) mayName() bool {
	param := m.row.tenant.param
	_, err := tenancy.ParseTenantRef(m.route.Params[param])
	return param == "" || err == nil
}

// tenant finds out which tenant is asked about.
func (m *matched) tenant(h http.Header, actor tenancy.Actor) (tenancy.TenantRef, error) {
	source, text := m.row.tenant, ""
	switch {
	case source.credential:
		if actor.Tenant.IsZero() {
			return tenancy.TenantRef{}, ReasonNotBound
		}
		return tenancy.TenantRef{ID: actor.Tenant}, nil
	case source.header != "":
		var err error
		if text, err = ownHeader(h, source.header); err != nil {
			return tenancy.TenantRef{}, err
		}
	default:
		text = m.route.Params[source.param]
	}
	ref, err := tenancy.ParseTenantRef(text)
	if err != nil {
		return tenancy.TenantRef{}, ReasonNoTenant
	}
	return ref, nil
}

// ownHeader gives the value of a client's header that the application will
// read too: it is there once, under no second name, and nothing on the way was
// told to take it away.
func ownHeader(h http.Header, name string) (string, error) {
	value, err := only(h, name)
	if err != nil {
		return "", ReasonTenant
	}
	folded := fold(name)
	for other := range h {
		if other != name && fold(other) == folded {
			return "", ReasonTenant
		}
	}
	for _, line := range h["Connection"] {
		for token := range strings.SplitSeq(line, ",") {
			if fold(strings.Trim(token, " \t")) == folded {
				return "", ReasonTenant
			}
		}
	}
	return value, nil
}
