package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/proxy"
	"github.com/memberward/memberward/internal/proxytest"
)

// site is nginx between a client, Memberward and an application.
type site struct {
	*proxytest.Nginx
	world       *world
	application *proxytest.Application
	connections atomic.Int64 // that nginx opened to Memberward
	announced   atomic.Int64 // checks that announced a body
	sidecar     *httptest.Server
}

// newSite starts all three. Pairs of old and new text plant faults in the
// configuration.
func newSite(t testing.TB, faults ...string) *site {
	t.Helper()
	proxytest.Binary(t)
	s := &site{world: newWorld(), application: &proxytest.Application{}}
	handler := s.world.handler(t, proxy.Options{Timeout: 10 * time.Second}) // a busy machine must not change an answer
	s.sidecar = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			s.announced.Add(1)
		}
		handler.ServeHTTP(w, r)
	}))
	s.sidecar.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	s.sidecar.Start()
	t.Cleanup(s.sidecar.Close)
	s.Nginx = proxytest.Start(t, proxytest.Setup{
		Sidecar: s.sidecar.Listener.Addr().String(), Application: s.application, Break: faults,
	})
	return s
}

const (
	asOlga = "Authorization: Bearer olga"
	asMary = "Authorization: Bearer mary"
	asVera = "Authorization: Bearer vera"
	asNina = "Authorization: Bearer nina"
)

func TestNginxAnswers(t *testing.T) {
	s := newSite(t)
	for _, tt := range []struct {
		name, method, target string
		lines                []string
		status               int
	}{
		{"a member reads", "GET", "/tenants/acme/x", []string{asMary}, 200},
		{"a member reads by tenant id", "GET", "/tenants/" + acme.String() + "/x", []string{asMary}, 200},
		{"a member writes", "POST", "/tenants/acme/x", []string{asMary}, 200},
		{"a viewer reads", "HEAD", "/tenants/acme/x", []string{asVera}, 200},
		{"a viewer writes", "PUT", "/tenants/acme/x", []string{asVera}, 403},
		{"an API key", "GET", "/tenants/acme/x", []string{"X-Api-Key: mary"}, 200},
		{"a cookie", "GET", "/tenants/acme/x", []string{"Cookie: auth_token=mary"}, 200},
		{"a cookie from another site writes", "POST", "/tenants/acme/x", []string{"Cookie: auth_token=mary", "Sec-Fetch-Site: cross-site"}, 403},
		{"a stranger", "GET", "/tenants/acme/x", []string{asNina}, 403},
		{"an unknown tenant", "GET", "/tenants/void/x", []string{asMary}, 403},
		{"no credential", "GET", "/tenants/acme/x", nil, 401},
		{"an invalid credential", "GET", "/tenants/acme/x", []string{"Authorization: Bearer forged"}, 401},
		{"no route", "GET", "/other", []string{asMary}, 403},
		{"the location of the check", "GET", "/_memberward", []string{asMary}, 404},
		{"a request line with a host of its own", "GET", "http://app.example/tenants/acme/x", []string{asMary, "Host: other.example"}, 200},
		{"a query", "GET", "/tenants/acme/x?a=1&b=/../c", []string{asMary}, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := s.application.Requests()
			answer := s.Raw(t, tt.method, tt.target, "", tt.lines...)
			if answer.Status != tt.status {
				t.Errorf("%s %s: %d, want %d", tt.method, tt.target, answer.Status, tt.status)
			}
			if reached := s.application.Requests() > before; reached != (tt.status == 200) {
				t.Errorf("%s %s: reached the application: %t", tt.method, tt.target, reached)
			}
			if tt.status != 404 && answer.Header.Get("X-Decision-Id") == "" {
				t.Error("the answer names no decision")
			}
			if tt.status == 401 && answer.Header.Get("Www-Authenticate") != `Bearer realm="memberward"` {
				t.Errorf("401 with Www-Authenticate %q", answer.Header.Get("Www-Authenticate"))
			}
			if answer.Received != nil && answer.Received.Host != "app.example" {
				t.Errorf("the application was asked as %q", answer.Received.Host)
			}
		})
	}
}

