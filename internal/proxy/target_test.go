package proxy

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/tenancy"
)

// reportOf is a well-formed report of nginx, with more headers.
func reportOf(pairs ...string) http.Header {
	return headers(append([]string{originalMethod, "GET", originalHost, "app.example", originalURI, "/a"}, pairs...)...)
}

func reportOfURL(text string) http.Header { return headers(originalMethod, "GET", originalURL, text) }

func reportOfPath(text string) http.Header {
	return headers(originalMethod, "GET", originalHost, "app.example", originalURI, text)
}

func reportOfHost(text string) http.Header {
	return headers(originalMethod, "GET", originalHost, text, originalURI, "/a")
}

func reportOfMethod(text string) http.Header {
	return headers(originalMethod, text, originalHost, "app.example", originalURI, "/a")
}

func TestReadNginx(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header http.Header
		want   string // method scheme://host path
	}{
		{"a target and a host", reportOf(), "GET ://app.example/a"},
		{"a URL", reportOfURL("https://app.example/a?b"), "GET https://app.example/a"},
		{"a URL with a port", reportOfURL("http://app.example:8000/a"), "GET http://app.example/a"},
		{"a scheme in capitals", reportOfURL("HTTPS://app.example/a"), "GET https://app.example/a"},
		{"a host in capitals", reportOfHost("APP.Example"), "GET ://app.example/a"},
		{"a host with a trailing dot and a port", reportOfHost("app.example.:443"), "GET ://app.example/a"},
		{"an IPv4 address", reportOfHost("192.0.2.1:80"), "GET ://192.0.2.1/a"},
		{"an IPv6 address", reportOfHost("[2001:DB8::1]:80"), "GET ://[2001:db8::1]/a"},
		{"another family's headers", reportOf("X-Forwarded-Uri", "/b", "X-Forwarded-Method", "PUT"), "GET ://app.example/a"},
		{"a method with a dash", reportOfMethod("M-SEARCH"), "M-SEARCH ://app.example/a"},
		{"a comma within a path", reportOfPath("/a,b"), "GET ://app.example/a,b"},
		{"a comma before a host-like word", reportOfURL("http://app.example/a,https"), "GET http://app.example/a,https"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readNginx(tt.header)
			if text := got.method + " " + got.scheme + "://" + got.host + got.Path; err != nil || text != tt.want {
				t.Errorf("readNginx(%v) = %q, %v; want %q", tt.header, text, err, tt.want)
			}
		})
	}
}

func TestReadNginxRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header http.Header
		reason Reason
	}{
		{"nothing", headers(), ReasonMissing},
		{"no method", headers(originalHost, "app.example", originalURI, "/a"), ReasonMissing},
		{"no target", headers(originalMethod, "GET", originalHost, "app.example"), ReasonMissing},
		{"no host", headers(originalMethod, "GET", originalURI, "/a"), ReasonMissing},
		{"an empty method", reportOfMethod(""), ReasonMissing},
		{"an empty target", reportOfPath(""), ReasonMissing},
		{"an empty host", reportOfHost(""), ReasonMissing},
		{"an empty URL", reportOfURL(""), ReasonMissing},
		{"two methods", reportOf(originalMethod, "GET"), ReasonRepeated},
		{"two targets", reportOf(originalURI, "/a"), ReasonRepeated},
		{"two hosts", reportOf(originalHost, "app.example"), ReasonRepeated},
		{"two URLs", headers(originalMethod, "GET", originalURL, "http://a/b", originalURL, "http://a/b"), ReasonRepeated},
		{"an empty and a full target", headers(originalMethod, "GET", originalHost, "h", originalURI, "", originalURI, "/a"), ReasonMissing},
		{"joined methods", reportOfMethod("GET, PUT"), ReasonMethod},
		{"joined targets", reportOfPath("/a, /b"), ReasonRepeated},
		{"joined targets without a blank", reportOfPath("/a,/b"), ReasonRepeated},
		{"targets joined behind a query", reportOfPath("/a?b,/c"), ReasonRepeated},
		{"joined URLs", reportOfURL("http://a/b, HTTP://a/c"), ReasonRepeated},
		{"joined URLs of two schemes", reportOfURL("http://a/b,https://a/c"), ReasonRepeated},
		{"joined hosts", reportOfHost("app.example, other.example"), ReasonHost},
		{"a URL and a target", reportOf(originalURL, "http://app.example/a"), ReasonConflict},
		{"a URL and a host", headers(originalMethod, "GET", originalURL, "http://a/b", originalHost, "a"), ReasonConflict},
		{"a URL and an empty target", headers(originalMethod, "GET", originalURL, "http://a/b", originalURI, ""), ReasonConflict},
		{"a relative URL", reportOfURL("/a"), ReasonURL},
		{"a URL without a scheme", reportOfURL("//app.example/a"), ReasonURL},
		{"another scheme", reportOfURL("ftp://app.example/a"), ReasonURL},
		{"a URL without a path", reportOfURL("http://app.example"), ReasonURL},
		{"a URL with a query for a path", reportOfURL("http://app.example?a"), ReasonURL},
		{"a URL with a fragment for a path", reportOfURL("http://app.example#/a"), ReasonURL},
		{"a URL without a host", reportOfURL("http:///a"), ReasonHost},
		{"a URL with a user", reportOfURL("http://user@app.example/a"), ReasonUserinfo},
		{"a URL with a user and a password", reportOfURL("http://app.example:80@evil.example/a"), ReasonUserinfo},
		{"a URL with a backslash", reportOfURL(`http://app.example\@evil/a`), ReasonUserinfo},
		{"a backslash in the host", reportOfURL(`http://app.example\x/a`), ReasonHost},
		{"a path in the host", reportOfHost("app.example/a"), ReasonHost},
		{"a user in the host", reportOfHost("user@app.example"), ReasonUserinfo},
		{"a space in the host", reportOfHost("app example"), ReasonHost},
		{"an escape in the host", reportOfHost("app%2eexample"), ReasonHost},
		{"an empty label", reportOfHost("app..example"), ReasonHost},
		{"only a dot", reportOfHost("."), ReasonHost},
		{"two trailing dots", reportOfHost("app.example.."), ReasonHost},
		{"no digits in the port", reportOfHost("app.example:"), ReasonHost},
		{"letters in the port", reportOfHost("app.example:http"), ReasonHost},
		{"two ports", reportOfHost("app.example:80:80"), ReasonHost},
		{"an IPv6 address without brackets", reportOfHost("2001:db8::1"), ReasonHost},
		{"an IPv4 address in brackets", reportOfHost("[192.0.2.1]"), ReasonHost},
		{"an IPv6 address with a zone", reportOfHost("[fe80::1%25eth0]"), ReasonHost},
		{"a very long host", reportOfHost(strings.Repeat("a.", 200) + "example"), ReasonHost},
		{"a method in lower case", reportOfMethod("get"), ReasonMethod},
		{"a method in mixed case", reportOfMethod("Get"), ReasonMethod},
		{"CONNECT", reportOfMethod("CONNECT"), ReasonMethod},
		{"a method that is no token", reportOfMethod("GE T"), ReasonMethod},
		{"only a dash", reportOfMethod("-"), ReasonMethod},
		{"a very long method", reportOfMethod(strings.Repeat("A", 33)), ReasonMethod},
		{"OPTIONS *", headers(originalMethod, "OPTIONS", originalHost, "app.example", originalURI, "*"), ReasonNotAPath},
		{"a target that is a URL", reportOfPath("http://app.example/a"), ReasonNotAPath},
		{"an ambiguous path", reportOfPath("/a/../b"), ReasonDotSegment},
		{"an ambiguous path in a URL", reportOfURL("http://app.example/a%2fb"), ReasonDelimiter},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := readNginx(tt.header); !errors.Is(err, tt.reason) {
				t.Errorf("readNginx(%v) = %+v, %v; want %q", tt.header, got, err, tt.reason)
			}
		})
	}
}

