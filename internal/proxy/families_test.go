package proxy_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/proxy"
)

// proxied is a request that a proxy asks about.
type proxied struct{ method, host, target string }

// family is one way of asking, with the headers that it asks by.
type family struct {
	name    string
	control map[string]string // header to what it says of page
	ask     func(t *testing.T, h *proxy.Handler, o proxied, lines ...string) (status int)
}

// page is where mary may go.
var page = proxied{"GET", "app.example", "/tenants/acme/x"}

// families are those that are served.
var families = []family{
	{"nginx", map[string]string{"X-Original-Method": "GET", "X-Original-Host": "app.example", "X-Original-Uri": "/tenants/acme/x"}, byHeaders("/authz/nginx", func(o proxied) map[string]string {
		return map[string]string{"X-Original-Method": o.method, "X-Original-Host": o.host, "X-Original-Uri": o.target}
	})},
	{"ingress-nginx", map[string]string{"X-Original-Method": "GET", "X-Original-Url": "https://app.example/tenants/acme/x"}, byHeaders("/authz/nginx", func(o proxied) map[string]string {
		return map[string]string{"X-Original-Method": o.method, "X-Original-Url": "https://" + o.host + o.target}
	})},
	{"forward", forwardedControl, byHeaders("/authz/forward", forwardedOf)},
	{"haproxy", forwardedControl, byHeaders("/authz/haproxy", forwardedOf)},
	{"envoy", nil, func(t *testing.T, h *proxy.Handler, o proxied, lines ...string) int {
		r := overHTTP(o.method, "/authz/envoy"+o.target, lines...)
		r.Host = o.host
		return serve(h, r).StatusCode
	}},
	{"apache", nil, func(t *testing.T, h *proxy.Handler, o proxied, lines ...string) int {
		all := pair("REQUEST_METHOD", o.method) + pair("REQUEST_SCHEME", "http") + pair("HTTP_HOST", o.host) + pair("REQUEST_URI", o.target) + pair("REMOTE_ADDR", "192.0.2.1")
		for _, line := range lines {
			name, value, _ := strings.Cut(line, ": ")
			all += pair("HTTP_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_")), value)
		}
		_, text, _ := strings.Cut(authorizer(t, h, fcgi(1, 1, begin)+fcgi(4, 1, all)+fcgi(4, 1, "")), "Status: ")
		status, _ := strconv.Atoi(text[:min(3, len(text))])
		return status
	}},
}

var forwardedControl = map[string]string{"X-Forwarded-Method": "GET", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "app.example", "X-Forwarded-Uri": "/tenants/acme/x"}

func forwardedOf(o proxied) map[string]string {
	return map[string]string{"X-Forwarded-Method": o.method, "X-Forwarded-Proto": "https", "X-Forwarded-Host": o.host, "X-Forwarded-Uri": o.target}
}

// byHeaders asks by headers. A line takes the place of a header of the same
// name when it begins with "=", removes it when it begins with "-", and is
// added otherwise.
func byHeaders(endpoint string, control func(proxied) map[string]string) func(*testing.T, *proxy.Handler, proxied, ...string) int {
	return func(_ *testing.T, h *proxy.Handler, o proxied, lines ...string) int {
		r := httptest.NewRequest(http.MethodGet, endpoint, nil)
		r.RemoteAddr = "127.0.0.1:4711"
		for name, value := range control(o) {
			r.Header[name] = []string{value}
		}
		for _, line := range lines {
			name, value, _ := strings.Cut(line, ": ")
			switch name[0] {
			case '-':
				delete(r.Header, name[1:])
			case '=':
				r.Header[name[1:]] = []string{value}
			default:
				r.Header.Add(name, value)
			}
		}
		return serve(h, r).StatusCode
	}
}