func TestNginxTurnsARemovedMemberAway(t *testing.T) {
	s := newSite(t)
	if got := s.Get(t, "/tenants/acme/x", asMary).Status; got != 200 {
		t.Fatalf("a member: %d, want 200", got)
	}
	s.world.remove(mary)
	if got := s.Get(t, "/tenants/acme/x", asMary).Status; got != 403 {
		t.Errorf("the next request after the removal: %d, want 403", got)
	}
}

// identityOf are the headers that the application may believe.
func identityOf(h http.Header) map[string]string {
	seen := map[string]string{}
	for name, values := range h {
		folded := strings.ToLower(strings.NewReplacer("_", "-", ".", "-").Replace(name))
		if strings.HasPrefix(folded, "x-auth-") || folded == "x-policy-revision" {
			seen[name] = strings.Join(values, "|")
		}
	}
	return seen
}

func TestNginxTellsWhoAsks(t *testing.T) {
	s := newSite(t)
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

// spoofs are headers that would make mary somebody else, or another request.
var spoofs = []string{
	"X-Auth-Subject: " + "olga", "x-auth-subject: olga", "X-AUTH-SUBJECT: olga", "X_Auth_Subject: olga", "X-Auth_Subject: olga",
	"X.Auth.Subject: olga", "X-Auth.Subject: olga", "X-Auth-Level: owner", "X-Auth-Tenant: other", "X-Auth-Roles: admin",
	"X-Auth-Assertion: forged", "X_Auth_Assertion: forged", "X-Auth-Authenticated: false", "X-Decision-Id: forged", "X-Policy-Revision: forged",
	"Connection: X-Auth-Subject", "Connection: close, X-Original-Uri",
}

// spoofed says what a spoof came to, if it came to anything.
func spoofed(s *site, t testing.TB, line string) string {
	answer := s.Get(t, "/tenants/acme/x", asMary, line)
	switch {
	case answer.Status == 403 && answer.Received == nil:
		return ""
	case answer.Status != 200 || answer.Received == nil:
		return fmt.Sprintf("%d", answer.Status)
	}
	want := map[string]string{
		"X-Auth-Subject": mary.String(), "X-Auth-Tenant": acme.String(), "X-Auth-Level": "member", "X-Auth-Roles": "none",
		"X-Auth-Authenticated": "true", "X-Policy-Revision": revision,
	}
	for name, got := range identityOf(answer.Received.Header) {
		if got != want[name] {
			return fmt.Sprintf("%s: %s", name, got)
		}
	}
	if answer.Received.Header.Get("X-Decision-Id") == "forged" {
		return "a forged decision"
	}
	return ""
}

func TestNginxIdentityCannotBeSpoofed(t *testing.T) {
	s := newSite(t)
	for _, line := range spoofs {
		if got := spoofed(s, t, line); got != "" {
			t.Errorf("%q: the application believes %s", line, got)
		}
	}
}

// TestNginxAliasesAreRefused lets aliases through nginx: Memberward refuses
// them even then.
func TestNginxAliasesAreRefused(t *testing.T) {
	s := newSite(t, "underscores_in_headers off;", "underscores_in_headers on;", "ignore_invalid_headers on;", "ignore_invalid_headers off;")
	for _, line := range spoofs {
		if name, _, _ := strings.Cut(line, ":"); !strings.ContainsAny(name, "_.") {
			continue
		}
		if got := s.Get(t, "/tenants/acme/x", asMary, line); got.Status != 403 || got.Received != nil {
			t.Errorf("%q: %d, want 403", line, got.Status)
		}
	}
}

func TestNginxSpoofsAreNoticed(t *testing.T) {
	const subject = "proxy_set_header X-Auth-Subject       $memberward_subject;"
	s := newSite(t, subject, "")
	if spoofed(s, t, "X-Auth-Subject: olga") == "" {
		t.Error("a configuration that leaves the client's X-Auth-Subject in place passes")
	}
}

func TestNginxControlHeadersCannotBeSpoofed(t *testing.T) {
	s := newSite(t)
	for _, line := range []string{
		"X-Original-URI: /tenants/acme/x", "X-Original-URL: http://app.example/tenants/acme/x", "X-Original-Method: GET",
		"X-Original-Host: other.example", "X_Original_Uri: /tenants/acme/x", "X.Original.Uri: /tenants/acme/x",
		"X-Forwarded-For: 10.0.0.1", "X-Forwarded-Uri: /tenants/acme/x", "X-Forwarded-Method: GET", "X-HTTP-Method-Override: GET",
	} {
		before := len(s.world.questions())
		if got := s.Raw(t, "POST", "/tenants/void/y", "", asMary, line).Status; got != 403 {
			t.Errorf("%q: %d, want 403", line, got)
		}
		for _, q := range s.world.questions()[before:] {
			h := q.HTTP
			if h.Path != "/tenants/void/y" || h.Method != "POST" || h.Host != "app.example" || h.ClientIP != "127.0.0.1" {
				t.Errorf("%q: judged was %s %s %s from %s", line, h.Method, h.Host, h.Path, h.ClientIP)
			}
		}
	}
}

// load sends requests, some at once, and gives the connections they cost.
func load(t *testing.T, s *site) (requests, connections int64) {
	const rounds, clients = 100, 8
	for range rounds {
		if got := s.Get(t, "/tenants/acme/x", asMary).Status; got != 200 {
			t.Errorf("one after another: %d", got)
		}
	}
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			for range rounds / clients * 2 {
				if got := s.Get(t, "/tenants/acme/x", asMary).Status; got != 200 {
					t.Errorf("at once: %d", got)
				}
			}
		})
	}
	group.Wait()
	return rounds + clients*(rounds/clients*2), s.connections.Load()
}

