package app

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/proxytest"
)

// The shipped configurations let a site's own pages use a cookie on whatever
// port they listen on, and nobody else's.
func TestACookieWorksFromTheSitesOwnPages(t *testing.T) {
	for _, kind := range proxytest.Kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			kind.Binary(t)
			cfg := settings(t.TempDir())
			cfg.SelfRegistration, cfg.FCGIListen = true, "127.0.0.1:0"
			r := launch(t, cfg)
			defer r.stop(t)
			cookie := olgaOfAcme(t, "http://"+r.at.API)
			at := r.at.Proxy
			if kind.FastCGI {
				at = r.at.FCGI
			}
			cookieWorks(t, kind, at, cookie)
			if log := r.stderr.String(); !strings.Contains(log, "(X-Original-Host, X-Forwarded-Host)") || strings.Contains(log, cookie) {
				t.Errorf("the log does not say what to do, or shows the cookie: %s", log)
			}
		})
	}
}

func cookieWorks(t *testing.T, kind proxytest.Kind, sidecar, cookie string) {
	t.Helper()
	site := func(faults ...string) (p *proxytest.Proxy, port string) {
		p = kind.Start(t, proxytest.Setup{Sidecar: sidecar, Application: &proxytest.Application{}, Break: faults})
		_, port, err := net.SplitHostPort(p.Addr)
		if err != nil {
			t.Fatal(err)
		}
		return p, port
	}
	post := func(p *proxytest.Proxy, host string, lines ...string) int {
		return p.Raw(t, http.MethodPost, "/tenants/acme/x", "", append(lines, "Host: "+host, "Cookie: auth_token="+cookie)...).Status
	}
	shipped, port := site()
	for _, tt := range []struct {
		name, host string
		lines      []string
		status     int
	}{
		{"its own page", "127.0.0.1:" + port, []string{"Origin: http://127.0.0.1:" + port, "Sec-Fetch-Site: same-origin"}, 200},
		{"its own page, by name", "app.example:" + port, []string{"Origin: http://app.example:" + port}, 200},
		{"no page", "127.0.0.1:" + port, nil, 200},
		{"a foreign page", "127.0.0.1:" + port, []string{"Origin: https://evil.example"}, 403},
		{"a page of another port", "127.0.0.1:" + port, []string{"Origin: http://127.0.0.1:1"}, 403},
		{"a page of the default port", "127.0.0.1:" + port, []string{"Origin: http://127.0.0.1"}, 403},
		{"a page of another scheme's port", "127.0.0.1", []string{"Origin: http://127.0.0.1:1"}, 403},
	} {
		if got := post(shipped, tt.host, tt.lines...); got != tt.status {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.status)
		}
	}
	if kind.Name != "nginx" {
		return // the client's own Host is judged, with the port that it names
	}
	if got := post(shipped, "127.0.0.1:1", "Origin: http://127.0.0.1:1"); got != 403 {
		t.Errorf("a client that claims another port: %d, want 403", got)
	}
	portless, port := site("$host:$server_port;", "$host;") // what the configuration once said; right behind somebody else's TLS
	if got := post(portless, "127.0.0.1:"+port, "Origin: http://127.0.0.1:"+port); got != 403 {
		t.Errorf("a configuration that leaves out the port passes: %d", got)
	}
	if got := post(portless, "app.example", "Origin: https://app.example"); got != 200 {
		t.Errorf("behind TLS of somebody else: %d, want 200", got)
	}
}

// olgaOfAcme registers olga, makes her tenant acme, and gives her token.
func olgaOfAcme(t *testing.T, api string) string {
	t.Helper()
	if status, body := call(t, "POST", api+"/api/v1/auth/register", `{"email":"olga@example.com","password":"olga's password"}`); status != http.StatusCreated {
		t.Fatalf("register: %d %s", status, body)
	}
	_, body := call(t, "POST", api+"/v1/tokens", `{"email":"olga@example.com","password":"olga's password"}`)
	var token struct {
		Text string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(body), &token); err != nil {
		t.Fatalf("sign in: %s", body)
	}
	status, body := call(t, "POST", api+"/v1/tenants", `{"name":"Acme"}`, "Authorization", "Bearer "+token.Text)
	if status != http.StatusCreated {
		t.Fatalf("make a tenant: %d %s", status, body)
	}
	return token.Text
}
