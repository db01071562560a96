package proxy_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/proxy"
)

// presetNames are the headers that each preset sends, and those of its
// convention that it never does.
var presetNames = map[string]struct {
	subject, groups string
	more, withheld  []string
}{
	"remote-user": {"Remote-User", "Remote-Groups", []string{"Remote-Name"}, []string{"Remote-Email"}},
	"oauth2-proxy": {
		"X-Auth-Request-User", "X-Auth-Request-Groups",
		[]string{"X-Auth-Request-Preferred-Username"},
		[]string{"X-Auth-Request-Email", "X-Auth-Request-Access-Token"},
	},
}

// TestPresets: the other names say what ours say, complete on an allow and
// nothing on a denial; nobody can say them in our place.
func TestPresets(t *testing.T) {
	for name, names := range presetNames {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.verdict = holding([]string{"writer", "editor"})
			h := w.handler(t, proxy.Options{HeaderPreset: name, Routes: tableOf(t,
				proxy.RouteSpec{Path: "/tenants/{tenant}/**", Tenant: "{tenant}", Methods: map[string]string{"GET": "resource.read"}},
				proxy.RouteSpec{Path: "/public", Public: true},
			)})
			everyProtocol(t, func(t *testing.T, ask func(*proxy.Handler, original) reply) {
				admits(t, ask(h, original{lines: []string{asMary}}), says(names, mary.String(), "editor,writer"))
				admits(t, ask(h, original{lines: []string{asMary, names.subject + ": olga", names.groups + ": owner"}}), says(names, mary.String(), "editor,writer"))
				admits(t, ask(h, original{target: "/public"}), says(names, "anonymous", "none"))
				denies(t, ask(h, original{lines: []string{asNina}}), 403)
				denies(t, ask(h, original{lines: []string{names.subject + ": olga"}}), 401)
				for _, line := range append(withheldLines(names.withheld), "Connection: "+names.subject) {
					denies(t, ask(h, original{lines: []string{asMary, line}}), 403)
				}
			})
			for _, line := range []string{strings.ReplaceAll(names.subject, "-", "_"), strings.Replace(names.groups, "-", ".", 1)} {
				wellFormed(t, serve(h, request(asMary, line+": olga")), 403)
			}
		})
	}
}

func withheldLines(names []string) []string {
	lines := make([]string, len(names))
	for i, name := range names {
		lines[i] = name + ": olga@example.com"
	}
	return lines
}

func says(names struct {
	subject, groups string
	more, withheld  []string
}, subject, groups string,
) map[string]string {
	said := map[string]string{"X-Auth-Subject": subject, "X-Auth-Roles": groups, names.subject: subject, names.groups: groups}
	for _, name := range names.more {
		said[name] = subject
	}
	return said
}

// TestWithoutAPresetItsNamesAreTheClients: they have no meaning here then, and
// an allow says none of them.
func TestWithoutAPresetItsNamesAreTheClients(t *testing.T) {
	h := newWorld().handler(t, proxy.Options{})
	everyProtocol(t, func(t *testing.T, ask func(*proxy.Handler, original) reply) {
		got := ask(h, original{lines: []string{asMary, "Remote-Email: olga@example.com", "X-Auth-Request-User: olga"}})
		admits(t, got, nil)
		for name := range got.header {
			if strings.HasPrefix(name, "Remote-") || strings.HasPrefix(name, "X-Auth-Request-") {
				t.Errorf("the answer says %s", name)
			}
		}
	})
}

// TestEnvoyRemovesWhatAnAllowDoesNotSay: of the identity headers, a preset's
// among them, and the secret.
func TestEnvoyRemovesWhatAnAllowDoesNotSay(t *testing.T) {
	for preset, want := range map[string][]string{
		"":             {"X-Auth-Assertion", "X-Memberward-Secret"},
		"remote-user":  {"X-Auth-Assertion", "Remote-Email", "X-Memberward-Secret"},
		"oauth2-proxy": {"X-Auth-Assertion", "X-Auth-Request-Email", "X-Auth-Request-Access-Token", "X-Memberward-Secret"},
	} {
		h := newWorld().handler(t, proxy.Options{HeaderPreset: preset})
		verdict := h.CheckEnvoy(t.Context(), overGRPC(func(*proxy.EnvoyCheck) {}))
		if diff := cmp.Diff(want, verdict.Remove); diff != "" {
			t.Errorf("%q by gRPC (-want +got)\n%s", preset, diff)
		}
		response := serve(h, overHTTP("GET", "/authz/envoy/tenants/acme/x", asMary))
		if got := response.Header.Get("X-Envoy-Auth-Headers-To-Remove"); got != strings.Join(want, ",") {
			t.Errorf("%q by HTTP: %s", preset, got)
		}
		if slices.ContainsFunc(verdict.Headers, func(f proxy.Field) bool { return strings.HasPrefix(f.Name, "X-Envoy-") }) {
			t.Errorf("%q: the application would see %v", preset, verdict.Headers)
		}
	}
}

