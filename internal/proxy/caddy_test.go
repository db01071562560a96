package proxy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/proxytest"
)

// What only Caddy has, and faults in its configuration that the matrix finds.

// TestCaddySpoofsAreNoticed leaves out, one by one, the lines that keep a
// client from saying who it is.
func TestCaddySpoofsAreNoticed(t *testing.T) {
	for _, tt := range []struct{ fault, with, spoof string }{
		{"request_header -X-Auth-*", "", "X-Auth-Assertion: forged"},
		{"request_header @plain -Connection", "", "Connection: X-Auth-Subject"},
		{" X-Auth-Roles X-Auth-Authenticated", " X-Auth-Authenticated", "X-None: 1"},
	} {
		if got := spoofed(newSite(t, proxytest.Caddy(), tt.fault, tt.with), t, tt.spoof); got == "" {
			t.Errorf("a configuration without %q passes", tt.fault)
		}
	}
}

// TestCaddyPlaceholders copies a header that no answer has. Caddy 2.6 passes
// its placeholder on, which the application would take for a value; later
// versions pass nothing.
func TestCaddyPlaceholders(t *testing.T) {
	const fault, with = "copy_headers ", "copy_headers X-Auth-Assertion "
	s := newSite(t, proxytest.Caddy(), fault, with)
	answer := s.Get(t, "/tenants/acme/x", asMary, "X-Auth-Assertion: forged")
	if answer.Received == nil {
		t.Fatalf("%d", answer.Status)
	}
	value := strings.Join(answer.Received.Header["X-Auth-Assertion"], "|")
	if value != "" && !strings.HasPrefix(value, "{http.") {
		t.Errorf("the application gets the assertion %q", value)
	}
	if noticed := spoofed(s, t, "X-None: 1") != ""; noticed != (value != "") {
		t.Errorf("the application gets %q, noticed: %t", value, noticed)
	}
}

// TestCaddyRemovesControlHeaders keeps from the application what it might take
// for the proxy's word.
func TestCaddyRemovesControlHeaders(t *testing.T) {
	told := func(s *site, name string) []string {
		answer := s.Get(t, "/tenants/acme/x", asMary, name+": forged", name+": forged")
		if answer.Received == nil {
			t.Fatalf("%s: %d", name, answer.Status)
		}
		return answer.Received.Header.Values(name)
	}
	s := newSite(t, proxytest.Caddy())
	for _, name := range []string{
		"X-Forwarded-Uri", "X-Forwarded-Method", "X-Memberward-Secret", "X-Forwarded-Host", "X-Forwarded-For", "X-Forwarded-Proto",
	} {
		if got := told(s, name); slices.Contains(got, "forged") {
			t.Errorf("the application gets %s %q", name, got)
		}
	}
	const line = "request_header -X-Forwarded-Uri"
	if got := told(newSite(t, proxytest.Caddy(), line, ""), "X-Forwarded-Uri"); !slices.Contains(got, "forged") {
		t.Errorf("a configuration without %q is not noticed", line)
	}
}

func TestCaddyWithoutTheLastGuardIsNoticed(t *testing.T) {
	application := &proxytest.Application{}
	p := proxytest.Caddy().Start(t, proxytest.Setup{
		Sidecar: impostor(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), Application: application,
		Break: []string{"respond @nobody 502", ""},
	})
	if p.Get(t, "/tenants/acme/x", asOlga); application.Requests() == 0 {
		t.Error("without the guard, a mere 200 still opens nothing: the guard proves nothing")
	}
}

func TestCaddyWithoutKeepaliveIsNoticed(t *testing.T) {
	requests, connections := load(t, newSite(t, proxytest.Caddy(), "keepalive 90s", "keepalive off"))
	if connections < requests {
		t.Errorf("without keepalive %d checks cost only %d connections", requests, connections)
	}
}

func TestCaddyOtherUpgradesAreNoticed(t *testing.T) {
	s := newSite(t, proxytest.Caddy(), "request_header @plain -Connection", "")
	if !upgraded(t, s, "Upgrade: h2c") {
		t.Error("a configuration that upgrades to anything is not noticed")
	}
	s = newSite(t, proxytest.Caddy(), "request_header @websocket Upgrade websocket", "")
	if !upgraded(t, s, "Upgrade: h2c\r\nUpgrade: websocket") {
		t.Error("a configuration that lets a second protocol through is not noticed")
	}
}

// TestCaddyOtherPathsAreNoticed plants the classic mistake: a prefix is
// stripped behind the check.
func TestCaddyOtherPathsAreNoticed(t *testing.T) {
	const last = "header {"
	if !differs(t, proxytest.Caddy(), last, "uri strip_prefix /tenants/acme\n\t\t"+last) {
		t.Error("a configuration that rewrites paths passes")
	}
}

// TestCaddyBehindATrustedProxy believes the X-Forwarded-Host of a proxy in
// front; the host that is judged is still the one that the application gets.
func TestCaddyBehindATrustedProxy(t *testing.T) {
	hosts := func(s *site) (judged, seen string) {
		answer := s.Get(t, "/tenants/acme/x", asMary, "X-Forwarded-Host: other.example")
		if answer.Received == nil {
			t.Fatalf("%d", answer.Status)
		}
		return s.world.questions()[0].HTTP.Host, answer.Received.Host
	}
	const trust = "uri /authz/forward"
	if judged, seen := hosts(newSite(t, proxytest.Caddy(), trust, trust+"\n\t\t\ttrusted_proxies 127.0.0.1/32")); judged != seen {
		t.Errorf("judged was %s, the application saw %s", judged, seen)
	}
	unpinned := newSite(t, proxytest.Caddy(), trust, trust+"\n\t\t\ttrusted_proxies 127.0.0.1/32", "header_up X-Forwarded-Host {http.request.hostport}", "")
	if judged, seen := hosts(unpinned); judged == seen {
		t.Errorf("a configuration that takes the client's word for the host is not noticed: %s", judged)
	}
}
