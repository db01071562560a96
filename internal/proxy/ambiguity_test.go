package proxy_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/proxy"
)

// The sentences of contracts/proxy.md, "Ambiguity is refused", each
// with requests that every family refuses before anybody is asked.

// ambiguousPaths are targets: "denies when the path holds …".
var ambiguousPaths = []struct {
	rule    string
	targets []string
}{
	{"%2f", []string{"/tenants/acme/a%2fb", "/tenants/acme/a%2Fb", "/tenants/acme%2fx", "/tenants/acme/..%2fvoid"}},
	{"%5c", []string{"/tenants/acme/a%5cb", "/tenants/acme/a%5Cb", "/tenants/acme/..%5cvoid"}},
	{"%00", []string{"/tenants/acme/a%00", "/tenants/acme/%00", "/tenants/acme%00/x"}},
	{"%3b", []string{"/tenants/acme/a%3bb", "/tenants/acme/..%3B/x"}},
	{"%23", []string{"/tenants/acme/a%23b"}},
	{"%3f", []string{"/tenants/acme/a%3fb", "/tenants/acme/a%3Fb?c"}},
	{"double encoding", []string{"/tenants/acme/a%252fb", "/tenants/acme/%252e%252e/x", "/tenants/acme/%2541", "/tenants/acme/%25%32%66"}},
	{"a raw space", []string{"/tenants/acme/a b", "/tenants/acme/ "}},
	{"one of a raw |^\"<> and backquote", []string{"/tenants/acme/a|b", "/tenants/acme/a^b", "/tenants/acme/a\"b", "/tenants/acme/a<b", "/tenants/acme/a>b", "/tenants/acme/a`b"}},
	{"a raw backslash", []string{"/tenants/acme/a\\b", "/tenants/acme\\x", "/tenants/acme/..\\..\\x"}},
	{"control characters raw", []string{"/tenants/acme/a\tb", "/tenants/acme/a\x01", "/tenants/acme/a\x7f", "/tenants/acme/a\u0085"}},
	{"control characters encoded", []string{"/tenants/acme/a%0a", "/tenants/acme/a%0d%0ab", "/tenants/acme/a%09", "/tenants/acme/a%1f", "/tenants/acme/a%7f", "/tenants/acme/a%c2%85"}},
	{"invalid percent-encoding", []string{"/tenants/acme/a%", "/tenants/acme/a%2", "/tenants/acme/a%zz", "/tenants/acme/a%u002f", "/tenants/acme/a%2/f"}},
	{"invalid UTF-8", []string{"/tenants/acme/a%ff", "/tenants/acme/a\xff", "/tenants/acme/%c0%af", "/tenants/acme/%ed%a0%80", "/tenants/acme/%c3/%a9"}},
	{".. or . segments, raw", []string{"/tenants/acme/../x", "/tenants/acme/./x", "/tenants/acme/..", "/tenants/acme/.", "/../tenants/acme/x"}},
	{".. or . segments, encoded", []string{"/tenants/acme/%2e%2e/x", "/tenants/acme/.%2E/x", "/tenants/acme/%2e/x", "/tenants/acme/%2E."}},
	{"; parameters", []string{"/tenants/acme/x;a=b", "/tenants/acme;a/x", "/tenants/acme/..;/x", "/tenants/acme/;/x"}},
	{"//", []string{"//tenants/acme/x", "/tenants//acme/x", "/tenants/acme//x", "/tenants/acme/x//"}},
	{"#", []string{"/tenants/acme/x#", "/tenants/acme/x#a?b", "/tenants/acme/x?a#b"}},
	{"no path at all", []string{"*", "tenants/acme/x", "?x", "http:/tenants/acme/x"}},
}

// plainPaths hold what is close to the above, and is allowed.
var plainPaths = []string{
	"/tenants/acme/x", "/tenants/%61cme/%78", "/tenants/acme/a%20b", "/tenants/acme/%7c%5e%22%3c%3e%60", "/tenants/acme/100%25", "/tenants/acme/...", "/tenants/acme/a..b",
	"/tenants/acme/.a", "/tenants/acme/", "/tenants/acme/%c3%a9", "/tenants/acme/a%2Bb+c", "/tenants/acme/x?a=/../b;c=%2f&d=//", "/tenants/acme/x?a?b",
}