// headers makes a header of names and values, in order.
func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func TestMatch(t *testing.T) {
	id := "00000000-0000-4000-8000-00000000000a"
	for _, tt := range []struct {
		name, method, path string
		action             tenancy.Action // empty: no route
		tenant             string
	}{
		{"GET", "GET", "/tenants/acme/x", tenancy.ActionResourceRead, "acme"},
		{"GET covers HEAD", "HEAD", "/tenants/acme/x", tenancy.ActionResourceRead, "acme"},
		{"POST", "POST", "/tenants/acme/x", tenancy.ActionResourceWrite, "acme"},
		{"OPTIONS is no read", "OPTIONS", "/tenants/acme/x", tenancy.ActionResourceWrite, "acme"},
		{"a method nobody knows", "PURGE", "/tenants/acme/x", tenancy.ActionResourceWrite, "acme"},
		{"** matches nothing", "GET", "/tenants/acme", tenancy.ActionResourceRead, "acme"},
		{"** matches an empty last segment", "GET", "/tenants/acme/", tenancy.ActionResourceRead, "acme"},
		{"** matches many", "GET", "/tenants/acme/a/b/c/d/", tenancy.ActionResourceRead, "acme"},
		{"a tenant id", "GET", "/tenants/" + id + "/x", tenancy.ActionResourceRead, id},
		{"a tenant id in capitals", "GET", "/tenants/" + strings.ToUpper(id), tenancy.ActionResourceRead, id},
		{"an encoded slug", "GET", "/tenants/%61cme", tenancy.ActionResourceRead, "acme"},
		{"the root", "GET", "/", "", ""},
		{"no tenant", "GET", "/tenants", "", ""},
		{"an empty tenant", "GET", "/tenants/", "", ""},
		{"a literal in capitals", "GET", "/Tenants/acme", "", ""},
		{"a longer literal", "GET", "/tenantsx/acme", "", ""},
		{"elsewhere", "GET", "/x/tenants/acme", "", ""},
		{"a slug in capitals", "GET", "/tenants/Acme", "", ""},
		{"a reserved word", "GET", "/tenants/current", "", ""},
		{"no slug", "GET", "/tenants/a%20b", "", ""},
		{"the nil id", "GET", "/tenants/00000000-0000-0000-0000-000000000000", "", ""},
		{"an id without dashes", "GET", "/tenants/0000000000004000800000000000000a", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := BuiltInRoutes().Ask(tt.method, tt.path, nil)
			if (err == nil) != (tt.action != "") || got.Action != tt.action || got.Tenant != tt.tenant {
				t.Errorf("%s %s is %+v, %v; want %s in %s", tt.method, tt.path, got, err, tt.action, tt.tenant)
			}
			if err == nil && (got.Route.Template != "/tenants/{tenant}/**" || !strings.EqualFold(got.Route.Params["tenant"], tt.tenant)) {
				t.Errorf("the route is %+v", got.Route)
			}
		})
	}
}

