package proxy_test

import (
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/proxytest"
)

// What only nginx has, and faults in its configuration that the matrix finds.

func TestNginxHidesTheLocationOfTheCheck(t *testing.T) {
	if got := newSite(t, proxytest.Nginx()).Get(t, "/_memberward", asMary).Status; got != 404 {
		t.Errorf("%d, want 404", got)
	}
}

// TestNginxAliasesAreRefused lets aliases through nginx: Memberward refuses
// them even then.
func TestNginxAliasesAreRefused(t *testing.T) {
	s := newSite(t, proxytest.Nginx(), "underscores_in_headers off;", "underscores_in_headers on;", "ignore_invalid_headers on;", "ignore_invalid_headers off;")
	for _, line := range spoofs {
		if name, _, _ := strings.Cut(line, ":"); !strings.ContainsAny(name, "_.") {
			continue // no alias
		}
		if got := s.Get(t, "/tenants/acme/x", asMary, line); got.Status != 403 || got.Received != nil {
			t.Errorf("%q: %d, want 403", line, got.Status)
		}
	}
}

func TestNginxSpoofsAreNoticed(t *testing.T) {
	const subject = "proxy_set_header X-Auth-Subject       $memberward_subject;"
	s := newSite(t, proxytest.Nginx(), subject, "")
	if spoofed(s, t, "X-Auth-Subject: olga") == "" {
		t.Error("a configuration that leaves the client's X-Auth-Subject in place passes")
	}
}

func TestNginxWithoutKeepaliveIsNoticed(t *testing.T) {
	requests, connections := load(t, newSite(t, proxytest.Nginx(), "its own.\n    keepalive 32;", "its own."))
	if connections < requests {
		t.Errorf("without keepalive %d checks cost only %d connections", requests, connections)
	}
}

// TestNginxAnnouncedBodies leaves out the two lines about the body: nginx then
// announces a body that it does not send, or sends it.
func TestNginxAnnouncedBodies(t *testing.T) {
	for _, faults := range [][]string{
		{`proxy_set_header Content-Length "";`, "proxy_set_header Content-Length $content_length;"},
		{"proxy_pass_request_body off;", "", `proxy_set_header Content-Length "";`, ""},
	} {
		s := newSite(t, proxytest.Nginx(), faults...)
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

func TestNginxOtherUpgradesAreNoticed(t *testing.T) {
	s := newSite(t, proxytest.Nginx(), "~*^websocket$    websocket;", "~^(?<any>.+)$ $any;")
	if !upgraded(t, s, "Upgrade: h2c") {
		t.Error("a configuration that upgrades to anything is not noticed")
	}
}

// TestNginxOtherPathsAreNoticed plants the classic mistake: with a path in
// proxy_pass, nginx sends the decoded and merged one.
func TestNginxOtherPathsAreNoticed(t *testing.T) {
	if !differs(t, proxytest.Nginx(), "http://$memberward_application;", "http://application/;") {
		t.Error("a configuration that rewrites paths passes")
	}
}
