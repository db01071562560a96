package proxy_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/proxy"
	"github.com/memberward/memberward/internal/tenancy"
)

// forwarded is a check as Caddy sends it. A header line takes the place of one
// that is there by default; two of a kind are both sent.
func forwarded(lines ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/authz/forward", nil)
	r.RemoteAddr = "127.0.0.1:4711"
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	for name, value := range map[string]string{
		"X-Forwarded-Method": "GET", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "app.example",
		"X-Forwarded-Uri": "/tenants/acme/x", "X-Forwarded-For": "192.0.2.7",
	} {
		switch values := r.Header.Values(name); {
		case len(values) == 0:
			r.Header.Set(name, value)
		case len(values) == 1 && values[0] == "-":
			r.Header.Del(name)
		}
	}
	return r
}

func TestForwardAnswers(t *testing.T) {
	h := newWorld().handler(t, proxy.Options{})
	for _, tt := range []struct {
		name   string
		lines  []string
		status int
	}{
		{"a member", []string{asMary}, 200},
		{"a member writes", []string{asMary, "X-Forwarded-Method: POST"}, 200},
		{"a client's identity headers", []string{asMary, "X-Auth-Subject: olga", "X-Auth-Level: owner"}, 200},
		{"another family's headers", []string{asMary, "X-Original-Method: PUT", "X-Original-Uri: /x", "X-Original-Url: https://b/c"}, 200},
		{"another family's aliases", []string{asMary, "X_Original_Uri: /x"}, 403},
		{"no list of hops", []string{asMary, "X-Forwarded-For: -"}, 200},
		{"hops in several headers", []string{asMary, "X-Forwarded-For: 10.0.0.1", "X-Forwarded-For: 10.0.0.2, 127.0.0.1"}, 200},
		{"Connection names others", []string{asMary, "Connection: close, X-Other"}, 200},
		{"no credential", nil, 401},
		{"only a client's identity headers", []string{"X-Auth-Subject: " + olga.String()}, 401},
		{"an invalid credential", []string{"Authorization: Bearer forged"}, 401},
		{"a browser, but no login page", []string{"Accept: text/html"}, 401},
		{"a stranger", []string{asNina}, 403},
		{"a stranger's browser", []string{asNina, "Accept: text/html"}, 403},
		{"a viewer who writes", []string{asVera, "X-Forwarded-Method: DELETE"}, 403},
		{"an unknown tenant", []string{asMary, "X-Forwarded-Uri: /tenants/void"}, 403},
		{"no route", []string{asMary, "X-Forwarded-Uri: /x"}, 403},
		{"a preflight, not allowed by configuration", []string{"X-Forwarded-Method: OPTIONS", "Origin: https://a.example", "Access-Control-Request-Method: GET"}, 401},
		{"no method", []string{asMary, "X-Forwarded-Method: -"}, 403},
		{"no scheme", []string{asMary, "X-Forwarded-Proto: -"}, 403},
		{"no host", []string{asMary, "X-Forwarded-Host: -"}, 403},
		{"no target", []string{asMary, "X-Forwarded-Uri: -"}, 403},
		{"nginx's headers in their place", []string{
			asMary, "X-Forwarded-Method: -", "X-Forwarded-Proto: -", "X-Forwarded-Host: -", "X-Forwarded-Uri: -",
			"X-Original-Method: GET", "X-Original-Url: https://app.example/tenants/acme/x",
		}, 403},
		{"two methods", []string{asMary, "X-Forwarded-Method: GET", "X-Forwarded-Method: GET"}, 403},
		{"two schemes", []string{asMary, "X-Forwarded-Proto: https", "X-Forwarded-Proto: https"}, 403},
		{"two hosts", []string{asMary, "X-Forwarded-Host: app.example", "X-Forwarded-Host: app.example"}, 403},
		{"two targets", []string{asMary, "X-Forwarded-Uri: /tenants/acme/x", "X-Forwarded-Uri: /tenants/acme/x"}, 403},
		{"an ambiguous path, no credential", []string{"X-Forwarded-Uri: /tenants/acme/../void"}, 403},
		{"an alias with underscores", []string{asMary, "X_Forwarded_Uri: /x"}, 403},
		{"an alias with dots", []string{asMary, "X.Forwarded.Method: GET"}, 403},
		{"a mixed alias", []string{asMary, "X-Forwarded_Host: other.example"}, 403},
		{"an alias of the list of hops", []string{asMary, "X_Forwarded_For: 10.0.0.1"}, 403},
		{"an alias of an identity header", []string{asMary, "X_Auth_Subject: olga"}, 403},
		{"an alias of the secret", []string{asMary, "X_Memberward_Secret: guess"}, 403},
		{"Connection names an identity header", []string{asMary, "Connection: X-Auth-Subject"}, 403},
		{"Connection names a control header", []string{asMary, "Connection: close, x-forwarded-uri"}, 403},
		{"Connection names an alias", []string{asMary, "Connection: close", "Connection: X_Forwarded_For"}, 403},
		{"Connection names a credential", []string{asMary, "Connection: Authorization"}, 403},
		{"Connection names the secret", []string{asMary, "Connection: X-Memberward-Secret"}, 403},
		{"a list of hops that is none", []string{asMary, "X-Forwarded-For: somebody"}, 403},
		{"OPTIONS *", []string{asMary, "X-Forwarded-Method: OPTIONS", "X-Forwarded-Uri: *"}, 403},
		{"a cookie from another site", []string{"Cookie: auth_token=mary", "Sec-Fetch-Site: cross-site", "X-Forwarded-Method: POST"}, 403},
		{"authentication panics", []string{"Authorization: Bearer panic"}, 403},
		{"authentication cannot reach the store", []string{"Authorization: Bearer store-closed", "Accept: text/html"}, 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wellFormed(t, serve(h, forwarded(tt.lines...)), tt.status)
		})
	}
}

