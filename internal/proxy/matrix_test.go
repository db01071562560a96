package proxy_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/proxy"
	"github.com/memberward/memberward/internal/proxytest"
)

// matrix is what every proxy must make true with its shipped configuration.
// The site is shared by the rows: those that change it start their own.
var matrix = []struct {
	name string
	run  func(*testing.T, *site)
	http bool // holds only for proxies that ask over HTTP
}{
	{name: "allow: who may comes through", run: answers(200)},
	{name: "deny: who may not is turned away", run: answers(403)},
	{name: "no credentials, or no valid ones", run: answers(401)},
	{name: "a removed member is turned away on the next request", run: removal},
	{name: "a host on the request line and another one beside it", run: twoHosts},
	{name: "the application is told who asks", run: identity},
	{name: "identity headers cannot be spoofed or removed", run: identitySpoofs},
	{name: "control headers cannot be spoofed, doubled or removed", run: controlSpoofs},
	{name: "names that fold onto ours, by _ and .", run: aliases},
	{name: "a Connection header that names ours takes nothing away", run: connectionNames},
	{name: "identity and control headers sent twice", run: doubledHeaders},
	{name: "credentials sent twice", run: doubledCredentials},
	{name: "header lines with blanks, folds and bare breaks", run: oddLines},
	{name: "what stands behind a body identifies nobody", run: trailers},
	{name: "the application sees the method that was judged", run: methods},
	{name: "one connection serves many checks", run: keepalive, http: true},
	{name: "one client connection carries the requests of many", run: clientKeepalive},
	{name: "a body goes to the application alone: sized, chunked, expected", run: bodies},
	{name: "WebSockets are upgraded for those who may", run: webSockets},
	{name: "no other protocol is upgraded to", run: otherUpgrades},
	{name: "checks over a unix socket", run: unixSocket, http: true},
	{name: "checks that show a secret", run: sharedSecret},
	{name: "browsers go to the login page where the proxy hands that on", run: loginPages},
	{name: "a CORS preflight passes where it is allowed", run: preflights},
	{name: "Memberward goes away", run: goesAway},
	{name: "Memberward is slow", run: slow},
	{name: "something else answers in Memberward's place", run: impostors},
	{name: "something else answers, in FastCGI's own words", run: fcgiImpostors},
}

// TestProxies runs the matrix and prints it: proxy by case.
func TestProxies(t *testing.T) {
	kinds := proxytest.Kinds()
	cells := make([][]string, len(matrix))
	for i := range cells {
		cells[i] = slices.Repeat([]string{"MISSING"}, len(kinds))
	}
	for column, kind := range kinds {
		t.Run(kind.Name, func(t *testing.T) {
			s := newSite(t, kind)
			for i, row := range matrix {
				if row.http && kind.FastCGI {
					cells[i][column] = "cannot" // what Apache has no way to do
					continue
				}
				cells[i][column] = "FAILED"
				if t.Run(row.name, func(t *testing.T) { row.run(t, s) }) {
					cells[i][column] = "holds"
				}
			}
		})
	}
	var table strings.Builder
	for i, row := range matrix {
		fmt.Fprintf(&table, "%-64s", row.name)
		for column, cell := range cells[i] {
			fmt.Fprintf(&table, "  %s %-7s", kinds[column].Name, cell)
		}
		table.WriteByte('\n')
	}
	t.Logf("the proxies:\n%s", &table)
}

