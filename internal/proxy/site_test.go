package proxy_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/http1"
	"github.com/memberward/memberward/internal/proxy"
	"github.com/memberward/memberward/internal/proxytest"
)

// site is a real proxy between a client, Memberward and an application.
type site struct {
	*proxytest.Proxy
	world       *world
	application *proxytest.Application
	connections atomic.Int64 // that the proxy opened to Memberward
	announced   atomic.Int64 // checks that announced a body or an upgrade
	sidecar     *http1.Server
	door        *visited
	closeToo    func() // what answers over FastCGI; nil: nothing does
}

// newSite starts all three. Pairs of old and new text plant faults in the
// configuration.
func newSite(t testing.TB, kind proxytest.Kind, faults ...string) *site {
	t.Helper()
	return newSiteWith(t, kind, proxy.Options{}, faults...)
}

func newSiteWith(t testing.TB, kind proxytest.Kind, options proxy.Options, faults ...string) *site {
	t.Helper()
	return newSiteOf(t, kind, newWorld(), options, faults...)
}

func newSiteOf(t testing.TB, kind proxytest.Kind, w *world, options proxy.Options, faults ...string) *site {
	t.Helper()
	kind.Binary(t)
	s := &site{world: w, application: &proxytest.Application{}}
	options.Timeout = 10 * time.Second // a busy machine must not change an answer
	handler := s.world.handler(t, options)
	s.sidecar = checking(handler, func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 || r.Header.Get("Expect")+r.Header.Get("Upgrade")+r.Header.Get("Connection") != "" {
			s.announced.Add(1)
		}
		handler.ServeHTTP(w, r)
	})
	listener, err := net.Listen("tcp4", anywhere)
	if err != nil {
		t.Fatal(err)
	}
	s.door = &visited{Listener: listener, site: s}
	go func() { _ = s.sidecar.Serve(s.door) }() // ends with Close below
	t.Cleanup(func() { _ = s.sidecar.Close() })
	at := listener.Addr().String()
	if kind.FastCGI {
		at = s.authorize(t, handler)
	}
	s.Proxy = kind.Start(t, proxytest.Setup{Sidecar: at, Application: s.application, Break: faults})
	return s
}

// visited is a listener that knows its connections.
type visited struct {
	net.Listener
	site *site
	mu   sync.Mutex
	open []net.Conn
}

func (v *visited) Accept() (net.Conn, error) {
	conn, err := v.Listener.Accept()
	if err == nil {
		v.site.connections.Add(1)
		v.mu.Lock()
		v.open = append(v.open, conn)
		v.mu.Unlock()
	}
	return conn, err
}

// hangUp closes them all.
func (v *visited) hangUp() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, conn := range v.open {
		_ = conn.Close()
	}
}

// authorize answers over FastCGI until the sidecar is closed.
func (s *site) authorize(t testing.TB, handler *proxy.Handler) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.closeToo = func() { _ = listener.Close() }
	t.Cleanup(s.closeToo)
	go func() { // ends when the listener closes
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.connections.Add(1)
			go func() { _ = handler.ServeAuthorizer(context.Background(), conn) }()
		}
	}()
	return listener.Addr().String()
}

const (
	asOlga = "Authorization: Bearer olga"
	asMary = "Authorization: Bearer mary"
	asVera = "Authorization: Bearer vera"
	asNina = "Authorization: Bearer nina"
)

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

// spoofs are headers that would make mary somebody else, or nobody, or ask
// about another request.
var spoofs = []string{
	"X-Auth-Subject: olga", "x-auth-subject: olga", "X-AUTH-SUBJECT: olga", "X_Auth_Subject: olga", "X-Auth_Subject: olga",
	"X.Auth.Subject: olga", "X-Auth.Subject: olga", "X-Auth-Subject: olga\r\nX-Auth-Subject: olga", "X-Auth-Subject: olga, olga",
	"X-Auth-Subject:", "X-Auth-Subject: {http.request.header.X-Api-Key}", "X-Auth-Level: owner", "X-Auth-Tenant: other", "X-Auth-Roles: admin",
	"X-Auth-Assertion: forged", "X_Auth_Assertion: forged", "X-Auth-Authenticated: false", "X-Decision-Id: forged", "X-Policy-Revision: forged",
	"Connection: X-Auth-Subject", "Connection: close, X-Original-Uri", "Connection: X-Forwarded-Uri, X-Forwarded-Method",
	"Connection: close\r\nConnection: x-auth-subject,X-AUTH-TENANT", "Connection: Upgrade, X-Auth-Level\r\nUpgrade: h2c",
	"Connection: X_Auth_Subject\r\nX_Auth_Subject: olga", "X_Forwarded_Uri: /tenants/acme/y", "X_Memberward_Secret: guess",
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
	got := identityOf(answer.Received.Header)
	for name := range want {
		if _, there := got[name]; !there {
			return name + " is missing"
		}
	}
	for name, value := range got {
		if value != want[name] {
			return fmt.Sprintf("%s: %s", name, value)
		}
	}
	if id := answer.Received.Header.Values("X-Decision-Id"); len(id) != 1 || id[0] == "" || id[0] == "forged" {
		return fmt.Sprintf("the decision %q", id)
	}
	return ""
}

// load sends requests, some at once, and gives the connections they cost.
func load(t testing.TB, s *site) (requests, connections int64) {
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

// impostor listens in Memberward's place and gives the same bytes to
// everybody.
func impostor(t testing.TB, answer string) string {
	t.Helper()
	if answer == "refuse" {
		listener, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = listener.Close()
		return listener.Addr().String()
	}
	return proxytest.Listen(t, func(conn net.Conn) {
		_, _ = http.ReadRequest(bufio.NewReader(conn))
		if answer == "hang" {
			_, _ = io.Copy(io.Discard, conn) // until the proxy gives up
			return
		}
		_, _ = io.WriteString(conn, answer)
	})
}
