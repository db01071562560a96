package proxy

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/memberward/memberward/internal/tenancy"
)

// read understands a row, or says what is wrong with it.
func (b *builder) read(spec RouteSpec) (row, bool) {
	before := len(b.problems)
	r := row{line: spec.Line, public: spec.Public}
	var err error
	if r.template, err = readTemplate(spec.Path); err != nil {
		b.wrong(r.line, "path: %v", err)
	}
	for _, host := range spec.Hosts {
		h, err := readHostTemplate(host)
		if err != nil {
			b.wrong(r.line, "hosts: %q: %v", host, err)
		}
		r.hosts = append(r.hosts, h)
	}
	b.readMethods(&r, spec)
	params := b.readParams(&r)
	if spec.Public {
		b.refusePrivate(spec)
	} else {
		b.readTenant(&r, spec, params)
		b.readResource(&r, spec, params)
	}
	return r, len(b.problems) == before
}

// readMethods reads what each method asks for.
func (b *builder) readMethods(r *row, spec RouteSpec) {
	r.actions = map[string]tenancy.Action{}
	r.methods = slices.Sorted(maps.Keys(spec.Methods))
	if len(spec.Methods) == 0 && spec.Public {
		r.methods, r.every = []string{AnyMethod}, true
	}
	if len(r.methods) == 0 {
		b.wrong(r.line, "methods is missing: name the action that each method asks for")
	}
	for _, method := range r.methods {
		var t target
		if method != AnyMethod && t.readMethod(method) != nil {
			b.wrong(r.line, "methods: %q is no method that can be checked: want upper case, such as GET, or %s", method, AnyMethod)
		}
		text := spec.Methods[method]
		if spec.Public {
			if text != "" {
				b.wrong(r.line, "methods: a public route asks nobody: list its methods, without actions")
			}
			continue
		}
		action, err := tenancy.ParseAction(text)
		if err != nil {
			b.wrong(r.line, "methods: %s: %v", method, err)
		}
		r.actions[method] = action
	}
}

// readParams gives the names that every host of a row gives a value, and
// those of its path.
func (b *builder) readParams(r *row) map[string]bool {
	common := map[string]int{}
	for _, host := range r.hosts {
		b.checkTwice(r.line, slices.Concat([]part(host), r.template.parts))
		for _, p := range host {
			common[p.param]++
		}
	}
	if len(r.hosts) == 0 {
		b.checkTwice(r.line, r.template.parts)
	}
	params := map[string]bool{}
	for name, n := range common {
		params[name] = n >= len(r.hosts)
	}
	for _, p := range r.template.parts {
		params[p.param] = true
	}
	delete(params, "")
	return params
}

func (b *builder) checkTwice(line int, parts []part) {
	seen := map[string]bool{}
	for _, p := range parts {
		if p.param != "" && seen[p.param] {
			b.wrong(line, "two parameters are called {%s}", p.param)
		}
		seen[p.param] = true
	}
}

// refusePrivate refuses what would have no meaning on a public route, and so
// may be there by mistake.
func (b *builder) refusePrivate(spec RouteSpec) {
	if spec.Tenant != "" || spec.TenantHeader != "" || spec.Resource != (tenancy.Resource{}) {
		b.wrong(spec.Line, "a public route asks nobody: it has no tenant and no resource")
	}
}

func (b *builder) readTenant(r *row, spec RouteSpec, params map[string]bool) {
	name, isParam := paramName(spec.Tenant)
	switch {
	case spec.Tenant == "" && spec.TenantHeader == "":
		b.wrong(r.line, "tenant is missing: say where it stands, such as \"{tenant}\"")
	case spec.Tenant != "" && spec.TenantHeader != "":
		b.wrong(r.line, "tenant: want one place, not two")
	case spec.TenantHeader != "":
		b.readTenantHeader(r, spec.TenantHeader)
	case spec.Tenant == TenantOfCredential:
		r.tenant.credential = true
	case !isParam:
		b.wrong(r.line, "tenant: want a parameter such as \"{tenant}\", a header, or %s, not %q", TenantOfCredential, spec.Tenant)
	case !params[name]:
		b.wrong(r.line, "tenant: neither the path nor every host has a {%s}", name)
	default:
		r.tenant.param = name
	}
}

// readTenantHeader wants a header that is the client's own to set, and that
// nothing on the way takes for something else.
func (b *builder) readTenantHeader(r *row, name string) {
	const token = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
	canonical := http.CanonicalHeaderKey(name)
	switch {
	case strings.Trim(name, token) != "" || len(name) > 64:
		b.wrong(r.line, "tenant: %q is no name of a header: want letters, digits and -", name)
	case !isForTenants(canonical):
		b.wrong(r.line, "tenant: %s has a meaning of its own: choose another header", canonical)
	default:
		r.tenant.header = canonical
		if !slices.Contains(b.table.headers, canonical) {
			b.table.headers = append(b.table.headers, canonical)
		}
	}
}

// isForTenants reports whether a header is free to name a tenant: not one of
// ours, no credential, none that a proxy sets or takes away.
func isForTenants(name string) bool {
	taken := slices.Concat(identity, credential, navigation, secret, []string{
		proxySecret, "Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Expect", "Host", "Via", "Forwarded",
		"Content-Length", "X-Real-Ip", requestedMethod,
	})
	if slices.Contains(taken, name) {
		return false
	}
	for _, family := range []string{"X-Auth-", "Remote-", "X-Forwarded-", "X-Original-", "Proxy-", "Sec-"} {
		if strings.HasPrefix(name, family) {
			return false
		}
	}
	return true
}

// resourceOfUser are the changes that are about a user.
var resourceOfUser = map[tenancy.Action]bool{
	tenancy.ActionMemberAdd: true, tenancy.ActionMemberUpdate: true, tenancy.ActionMemberRemove: true, tenancy.ActionTenantTransfer: true,
}

func (b *builder) readResource(r *row, spec RouteSpec, params map[string]bool) {
	r.resource = spec.Resource
	if name, isParam := paramName(spec.Resource.ID); isParam {
		r.about = name
		if !params[name] {
			b.wrong(r.line, "resource: neither the path nor every host has a {%s}", name)
		}
	} else if strings.ContainsAny(spec.Resource.ID, "{}") {
		b.wrong(r.line, "resource: want an id that is a text, or one {parameter} and nothing else, not %q", spec.Resource.ID)
	}
	if (r.resource.Type == "") != (r.resource.ID == "") {
		b.wrong(r.line, "resource: want both a type and an id")
	}
	if strings.ContainsAny(r.resource.Type, "{}") {
		b.wrong(r.line, "resource: a type is a text, not a parameter")
	}
	for _, method := range r.methods {
		if resourceOfUser[r.actions[method]] && (r.resource.Type != "user" || r.resource.ID == "") {
			b.wrong(r.line, "%s is about a user: give the route a resource of type user", r.actions[method])
		}
	}
}