// visits are requests and what becomes of them.
var visits = []struct {
	name, method, target string
	lines                []string
	status               int
}{
	{"a member reads", "GET", "/tenants/acme/x", []string{asMary}, 200},
	{"a member reads by tenant id", "GET", "/tenants/" + acme.String() + "/x", []string{asMary}, 200},
	{"a member writes", "POST", "/tenants/acme/x", []string{asMary}, 200},
	{"a viewer reads", "HEAD", "/tenants/acme/x", []string{asVera}, 200},
	{"a viewer writes", "PUT", "/tenants/acme/x", []string{asVera}, 403},
	{"a viewer asks for options", "OPTIONS", "/tenants/acme/x", []string{asVera}, 403},
	{"an API key", "GET", "/tenants/acme/x", []string{"X-Api-Key: mary"}, 200},
	{"a cookie", "GET", "/tenants/acme/x", []string{"Cookie: auth_token=mary"}, 200},
	{"a cookie from another site writes", "POST", "/tenants/acme/x", []string{"Cookie: auth_token=mary", "Sec-Fetch-Site: cross-site"}, 403},
	{"a stranger", "GET", "/tenants/acme/x", []string{asNina}, 403},
	{"an unknown tenant", "GET", "/tenants/void/x", []string{asMary}, 403},
	{"no credential", "GET", "/tenants/acme/x", nil, 401},
	{"no credential, HEAD", "HEAD", "/tenants/acme/x", nil, 401},
	{"an invalid credential", "GET", "/tenants/acme/x", []string{"Authorization: Bearer forged"}, 401},
	{"a browser without a login page", "GET", "/tenants/acme/x", []string{"Accept: text/html"}, 401},
	{"no route", "GET", "/other", []string{asMary}, 403},
	{"the path of the check", "GET", "/authz/forward", []string{asMary}, 403},
	{"a query", "GET", "/tenants/acme/x?a=1&b=/../c", []string{asMary}, 200},
	{"a credential that Connection names", "GET", "/tenants/acme/x", []string{asMary, "Connection: Authorization"}, 200},
}

// answers makes the visits that end in a status.
func answers(status int) func(*testing.T, *site) {
	return func(t *testing.T, s *site) {
		for _, tt := range visits {
			if tt.status == status {
				t.Run(tt.name, func(t *testing.T) { visit(t, s, tt.method, tt.target, tt.lines, status) })
			}
		}
	}
}

func visit(t *testing.T, s *site, method, target string, lines []string, status int) {
	before := s.application.Requests()
	answer := s.Raw(t, method, target, "", lines...)
	if answer.Status != status {
		t.Errorf("%s %s: %d, want %d", method, target, answer.Status, status)
	}
	if reached := s.application.Requests() > before; reached != (status == 200) {
		t.Errorf("%s %s: reached the application: %t", method, target, reached)
	}
	if id := answer.Header.Values("X-Decision-Id"); len(id) != 1 || len(id[0]) != 36 {
		t.Errorf("the answer names the decisions %q", answer.Header.Values("X-Decision-Id"))
	}
	if status == 401 && answer.Header.Get("Www-Authenticate") != `Bearer realm="memberward"` {
		t.Errorf("401 with Www-Authenticate %q", answer.Header.Get("Www-Authenticate"))
	}
	if answer.Received != nil && answer.Received.Host != "app.example" {
		t.Errorf("the application was asked as %q", answer.Received.Host)
	}
}

// twoHosts: the one on the request line counts (RFC 9112, 3.2.2), for who judges
// and for the application, or the proxy refuses both, as HAProxy does.
func twoHosts(t *testing.T, s *site) {
	want := map[string]int{"haproxy": 400, "apache2": 403}[s.Name]
	if want == 0 {
		want = 200
	}
	asked, reached := len(s.world.questions()), s.application.Requests()
	answer := s.Get(t, "http://app.example/tenants/acme/x", asMary, "Host: other.example")
	if answer.Status != want {
		t.Errorf("%d, want %d", answer.Status, want)
	}
	if came := s.application.Requests() - reached; came != 0 && want != 200 {
		t.Errorf("a refused request reached the application")
	}
	for _, q := range s.world.questions()[asked:] {
		if q.HTTP.Host != "app.example" || answer.Received == nil || answer.Received.Host != "app.example" {
			t.Errorf("judged was %s, the application saw %+v", q.HTTP.Host, answer.Received)
		}
	}
}

