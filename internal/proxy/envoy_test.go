package proxy_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/proxy"
)

// overHTTP is a check as Envoy's HTTP service sends it: the original target
// below the prefix, the original method and Host.
func overHTTP(method, target string, lines ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Method, r.RequestURI, r.Host, r.RemoteAddr = method, target, "app.example", "127.0.0.1:4711"
	r.Header.Set("X-Forwarded-Proto", "https")
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return r
}

func TestEnvoyOverHTTP(t *testing.T) {
	h := newWorld().handler(t, proxy.Options{})
	for name, tt := range map[string]struct {
		request *http.Request
		status  int
	}{
		"a member":                        {overHTTP("GET", "/authz/envoy/tenants/acme/x", asMary), 200},
		"a member, with a query":          {overHTTP("GET", "/authz/envoy/tenants/acme/x?a=/../b", asMary), 200},
		"a viewer who writes":             {overHTTP("DELETE", "/authz/envoy/tenants/acme/x", asVera), 403},
		"nobody":                          {overHTTP("GET", "/authz/envoy/tenants/acme/x"), 401},
		"a stranger":                      {overHTTP("GET", "/authz/envoy/tenants/acme/x", asNina), 403},
		"an unknown tenant":               {overHTTP("GET", "/authz/envoy/tenants/void/x", asMary), 403},
		"no target":                       {overHTTP("GET", "/authz/envoy", asMary), 403},
		"a query and no target":           {overHTTP("GET", "/authz/envoy?/tenants/acme/x", asMary), 403},
		"the root":                        {overHTTP("GET", "/authz/envoy/", asMary), 403},
		"a dot segment":                   {overHTTP("GET", "/authz/envoy/tenants/acme/../void", asMary), 403},
		"two slashes":                     {overHTTP("GET", "/authz/envoy//tenants/acme/x", asMary), 403},
		"another path":                    {overHTTP("GET", "/authz/envoyx/tenants/acme/x", asMary), 404},
		"the prefix in another form":      {overHTTP("GET", "/authz/%65nvoy/tenants/acme/x", asMary), 404},
		"two schemes":                     {overHTTP("GET", "/authz/envoy/tenants/acme/x", asMary, "X-Forwarded-Proto: http"), 403},
		"no scheme of ours":               {overHTTP("GET", "/authz/envoy/tenants/acme/x", asMary, "X-Forwarded-Proto: ws"), 403},
		"CONNECT":                         {overHTTP("CONNECT", "/authz/envoy/tenants/acme/x", asMary), 403},
		"a method in lower case":          {overHTTP("get", "/authz/envoy/tenants/acme/x", asMary), 403},
		"another family's headers":        {overHTTP("GET", "/authz/envoy/tenants/acme/x", asMary, "X-Original-Uri: /x", "X-Forwarded-Uri: /x"), 200},
		"an alias of an identity header":  {overHTTP("GET", "/authz/envoy/tenants/acme/x", asMary, "X_Auth_Subject: olga"), 403},
		"a Connection header naming ours": {overHTTP("GET", "/authz/envoy/tenants/acme/x", asMary, "Connection: X-Auth-Subject"), 403},
	} {
		response := serve(h, tt.request)
		if response.StatusCode != tt.status || response.Header.Get("Content-Length") != "0" || response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v, want %d", name, response.StatusCode, response.Header, tt.status)
		}
		removes := response.Header.Get("X-Envoy-Auth-Headers-To-Remove")
		if (removes == "X-Auth-Assertion,X-Memberward-Secret") != (tt.status == 200) || (response.Header.Get("X-Auth-Subject") != "") != (tt.status == 200) {
			t.Errorf("%s: the headers are %v", name, response.Header)
		}
		if strings.Contains(response.Header.Get("Vary"), ":") {
			t.Errorf("%s: Vary names what is no header: %s", name, response.Header.Get("Vary"))
		}
	}
}

// overGRPC is a check as Envoy sends it by gRPC, changed.
func overGRPC(change func(*proxy.EnvoyCheck)) proxy.EnvoyCheck {
	name, value, _ := strings.Cut(asMary, ": ")
	asked := proxy.EnvoyCheck{
		Peer:   &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711},
		Method: "GET", Scheme: "https", Host: "app.example", Path: "/tenants/acme/x?q",
		Header: []proxy.Field{{Name: ":method", Value: "GET"}, {Name: ":path", Value: "/tenants/acme/x?q"}, {Name: strings.ToLower(name), Value: value}},
	}
	change(&asked)
	return asked
}

