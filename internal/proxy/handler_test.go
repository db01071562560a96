package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/proxy"
	"github.com/memberward/memberward/internal/tenancy"
)

// request is a check as nginx sends it, with header lines added, or taken
// away when they begin with "-".
func request(lines ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/authz/nginx", nil)
	r.RemoteAddr = "127.0.0.1:4711"
	defaults := []string{"X-Original-Method: GET", "X-Original-Host: app.example", "X-Original-Uri: /tenants/acme/x"}
	for _, line := range append(defaults, lines...) {
		name, value, _ := strings.Cut(line, ": ")
		if removed, ok := strings.CutPrefix(name, "-"); ok {
			r.Header.Del(removed)
			continue
		}
		r.Header.Add(name, value)
	}
	return r
}

func serve(h http.Handler, r *http.Request) *http.Response {
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, r)
	return recorder.Result()
}

// allowHeaders are those of an allow, denyHeaders those of a denial: nothing
// else may stand in an answer.
var (
	allowHeaders = []string{
		"Cache-Control", "Content-Length", "Vary", "X-Auth-Authenticated", "X-Auth-Level", "X-Auth-Roles", "X-Auth-Subject",
		"X-Auth-Tenant", "X-Decision-Id", "X-Policy-Revision",
	}
	denyHeaders = []string{"Cache-Control", "Content-Length", "Vary", "X-Decision-Id"}
)

// wellFormed holds an answer against the rules that every answer keeps.
func wellFormed(t *testing.T, response *http.Response, status int) {
	t.Helper()
	if response.StatusCode != status {
		t.Errorf("status %d, want %d", response.StatusCode, status)
	}
	want := map[int][]string{200: allowHeaders, 302: append([]string{"Location"}, denyHeaders...), 401: append([]string{"Www-Authenticate"}, denyHeaders...), 403: denyHeaders}[status]
	for _, name := range want {
		if len(response.Header[name]) != 1 || response.Header.Get(name) == "" {
			t.Errorf("%d: %s is %q, want one value", status, name, response.Header[name])
		}
	}
	if len(response.Header) != len(want) {
		t.Errorf("%d: the headers are %v, want only %v", status, response.Header, want)
	}
	if response.Header.Get("Content-Length") != "0" || response.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d: Content-Length %q, Cache-Control %q", status, response.Header.Get("Content-Length"), response.Header.Get("Cache-Control"))
	}
}

func TestAnswers(t *testing.T) {
	h := newWorld().handler(t, proxy.Options{})
	for _, tt := range []struct {
		name   string
		lines  []string
		status int
	}{
		{"a member", []string{asMary}, 200},
		{"a member of a tenant named by id", []string{asMary, "-X-Original-Uri", "X-Original-Uri: /tenants/" + acme.String()}, 200},
		{"the platform", []string{"Authorization: Bearer platform"}, 200},
		{"a URL", []string{asMary, "-X-Original-Uri", "-X-Original-Host", "X-Original-Url: https://app.example/tenants/acme/x"}, 200},
		{"a client's identity headers", []string{asMary, "X-Auth-Subject: olga", "X-Auth-Level: owner"}, 200},
		{"another family's headers", []string{asMary, "X-Forwarded-Method: PUT", "X-Forwarded-Uri: /x"}, 200},
		{"no credential", nil, 401},
		{"only a client's identity headers", []string{"X-Auth-Subject: " + olga.String()}, 401},
		{"an invalid credential", []string{"Authorization: Bearer forged"}, 401},
		{"no credential and no route", []string{"-X-Original-Uri", "X-Original-Uri: /x"}, 401},
		{"a stranger", []string{asNina}, 403},
		{"a viewer who writes", []string{asVera, "-X-Original-Method", "X-Original-Method: DELETE"}, 403},
		{"an unknown tenant", []string{asMary, "-X-Original-Uri", "X-Original-Uri: /tenants/void"}, 403},
		{"no route", []string{asMary, "-X-Original-Uri", "X-Original-Uri: /x"}, 403},
		{"a cookie from another site", []string{"Cookie: auth_token=mary", "Sec-Fetch-Site: cross-site", "-X-Original-Method", "X-Original-Method: POST"}, 403},
		{"no method, no credential", []string{"-X-Original-Method"}, 403},
		{"an ambiguous path, no credential", []string{"-X-Original-Uri", "X-Original-Uri: /tenants/acme/../void"}, 403},
		{"two targets", []string{asMary, "X-Original-Uri: /tenants/acme/x"}, 403},
		{"an alias", []string{asMary, "X_Auth_Subject: olga"}, 403},
		{"a Connection header", []string{asMary, "Connection: X-Auth-Subject"}, 403},
		{"a list of hops that is none", []string{asMary, "X-Forwarded-For: somebody"}, 403},
		{"an operator", []string{"Authorization: Bearer operator"}, 403},
		{"somebody who registers", []string{"Authorization: Bearer registering"}, 403},
		{"authentication names nobody", []string{"Authorization: Bearer nobody"}, 403},
		{"authentication names two", []string{"Authorization: Bearer both"}, 403},
		{"authentication panics", []string{"Authorization: Bearer panic"}, 403},
		{"authentication cannot reach the store", []string{"Authorization: Bearer store-closed"}, 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wellFormed(t, serve(h, request(tt.lines...)), tt.status)
		})
	}
}