func removal(t *testing.T, s *site) {
	s = newSite(t, s.Kind)
	if got := s.Get(t, "/tenants/acme/x", asMary).Status; got != 200 {
		t.Fatalf("a member: %d, want 200", got)
	}
	s.world.remove(mary)
	if got := s.Get(t, "/tenants/acme/x", asMary).Status; got != 403 {
		t.Errorf("the next request after the removal: %d, want 403", got)
	}
}

func identity(t *testing.T, s *site) {
	for key, subject := range map[string]string{"mary": mary.String(), "platform": "platform"} {
		answer := s.Get(t, "/tenants/acme/x", "Authorization: Bearer "+key)
		if answer.Received == nil {
			t.Fatalf("%s: %d", key, answer.Status)
		}
		level := map[string]string{"mary": "member", "platform": "none"}[key]
		for name, want := range map[string]string{
			"X-Auth-Subject": subject, "X-Auth-Tenant": acme.String(), "X-Auth-Level": level, "X-Auth-Roles": "none",
			"X-Auth-Authenticated": "true", "X-Policy-Revision": revision, "X-Auth-Assertion": "",
		} {
			if got := strings.Join(answer.Received.Header[name], "|"); got != want {
				t.Errorf("%s: %s is %q, want %q", key, name, got, want)
			}
		}
		if id := answer.Received.Header.Get("X-Decision-Id"); id == "" || id != answer.Header.Get("X-Decision-Id") {
			t.Errorf("%s: the application saw decision %q, the client %q", key, id, answer.Header.Get("X-Decision-Id"))
		}
	}
}

func identitySpoofs(t *testing.T, s *site) {
	for _, line := range spoofs {
		if got := spoofed(s, t, line); got != "" {
			t.Errorf("%q: the application believes %s", line, got)
		}
	}
}

func controlSpoofs(t *testing.T, s *site) {
	for _, line := range []string{
		"X-Original-URI: /tenants/acme/x", "X-Original-URL: http://app.example/tenants/acme/x", "X-Original-Method: GET",
		"X-Original-Host: other.example", "X_Original_Uri: /tenants/acme/x", "X.Original.Uri: /tenants/acme/x",
		"X-Forwarded-For: 10.0.0.1", "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-For: 10.0.0.2", "X-Forwarded-Uri: /tenants/acme/x",
		"X-Forwarded-Uri: /tenants/acme/x\r\nX-Forwarded-Uri: /tenants/acme/x", "X-Forwarded-Method: GET", "X-Forwarded-Host: other.example",
		"X-Forwarded-Proto: https", "X-Forwarded-Proto: gopher", "X_Forwarded_Uri: /tenants/acme/x", "X.Forwarded.Uri: /tenants/acme/x",
		"Connection: X-Forwarded-Uri, X-Forwarded-Method, X-Original-Uri", "X-HTTP-Method-Override: GET", "X-Real-Ip: 10.0.0.1",
		"Forwarded: for=10.0.0.1;host=other.example", "X-Rewrite-Url: /tenants/acme/x",
	} {
		before := len(s.world.questions())
		if got := s.Raw(t, "POST", "/tenants/void/y", "", asMary, line).Status; got != 403 {
			t.Errorf("%q: %d, want 403", line, got)
		}
		for _, q := range s.world.questions()[before:] {
			h := q.HTTP
			if h.Path != "/tenants/void/y" || h.Method != "POST" || h.Host != "app.example" || h.ClientIP != "127.0.0.1" || h.Scheme == "https" {
				t.Errorf("%q: judged was %s %s %s %s from %s", line, h.Method, h.Scheme, h.Host, h.Path, h.ClientIP)
			}
		}
	}
}

