package proxy_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/proxy"
	"github.com/memberward/memberward/internal/tenancy"
)

// The rules of contracts/proxy.md, "Endpoints", each by every protocol:
//
//	1, 5, 6  TestEveryDenial, TestEveryAllow
//	2        TestEveryAllow (an allow is 200 and nothing else)
//	3        TestBodiesAreLeftAlone, over connections
//	4        TestEveryAllow, TestRolesOfAnAllow, TestNobodyOnAPublicRoute
//	7        TestAHeadThatIsTooLong, TestNothingIsAllowedByAccident
//	8        TestEveryDenial (the order too), TestWhatFailsDenies
//	9        TestWhoMayAsk
//	10       TestARemovedMemberIsDeniedAtOnce

// identityNames are the headers of every allow.
var identityNames = []string{
	"X-Auth-Subject", "X-Auth-Tenant", "X-Auth-Level", "X-Auth-Roles", "X-Auth-Authenticated", "X-Decision-Id", "X-Policy-Revision",
}

// denies holds a reply against rules 1, 5 and 6. It is the whole answer: what
// is not named here may not be there.
func denies(t *testing.T, got reply, status int) {
	t.Helper()
	if got.status != status || got.body != "" || got.length != "0" && got.length != "none" {
		t.Errorf("%d with a body of %q (%s), want %d and none", got.status, got.body, got.length, status)
	}
	allowed := map[string]bool{"Cache-Control": true, "X-Decision-Id": true, "Vary": true, "Content-Length": true, "Www-Authenticate": status == 401}
	for name, values := range got.header {
		if !allowed[name] || len(values) != 1 {
			t.Errorf("%d says %s: %q", status, name, values)
		}
	}
	if got.header.Get("Cache-Control") != "no-store" || got.header.Get("Vary") == "" || got.header.Get("X-Decision-Id") == "" {
		t.Errorf("%d: %v", status, got.header)
	}
	if (got.header.Get("Www-Authenticate") != "") != (status == 401) {
		t.Errorf("%d: WWW-Authenticate is %q", status, got.header.Get("Www-Authenticate"))
	}
}

// admits holds a reply against rules 2 and 4: every identity header once, not
// empty and readable.
func admits(t *testing.T, got reply, want map[string]string) {
	t.Helper()
	if got.status != http.StatusOK || got.body != "" {
		t.Errorf("%d %q, want 200", got.status, got.body)
	}
	for _, name := range identityNames {
		value := got.header.Get(name)
		if len(got.header[name]) != 1 || strings.TrimSpace(value) == "" || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%s is %q", name, got.header[name])
		}
	}
	for name, value := range want {
		if got.header.Get(name) != value {
			t.Errorf("%s is %q, want %q", name, got.header[name], value)
		}
	}
}

func TestEveryAllow(t *testing.T) {
	everyProtocol(t, func(t *testing.T, ask func(*proxy.Handler, original) reply) {
		h := newWorld().handler(t, proxy.Options{})
		got := ask(h, original{lines: []string{asMary}})
		admits(t, got, map[string]string{
			"X-Auth-Subject": mary.String(), "X-Auth-Tenant": acme.String(), "X-Auth-Level": "member", "X-Auth-Roles": "none",
			"X-Auth-Authenticated": "true", "X-Policy-Revision": revision,
		})
		if got.length == "0" && (got.header.Get("Cache-Control") != "no-store" || got.header.Get("Vary") == "") {
			t.Errorf("a cache could keep %v", got.header)
		}
		if _, says := got.header["X-Auth-Assertion"]; says {
			t.Errorf("an assertion that nobody asked for: %v", got.header)
		}
		admits(t, ask(h, original{lines: []string{"Authorization: Bearer platform"}}), map[string]string{
			"X-Auth-Subject": "platform", "X-Auth-Level": "none", "X-Auth-Roles": "none", "X-Auth-Authenticated": "true",
		})
	})
}

func TestEveryDenial(t *testing.T) {
	rows := []struct {
		name   string
		asked  original
		status int
	}{
		{"no credential", original{}, 401},
		{"an invalid credential", original{lines: []string{"Authorization: Bearer forged"}}, 401},
		{"no credential and no route", original{target: "/x"}, 401},
		{"no credential and a path that is ambiguous", original{target: "/tenants/acme/%2e%2e/x"}, 403},
		{"a credential and a path that is ambiguous", original{target: "/tenants/acme//x", lines: []string{asMary}}, 403},
		{"a method in lower case", original{method: "get", lines: []string{asMary}}, 403},
		{"a host that is none", original{host: "app example", lines: []string{asMary}}, 403},
		{"no route", original{target: "/x", lines: []string{asMary}}, 403},
		{"a stranger", original{lines: []string{asNina}}, 403},
		{"an unknown tenant", original{target: "/tenants/void/x", lines: []string{asMary}}, 403},
		{"a viewer who writes", original{method: "DELETE", lines: []string{asVera}}, 403},
		{"a Connection header naming ours", original{lines: []string{asMary, "Connection: X-Auth-Subject"}}, 403},
		{"hops that are none", original{lines: []string{asMary, "X-Forwarded-For: somebody"}}, 403},
	}
	everyProtocol(t, func(t *testing.T, ask func(*proxy.Handler, original) reply) {
		for _, row := range rows {
			if strings.Contains(t.Name(), "fcgi") && strings.HasPrefix(row.name, "hops") {
				continue // Apache says itself who the client is
			}
			t.Run(row.name, func(t *testing.T) { denies(t, ask(newWorld().handler(t, proxy.Options{}), row.asked), row.status) })
		}
	})
}