func TestForwardQuestion(t *testing.T) {
	w := newWorld()
	r := forwarded(asMary, "X-Forwarded-Host: APP.example:8443", "X-Forwarded-Uri: /tenants/%61cme/r?v=1&v=2", "X-Forwarded-For: 10.0.0.1, 192.0.2.7, 127.0.0.1",
		"X-Memberward-Secret: not for policies", "X-Original-Uri: /x", "X-Forwarded-Port: 1", "Accept: */*", "X-Auth-Subject: olga")
	r.RequestURI = "/authz/forward?v=3&uri=/tenants/void" // the client's query, which Caddy appends
	if got := serve(w.handler(t, proxy.Options{}), r).StatusCode; got != 200 {
		t.Fatalf("status %d", got)
	}
	want := tenancy.Question{
		Action: tenancy.ActionResourceRead, Tenant: tenancy.TenantRef{Slug: "acme"}, Dialect: tenancy.DialectProxy,
		Route: tenancy.Route{Template: "/tenants/{tenant}/**", Params: map[string]string{"tenant": "acme"}},
		HTTP: tenancy.HTTPRequest{
			Method: "GET", Scheme: "https", Host: "app.example", Path: "/tenants/acme/r", Segments: []string{"tenants", "acme", "r"},
			RawPath: "/tenants/%61cme/r", Query: map[string][]string{"v": {"1", "2"}}, ClientIP: "192.0.2.7",
			Headers: map[string][]string{"accept": {"*/*"}, "x-original-uri": {"/x"}, "x-forwarded-port": {"1"}},
		},
	}
	if diff := cmp.Diff(want, w.questions()[0]); diff != "" {
		t.Errorf("the question (-want +got):\n%s", diff)
	}
	if got := w.shown[0]; got.Method != "GET" || got.Host != "APP.example:8443" || len(got.Header) != 1 {
		t.Errorf("authentication saw %+v", got)
	}
}

