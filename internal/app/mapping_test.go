package app

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/config"
	"github.com/memberward/memberward/policies"
)

// siteRule maps requests as a table with the four places of a tenant would.
const siteRule = `package routing

import rego.v2

route := {"action": "resource.read", "tenant": input.http.segments[1]} if {
	input.http.segments[0] == "path"
	input.http.method == "GET"
}

route := {"action": "resource.read", "tenant": label} if {
	input.http.path == "/host"
	[label, "example", "org"] = split(input.http.host, ".")
}

route := {"action": "resource.read", "tenant": tenant} if {
	input.http.path == "/header"
	[tenant] = input.http.headers["x-tenant"]
}

route := {"action": "resource.read", "tenant_of": "credential"} if input.http.path == "/credential"

route := {"public": true} if input.http.path == "/public"
`

// siteTable asks the same by a table.
const siteTable = `routes:
- {path: "/path/{tenant}/**", methods: {GET: resource.read}, tenant: "{tenant}"}
- {hosts: ["{tenant}.example.org"], path: /host, methods: {GET: resource.read}, tenant: "{tenant}"}
- {path: /header, methods: {GET: resource.read}, tenant: {header: X-Tenant}}
- {path: /credential, methods: {GET: resource.read}, tenant: credential}
- {path: /public, public: true}
`

// policiesWith writes the shipped policies with files of an operator's own.
func policiesWith(t *testing.T, own map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(folder, policies.Files); err != nil {
		t.Fatal(err)
	}
	for name, text := range own {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		putFile(t, filepath.Join(folder, name), text)
	}
	return folder
}

// TestTheFourPlacesOfATenant: path, label of the host, header and credential,
// by a table and by a rule. Whoever names another tenant is no member there.
func TestTheFourPlacesOfATenant(t *testing.T) {
	folder := policiesWith(t, map[string]string{"routing/route.rego": siteRule})
	for name, text := range map[string]string{"a table": siteTable, "a rule": "mapping: rego\n"} {
		t.Run(name, func(t *testing.T) {
			table := filepath.Join(t.TempDir(), "routes.yaml")
			putFile(t, table, text)
			r := launchFor(t, maryWrites, func(c *config.Serve) { c.Routes, c.Policies = table, folder })
			_, said := call(t, "POST", "http://"+r.at.API+"/v1/tokens", `{"email":"mary@example.com","password":"marys long password","tenant_id":"acme"}`)
			var token struct {
				Text string `json:"access_token"`
			}
			if err := json.Unmarshal([]byte(said), &token); err != nil || token.Text == "" {
				t.Fatalf("no token: %s, %v", said, err)
			}
			for _, tt := range []struct {
				name, host, path, key string
				more                  []string
				status                int
			}{
				{"in the path", "a.example", "/path/acme/x", marysKey, nil, 200},
				{"another in the path", "a.example", "/path/void/x", marysKey, nil, 403},
				{"nobody", "a.example", "/path/acme/x", "", nil, 401},
				{"in the host", "acme.example.org:8443", "/host", marysKey, nil, 200},
				{"another in the host", "void.example.org", "/host", marysKey, nil, 403},
				{"no label of the host", "example.org", "/host", marysKey, nil, 403},
				{"a host that is longer", "x.acme.example.org", "/host", marysKey, nil, 403},
				{"in a header", "a.example", "/header", marysKey, []string{"X-Tenant", "acme"}, 200},
				{"another in a header", "a.example", "/header", marysKey, []string{"X-Tenant", "void"}, 403},
				{"no header", "a.example", "/header", marysKey, nil, 403},
				{"of the credential", "a.example", "/credential", boundKey, nil, 200},
				{"in the claim of a token", "a.example", "/credential", "", []string{"Authorization", "Bearer " + token.Text}, 200},
				{"a token's tenant, and another path", "a.example", "/path/void/x", "", []string{"Authorization", "Bearer " + token.Text}, 403},
				{"of a credential that has none", "a.example", "/credential", marysKey, nil, 403},
				{"a bound credential elsewhere", "a.example", "/path/void/x", boundKey, nil, 403},
				{"public", "a.example", "/public", "", nil, 200},
				{"unknown", "a.example", "/x", marysKey, nil, 403},
				{"ambiguous", "a.example", "/path/acme/%2e%2e/x", marysKey, nil, 403},
			} {
				pairs := append([]string{"X-Original-Host", tt.host}, tt.more...)
				if tt.key != "" {
					pairs = append(pairs, "X-Api-Key", tt.key)
				}
				if got := passedAt(t, r.at.Proxy, tt.path, pairs); got.StatusCode != tt.status {
					t.Errorf("%s: %d, want %d", tt.name, got.StatusCode, tt.status)
				} else if tt.status == 200 && tt.path != "/public" && got.Header.Get("X-Auth-Tenant") != "0190bbbb-0000-7000-8000-000000000001" {
					t.Errorf("%s: %v", tt.name, got.Header)
				}
			}
		})
	}
}

// passedAt asks as passed does, about a host of the caller's choice.
func passedAt(t *testing.T, sidecar, path string, pairs []string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+sidecar+"/authz/nginx", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	pairs = append(pairs, "X-Original-Method", "GET", "X-Original-Uri", path)
	for i := 0; i < len(pairs); i += 2 {
		request.Header.Set(pairs[i], pairs[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response
}

// TestATableTurnsIntoARule while the program runs, and not into one that the
// policies lack.
func TestATableTurnsIntoARule(t *testing.T) {
	table := filepath.Join(t.TempDir(), "routes.yaml")
	putFile(t, table, "routes: [{path: /one, public: true}]\n")
	r := launchFor(t, maryWrites, func(c *config.Serve) {
		c.Routes, c.Policies = table, policiesWith(t, map[string]string{"routing/route.rego": siteRule})
	})
	until(t, r, "/one", 200)
	putFile(t, table, "mapping: rego\n")
	until(t, r, "/public", 200)
	until(t, r, "/one", 401)

	putFile(t, table, "routes: [{path: /one, public: true}]\n")
	without := launchFor(t, maryWrites, func(c *config.Serve) { c.Routes = table })
	putFile(t, table, "mapping: rego\n")
	await(t, without, "needs the rule data.routing.route")
	until(t, without, "/one", 200)
}

// TestAStartWithoutTheRule is refused.
func TestAStartWithoutTheRule(t *testing.T) {
	cfg := settings(t.TempDir())
	cfg.Routes = filepath.Join(t.TempDir(), "routes.yaml")
	putFile(t, cfg.Routes, "mapping: rego\n")
	if err := fails(t, cfg); !errors.As(err, new(*config.Invalid)) || !strings.Contains(err.Error(), "needs the rule data.routing.route") {
		t.Errorf("Serve = %v", err)
	}
	if _, err := os.Stat(filepath.Join(cfg.Data, addressesFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it has listened: %v", err)
	}
}