// TestNobodyOnAPublicRoute: whoever comes is anonymous there, malformed
// requests excepted.
func TestNobodyOnAPublicRoute(t *testing.T) {
	table := tableOf(t, proxy.RouteSpec{Path: "/public/**", Public: true})
	everyProtocol(t, func(t *testing.T, ask func(*proxy.Handler, original) reply) {
		h := newWorld().handler(t, proxy.Options{Routes: table})
		for _, line := range []string{"X-None: 1", asMary, "Authorization: Bearer forged"} {
			admits(t, ask(h, original{target: "/public/x", lines: []string{line}}), map[string]string{
				"X-Auth-Subject": "anonymous", "X-Auth-Tenant": "none", "X-Auth-Level": "none", "X-Auth-Roles": "none",
				"X-Auth-Authenticated": "false", "X-Policy-Revision": "none",
			})
		}
		denies(t, ask(h, original{target: "/public/../x"}), 403)
		denies(t, ask(h, original{target: "/other"}), 401)
	})
}

// roleID makes ids of roles.
func roleID(n byte) tenancy.RoleID {
	return tenancy.RoleID(uuid.UUID{0: n, 6: 0x40, 8: 0x80})
}

// TestRolesOfAnAllow: custom roles, by name where it is plain, else by id, in
// one order.
func TestRolesOfAnAllow(t *testing.T) {
	for _, tt := range []struct {
		name  string
		roles []string
		want  string
	}{
		{"none", nil, "none"},
		{"one", []string{"editor"}, "editor"},
		{"every plain character", []string{"aZ09_.:-"}, "aZ09_.:-"},
		{"sorted", []string{"writer", "Editor", "app_manager"}, "Editor,app_manager,writer"},
		{"called like a level", []string{"owner"}, "owner"},
		{"called none", []string{"none"}, roleID(1).String()},
		{"called None", []string{"None"}, roleID(1).String()},
		{"a comma", []string{"a,owner"}, roleID(1).String()},
		{"a blank", []string{"two words"}, roleID(1).String()},
		{"only blanks", []string{"  "}, roleID(1).String()},
		{"nothing", []string{""}, roleID(1).String()},
		{"a line break", []string{"x\r\nX-Auth-Level: owner"}, roleID(1).String()},
		{"beyond ASCII", []string{"Übersetzer"}, roleID(1).String()},
		{"invisible", []string{"\u200b"}, roleID(1).String()},
		{"the id of another role", []string{"zeta", roleID(9).String()}, roleID(2).String() + ",zeta"},
		{"3,000 characters that are not plain", []string{strings.Repeat("é", 3000)}, roleID(1).String()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld()
			w.verdict = holding(tt.roles)
			everyProtocol(t, func(t *testing.T, ask func(*proxy.Handler, original) reply) {
				admits(t, ask(w.handler(t, proxy.Options{}), original{lines: []string{asMary}}), map[string]string{"X-Auth-Roles": tt.want})
			})
		})
	}
}

// holding makes verdicts say that somebody holds roles.
func holding(names []string) func(tenancy.Verdict) tenancy.Verdict {
	return func(v tenancy.Verdict) tenancy.Verdict {
		for i, name := range names {
			v.Roles = append(v.Roles, tenancy.HeldRole{ID: roleID(byte(i + 1)), Name: name})
		}
		return v
	}
}

// TestAHeadThatIsTooLong: many roles, or one with a long name, deny.
func TestAHeadThatIsTooLong(t *testing.T) {
	many := make([]string, 100)
	for i := range many {
		many[i] = strings.Repeat("x", i) + " " // each is sent as its id
	}
	for name, roles := range map[string][]string{"one long name": {strings.Repeat("x", 3300)}, "a hundred ids": many} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.verdict = holding(roles)
			everyProtocol(t, func(t *testing.T, ask func(*proxy.Handler, original) reply) {
				denies(t, ask(w.handler(t, proxy.Options{}), original{lines: []string{asMary}}), 403)
			})
		})
	}
}

func TestWhatFailsDenies(t *testing.T) {
	for name, before := range map[string]func(context.Context) error{
		"an evaluation error": func(context.Context) error { return &tenancy.Error{Code: tenancy.CodePolicyError} },
		"a closed store":      func(context.Context) error { return &tenancy.Error{Code: tenancy.CodeUnavailable} },
		"a panic":             func(context.Context) error { panic("broken") },
		"a failure":           func(context.Context) error { return errors.New("disk on fire") },
		"no answer in time":   func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		"a late allow":        func(ctx context.Context) error { <-ctx.Done(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			everyProtocol(t, func(t *testing.T, ask func(*proxy.Handler, original) reply) {
				w := newWorld()
				w.before = before
				denies(t, ask(w.handler(t, proxy.Options{Timeout: 20e6}), original{lines: []string{asMary}}), 403)
			})
		})
	}
}