func TestForwardVaryNamesWhatDecides(t *testing.T) {
	vary := serve(newWorld().handler(t, proxy.Options{}), forwarded()).Header.Get("Vary")
	for _, name := range []string{
		"Authorization", "X-Api-Key", "Cookie", "Origin", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Accept", "X-Forwarded-Method", "X-Forwarded-Proto",
		"X-Forwarded-Host", "X-Forwarded-Uri", "X-Forwarded-For",
	} {
		if !strings.Contains(", "+vary+",", ", "+name+",") {
			t.Errorf("Vary lacks %s: %s", name, vary)
		}
	}
}

// loginAt is a login page at a URL, with the hosts of these tests.
func loginAt(page string) proxy.Options {
	return proxy.Options{LoginURL: page, RedirectHosts: []string{"login.example", "app.example", "app.example:8443", "[2001:db8::1]"}}
}

const (
	loginPage = "https://login.example/sign-in?theme=dark"
	browser   = "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"
)

// TestLoginIsForBrowsers: only who shows a page to a person is sent to the
// login page, and only for want of a valid credential.
func TestLoginIsForBrowsers(t *testing.T) {
	h := newWorld().handler(t, loginAt(loginPage))
	for _, tt := range []struct {
		name   string
		lines  []string
		status int
	}{
		{"a visit", []string{browser}, 302},
		{"a visit, HEAD", []string{browser, "X-Forwarded-Method: HEAD"}, 302},
		{"a visit that says so", []string{browser, "Sec-Fetch-Mode: navigate"}, 302},
		{"html in capitals, with a parameter", []string{"Accept: application/json, Text/HTML ;level=1"}, 302},
		{"html in a second header", []string{"Accept: application/json", "Accept: text/html;q=0.1"}, 302},
		{"an invalid credential", []string{browser, "Cookie: auth_token=expired"}, 302},
		{"a fetch", []string{browser, "Sec-Fetch-Mode: cors"}, 401},
		{"a fetch of the same site", []string{browser, "Sec-Fetch-Mode: same-origin"}, 401},
		{"a picture", []string{browser, "Sec-Fetch-Mode: no-cors"}, 401},
		{"a WebSocket", []string{browser, "Sec-Fetch-Mode: websocket"}, 401},
		{"two modes", []string{browser, "Sec-Fetch-Mode: navigate", "Sec-Fetch-Mode: navigate"}, 401},
		{"an empty mode", []string{browser, "Sec-Fetch-Mode: "}, 401},
		{"no Accept", nil, 401},
		{"anything accepted", []string{"Accept: */*"}, 401},
		{"any text accepted", []string{"Accept: text/*"}, 401},
		{"html excluded", []string{"Accept: */*, text/html;q=0"}, 401},
		{"html excluded at length", []string{"Accept: text/html; level=1; Q=0.000"}, 401},
		{"something like html", []string{"Accept: text/htmlx, x-text/html"}, 401},
		{"a form", []string{browser, "X-Forwarded-Method: POST"}, 401},
		{"a deletion", []string{browser, "X-Forwarded-Method: DELETE"}, 401},
		{"the path of the login page on another host", []string{browser, "X-Forwarded-Uri: /sign-in"}, 302},
		{"the login page itself", []string{browser, "X-Forwarded-Host: login.example", "X-Forwarded-Uri: /sign-in?theme=x"}, 401},
		{"a member", []string{browser, asMary}, 200},
		{"a stranger", []string{browser, asNina}, 403},
		{"an ambiguous path", []string{browser, "X-Forwarded-Uri: /tenants/acme//x"}, 403},
		{"a header twice", []string{browser, "X-Forwarded-Host: app.example", "X-Forwarded-Host: app.example"}, 403},
		{"an alias", []string{browser, "X_Auth_Subject: olga"}, 403},
		{"a cookie from another site", []string{browser, "Cookie: auth_token=mary", "Sec-Fetch-Site: cross-site", "X-Forwarded-Method: POST"}, 403},
		{"the store is closed", []string{browser, "Authorization: Bearer store-closed"}, 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wellFormed(t, serve(h, forwarded(tt.lines...)), tt.status)
		})
	}
	t.Run("nginx", func(t *testing.T) { // it would turn a redirect into 500
		wellFormed(t, serve(h, request(browser)), 401)
	})
	t.Run("an untrusted peer", func(t *testing.T) {
		r := forwarded(browser)
		r.RemoteAddr = "192.0.2.1:1"
		wellFormed(t, serve(h, r), 403)
	})
}