func TestMethodsAndPathsOfTheCheck(t *testing.T) {
	h := newWorld().handler(t, proxy.Options{})
	for _, tt := range []struct {
		method, target string
		status         int
	}{
		{"GET", "/authz/nginx", 200},
		{"HEAD", "/authz/nginx", 200},
		{"POST", "/authz/nginx", 200},
		{"OPTIONS", "/authz/nginx", 200},
		{"PURGE", "/authz/nginx", 200},
		{"get", "/authz/nginx", 200},
		{"GET", "/authz/nginx?uri=/tenants/void", 200},
		{"GET", "/authz/nginx?", 200},
		{"GET", "/authz/nginx/", 404},
		{"GET", "//authz/nginx", 404},
		{"GET", "/authz/./nginx", 404},
		{"GET", "/authz/%6eginx", 404},
		{"GET", "/AUTHZ/nginx", 404},
		{"GET", "/authz", 404},
		{"GET", "/", 404},
		{"GET", "http://memberward/authz/nginx", 404},
	} {
		r := request(asMary)
		r.Method, r.RequestURI = tt.method, tt.target
		response := serve(h, r)
		if response.StatusCode != tt.status || response.Header.Get("Content-Length") != "0" || response.Header.Get("Location") != "" {
			t.Errorf("%s %s: %d %v, want %d", tt.method, tt.target, response.StatusCode, response.Header, tt.status)
		}
	}
}

func TestQuestion(t *testing.T) {
	w := newWorld()
	r := request(asMary, "Cookie: a=b", "X-Api-Key: mary", "Proxy-Authorization: Basic x", "User-Agent: test", "X-Custom: one", "X-Custom: tw\xffo",
		"X-Auth-Subject: olga", "X-Policy-Revision: forged", "X-Forwarded-For: 192.0.2.7, 127.0.0.1", "Origin: https://app.example",
		"-X-Original-Uri", "-X-Original-Host", "X-Original-Url: https://APP.example:8443/tenants/%61cme/r%c3%a9sum%C3%A9?v=1&v=2")
	if got := serve(w.handler(t, proxy.Options{}), r).StatusCode; got != 200 {
		t.Fatalf("status %d", got)
	}
	want := tenancy.Question{
		Action: tenancy.ActionResourceRead, Tenant: tenancy.TenantRef{Slug: "acme"}, Dialect: tenancy.DialectProxy,
		Route: tenancy.Route{Template: "/tenants/{tenant}/**", Params: map[string]string{"tenant": "acme"}},
		HTTP: tenancy.HTTPRequest{
			Method: "GET", Scheme: "https", Host: "app.example", Path: "/tenants/acme/r%C3%A9sum%C3%A9",
			Segments: []string{"tenants", "acme", "résumé"}, RawPath: "/tenants/%61cme/r%c3%a9sum%C3%A9",
			Query:    map[string][]string{"v": {"1", "2"}},
			Headers:  map[string][]string{"user-agent": {"test"}, "x-custom": {"one", "tw\uFFFDo"}, "origin": {"https://app.example"}},
			ClientIP: "192.0.2.7",
		},
	}
	if diff := cmp.Diff(want, w.questions()[0]); diff != "" {
		t.Errorf("the question (-want +got):\n%s", diff)
	}
	shown := proxy.Credentials{Method: "GET", Host: "APP.example:8443", Header: http.Header{
		"Authorization": {"Bearer mary"}, "Cookie": {"a=b"}, "X-Api-Key": {"mary"}, "Origin": {"https://app.example"},
	}}
	if diff := cmp.Diff(shown, w.shown[0]); diff != "" {
		t.Errorf("what authentication saw (-want +got):\n%s", diff)
	}
}