func TestNginxKeepsItsConnections(t *testing.T) {
	requests, connections := load(t, newSite(t))
	if connections*10 > requests {
		t.Errorf("%d checks cost %d connections", requests, connections)
	}
}

func TestNginxWithoutKeepaliveIsNoticed(t *testing.T) {
	requests, connections := load(t, newSite(t, "its own.\n    keepalive 32;", "its own."))
	if connections < requests {
		t.Errorf("without keepalive %d checks cost only %d connections", requests, connections)
	}
}

func TestNginxSendsTheBodyToTheApplicationAlone(t *testing.T) {
	s := newSite(t)
	body := strings.Repeat("x", 900<<10)
	answer := s.Raw(t, "POST", "/tenants/acme/x", body, asMary)
	if answer.Received == nil || answer.Received.Body != int64(len(body)) {
		t.Fatalf("the application did not get the body: %+v", answer)
	}
	if n := s.announced.Load(); n != 0 {
		t.Errorf("%d checks announced a body", n)
	}
}

// TestNginxAnnouncedBodies leaves out the two lines about the body: nginx then
// announces a body that it does not send, or sends it.
func TestNginxAnnouncedBodies(t *testing.T) {
	for _, faults := range [][]string{
		{`proxy_set_header Content-Length "";`, "proxy_set_header Content-Length $content_length;"},
		{"proxy_pass_request_body off;", "", `proxy_set_header Content-Length "";`, ""},
	} {
		s := newSite(t, faults...)
		for range 5 {
			if got := s.Raw(t, "POST", "/tenants/acme/x", strings.Repeat("x", 5000), asMary).Status; got != 200 {
				t.Errorf("%q: %d, want 200", faults, got)
			}
			if got := s.Get(t, "/tenants/acme/x").Status; got != 401 {
				t.Errorf("%q: the request after it: %d, want 401", faults, got)
			}
		}
		if s.announced.Load() == 0 {
			t.Errorf("%q: no check announced a body", faults)
		}
	}
}

func TestNginxUpgrades(t *testing.T) {
	s := newSite(t)
	for line, want := range map[string]int{asMary: 101, asNina: 403, "X-None: 1": 401} {
		conn := s.Dial(t)
		defer conn.Close()
		fmt.Fprintf(conn, "GET /tenants/acme/socket HTTP/1.1\r\nHost: app.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n%s\r\n\r\n", line)
		reader := bufio.NewReader(conn)
		response, err := http.ReadResponse(reader, nil)
		if err != nil || response.StatusCode != want {
			t.Fatalf("%s: %v, %v; want %d", line, response, err, want)
		}
		if want != 101 {
			continue
		}
		if got := response.Header.Get("X-Seen-Subject"); got != mary.String() {
			t.Errorf("the application saw %q", got)
		}
		fmt.Fprint(conn, "over the socket\n")
		if echoed, err := reader.ReadString('\n'); err != nil || echoed != "over the socket\n" {
			t.Errorf("echoed %q, %v", echoed, err)
		}
	}
}