// TestRedirectsAreNeverOpen: a redirect leads to the login page, whatever is
// asked for, and names the way back only to a listed host.
func TestRedirectsAreNeverOpen(t *testing.T) {
	long := "/tenants/acme/x?" + strings.Repeat("y", 4000)
	for _, tt := range []struct {
		name  string
		lines []string
		back  string // empty: none
	}{
		{"a listed host", nil, "https://app.example/tenants/acme/x"},
		{"over http", []string{"X-Forwarded-Proto: http"}, "http://app.example/tenants/acme/x"},
		{"a query", []string{"X-Forwarded-Uri: /a?b=c&d=e%20f&return_to=g"}, "https://app.example/a?b=c&d=e%20f&return_to=g"},
		{"bytes of all kinds in a query", []string{"X-Forwarded-Uri: /a?\"<>\\^`|{}\xff%\u00e9"}, "https://app.example/a?\"<>\\^`|{}\xff%\u00e9"},
		{"a path that is not ASCII", []string{"X-Forwarded-Uri: /\u00e9"}, "https://app.example/%C3%A9"},
		{"a host in capitals with a dot", []string{"X-Forwarded-Host: APP.example."}, "https://app.example/tenants/acme/x"},
		{"the default port", []string{"X-Forwarded-Host: app.example:443"}, "https://app.example:443/tenants/acme/x"},
		{"a listed port", []string{"X-Forwarded-Host: app.example:8443"}, "https://app.example:8443/tenants/acme/x"},
		{"an address", []string{"X-Forwarded-Host: [2001:DB8::1]"}, "https://[2001:db8::1]/tenants/acme/x"},
		{"another page of the login host", []string{"X-Forwarded-Host: login.example"}, "https://login.example/tenants/acme/x"},
		{"another host", []string{"X-Forwarded-Host: evil.example"}, ""},
		{"a host below a listed one", []string{"X-Forwarded-Host: evil.app.example"}, ""},
		{"a host that begins like a listed one", []string{"X-Forwarded-Host: app.example.evil.example"}, ""},
		{"a host that ends like a listed one", []string{"X-Forwarded-Host: evil-app.example"}, ""},
		{"another port", []string{"X-Forwarded-Host: app.example:4444"}, ""},
		{"the default port of the other scheme", []string{"X-Forwarded-Host: app.example:80"}, ""},
		{"a port in another spelling", []string{"X-Forwarded-Host: app.example:0443"}, ""},
		{"an address with a port", []string{"X-Forwarded-Host: [2001:db8::1]:1"}, ""},
		{"a way back that does not fit", []string{"X-Forwarded-Uri: " + long}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			response := serve(newWorld().handler(t, loginAt(loginPage)), forwarded(append(tt.lines, browser)...))
			wellFormed(t, response, 302)
			location := response.Header.Get("Location")
			if strings.ContainsFunc(location, func(r rune) bool { return r <= ' ' || r > '~' }) {
				t.Errorf("the location is %q", location)
			}
			want := loginPage
			if tt.back != "" {
				want += "&return_to=" + url.QueryEscape(tt.back)
			}
			if location != want {
				t.Errorf("the location is\n%s, want\n%s", location, want)
			}
			u, err := url.Parse(location)
			if err != nil || u.Host != "login.example" || u.Path != "/sign-in" || u.Query().Get("return_to") != tt.back {
				t.Errorf("a browser goes to %v, %v", u, err)
			}
		})
	}
	t.Run("a login page without a query", func(t *testing.T) {
		response := serve(newWorld().handler(t, loginAt("http://login.example:80/")), forwarded(browser))
		if got := response.Header.Get("Location"); got != "http://login.example:80/?return_to=https%3A%2F%2Fapp.example%2Ftenants%2Facme%2Fx" {
			t.Errorf("the location is %s", got)
		}
	})
}