func TestEnvoyOverGRPC(t *testing.T) {
	secret := strings.Repeat("s", 32)
	more := func(name, value string) func(*proxy.EnvoyCheck) {
		return func(c *proxy.EnvoyCheck) { c.Header = append(c.Header, proxy.Field{Name: name, Value: value}) }
	}
	for name, tt := range map[string]struct {
		change  func(*proxy.EnvoyCheck)
		options proxy.Options
		status  int
	}{
		"a member":                       {func(*proxy.EnvoyCheck) {}, proxy.Options{}, 200},
		"no pseudo-headers":              {func(c *proxy.EnvoyCheck) { c.Header = c.Header[2:] }, proxy.Options{}, 200},
		"no credential":                  {func(c *proxy.EnvoyCheck) { c.Header = nil }, proxy.Options{}, 401},
		"nothing at all":                 {func(c *proxy.EnvoyCheck) { *c = proxy.EnvoyCheck{Peer: c.Peer} }, proxy.Options{}, 403},
		"nobody knows from where":        {func(c *proxy.EnvoyCheck) { c.Peer = nil }, proxy.Options{}, 403},
		"a peer that is not trusted":     {func(c *proxy.EnvoyCheck) { c.Peer = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1} }, proxy.Options{}, 403},
		"a unix socket":                  {func(c *proxy.EnvoyCheck) { c.Peer = &net.UnixAddr{Net: "unix"} }, proxy.Options{}, 200},
		"another path in the headers":    {more(":path", "/tenants/void"), proxy.Options{}, 403},
		"another path in the field":      {func(c *proxy.EnvoyCheck) { c.Path = "/tenants/void" }, proxy.Options{}, 403},
		"another method in the field":    {func(c *proxy.EnvoyCheck) { c.Method = "PUT" }, proxy.Options{}, 403},
		"another host in the headers":    {more(":authority", "other.example"), proxy.Options{}, 403},
		"no path":                        {func(c *proxy.EnvoyCheck) { c.Path, c.Header = "", c.Header[2:] }, proxy.Options{}, 403},
		"a dot segment":                  {func(c *proxy.EnvoyCheck) { c.Path, c.Header = "/tenants/acme/../void", c.Header[2:] }, proxy.Options{}, 403},
		"an alias of an identity header": {more("x_auth_subject", "olga"), proxy.Options{}, 403},
		"Connection names one of ours":   {more("connection", "x-auth-level"), proxy.Options{}, 403},
		"hops that are none":             {more("x-forwarded-for", "somebody"), proxy.Options{}, 403},
		"a source that is no address":    {func(c *proxy.EnvoyCheck) { c.Source = "somebody" }, proxy.Options{}, 403},
		"no secret":                      {func(*proxy.EnvoyCheck) {}, proxy.Options{Secret: secret}, 403},
		"the secret":                     {func(c *proxy.EnvoyCheck) { c.Secret = []string{secret} }, proxy.Options{Secret: secret}, 200},
		"the secret, from the client":    {more("x-memberward-secret", secret), proxy.Options{Secret: secret}, 403},
	} {
		verdict := newWorld().handler(t, tt.options).CheckEnvoy(t.Context(), overGRPC(tt.change))
		if verdict.Status != tt.status {
			t.Errorf("%s: %+v, want %d", name, verdict, tt.status)
		}
		subject := slices.ContainsFunc(verdict.Headers, func(f proxy.Field) bool { return f.Name == "X-Auth-Subject" && f.Value != "" })
		if subject != (tt.status == 200) || (len(verdict.Remove) > 0) != subject {
			t.Errorf("%s: %+v", name, verdict)
		}
	}
}

// What breaks, fails or takes too long is an explicit denial.
func TestEnvoyWhereTheCheckFails(t *testing.T) {
	w := newWorld()
	w.before = func(context.Context) error { panic("broken") }
	if verdict := w.handler(t, proxy.Options{}).CheckEnvoy(t.Context(), overGRPC(func(*proxy.EnvoyCheck) {})); verdict.Status != 403 {
		t.Errorf("a panic: %+v", verdict)
	}
	w.before = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	if verdict := w.handler(t, proxy.Options{Timeout: 1}).CheckEnvoy(t.Context(), overGRPC(func(*proxy.EnvoyCheck) {})); verdict.Status != 403 {
		t.Errorf("too late: %+v", verdict)
	}
}