// TestNothingIsAllowedByAccident plants verdicts that no gate should give.
func TestNothingIsAllowedByAccident(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(v *tenancy.Verdict)
	}{
		{"the zero verdict", func(v *tenancy.Verdict) { *v = tenancy.Verdict{} }},
		{"a denial with everything else", func(v *tenancy.Verdict) { v.Allow = false }},
		{"no tenant", func(v *tenancy.Verdict) { v.Tenant = tenancy.TenantID{} }},
		{"another tenant", func(v *tenancy.Verdict) { v.Tenant = tenancy.TenantID(nina) }},
		{"no decision", func(v *tenancy.Verdict) { v.DecisionID = tenancy.DecisionID{} }},
		{"no policy", func(v *tenancy.Verdict) { v.PolicyRevision = "" }},
		{"a line break", func(v *tenancy.Verdict) { v.PolicyRevision = "x\r\nX-Auth-Level: owner" }},
		{"a NUL", func(v *tenancy.Verdict) { v.PolicyRevision = "x\x00" }},
		{"no ASCII", func(v *tenancy.Verdict) { v.PolicyRevision = "é" }},
		{"only blanks", func(v *tenancy.Verdict) { v.PolicyRevision = "  " }},
		{"a head over 3.5 KiB", func(v *tenancy.Verdict) { v.PolicyRevision = strings.Repeat("x", 3500) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld()
			w.verdict = func(v tenancy.Verdict) tenancy.Verdict { tt.change(&v); return v }
			r := request(asMary, "-X-Original-Uri", "X-Original-Uri: /tenants/"+acme.String())
			wellFormed(t, serve(w.handler(t, proxy.Options{}), r), 403)
		})
	}
}

func TestChecksThatFail(t *testing.T) {
	for _, tt := range []struct {
		name   string
		before func(context.Context) error
		logged string
	}{
		{"an error", func(context.Context) error { return errors.New("disk on fire") }, "disk on fire"},
		{"a refusal", func(context.Context) error { return &tenancy.Refusal{} }, "refused"},
		{"unauthenticated, after authentication", func(context.Context) error { return &tenancy.Error{Code: tenancy.CodeInternal} }, "internal"},
		{"the proxy hangs up", func(context.Context) error { return fmt.Errorf("check: %w", context.Canceled) }, "hung up"},
		{"a panic", func(context.Context) error { panic("secret") }, "panicked"},
		{"a nil dereference", func(context.Context) error { var v *tenancy.Verdict; _ = v.Allow; return nil }, "nil pointer"},
		{"an aborted handler", func(context.Context) error { panic(http.ErrAbortHandler) }, "panicked"},
		{"no answer in time", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, "too long"},
		{"an allow after the time", func(ctx context.Context) error { <-ctx.Done(); return nil }, "too long"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld()
			w.before = tt.before
			wellFormed(t, serve(w.handler(t, proxy.Options{Timeout: time.Millisecond}), request(asMary)), 403)
			if log := w.logged(); !strings.Contains(log, tt.logged) || strings.Contains(log, "secret") {
				t.Errorf("logged %q, want %q and no secret", log, tt.logged)
			}
		})
	}
	t.Run("ids cannot be made", func(t *testing.T) {
		ports := newWorld().ports()
		ports.NewID = func() tenancy.DecisionID { panic("no randomness") }
		h, err := proxy.New(ports, proxy.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := serve(h, request()).StatusCode; got != 403 {
			t.Errorf("status %d, want 403", got)
		}
	})
}

func TestChecksHaveADeadline(t *testing.T) {
	for limit, timeout := range map[time.Duration]time.Duration{150 * time.Millisecond: 0, time.Second: time.Second} {
		w := newWorld()
		w.before = func(ctx context.Context) error {
			if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > limit {
				t.Errorf("deadline in %v, %t; want within %v", time.Until(deadline), ok, limit)
			}
			return nil
		}
		serve(w.handler(t, proxy.Options{Timeout: timeout}), request(asMary))
	}
}

func TestTrustedPeers(t *testing.T) {
	listed := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8::/32")}
	for _, tt := range []struct {
		name   string
		peers  []netip.Prefix
		remote string
		status int
	}{
		{"loopback by default", nil, "127.0.0.1:1", 200},
		{"all of loopback by default", nil, "127.9.9.9:1", 200},
		{"IPv6 loopback by default", nil, "[::1]:1", 200},
		{"loopback written as IPv6", nil, "[::ffff:127.0.0.1]:1", 200},
		{"loopback with an empty list", []netip.Prefix{}, "127.0.0.1:1", 200},
		{"an empty list is not everybody", []netip.Prefix{}, "192.0.2.1:1", 403},
		{"anybody else", nil, "192.0.2.1:1", 403},
		{"a private address", nil, "10.1.0.1:1", 403},
		{"listed", listed, "10.1.255.255:1", 200},
		{"listed, IPv6 with a zone", listed, "[2001:db8::1%eth0]:1", 200},
		{"next to the list", listed, "10.2.0.0:1", 403},
		{"a list stands in place of loopback", listed, "127.0.0.1:1", 403},
		{"no address", nil, "", 403},
		{"garbage", nil, "localhost:1", 403},
		{"looks like a unix socket", nil, "@", 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := request(asMary)
			r.RemoteAddr = tt.remote
			h := newWorld().handler(t, proxy.Options{TrustedPeers: tt.peers})
			wellFormed(t, serve(h, r), tt.status)
			r = forwarded(asMary)
			r.RemoteAddr = tt.remote
			wellFormed(t, serve(h, r), tt.status)
		})
	}
}

func TestUnixSocketsAreTrusted(t *testing.T) {
	h := newWorld().handler(t, proxy.Options{})
	path := filepath.Join(t.TempDir(), "proxy.sock")
	listen(t, "unix", path, checking(h, h.ServeHTTP))
	client := http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return net.Dial("unix", path)
	}}}
	r := request(asMary)
	r.RequestURI, r.URL.Scheme, r.URL.Host = "", "http", "memberward"
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 200 {
		t.Errorf("status %d, want 200", response.StatusCode)
	}
	client.CloseIdleConnections()
}