func TestGuard(t *testing.T) {
	g := newGuard(nginx)
	for _, tt := range []struct {
		name, header, value string
		want                error
	}{
		{"an identity header is ignored", "X-Auth-Subject", "x", nil},
		{"another header", "X_Custom.Header", "x", nil},
		{"another family's", "X-Forwarded-Uri", "/x", nil},
		{"an identity header with _", "X_Auth_Subject", "x", ReasonAlias},
		{"an identity header with one _", "X-Auth_Subject", "x", ReasonAlias},
		{"an identity header with .", "X.Auth.Subject", "x", ReasonAlias},
		{"an identity header with both, in odd case", "x_AUTH.subject", "x", ReasonAlias},
		{"the decision", "X_Decision_Id", "x", ReasonAlias},
		{"a control header with _", "X_Original_Uri", "/x", ReasonAlias},
		{"a control header with .", "X-Original.Method", "GET", ReasonAlias},
		{"the list of hops with _", "X_Forwarded_For", "10.0.0.1", ReasonAlias},
		{"another family's with _", "X_Forwarded_Uri", "/x", ReasonAlias},
		{"another family's with .", "X.Forwarded.Method", "GET", ReasonAlias},
		{"the secret with _", "X_Memberward_Secret", "x", ReasonAlias},
		{"an empty alias", "X_Auth_Roles", "", ReasonAlias},
		{"Connection: close", "Connection", "close", nil},
		{"Connection names another", "Connection", "keep-alive, X-Custom", nil},
		{"Connection names an identity header", "Connection", "x-auth-subject", ReasonConnection},
		{"Connection names a control header", "Connection", "close, X-Original-Uri", ReasonConnection},
		{"Connection names another family's", "Connection", "X-Forwarded-Uri", ReasonConnection},
		{"Connection names a credential", "Connection", "close,\tAUTHORIZATION", ReasonConnection},
		{"Connection names a cookie", "Connection", "cookie", ReasonConnection},
		{"Connection names an alias", "Connection", "x_auth_subject", ReasonConnection},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := g.check(headers(tt.header, tt.value)); !errors.Is(err, tt.want) {
				t.Errorf("%s: %s: %v, want %v", tt.header, tt.value, err, tt.want)
			}
		})
	}
	if err := g.check(headers("Connection", "close", "Connection", "X-Auth-Level")); !errors.Is(err, ReasonConnection) {
		t.Errorf("a second Connection line: %v", err)
	}
}

func TestClient(t *testing.T) {
	trusted, err := newPeers([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")})
	if err != nil {
		t.Fatal(err)
	}
	peer := netip.MustParseAddr("10.0.0.1")
	for _, tt := range []struct {
		name  string
		lines []string
		want  string // empty: refused
	}{
		{"no list: the peer", nil, "10.0.0.1"},
		{"one hop", []string{"192.0.2.1"}, "192.0.2.1"},
		{"the right-most that is not trusted", []string{"203.0.113.9, 192.0.2.1, 10.1.1.1"}, "192.0.2.1"},
		{"what the client wrote does not count", []string{"10.0.0.5, 192.0.2.1"}, "192.0.2.1"},
		{"garbage left of the client does not count", []string{"unknown, 192.0.2.1, 10.1.1.1"}, "192.0.2.1"},
		{"several lines are one list", []string{"203.0.113.9", "192.0.2.1", "10.1.1.1"}, "192.0.2.1"},
		{"all trusted: the first", []string{"10.2.2.2, 10.1.1.1"}, "10.2.2.2"},
		{"with a port", []string{"192.0.2.1:4711"}, "192.0.2.1"},
		{"IPv6", []string{"2001:db8::1, fd00::1"}, "2001:db8::1"},
		{"IPv6 in brackets", []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"IPv6 in brackets with a port", []string{"[2001:db8::1]:4711"}, "2001:db8::1"},
		{"IPv4 written as IPv6 is trusted as itself", []string{"192.0.2.1, ::ffff:10.1.1.1"}, "192.0.2.1"},
		{"an empty list", []string{""}, ""},
		{"an empty hop", []string{"192.0.2.1, "}, ""},
		{"garbage at the right", []string{"192.0.2.1, unknown"}, ""},
		{"garbage beyond a trusted hop", []string{"unknown, 10.1.1.1"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := trusted.client(http.Header{forwardedFor: tt.lines}, peer)
			if got != tt.want || (err != nil) != (tt.want == "") {
				t.Errorf("%q: %q, %v; want %q", tt.lines, got, err, tt.want)
			}
		})
	}
	if got, err := trusted.client(http.Header{}, netip.Addr{}); got != "" || err != nil {
		t.Errorf("a unix socket and no list: %q, %v; want nothing", got, err)
	}
}