// TestPreflights pass only when the operator says so, and only as what
// browsers send.
func TestPreflights(t *testing.T) {
	preflight := []string{"X-Forwarded-Method: OPTIONS", "Origin: https://other.example", "Access-Control-Request-Method: PUT"}
	changed := func(lines ...string) []string { // replaces what has the same name
		kept := lines
		for _, line := range preflight {
			name, _, _ := strings.Cut(line, ":")
			if !strings.Contains(strings.Join(lines, "\n"), name+":") {
				kept = append(kept, line)
			}
		}
		return kept
	}
	for _, tt := range []struct {
		name   string
		lines  []string
		status int
	}{
		{"a preflight", preflight, 200},
		{"a preflight in an unknown tenant", changed("X-Forwarded-Uri: /tenants/void/x"), 200},
		{"a preflight of an opaque origin", changed("Origin: null"), 200},
		{"a preflight with a credential", changed(asNina), 200},
		{"no route", changed("X-Forwarded-Uri: /other"), 401},
		{"no Origin", []string{"X-Forwarded-Method: OPTIONS", "Access-Control-Request-Method: PUT"}, 401},
		{"no method to ask for", []string{"X-Forwarded-Method: OPTIONS", "Origin: https://other.example"}, 401},
		{"neither", []string{"X-Forwarded-Method: OPTIONS"}, 401},
		{"another method", changed("X-Forwarded-Method: GET"), 401},
		{"two origins", changed("Origin: https://a.example", "Origin: https://b.example"), 401},
		{"joined origins", changed("Origin: https://a.example, https://b.example"), 401},
		{"two methods to ask for", changed("Access-Control-Request-Method: GET", "Access-Control-Request-Method: PUT"), 401},
		{"a method to ask for that is none", changed("Access-Control-Request-Method: get, put"), 401},
		{"an ambiguous path", changed("X-Forwarded-Uri: /tenants/acme/../void"), 403},
		{"an alias", changed("X_Auth_Subject: olga"), 403},
		{"OPTIONS *", changed("X-Forwarded-Uri: *"), 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld()
			response := serve(w.handler(t, proxy.Options{AllowPreflight: true}), forwarded(tt.lines...))
			wellFormed(t, response, tt.status)
			if tt.status != 200 {
				return
			}
			for name, want := range map[string]string{
				"X-Auth-Subject": "anonymous", "X-Auth-Tenant": "none", "X-Auth-Level": "none", "X-Auth-Roles": "none",
				"X-Auth-Authenticated": "false", "X-Policy-Revision": "none",
			} {
				if got := response.Header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if len(w.questions()) != 0 || !strings.Contains(w.logged(), "decision_id="+response.Header.Get("X-Decision-Id")) {
				t.Errorf("%d questions, and the log says %s", len(w.questions()), w.logged())
			}
		})
	}
	t.Run("nginx", func(t *testing.T) {
		lines := append(preflight, "-X-Original-Method", "X-Original-Method: OPTIONS")
		wellFormed(t, serve(newWorld().handler(t, proxy.Options{AllowPreflight: true}), request(lines...)), 200)
		wellFormed(t, serve(newWorld().handler(t, proxy.Options{}), request(lines...)), 401)
	})
}