func methods(t *testing.T, s *site) {
	for _, method := range []string{
		"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE", "PROPFIND", "M-SEARCH", "MKCOL", "X",
		"get", "Get", "GE_T", "GET1", "CONNECT", "PRI", "A" + strings.Repeat("B", 40), "G.ET", "*", "!",
	} {
		asked, reached := len(s.world.questions()), s.application.Requests()
		answer := s.Raw(t, method, "/tenants/acme/x", "", asMary)
		questions, came := s.world.questions()[asked:], s.application.Requests()-reached
		switch {
		case came == 0 && answer.Status < 300:
			t.Errorf("%s: %d without the application", method, answer.Status)
		case came != 0 && (len(questions) != 1 || questions[0].HTTP.Method != method):
			t.Errorf("%s: judged was %+v", method, questions)
		case answer.Received != nil && answer.Received.Method != method:
			t.Errorf("%s: the application saw %s", method, answer.Received.Method)
		}
	}
	before := s.application.Requests()
	if got := s.Raw(t, "OPTIONS", "*", "", asMary).Status; s.application.Requests() != before {
		t.Errorf("OPTIONS *: %d, and it reached the application", got)
	}
}

func keepalive(t *testing.T, s *site) {
	requests, connections := load(t, newSite(t, s.Kind))
	if connections*10 > requests {
		t.Errorf("%d checks cost %d connections", requests, connections)
	}
}

// loginPages: nginx would make an error of a redirect, so it gets none.
func loginPages(t *testing.T, s *site) {
	status := map[string]int{"nginx": 401, "caddy": 302, "haproxy": 401, "apache2": 401}[s.Name]
	s = newSiteWith(t, s.Kind, loginAt(loginPage))
	for _, tt := range []struct {
		name   string
		lines  []string
		status int
		back   string
	}{
		{"a browser", []string{browser}, status, "http://app.example/tenants/acme/x"},
		{"a browser that claims another host", []string{browser, "X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https"}, status, "http://app.example/tenants/acme/x"},
		{"a browser at a host that is not listed", []string{browser, "Host: evil.example"}, status, ""},
		{"a program", nil, 401, ""},
		{"a fetch", []string{browser, "Sec-Fetch-Mode: cors"}, 401, ""},
		{"a stranger's browser", []string{browser, asNina}, 403, ""},
		{"a member's browser", []string{browser, asMary}, 200, ""},
	} {
		answer := s.Get(t, "/tenants/acme/x", tt.lines...)
		want := ""
		if tt.status == 302 {
			want = loginPage
			if tt.back != "" {
				want += "&return_to=" + url.QueryEscape(tt.back)
			}
		}
		if got := answer.Header.Get("Location"); answer.Status != tt.status || got != want {
			t.Errorf("%s: %d to %q, want %d to %q", tt.name, answer.Status, got, tt.status, want)
		}
	}
	if got := s.application.Requests(); got != 1 {
		t.Errorf("%d requests reached the application, want the member's", got)
	}
}

func preflights(t *testing.T, s *site) {
	allowing := newSiteWith(t, s.Kind, proxy.Options{AllowPreflight: true})
	sent := []string{"Origin: https://other.example", "Access-Control-Request-Method: PUT", "X-Auth-Subject: olga"}
	ask := func(at *site, lines ...string) proxytest.Answer {
		return at.Raw(t, "OPTIONS", "/tenants/acme/x", "", lines...)
	}
	if got := ask(s, sent...).Status; got != 401 {
		t.Errorf("not allowed: %d, want 401", got)
	}
	if got := ask(allowing, sent[:1]...).Status; got != 401 {
		t.Errorf("no preflight: %d, want 401", got)
	}
	answer := ask(allowing, sent...)
	if answer.Status != 200 || answer.Received == nil {
		t.Fatalf("allowed: %d, want 200", answer.Status)
	}
	for name, want := range map[string]string{
		"X-Auth-Subject": "anonymous", "X-Auth-Tenant": "none", "X-Auth-Level": "none", "X-Auth-Roles": "none",
		"X-Auth-Authenticated": "false", "X-Policy-Revision": "none",
	} {
		if got := strings.Join(answer.Received.Header[name], "|"); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}