// TestAssertions: an allow has one that says what its headers say; a denial
// none; where none can be made, nobody passes.
func TestAssertions(t *testing.T) {
	var said atomic.Pointer[proxy.Assertion]
	var calls atomic.Int64
	text, fails := "aaa.bbb.ccc", error(nil)
	w := newWorld()
	w.verdict = holding([]string{"writer", "editor"})
	w.assert = func(_ context.Context, a proxy.Assertion) (string, error) {
		said.Store(&a)
		calls.Add(1)
		return text, fails
	}
	h := w.handler(t, proxy.Options{Routes: tableOf(t,
		proxy.RouteSpec{Path: "/tenants/{tenant}/**", Tenant: "{tenant}", Methods: map[string]string{"GET": "resource.read"}},
		proxy.RouteSpec{Path: "/public", Public: true},
	)})
	everyProtocol(t, func(t *testing.T, ask func(*proxy.Handler, original) reply) {
		text, fails = "aaa.bbb.ccc", nil
		got := ask(h, original{lines: []string{asMary, "X-Auth-Assertion: forged"}})
		admits(t, got, map[string]string{"X-Auth-Assertion": text})
		want := proxy.Assertion{
			Subject: mary.String(), Tenant: acme.String(), Level: "member", Roles: []string{"editor", "writer"}, Authenticated: true,
			Decision: said.Load().Decision,
		}
		if diff := cmp.Diff(&want, said.Load()); diff != "" || want.Decision.String() != got.header.Get("X-Decision-Id") {
			t.Errorf("of %s (-want +got)\n%s", got.header.Get("X-Decision-Id"), diff)
		}
		if strings.Contains(got.header.Get("X-Envoy-Auth-Headers-To-Remove"), "X-Auth-Assertion") {
			t.Errorf("Envoy would remove it: %v", got.header)
		}
		admits(t, ask(h, original{target: "/public"}), map[string]string{"X-Auth-Assertion": text})
		if got := said.Load(); got.Subject != "anonymous" || got.Tenant != "none" || got.Level != "none" || got.Roles != nil || got.Authenticated {
			t.Errorf("nobody is %+v", got)
		}
		before := calls.Load()
		denies(t, ask(h, original{lines: []string{asNina}}), 403)
		denies(t, ask(h, original{}), 401)
		if calls.Load() != before {
			t.Error("something was signed for a denial")
		}
		fails = errors.New("no key")
		denies(t, ask(h, original{lines: []string{asMary}}), 403)
		denies(t, ask(h, original{target: "/public"}), 403)
		for _, bad := range []string{"", "a\r\nX-Auth-Level: owner", strings.Repeat("x", 3500)} {
			text, fails = bad, nil
			denies(t, ask(h, original{lines: []string{asMary}}), 403)
		}
	})
}

// TestObserve: each check is heard of once, by its protocol, panics included.
func TestObserve(t *testing.T) {
	heard := map[string][]int{}
	w := newWorld()
	ports := w.ports()
	ports.Observe = func(protocol string, status int, took time.Duration) {
		if took < 0 {
			t.Errorf("it took %v", took)
		}
		heard[protocol] = append(heard[protocol], status)
	}
	h, err := proxy.New(ports, proxy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, ask := range askers() {
		clear(heard)
		for _, line := range []string{asMary, asNina, "X-None: 1", "Authorization: Bearer panic"} {
			ask(t, h, original{method: "GET", host: "app.example", target: "/tenants/acme/x", lines: []string{line}})
		}
		want := map[string][]int{strings.TrimPrefix(name, "ingress-"): {200, 403, 401, 403}}
		if diff := cmp.Diff(want, heard); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	clear(heard)
	r := request(asMary)
	r.RequestURI = "/elsewhere"
	if got := serve(h, r).StatusCode; got != http.StatusNotFound || len(heard) != 0 {
		t.Errorf("what is no check: %d %v", got, heard)
	}
}