// TestWhoMayAsk: loopback and unix sockets, or the networks that are listed,
// and whoever knows the secret where there is one.
func TestWhoMayAsk(t *testing.T) {
	const secret = "a-secret-that-all-proxies-show-us-here"
	listed := proxy.Options{TrustedPeers: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}
	rows := []struct {
		name    string
		options proxy.Options
		peer    string
		lines   []string
		status  int
	}{
		{"loopback", proxy.Options{}, "127.0.0.1:1", nil, 200},
		{"loopback, IPv6", proxy.Options{}, "[::1]:1", nil, 200},
		{"a unix socket", proxy.Options{}, "unix", nil, 200},
		{"anybody", proxy.Options{}, "192.0.2.1:1", nil, 403},
		{"anybody, and an empty list", proxy.Options{TrustedPeers: []netip.Prefix{}}, "192.0.2.1:1", nil, 403},
		{"listed", listed, "10.1.2.3:1", nil, 200},
		{"not listed", listed, "10.2.0.1:1", nil, 403},
		{"loopback, which is not listed", listed, "127.0.0.1:1", nil, 403},
		{"a unix socket beside a list", listed, "unix", nil, 200},
		{"the secret", proxy.Options{Secret: secret}, "", []string{"X-Memberward-Secret: " + secret}, 200},
		{"another secret", proxy.Options{Secret: secret}, "", []string{"X-Memberward-Secret: " + secret[1:]}, 403},
		{"no secret", proxy.Options{Secret: secret}, "", nil, 403},
		{"no secret over a unix socket", proxy.Options{Secret: secret}, "unix", nil, 403},
		{"the secret from anybody", proxy.Options{Secret: secret}, "192.0.2.1:1", []string{"X-Memberward-Secret: " + secret}, 403},
	}
	everyProtocol(t, func(t *testing.T, ask func(*proxy.Handler, original) reply) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				got := ask(newWorld().handler(t, row.options), original{peer: row.peer, lines: append(row.lines, asMary)})
				if row.status == 403 {
					denies(t, got, 403)
					return
				}
				admits(t, got, nil)
			})
		}
	})
}

func TestARemovedMemberIsDeniedAtOnce(t *testing.T) {
	everyProtocol(t, func(t *testing.T, ask func(*proxy.Handler, original) reply) {
		w := newWorld()
		h := w.handler(t, proxy.Options{})
		admits(t, ask(h, original{lines: []string{asMary}}), nil)
		w.remove(mary)
		denies(t, ask(h, original{lines: []string{asMary}}), 403)
	})
}

// TestOnlyForwardRedirects: the others' proxies would make an error of it, or
// send the application's answer.
func TestOnlyForwardRedirects(t *testing.T) {
	everyProtocol(t, func(t *testing.T, ask func(*proxy.Handler, original) reply) {
		h := newWorld().handler(t, loginAt(loginPage))
		asked := original{lines: []string{browser, "Sec-Fetch-Mode: navigate"}}
		if strings.HasSuffix(t.Name(), "/forward") {
			if got := ask(h, asked); got.status != http.StatusFound || got.body != "" || got.length != "0" || got.header.Get("Cache-Control") != "no-store" || got.header.Get("X-Auth-Subject") != "" {
				t.Errorf("%+v", got)
			}
			return
		}
		denies(t, ask(h, asked), 401)
	})
}

// TestDeniesNotices plants answers that break a rule.
func TestDeniesNotices(t *testing.T) {
	good := func() reply {
		return reply{403, http.Header{"Cache-Control": {"no-store"}, "Vary": {"Cookie"}, "X-Decision-Id": {"1"}}, "0", ""}
	}
	for name, plant := range map[string]func(*reply){
		"a reason":       func(r *reply) { r.header.Set("X-Reason", "not_a_member") },
		"who it is":      func(r *reply) { r.header.Set("X-Auth-Subject", "olga") },
		"may be kept":    func(r *reply) { r.header.Del("Cache-Control") },
		"no Vary":        func(r *reply) { r.header.Del("Vary") },
		"no decision":    func(r *reply) { r.header.Del("X-Decision-Id") },
		"a body":         func(r *reply) { r.body = "denied" },
		"a length":       func(r *reply) { r.length = "6" },
		"another status": func(r *reply) { r.status = 500 },
	} {
		r := good()
		plant(&r)
		if probe := (&testing.T{}); !fails(probe, func() { denies(probe, r, 403) }) {
			t.Errorf("%s is not noticed", name)
		}
	}
	if probe := (&testing.T{}); fails(probe, func() { denies(probe, good(), 403) }) {
		t.Error("a good answer is refused")
	}
}

// fails reports whether a test would fail.
func fails(t *testing.T, test func()) bool {
	test()
	return t.Failed()
}