func TestNginxOverAUnixSocket(t *testing.T) {
	proxytest.Binary(t)
	path := filepath.Join(t.TempDir(), "proxy.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	server := &http.Server{Handler: w.handler(t, proxy.Options{Timeout: 10 * time.Second}), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // ends with Close below
	t.Cleanup(func() { _ = server.Close() })
	nginx := proxytest.Start(t, proxytest.Setup{Sidecar: "unix:" + path, Application: &proxytest.Application{}})
	for line, want := range map[string]int{asMary: 200, asNina: 403, "X-None: 1": 401} {
		if got := nginx.Get(t, "/tenants/acme/x", line).Status; got != want {
			t.Errorf("%s: %d, want %d", line, got, want)
		}
	}
	if got := w.questions()[0].HTTP.ClientIP; got != "127.0.0.1" {
		t.Errorf("the client is %q", got)
	}
}

func TestNginxWhenMemberwardGoesAway(t *testing.T) {
	s := newSite(t)
	get := func() int { return s.Get(t, "/tenants/acme/x", asMary).Status }
	if got := get(); got != 200 {
		t.Fatalf("at first: %d", got)
	}
	s.sidecar.CloseClientConnections()
	if got := get(); got != 200 {
		t.Errorf("after idle connections were closed: %d, want 200", got)
	}
	before := s.application.Requests()
	s.sidecar.Close()
	if got := get(); got < 500 || s.application.Requests() != before {
		t.Errorf("without Memberward: %d, want an error and nothing for the application", got)
	}
}

// TestNginxFailsClosed puts in Memberward's place what is not Memberward, or
// no longer.
func TestNginxFailsClosed(t *testing.T) {
	for _, tt := range []struct{ name, answer string }{
		{"nobody listens", "refuse"},
		{"it hangs up", ""},
		{"it never answers", "hang"},
		{"it stops within the head", "HTTP/1.1 200 OK\r\nX-Auth-Sub"},
		{"it speaks no HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n"},
		{"it says 200 without HTTP", "200 OK\r\n\r\n"},
		{"an unknown version", "HTTP/9.9 OK 200\r\n\r\n"},
		{"a server for everything", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
		{"a bare status line", "HTTP/1.1 200\r\n\r\n"},
		{"another success", "HTTP/1.1 204 No Content\r\n\r\n"},
		{"an identity without a value", "HTTP/1.1 200 OK\r\nX-Auth-Subject: \r\nContent-Length: 0\r\n\r\n"},
		{"a redirect", "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"},
		{"not found", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"},
		{"an error", "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"},
		{"a head over nginx's buffer", "HTTP/1.1 200 OK\r\nX-Auth-Roles: " + strings.Repeat("x", 9000) + "\r\nContent-Length: 0\r\n\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			application := &proxytest.Application{}
			nginx := proxytest.Start(t, proxytest.Setup{Sidecar: impostor(t, tt.answer), Application: application})
			for range 3 {
				answer := nginx.Get(t, "/tenants/acme/x", asOlga)
				if answer.Status < 400 || application.Requests() != 0 {
					t.Errorf("%d, %d requests reached the application", answer.Status, application.Requests())
				}
			}
		})
	}
}

// impostor listens in Memberward's place and gives the same bytes to
// everybody.
func impostor(t testing.TB, answer string) string {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	if answer == "refuse" {
		_ = listener.Close()
	}
	go func() { // ends when the listener closes
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = http.ReadRequest(bufio.NewReader(conn))
				if answer == "hang" {
					_, _ = io.Copy(io.Discard, conn) // until nginx gives up
					return
				}
				_, _ = io.WriteString(conn, answer)
			}()
		}
	}()
	return listener.Addr().String()
}
