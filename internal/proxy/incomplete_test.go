package proxy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/proxytest"
)

// TestAnIncompleteIdentityOpensNothing answers with a part of an allow: the
// rest would be empty, or what the client sent. nginx has no way to look at
// more than the subject, see impostors.
func TestAnIncompleteIdentityOpensNothing(t *testing.T) {
	all := []string{
		"X-Auth-Subject: olga", "X-Auth-Tenant: acme", "X-Auth-Level: owner", "X-Auth-Roles: none", "X-Auth-Authenticated: true",
		"X-Decision-Id: 1", "X-Policy-Revision: 1",
	}
	head := []string{"HTTP/1.1 200 OK", "Content-Length: 0"}
	for _, kind := range []proxytest.Kind{proxytest.Caddy(), proxytest.HAProxy()} {
		check := func(what string, lines []string, complete bool) {
			t.Run(kind.Name+", "+what, func(t *testing.T) {
				t.Parallel()
				application := &proxytest.Application{}
				p := kind.Start(t, proxytest.Setup{
					Sidecar: impostor(t, strings.Join(slices.Concat(head, lines), "\r\n")+"\r\n\r\n"), Application: application,
				})
				answer := p.Get(t, "/tenants/acme/x", asOlga)
				if complete != (answer.Status == 200) || complete != (application.Requests() == 1) {
					t.Errorf("%d, %d requests reached the application", answer.Status, application.Requests())
				}
			})
		}
		check("with everything", all, true)
		for i, line := range all {
			check("without "+line, slices.Delete(slices.Clone(all), i, i+1), false)
		}
	}
}