func TestNewRefuses(t *testing.T) {
	complete := newWorld().ports()
	for _, tt := range []struct {
		name    string
		change  func(*proxy.Ports)
		options proxy.Options
	}{
		{"no checker", func(p *proxy.Ports) { p.Checker = nil }, proxy.Options{}},
		{"no authenticator", func(p *proxy.Ports) { p.Authenticator = nil }, proxy.Options{}},
		{"no ids", func(p *proxy.Ports) { p.NewID = nil }, proxy.Options{}},
		{"no clock", func(p *proxy.Ports) { p.Clock = nil }, proxy.Options{}},
		{"no log", func(p *proxy.Ports) { p.Log = nil }, proxy.Options{}},
		{"a negative timeout", nil, proxy.Options{Timeout: -1}},
		{"an invalid network", nil, proxy.Options{TrustedPeers: []netip.Prefix{{}}}},
		{"everybody", nil, proxy.Options{TrustedPeers: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}}},
		{"everybody, IPv6", nil, proxy.Options{TrustedPeers: []netip.Prefix{netip.MustParsePrefix("::/0")}}},
		{"IPv4 written as IPv6", nil, proxy.Options{TrustedPeers: []netip.Prefix{netip.MustParsePrefix("::ffff:10.0.0.0/104")}}},
		{"a short secret", nil, proxy.Options{Secret: "fifteen letters"}},
		{"a long secret", nil, proxy.Options{Secret: strings.Repeat("x", 257)}},
		{"a secret with a blank", nil, proxy.Options{Secret: "a secret of the proxy"}},
		{"a secret with a line break", nil, proxy.Options{Secret: "a-secret-of-the-proxy\n"}},
		{"a secret beyond ASCII", nil, proxy.Options{Secret: "a-sécret-of-the-proxy"}},
		{"redirect hosts without a login page", nil, proxy.Options{RedirectHosts: []string{"app.example"}}},
		{"a login page without redirect hosts", nil, proxy.Options{LoginURL: "https://login.example/"}},
		{"a login page on a host that is not listed", nil, loginAt("https://evil.example/")},
		{"a login page on a port that is not listed", nil, loginAt("https://login.example:8443/")},
		{"a login page on a host that ends like a listed one", nil, loginAt("https://evil-login.example/")},
		{"a login page without a scheme", nil, loginAt("//login.example/")},
		{"a login page that is a script", nil, loginAt("javascript://login.example/")},
		{"a login page that is a path", nil, loginAt("/login")},
		{"a login page without a path", nil, loginAt("https://login.example")},
		{"a login page with a user", nil, loginAt("https://login.example@evil.example/")},
		{"a login page with a backslash", nil, loginAt(`https://login.example\@evil.example/`)},
		{"a login page with a fragment", nil, loginAt("https://login.example/#top")},
		{"a login page with a fragment behind a query", nil, loginAt("https://login.example/?a=b#top")},
		{"a login page with a dot segment", nil, loginAt("https://login.example/../x")},
		{"a login page with a line break", nil, loginAt("https://login.example/\r\nX-Auth-Subject: olga")},
		{"a login page beyond ASCII", nil, loginAt("https://login.example/é")},
		{"a login page with our parameter", nil, loginAt("https://login.example/?a&return_to=b")},
		{"a login page that fits in no answer", nil, loginAt("https://login.example/" + strings.Repeat("x", 4000))},
		{"a redirect host that is a URL", nil, proxy.Options{LoginURL: "https://login.example/", RedirectHosts: []string{"login.example", "https://app.example"}}},
		{"a redirect host that is a pattern", nil, proxy.Options{LoginURL: "https://login.example/", RedirectHosts: []string{"login.example", "*.example"}}},
		{"a redirect host that is empty", nil, proxy.Options{LoginURL: "https://login.example/", RedirectHosts: []string{"login.example", ""}}},
	} {
		ports := complete
		if tt.change != nil {
			tt.change(&ports)
		}
		if _, err := proxy.New(ports, tt.options); err == nil {
			t.Errorf("%s: accepted", tt.name)
		}
	}
}

func TestNewNamesEveryProblemAtOnce(t *testing.T) {
	options := proxy.Options{
		Timeout: -1, TrustedPeers: []netip.Prefix{{}}, Secret: "s3cret", LoginURL: "/login", RedirectHosts: []string{"app.example"},
	}
	_, err := proxy.New(newWorld().ports(), options)
	if before := options.Check(); before == nil || err == nil || before.Error() != err.Error() {
		t.Errorf("New says %v, Check %v", err, before)
	}
	if err := (proxy.Options{}).Check(); err != nil {
		t.Errorf("the zero value: %v", err)
	}
	for _, want := range []string{"timeout", "trusted peers", "secret", "login URL"} {
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v, want it to name the %s, and no secret", err, want)
		}
	}
}