// refusedBy asks as mary, and complains unless that is refused unasked.
func refusedBy(t *testing.T, f family, o proxied, lines ...string) {
	t.Helper()
	w := newWorld()
	got := f.ask(t, w.handler(t, proxy.Options{}), o, append(lines, asMary)...)
	if f.name == "envoy" && !strings.HasPrefix(o.target, "/") && got == 404 {
		got = 403 // what Envoy appends to the prefix is no path below it
	}
	if got != 403 || len(w.questions()) != 0 {
		t.Errorf("%q, %q: %d after %d questions, want 403 after none", o, lines, got, len(w.questions()))
	}
}

func allowedBy(t *testing.T, f family, o proxied, lines ...string) {
	t.Helper()
	if got := f.ask(t, newWorld().handler(t, proxy.Options{}), o, append(lines, asMary)...); got != 200 {
		t.Errorf("%q, %q: %d, want 200", o, lines, got)
	}
}

// inEveryFamily runs a test for each.
func inEveryFamily(t *testing.T, test func(*testing.T, family)) {
	for _, f := range families {
		t.Run(f.name, func(t *testing.T) { test(t, f) })
	}
}

func TestAmbiguousPathsAreRefused(t *testing.T) {
	inEveryFamily(t, func(t *testing.T, f family) {
		for _, tt := range ambiguousPaths {
			t.Run(tt.rule, func(t *testing.T) {
				for _, target := range tt.targets {
					refusedBy(t, f, proxied{"GET", "app.example", target})
				}
			})
		}
		for _, target := range plainPaths {
			allowedBy(t, f, proxied{"GET", "app.example", target})
		}
	})
}

// TestRoutesNeverSeeTheQuery: "It splits at the first ?".
func TestRoutesNeverSeeTheQuery(t *testing.T) {
	inEveryFamily(t, func(t *testing.T, f family) {
		w := newWorld()
		for _, query := range []string{"", "/../../void/x", "a?b", "/tenants/void"} {
			f.ask(t, w.handler(t, proxy.Options{}), proxied{"GET", "app.example", "/tenants/acme/x?" + query}, asMary)
		}
		for _, q := range w.questions() {
			if q.HTTP.Path != "/tenants/acme/x" || q.Tenant.Slug != "acme" || strings.Contains(q.HTTP.RawPath, "?") {
				t.Errorf("judged was %+v", q)
			}
		}
		if len(w.questions()) != 4 {
			t.Errorf("%d questions, want 4", len(w.questions()))
		}
	})
}

// TestUnreservedCharactersAreDecoded: however they are written, the same place.
func TestUnreservedCharactersAreDecoded(t *testing.T) {
	inEveryFamily(t, func(t *testing.T, f family) {
		w := newWorld()
		for _, target := range []string{"/tenants/acme/a-b._~9", "/%74%65nants/%61%63%6D%65/%61%2d%62%2E%5F%7e%39"} {
			f.ask(t, w.handler(t, proxy.Options{}), proxied{"GET", "app.example", target}, asMary)
		}
		for _, q := range w.questions() {
			if q.HTTP.Path != "/tenants/acme/a-b._~9" {
				t.Errorf("judged was %s", q.HTTP.Path)
			}
		}
		if len(w.questions()) != 2 {
			t.Errorf("%d questions, want 2", len(w.questions()))
		}
	})
}

// TestMethodsThatAreRefused: "a method that is not an upper-case token,
// CONNECT, OPTIONS *".
func TestMethodsThatAreRefused(t *testing.T) {
	inEveryFamily(t, func(t *testing.T, f family) {
		for _, method := range []string{"get", "Get", "gET", "GE T", "GET1", "G.ET", "GET,PUT", "GET, PUT", "CONNECT", "-", "\u0130", strings.Repeat("A", 33)} {
			refusedBy(t, f, proxied{method, "app.example", "/tenants/acme/x"})
		}
		refusedBy(t, f, proxied{"OPTIONS", "app.example", "*"})
		for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS", "TRACE", "PURGE", "M-SEARCH"} {
			allowedBy(t, f, proxied{method, "app.example", "/tenants/acme/x"})
		}
	})
}

// TestHostsThatAreRefused: one host, and nothing but a host.
func TestHostsThatAreRefused(t *testing.T) {
	inEveryFamily(t, func(t *testing.T, f family) {
		for _, host := range []string{"", ".", "a b", "a,b", "a, b", "user@a", "a/b", "a\\b", "a?b", "a:x", "a:", "a:1:2", "a..b", "[::1", "::1", "a%2eb"} {
			refusedBy(t, f, proxied{"GET", host, "/tenants/acme/x"})
		}
		for _, host := range []string{"app.example", "APP.example", "app.example:8443", "app.example.", "app.example.:80", "192.0.2.1", "[2001:db8::1]:80"} {
			allowedBy(t, f, proxied{"GET", host, "/tenants/acme/x"})
		}
	})
}

