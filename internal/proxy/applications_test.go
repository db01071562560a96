package proxy_test

import (
	"context"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/proxy"
	"github.com/memberward/memberward/internal/proxytest"
)

// kinds are the real proxies.
func kinds() []proxytest.Kind {
	return []proxytest.Kind{proxytest.Nginx(), proxytest.Caddy(), proxytest.HAProxy(), proxytest.Apache()}
}

// TestAssertionsReachTheApplication through the shipped files, and the
// client's never does.
func TestAssertionsReachTheApplication(t *testing.T) {
	const signed, forged = "aaa.bbb-_9.ccc", "X-Auth-Assertion: evil.evil.evil"
	for _, kind := range kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			w := newWorld()
			w.verdict = holding([]string{"writer", "app:editor"})
			with := newSiteOf(t, kind, w, proxy.Options{}) // the assertion is not asked for yet
			for _, lines := range [][]string{{asMary}, {asMary, forged}} {
				answer := with.Get(t, "/tenants/acme/x", lines...)
				if answer.Received == nil || len(answer.Received.Header["X-Auth-Assertion"]) != 0 {
					t.Fatalf("without one: %d %+v", answer.Status, answer.Received)
				}
			}
			w = newWorld()
			w.verdict = holding([]string{"writer", "app:editor"})
			w.assert = func(context.Context, proxy.Assertion) (string, error) { return signed, nil }
			with = newSiteOf(t, kind, w, proxy.Options{})
			for _, lines := range [][]string{{asMary}, {asMary, forged}} {
				answer := with.Get(t, "/tenants/acme/x", lines...)
				if answer.Received == nil {
					t.Fatalf("%d", answer.Status)
				}
				if got := strings.Join(answer.Received.Header["X-Auth-Assertion"], "|"); got != signed {
					t.Errorf("the application gets the assertion %q", got)
				}
				if got := strings.Join(answer.Received.Header["X-Auth-Roles"], "|"); got != "app:editor,writer" {
					t.Errorf("the application gets the roles %q", got)
				}
			}
			for _, line := range []string{asNina, forged} {
				if answer := with.Get(t, "/tenants/acme/x", line); answer.Received != nil || answer.Header.Get("X-Auth-Assertion") != "" {
					t.Errorf("a denial: %d %v", answer.Status, answer.Header)
				}
			}
		})
	}
}
