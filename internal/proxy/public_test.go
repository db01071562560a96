package proxy_test

import (
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/proxy"
	"github.com/memberward/memberward/internal/tenancy"
)

func tableOf(t *testing.T, specs ...proxy.RouteSpec) *proxy.Routes {
	t.Helper()
	r, err := proxy.NewRoutes(specs)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestTheOrderOfAnswers: malformed 403, public 200, no credential 401, the
// rest 403 or what the gate says (contracts/proxy.md, rule 8).
func TestTheOrderOfAnswers(t *testing.T) {
	read := map[string]string{"GET": "resource.read"}
	w := newWorld()
	h := w.handler(t, proxy.Options{Routes: tableOf(t,
		proxy.RouteSpec{Path: "/t/{tenant}/users/{user}", Methods: read, Tenant: "{tenant}", Resource: tenancy.Resource{Type: "user", ID: "{user}"}},
		proxy.RouteSpec{Path: "/public/**", Public: true, Methods: map[string]string{"GET": ""}},
		proxy.RouteSpec{Path: "/header", Methods: read, TenantHeader: "X-Tenant"},
		proxy.RouteSpec{Path: "/mine", Methods: read, Tenant: proxy.TenantOfCredential},
	)})
	for _, tt := range []struct {
		name, path string
		lines      []string
		status     int
	}{
		{"public", "/public/x", nil, 200},
		{"public, by a member", "/public/x", []string{asMary}, 200},
		{"public, with a credential that is not valid", "/public/x", []string{"Authorization: Bearer forged"}, 200},
		{"public, malformed", "/public/../t/acme/users/x", nil, 403},
		{"public, another method", "/public/x", []string{"-X-Original-Method", "X-Original-Method: POST"}, 401},
		{"public, another method, by a member", "/public/x", []string{asMary, "-X-Original-Method", "X-Original-Method: POST"}, 403},
		{"public, with an alias", "/public/x", []string{"X_Auth_Subject: olga"}, 403},
		{"nobody", "/t/acme/users/x", nil, 401},
		{"a member", "/t/acme/users/x", []string{asMary}, 200},
		{"a stranger", "/t/acme/users/x", []string{asNina}, 403},
		{"no route, nobody", "/tenants/acme/x", nil, 401},
		{"no route, a member", "/tenants/acme/x", []string{asMary}, 403},
		{"the tenant in a header", "/header", []string{asMary, "X-Tenant: acme"}, 200},
		{"another tenant in a header", "/header", []string{asMary, "X-Tenant: void"}, 403},
		{"two tenants in headers", "/header", []string{asMary, "X-Tenant: acme", "X_Tenant: void"}, 403},
		{"the tenant of a credential that has none", "/mine", []string{asMary}, 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(w.questions())
			response := serve(h, request(append(tt.lines, "-X-Original-Uri", "X-Original-Uri: "+tt.path)...))
			wellFormed(t, response, tt.status)
			if !strings.HasSuffix(response.Header.Get("Vary"), ", X-Tenant") {
				t.Errorf("the answer varies by %q", response.Header.Get("Vary"))
			}
			if strings.HasPrefix(tt.name, "public") {
				if got := response.Header.Get("X-Auth-Subject"); tt.status == 200 && got != "anonymous" || len(w.questions()) != before {
					t.Errorf("a public route names %q, and %d were asked", got, len(w.questions())-before)
				}
			}
		})
	}
	last := w.questions()[0]
	if want := (tenancy.Resource{Type: "user", ID: "x"}); last.Resource != want || last.Action != "resource.read" || last.Route.Params["user"] != "x" {
		t.Errorf("asked was %+v", last)
	}
}

// TestAnotherTableTakesItsPlace: the handler goes by it from the next check
// on, and none at all denies.
func TestAnotherTableTakesItsPlace(t *testing.T) {
	h := newWorld().handler(t, proxy.Options{})
	ask := func() int { return serve(h, request()).StatusCode }
	if got := ask(); got != 401 {
		t.Errorf("the built-in table: %d", got)
	}
	h.Use(tableOf(t, proxy.RouteSpec{Path: "/tenants/**", Public: true}))
	if got := ask(); got != 200 {
		t.Errorf("the public table: %d", got)
	}
	h.Use(nil)
	if got := serve(h, request(asMary)).StatusCode; got != 403 {
		t.Errorf("no table: %d", got)
	}
}