// TestControlHeadersStandOnce: "a missing URL or method (never defaulted), a
// duplicated or comma-joined control header".
func TestControlHeadersStandOnce(t *testing.T) {
	inEveryFamily(t, func(t *testing.T, f family) {
		for _, name := range slices.Sorted(maps.Keys(f.control)) {
			value := f.control[name]
			for _, lines := range [][]string{
				{"-" + name}, {"=" + name + ": "}, {name + ": " + value}, {name + ": other"}, {"=" + name + ": " + value + ", " + value}, {"=" + name + ": " + value + "," + value},
			} {
				refusedBy(t, f, page, lines...)
			}
		}
		allowedBy(t, f, page)
	})
}

// TestConnectionMayNotNameOurs: "a Connection header naming one of our
// headers".
func TestConnectionMayNotNameOurs(t *testing.T) {
	inEveryFamily(t, func(t *testing.T, f family) {
		for _, name := range slices.Concat(ours, controls, []string{"Authorization", "X-Api-Key", "Cookie"}) {
			refusedBy(t, f, page, "Connection: "+name)
			refusedBy(t, f, page, "Connection: close,\t"+strings.ToLower(name)+" , keep-alive")
			refusedBy(t, f, page, "Connection: "+strings.ReplaceAll(name, "-", "_"))
		}
		allowedBy(t, f, page, "Connection: close, X-Other")
	})
}

// TestNamesThatFoldOntoOursAreRefused: "inbound headers whose name folds (_ or
// . to -) onto one of our identity or control headers". Apache hides them from
// authorizers; its file refuses them.
func TestNamesThatFoldOntoOursAreRefused(t *testing.T) {
	inEveryFamily(t, func(t *testing.T, f family) {
		if f.name == "apache" {
			return
		}
		for _, our := range slices.Concat(ours, controls) {
			for _, name := range otherNames(our) {
				refusedBy(t, f, page, name+": x")
				refusedBy(t, f, page, strings.ToUpper(name)+": ")
			}
		}
		allowedBy(t, f, page, "X_Other.Header: x")
	})
}

// TestOtherFamiliesAndIdentitiesMeanNothing: "Present headers of another
// proxy's family are ignored. Inbound X-Auth-* never identify anyone."
func TestOtherFamiliesAndIdentitiesMeanNothing(t *testing.T) {
	inEveryFamily(t, func(t *testing.T, f family) {
		var lines []string
		for _, other := range families {
			for name := range other.control {
				ofNginx := strings.HasSuffix(f.name, "nginx") && strings.HasPrefix(name, "X-Original")
				if _, own := f.control[name]; own || ofNginx || name == "X-Forwarded-Proto" && f.name == "envoy" {
					continue
				}
				if line := name + ": /tenants/void/other"; !slices.Contains(lines, line) {
					lines = append(lines, line)
				}
			}
		}
		w := newWorld()
		if got := f.ask(t, w.handler(t, proxy.Options{}), page, append(lines, asMary)...); got != 200 {
			t.Errorf("with %q: %d, want 200", lines, got)
		}
		for _, q := range w.questions() {
			if q.HTTP.Path != page.target || q.HTTP.Method != page.method || q.HTTP.Host != page.host {
				t.Errorf("judged was %+v", q.HTTP)
			}
		}
		lines = nil
		for _, name := range ours {
			lines = append(lines, name+": "+olga.String())
		}
		for who, want := range map[string]int{"X-None: 1": 401, asNina: 403, asMary: 200} {
			if got := f.ask(t, newWorld().handler(t, proxy.Options{}), page, append(lines, who)...); got != want {
				t.Errorf("%s, with an identity: %d, want %d", who, got, want)
			}
		}
	})
}

// TestAUserAgentChangesNothing: "Health checks have their own listener; a
// User-Agent never changes a decision."
func TestAUserAgentChangesNothing(t *testing.T) {
	inEveryFamily(t, func(t *testing.T, f family) {
		for _, agent := range []string{"kube-probe/1.30", "ELB-HealthChecker/2.0", "GoogleHC/1.0", "Mozilla/5.0", "memberward", ""} {
			for who, want := range map[string]int{"X-None: 1": 401, asNina: 403, asMary: 200} {
				if got := f.ask(t, newWorld().handler(t, proxy.Options{}), page, "User-Agent: "+agent, who); got != want {
					t.Errorf("%s as %q: %d, want %d", who, agent, got, want)
				}
			}
		}
	})
}
