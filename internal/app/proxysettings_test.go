package app

import (
	"errors"
	"net/http"
	"net/netip"
	"testing"

	"github.com/memberward/memberward/internal/config"
)

// TestTheConfigurationReachesTheProxyChecks asks a running program, with and
// without each setting.
func TestTheConfigurationReachesTheProxyChecks(t *testing.T) {
	const secret = "a-secret-that-all-proxies-show-us-here"
	browser := map[string]string{"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
	preflight := map[string]string{
		"X-Forwarded-Method": "OPTIONS", "Origin": "https://else.example", "Access-Control-Request-Method": "GET",
	}
	rows := []struct {
		name      string
		set       func(*config.Serve)
		header    map[string]string
		status    int // with the setting
		otherwise int
	}{
		{"proxy_secret", func(c *config.Serve) { c.ProxySecret = secret }, nil, 403, 401},
		{"proxy_secret, shown", func(c *config.Serve) { c.ProxySecret = secret }, map[string]string{"X-Memberward-Secret": secret}, 401, 401},
		{"trusted_peers", func(c *config.Serve) { c.TrustedPeers = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} }, nil, 403, 401},
		{"login_url", func(c *config.Serve) {
			c.LoginURL, c.RedirectHosts = "https://login.example/in", []string{"app.example"}
		}, browser, 302, 401},
		{"cors_preflight", func(c *config.Serve) { c.CORSPreflight = "allow" }, preflight, 200, 401},
	}
	plain := launch(t, settings(t.TempDir()))
	defer plain.stop(t)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			cfg := settings(t.TempDir())
			row.set(&cfg)
			set := launch(t, cfg)
			defer set.stop(t)
			if got := forward(t, set.at.Proxy, row.header); got != row.status {
				t.Errorf("with it: %d, want %d", got, row.status)
			}
			if got := forward(t, plain.at.Proxy, row.header); got != row.otherwise {
				t.Errorf("without it: %d, want %d", got, row.otherwise)
			}
		})
	}
}

// forward asks whether nobody may read a tenant.
func forward(t *testing.T, sidecar string, header map[string]string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+sidecar+"/authz/forward", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"X-Forwarded-Method": "GET", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "app.example",
		"X-Forwarded-Uri": "/tenants/acme/x", "X-Forwarded-For": "192.0.2.7",
	} {
		req.Header.Set(name, value)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// TestProxySettingsAreCheckedBeforeTheStoreIsMade: a sign-in page that proxies
// could not be sent to refuses the start, as every other setting does.
func TestProxySettingsAreCheckedBeforeTheStoreIsMade(t *testing.T) {
	cfg := settings(t.TempDir())
	cfg.LoginURL, cfg.RedirectHosts = "https://login.example/in?return_to=x", []string{"app.example"}
	err := Serve(t.Context(), Options{Config: cfg, Environment: config.Environment{}, Stderr: &outlet{}})
	if !errors.As(err, new(*config.Invalid)) {
		t.Errorf("Serve = %v; want the configuration refused", err)
	}
}
