package app

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/memberward/memberward/internal/config"
)

// maryWrites is a store in which mary holds two roles of acme, one of them
// with a name that no header carries.
const maryWrites = `
users: [{id: 0190aaaa-0000-7000-8000-000000000001, email: olga@example.com}, {id: 0190aaaa-0000-7000-8000-000000000002, email: mary@example.com, password: marys long password}]
tenants: [{id: 0190bbbb-0000-7000-8000-000000000001, slug: acme, name: Acme, owner: olga@example.com}]
roles:
  - {id: 0190cccc-0000-7000-8000-000000000001, tenant: acme, name: two words, actions: [app.manage]}
  - {id: 0190cccc-0000-7000-8000-000000000002, tenant: acme, name: editor, actions: [resource.write]}
memberships: [{tenant: acme, user: mary@example.com, level: member, roles: [two words, editor]}]
keys:
  - {user: mary@example.com, key: marys-key-that-is-long-enough-for-anybody}
  - {user: mary@example.com, key: marys-key-for-acme-and-nothing-else--, tenant: acme}
`

const (
	marysKey    = "marys-key-that-is-long-enough-for-anybody"
	boundKey    = "marys-key-for-acme-and-nothing-else--" // to acme
	platformKey = "the-platforms-key-that-is-long-enough"
)

// launchFor starts a server with people. Its platform key is platformKey.
func launchFor(t *testing.T, people string, change func(*config.Serve)) *running {
	t.Helper()
	cfg := settings(t.TempDir())
	cfg.Bootstrap = filepath.Join(t.TempDir(), "people.yaml")
	putFile(t, cfg.Bootstrap, people)
	cfg.BootstrapKey = platformKey
	change(&cfg)
	r := launch(t, cfg)
	t.Cleanup(func() { r.stop(t) })
	return r
}

// passed asks whether somebody may read what lies at a path, as nginx would.
func passed(t *testing.T, client *http.Client, sidecar, path string, pairs ...string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+sidecar+"/authz/nginx", nil)
	if err != nil {
		t.Fatal(err)
	}
	pairs = append(pairs, "X-Original-Method", "GET", "X-Original-Host", "app.example", "X-Original-Uri", path)
	for i := 0; i < len(pairs); i += 2 {
		request.Header.Set(pairs[i], pairs[i+1])
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response
}

// TestAssertionsOfTheRunningProgram: what an application gets, it can verify
// by what the API listener shows, and nobody gets in with it.
func TestAssertionsOfTheRunningProgram(t *testing.T) {
	folder := t.TempDir()
	table := filepath.Join(folder, "routes.yaml")
	putFile(t, table, "routes:\n- {path: /public, public: true}\n- {path: \"/tenants/{tenant}/**\", methods: {GET: resource.read}, tenant: \"{tenant}\"}\n")
	r := launchFor(t, maryWrites, func(c *config.Serve) {
		c.Assertion = config.Assertion{Enabled: true, Audience: "https://app.example", TTL: 30 * time.Second}
		c.PublicURL, c.Routes = "https://members.example", table
	})
	response := passed(t, http.DefaultClient, r.at.Proxy, "/tenants/acme/x", "X-Api-Key", marysKey)
	if response.StatusCode != http.StatusOK || response.Header.Get("X-Auth-Roles") != "0190cccc-0000-7000-8000-000000000001,editor" {
		t.Fatalf("%d %v", response.StatusCode, response.Header)
	}
	text := response.Header.Get("X-Auth-Assertion")
	claims := verified(t, r, text)
	for name, want := range map[string]any{
		"iss": "https://members.example", "aud": "https://app.example", "sub": "0190aaaa-0000-7000-8000-000000000002",
		"tenant": "0190bbbb-0000-7000-8000-000000000001", "level": "member", "jti": response.Header.Get("X-Decision-Id"), "authenticated": true,
	} {
		if claims[name] != want {
			t.Errorf("%s is %v, want %v", name, claims[name], want)
		}
	}
	if lives := claims["exp"].(float64) - claims["iat"].(float64); lives != 30 {
		t.Errorf("good for %v seconds", lives)
	}
	if roles, err := json.Marshal(claims["roles"]); err != nil || string(roles) != `["0190cccc-0000-7000-8000-000000000001","editor"]` {
		t.Errorf("the roles are %s, %v", roles, err)
	}

	for who, want := range map[string]struct{ path, key, subject, roles string }{
		"nobody":       {"/public", "", "anonymous", "[]"},
		"the platform": {"/tenants/acme/x", platformKey, "platform", "[]"},
	} {
		response := passed(t, http.DefaultClient, r.at.Proxy, want.path, "X-Api-Key", want.key)
		claims := verified(t, r, response.Header.Get("X-Auth-Assertion"))
		if roles, _ := json.Marshal(claims["roles"]); claims["sub"] != want.subject || claims["level"] != "none" || string(roles) != want.roles {
			t.Errorf("%s: %v", who, claims)
		}
	}

	for _, pairs := range [][]string{{"Authorization", "Bearer " + text}, {"X-Api-Key", text}} {
		if status, body := call(t, "GET", "http://"+r.at.API+"/v1/tenants/acme", "", pairs...); status != http.StatusUnauthorized {
			t.Errorf("%s lets somebody in: %d %s", pairs[0], status, body)
		}
		if got := passed(t, http.DefaultClient, r.at.Proxy, "/tenants/acme/x", pairs...); got.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s lets somebody pass: %d", pairs[0], got.StatusCode)
		}
	}
	denied := passed(t, http.DefaultClient, r.at.Proxy, "/tenants/void/x", "X-Api-Key", marysKey)
	if _, says := denied.Header["X-Auth-Assertion"]; denied.StatusCode != http.StatusForbidden || says {
		t.Errorf("a denial: %d %v", denied.StatusCode, denied.Header)
	}
	if logged := r.stderr.String(); strings.Contains(logged, text) || strings.Contains(logged, marysKey) || strings.Contains(logged, "mary@") {
		t.Errorf("the log holds what it should not:\n%s", logged)
	}
}