func TestSecret(t *testing.T) {
	const secret = "a-secret-of-the-proxy"
	for _, tt := range []struct {
		name, secret string
		lines        []string
		status       int
	}{
		{"none asked for, none shown", "", nil, 200},
		{"none asked for, one shown", "", []string{"X-Memberward-Secret: anything"}, 200},
		{"shown", secret, []string{"X-Memberward-Secret: " + secret}, 200},
		{"the longest", strings.Repeat("~", 256), []string{"X-Memberward-Secret: " + strings.Repeat("~", 256)}, 200},
		{"not shown", secret, nil, 403},
		{"empty", secret, []string{"X-Memberward-Secret: "}, 403},
		{"another", secret, []string{"X-Memberward-Secret: a-secret-of-the-prox1"}, 403},
		{"the beginning", secret, []string{"X-Memberward-Secret: a-secret"}, 403},
		{"more", secret, []string{"X-Memberward-Secret: " + secret + "y"}, 403},
		{"in capitals", secret, []string{"X-Memberward-Secret: " + strings.ToUpper(secret)}, 403},
		{"twice", secret, []string{"X-Memberward-Secret: " + secret, "X-Memberward-Secret: " + secret}, 403},
		{"a guess beside it", secret, []string{"X-Memberward-Secret: guess", "X-Memberward-Secret: " + secret}, 403},
		{"joined", secret, []string{"X-Memberward-Secret: " + secret + ", " + secret}, 403},
		{"in an alias", secret, []string{"X_Memberward_Secret: " + secret}, 403},
		{"in a query", secret, []string{"X-Forwarded-Uri: /tenants/acme/x?X-Memberward-Secret=" + secret}, 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld()
			h := w.handler(t, proxy.Options{Secret: tt.secret})
			lines := append([]string{asMary}, tt.lines...)
			wellFormed(t, serve(h, forwarded(lines...)), tt.status)
			wellFormed(t, serve(h, request(lines...)), tt.status)
			far := forwarded(lines...)
			far.RemoteAddr = "192.0.2.1:1" // a secret makes nobody a trusted peer
			wellFormed(t, serve(h, far), 403)
			if tt.secret != "" && strings.Contains(w.logged(), tt.secret) {
				t.Errorf("the log holds the secret: %s", w.logged())
			}
		})
	}
}

// FuzzRedirect: whatever a client writes, a browser is sent to the login page
// or nowhere, and back to a listed host.
func FuzzRedirect(f *testing.F) {
	h := newWorld().handler(f, loginAt(loginPage))
	f.Fuzz(func(t *testing.T, scheme, host, target string) {
		r := forwarded(browser)
		r.Header["X-Forwarded-Proto"], r.Header["X-Forwarded-Host"], r.Header["X-Forwarded-Uri"] = []string{scheme}, []string{host}, []string{target}
		response := serve(h, r)
		location := response.Header.Get("Location")
		if response.StatusCode != 302 {
			if location != "" || response.StatusCode != 401 && response.StatusCode != 403 {
				t.Fatalf("%d, location %q", response.StatusCode, location)
			}
			return
		}
		u, err := url.Parse(location)
		if err != nil || !strings.HasPrefix(location, loginPage) || u.Host != "login.example" || len(u.Query()) > 2 || len(u.Query()["return_to"]) > 1 {
			t.Fatalf("the location is %q, %v", location, err)
		}
		if back := u.Query().Get("return_to"); back != "" {
			listed := []string{"app.example:8443"}
			for _, host := range []string{"login.example", "app.example", "[2001:db8::1]"} {
				listed = append(listed, host, host+":443", host+":80")
			}
			origin, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(back, "http://"), "https://"), "/")
			if !strings.HasPrefix(back, "http") || !slices.Contains(listed, origin) {
				t.Fatalf("the way back is %q", back)
			}
		}
	})
}
