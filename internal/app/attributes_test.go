package app

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
)

// tickets is a rule of the book that reads the request in Envoy's words. A key
// is a credential, and is not told.
const tickets = `package access

import rego.v2

# METADATA
# title: Tickets
# description: Members who show a ticket write.
allow if {
	input.action.name == "resource.write"
	input.actor.member == true
	http := input.attributes.request.http
	http.method == "POST"
	http.path == "/tenants/acme/x?a=b"
	http.host == "app.example"
	http.headers["x-ticket"] == "1"
	not http.headers["x-api-key"]
	input.attributes.source.address.socketAddress.address == "127.0.0.1"
	_actor_may_act
}
`

// Rules of the book find the request in Envoy's words, whichever proxy asks,
// and each request is judged by itself.
func TestRulesReadTheRequestInEnvoysWords(t *testing.T) {
	cfg := withRulesSettings(t, "none")
	if err := os.WriteFile(filepath.Join(cfg.Policies, "access", "tickets.rego"), []byte(tickets), 0o600); err != nil {
		t.Fatal(err)
	}
	r := launch(t, cfg)
	c := client(t, r)
	for _, ticket := range []string{"1", "2", "1", "2"} {
		want := map[string]int{"1": 200, "2": 403}[ticket]
		asked := changed(envoyAsks("POST", "/tenants/acme/%78?a=b", vicsKey), func(h *authv3.AttributeContext_HttpRequest) {
			h.Host, h.Headers["x-ticket"], h.Headers["x-forwarded-for"] = "app.example", ticket, "127.0.0.1"
		})
		if got, _ := statusOf(t, c, asked); got != want {
			t.Errorf("ticket %s by gRPC: %d, want %d", ticket, got, want)
		}
		for endpoint, header := range map[string]http.Header{
			"/authz/nginx":   {"X-Original-Method": {"POST"}, "X-Original-Url": {"https://app.example/tenants/acme/%78?a=b"}},
			"/authz/forward": {"X-Forwarded-Method": {"POST"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"app.example"}, "X-Forwarded-Uri": {"/tenants/acme/%78?a=b"}},
		} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.at.Proxy+endpoint, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header = header
			request.Header.Set("X-Api-Key", vicsKey)
			request.Header.Set("X-Ticket", ticket)
			request.Header.Set("X-Forwarded-For", "127.0.0.1")
			response, err := http.DefaultTransport.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			if response.Body.Close(); response.StatusCode != want {
				t.Errorf("ticket %s at %s: %d, want %d", ticket, endpoint, response.StatusCode, want)
			}
		}
	}
}
