package app

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/config"
	"github.com/memberward/memberward/internal/tenancy"
)

// nobodyKnown refuses every credential.
type nobodyKnown struct{}

// Authenticate implements api.Authenticator.
func (nobodyKnown) Authenticate(context.Context, *http.Request) (tenancy.Actor, error) {
	return tenancy.Actor{}, &tenancy.Error{Code: tenancy.CodeUnauthenticated}
}

func TestWhoAsksOPAsDataAPIWithoutACredential(t *testing.T) {
	network := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}
	for name, tt := range map[string]struct {
		clients []netip.Prefix
		from    string
		header  string
		let     bool
	}{
		"a client of the network":              {network, "10.1.2.3:4", "", true},
		"the same, as IPv6 writes it":          {network, "[::ffff:10.1.2.3]:4", "", true},
		"another network":                      {network, "10.2.2.3:4", "", false},
		"loopback, which nobody named":         {network, "127.0.0.1:4", "", false},
		"no network is named":                  {nil, "127.0.0.1:4", "", false},
		"a socket without an address":          {network, "@", "", false},
		"a wrong credential":                   {network, "10.1.2.3:4", "Authorization", false},
		"a wrong key":                          {network, "10.1.2.3:4", "X-Api-Key", false},
		"handed on by a proxy":                 {network, "10.1.2.3:4", "X-Forwarded-For", false},
		"handed on by a proxy of another kind": {network, "10.1.2.3:4", "Forwarded", false},
		"a page of another site":               {network, "10.1.2.3:4", "Origin", false},
		"a page that claims to be ours":        {network, "10.1.2.3:4", "Sec-Fetch-Site", false},
		"a browser":                            {network, "10.1.2.3:4", "Cookie", false},
		"for somebody":                         {network, "10.1.2.3:4", "X-Act-As", false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/v1/data/x", nil)
		r.RemoteAddr = tt.from
		if tt.header != "" {
			r.Header.Set(tt.header, "10.1.2.3")
		}
		actor, err := opaDoor{nobodyKnown{}, tt.clients}.Authenticate(t.Context(), r)
		if (err == nil) != tt.let || actor.IsZero() == tt.let {
			t.Errorf("%s: %v, %v; want let in: %v", name, actor, err, tt.let)
		}
		if tt.let && (actor.InScope(tenancy.ActionStoreBackup) || actor.InScope(tenancy.ActionMemberRemove)) {
			t.Errorf("%s: may do more than ask: %v", name, actor.Scopes)
		}
	}
}

// The running program answers OPA's paths, also below those of the native API,
// and lets the named network ask of what is named and of nothing else.
func TestOPAsDataAPIOfTheRunningProgram(t *testing.T) {
	for _, tt := range []struct {
		name               string
		set                func(*config.Serve)
		method, path, body string
		status             int
		want               string
	}{
		{"with no network", nil, "POST", "/v1/data/access/allow", `{"input":{}}`, 401, `{"code":"unauthorized"`},
		{"from the network", loopback, "POST", "/v1/data/access/allow", `{"input":{}}`, 200, `"result":false`},
		{"from the network, another API", loopback, "GET", "/v1/tenants", "", 401, `"code":"unauthenticated"`},
		{"from the network, the policies", loopback, "GET", "/opa/v1/policies", "", 403, `{"code":"unauthorized"`},
		{"a write", loopback, "PUT", "/v1/data/roles", "{}", 405, `{"code":"invalid_operation"`},
		{"health", nil, "GET", "/health", "", 200, "{}"},
		{"a path of nobody's", nil, "GET", "/v1/dataset", "", 404, "not_found"},
	} {
		cfg := settings(t.TempDir())
		if tt.set != nil {
			tt.set(&cfg)
		}
		r := launch(t, cfg)
		request, err := http.NewRequestWithContext(t.Context(), tt.method, "http://"+r.at.API+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		if err := response.Write(&text); err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != tt.status || !strings.Contains(text.String(), tt.want) {
			t.Errorf("%s: %s, want %d with %s", tt.name, text.String(), tt.status, tt.want)
		}
		r.stop(t)
	}
}

func loopback(c *config.Serve) { c.OPAClients = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }
