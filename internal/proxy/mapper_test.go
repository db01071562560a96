package proxy_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/memberward/memberward/internal/proxy"
	"github.com/memberward/memberward/internal/tenancy"
)

// ruleBook maps by the first segment, as a rule would, and notes what it saw.
type ruleBook struct {
	mu   sync.Mutex
	seen []tenancy.HTTPRequest
}

// Route knows one of everything that may be wrong.
func (b *ruleBook) Route(ctx context.Context, r tenancy.HTTPRequest) (tenancy.Mapped, bool, error) {
	b.mu.Lock()
	b.seen = append(b.seen, r)
	b.mu.Unlock()
	read := tenancy.Mapped{Action: tenancy.ActionResourceRead, Tenant: "acme"}
	switch r.Segments[0] {
	case "read":
		return read, true, nil
	case "void":
		return tenancy.Mapped{Action: tenancy.ActionResourceRead, Tenant: "void"}, true, nil
	case "mine":
		return tenancy.Mapped{Action: tenancy.ActionResourceRead, OfCaller: true}, true, nil
	case "public":
		return tenancy.Mapped{Public: true}, true, nil
	case "about":
		return tenancy.Mapped{Action: tenancy.ActionMemberRemove, Tenant: "acme", Resource: tenancy.Resource{Type: "user", ID: vera.String()}}, true, nil
	case "panics":
		panic("broken")
	case "late":
		<-ctx.Done()
		return tenancy.Mapped{Public: true}, true, nil
	case "fails":
		return tenancy.Mapped{Public: true}, true, &tenancy.Error{Code: tenancy.CodePolicyError, Msg: "m", Cause: errors.New("quotes " + r.Path)}
	}
	ill := map[string]tenancy.Mapped{
		"nothing":      {},
		"no-tenant":    {Action: tenancy.ActionResourceRead},
		"no-action":    {Tenant: "acme"},
		"both-tenants": {Action: tenancy.ActionResourceRead, Tenant: "acme", OfCaller: true},
		"public-and":   {Public: true, Tenant: "acme"},
		"half-about":   {Action: tenancy.ActionResourceRead, Tenant: "acme", Resource: tenancy.Resource{Type: "user"}},
		"about-nobody": {Action: tenancy.ActionMemberRemove, Tenant: "acme"},
		"not-a-slug":   {Action: tenancy.ActionResourceRead, Tenant: "Acme Corp"},
	}[r.Segments[0]]
	return ill, ill != tenancy.Mapped{} || r.Segments[0] == "nothing", nil
}

// TestMappingByRules: a rule says what is asked, by every protocol; whatever is
// wrong with what it says denies.
func TestMappingByRules(t *testing.T) {
	rows := []struct {
		path   string
		line   string
		status int
	}{
		{"/read", asMary, 200},
		{"/read/x?q", asVera, 200},
		{"/read", asNina, 403},
		{"/read", "X-None: 1", 401},
		{"/read/../public", asMary, 403},
		{"/void", asMary, 403},
		{"/mine", asMary, 403}, // her key is bound to no tenant
		{"/public", "X-None: 1", 200},
		{"/public", "Authorization: Bearer forged", 200},
		{"/about", asOlga, 200},
		{"/unknown", asMary, 403},
		{"/unknown", "X-None: 1", 401},
		{"/fails", asMary, 403},
		{"/fails", "X-None: 1", 401},
		{"/panics", asMary, 403},
		{"/late", asMary, 403},
		{"/nothing", asMary, 403},
		{"/no-tenant", asMary, 403},
		{"/no-action", asMary, 403},
		{"/both-tenants", asMary, 403},
		{"/public-and", asMary, 403},
		{"/half-about", asMary, 403},
		{"/about-nobody", asOlga, 403},
		{"/not-a-slug", asMary, 403},
	}
	everyProtocol(t, func(t *testing.T, ask func(*proxy.Handler, original) reply) {
		for _, row := range rows {
			w, b := newWorld(), &ruleBook{}
			h := w.handler(t, proxy.Options{Routes: proxy.MapBy(b), Timeout: 50e6})
			got := ask(h, original{target: row.path, lines: []string{row.line, "X-Api-Key-Like: kept"}})
			if row.status == 200 {
				admits(t, got, nil)
			} else {
				denies(t, got, row.status)
			}
			if t.Failed() {
				t.Fatalf("%s with %s\n%s", row.path, row.line, w.logged())
			}
			for _, r := range b.seen {
				if r.Headers["authorization"] != nil || r.Headers["x-api-key-like"] == nil || r.Host != "app.example" || r.Method != "GET" {
					t.Fatalf("the rule saw %+v", r)
				}
			}
			if strings.Contains(w.logged(), "quotes") {
				t.Fatalf("the log quotes what a rule was given:\n%s", w.logged())
			}
		}
	})
}

// TestNobodyMapsByRules: rules that are not there deny.
func TestNobodyMapsByRules(t *testing.T) {
	everyProtocol(t, func(t *testing.T, ask func(*proxy.Handler, original) reply) {
		h := newWorld().handler(t, proxy.Options{Routes: proxy.MapBy(nil)})
		denies(t, ask(h, original{lines: []string{asMary}}), 403)
		denies(t, ask(h, original{}), 401)
	})
}

// TestPreflightsMapByRules: the rule sees the method that the browser is about
// to use.
func TestPreflightsMapByRules(t *testing.T) {
	b := &ruleBook{}
	h := newWorld().handler(t, proxy.Options{Routes: proxy.MapBy(b), AllowPreflight: true})
	preflight := []string{"X-Forwarded-Method: OPTIONS", "Origin: https://else.example", "Access-Control-Request-Method: PUT"}
	wellFormed(t, serve(h, forwarded(append(preflight, "X-Forwarded-Uri: /read")...)), 200)
	if b.seen[0].Method != http.MethodPut {
		t.Errorf("the rule saw %s", b.seen[0].Method)
	}
	wellFormed(t, serve(h, forwarded(append(preflight, "X-Forwarded-Uri: /unknown")...)), 401)
}

// TestWhatAsksByRules: what a request would be judged as, without a server.
func TestWhatAsksByRules(t *testing.T) {
	routes := proxy.MapBy(&ruleBook{})
	got, err := routes.Ask("GET", "https://app.example/about", nil)
	if err != nil || got.Action != tenancy.ActionMemberRemove || got.Tenant != "acme" || got.Resource.ID != vera.String() || got.Route.Template != "data.routing.route" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := routes.Ask("GET", "/mine", nil); err != nil || got.Tenant != proxy.TenantOfCredential {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := routes.Ask("GET", "/public", nil); err != nil || !got.Public {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := routes.Ask("GET", "/unknown", nil); !errors.Is(err, proxy.ReasonNoRoute) {
		t.Errorf("%v", err)
	}
	if len(routes.Methods()) != 0 {
		t.Errorf("there are methods: %v", routes.Methods())
	}
}