func TestLogHoldsNoSecrets(t *testing.T) {
	w := newWorld()
	h := w.handler(t, proxy.Options{})
	for _, target := range []string{"/other/page?token=s3cret", "/other%3ftoken=s3cret", "/other?token=s3cret/../"} {
		for _, line := range []string{asMary, "Authorization: Bearer s3cret", "Cookie: auth_token=s3cret", "X-Api-Key: s3cret"} {
			serve(h, request(line, "-X-Original-Uri", "X-Original-Uri: "+target))
		}
	}
	log := w.logged()
	if strings.Contains(log, "s3cret") {
		t.Errorf("the log holds a secret:\n%s", log)
	}
	for _, want := range []string{"decision_id=0", "path=/other/page", "host=app.example", `reason="no valid credential"`, `reason="no route`} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s:\n%s", want, log)
		}
	}
}

// TestDenialsByPolicyAreLogged: who was denied what, where and why, under the
// decision's id; nothing of an allow.
func TestDenialsByPolicyAreLogged(t *testing.T) {
	w := newWorld()
	w.verdict = func(v tenancy.Verdict) tenancy.Verdict {
		if !v.Allow {
			v.Reasons = []tenancy.Finding{tenancy.Find(tenancy.CodeNotAMember), tenancy.Find(tenancy.CodeNotPermitted)}
		}
		return v
	}
	h := w.handler(t, proxy.Options{})
	if got := serve(h, request(asMary)).StatusCode; got != 200 || w.logged() != "" {
		t.Fatalf("an allow: %d, logged %q", got, w.logged())
	}
	response := serve(h, request(asNina, "-X-Original-Uri", "X-Original-Uri: /tenants/acme/x?token=s3cret", "-X-Original-Method", "X-Original-Method: PUT"))
	log := w.logged()
	for _, want := range []string{
		"level=INFO", `msg="proxy check denied"`, "decision_id=" + response.Header.Get("X-Decision-Id"), "code=not_a_member",
		"route=/tenants/{tenant}/**", "action=resource.write", "tenant=acme", "actor=" + nina.String(), "method=PUT", "path=/tenants/acme/x",
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s:\n%s", want, log)
		}
	}
	if response.StatusCode != 403 || strings.Count(log, "\n") != 1 || strings.Contains(log, "s3cret") || strings.Contains(log, "Bearer") {
		t.Errorf("%d, and the log says\n%s", response.StatusCode, log)
	}
}

func TestVaryNamesWhatDecides(t *testing.T) {
	vary := serve(newWorld().handler(t, proxy.Options{}), request()).Header.Get("Vary")
	for _, name := range []string{
		"Authorization", "X-Api-Key", "Cookie", "Origin", "Sec-Fetch-Site", "X-Original-Url", "X-Original-Uri",
		"X-Original-Host", "X-Original-Method", "X-Forwarded-For",
	} {
		if !strings.Contains(", "+vary+",", ", "+name+",") {
			t.Errorf("Vary lacks %s: %s", name, vary)
		}
	}
}

func BenchmarkHandler(b *testing.B) {
	secret := proxy.Options{Secret: "a-secret-of-the-proxy"}
	for _, bb := range []struct {
		name, line string
		make       func(...string) *http.Request
		options    proxy.Options
		status     int
	}{
		{"allow", asMary, request, proxy.Options{}, 200},
		{"deny", asNina, request, proxy.Options{}, 403},
		{"no credential", "X-None: 1", request, proxy.Options{}, 401},
		{"allow, with a secret", asMary, request, secret, 200},
		{"forward allow", asMary, forwarded, proxy.Options{}, 200},
		{"forward deny", asNina, forwarded, proxy.Options{}, 403},
		{"forward to the login page", browser, forwarded, loginAt(loginPage), 302},
	} {
		b.Run(bb.name, func(b *testing.B) {
			w := newWorld()
			h := w.handler(b, bb.options)
			r := bb.make(bb.line, "User-Agent: bench", "Accept: */*", "X-Forwarded-For: 192.0.2.7", "X-Memberward-Secret: "+secret.Secret)
			if got := serve(h, r).StatusCode; got != bb.status {
				b.Fatalf("status %d, want %d", got, bb.status)
			}
			recorder := httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				w.asked, w.shown = w.asked[:0], w.shown[:0]
				w.log.Reset()
				clear(recorder.Header())
				h.ServeHTTP(recorder, r)
			}
		})
	}
}