// verified gives the claims of an assertion, by the keys that are shown.
func verified(t *testing.T, r *running, text string) map[string]any {
	t.Helper()
	response, err := http.Get("http://" + r.at.API + "/.well-known/jwks.json")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || response.Header.Get("Cache-Control") != "public, max-age=300" {
		t.Fatalf("%d %v: %s, %v", response.StatusCode, response.Header, data, err)
	}
	set, err := jwk.Parse(data)
	if err != nil || set.Len() == 0 || strings.Contains(string(data), `"d"`) {
		t.Fatalf("the keys are %s, %v", data, err)
	}
	payload, err := jws.Verify([]byte(text), jws.WithKeySet(set))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// TestPresetsAndSocketsOfTheRunningProgram: every listener that a proxy asks
// may be a socket, a preset names the caller in other words, and each check is
// counted by its protocol.
func TestPresetsAndSocketsOfTheRunningProgram(t *testing.T) {
	folder := t.TempDir()
	r := launchFor(t, maryWrites, func(c *config.Serve) {
		c.HeaderPreset = "remote-user"
		c.ProxyListen, c.GRPCListen, c.FCGIListen = "unix:"+filepath.Join(folder, "p"), "unix:"+filepath.Join(folder, "g"), "unix:"+filepath.Join(folder, "f")
	})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
		return net.Dial("unix", filepath.Join(folder, "p"))
	}}}
	response := passed(t, client, "memberward", "/tenants/acme/x", "X-Api-Key", marysKey)
	if response.StatusCode != http.StatusOK || response.Header.Get("Remote-User") != response.Header.Get("X-Auth-Subject") ||
		response.Header.Get("Remote-Groups") != response.Header.Get("X-Auth-Roles") || response.Header.Get("Remote-User") == "" {
		t.Errorf("over a socket: %d %v", response.StatusCode, response.Header)
	}
	if got := passed(t, client, "memberward", "/tenants/acme/x", "X-Api-Key", marysKey, "Remote-Email", "olga@example.com"); got.StatusCode != http.StatusForbidden {
		t.Errorf("somebody else's address: %d", got.StatusCode)
	}
	connection, err := grpc.NewClient(r.at.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	verdict, err := authv3.NewAuthorizationClient(connection).Check(t.Context(), envoyAsks("GET", "/tenants/acme/x", marysKey))
	if err != nil || verdict.GetOkResponse() == nil {
		t.Errorf("gRPC over a socket: %v, %v", verdict, err)
	}
	wire := "\x01\x01\x00\x01\x00\x08\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x01\x04\x00\x01\x00\x00\x00\x00" // an authorizer, and no parameters
	conn, err := net.Dial("unix", strings.TrimPrefix(r.at.FCGI, "unix:"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, wire); err != nil {
		t.Fatal(err)
	}
	if answer, err := io.ReadAll(conn); err != nil || !strings.Contains(string(answer), "Status: 403\r\n") {
		t.Errorf("FastCGI over a socket: %q, %v", answer, err)
	}
	if !strings.Contains(r.stderr.String(), " fcgi=unix:") {
		t.Error("the log does not name the listener for Apache")
	}
	counted := metricsOf(t, r)
	for _, want := range []string{
		`memberward_proxy_checks_total{protocol="nginx",status="200"} 1`, `memberward_proxy_checks_total{protocol="nginx",status="403"} 1`,
		`memberward_proxy_checks_total{protocol="grpc",status="200"} 1`, `memberward_proxy_checks_total{protocol="fcgi",status="403"} 1`,
		`memberward_requests_total{dialect="proxy",listener="fcgi",status="403"} 1`, `memberward_requests_total{dialect="proxy",listener="proxy",status="200"} 1`,
		`memberward_decisions_total{action="resource.read",code="",kind="check",verdict="allow"} 2`,
	} {
		if !strings.Contains(counted, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}
