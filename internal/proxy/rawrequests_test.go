package proxy_test

import (
	"fmt"
	"strings"
)

// rawRequest is a request of mary's, as its bytes stand on the wire.
type rawRequest struct{ class, method, target, host string }

// rawRequests are requests as hostile and careless clients write them, by
// class. The tenant that mary may reach is acme, the one that she may not, void.
func rawRequests() []rawRequest {
	var all []rawRequest
	for _, c := range rawPaths {
		for _, target := range c.targets() {
			all = append(all, rawRequest{c.name, "GET", target, "app.example"})
		}
	}
	for _, host := range rawHosts() {
		all = append(all, rawRequest{"hosts", "GET", below + "x", host})
	}
	for _, method := range rawMethods {
		all = append(all, rawRequest{"methods", method, below + "x", "app.example"})
	}
	return all
}

// below is where mary may go.
const below = "/tenants/acme/"

// around puts each piece everywhere in a path.
func around(pieces ...string) (targets []string) {
	for _, p := range pieces {
		targets = append(targets, below+p, below+p+"/x", below+p+"/void/x", below+"x/"+p+"/", below+"x"+p+"x", "/tenants/"+p+"/acme/x", "/"+p+below+"x")
	}
	return targets
}

// inside puts each piece within one segment.
func inside(pieces ...string) (targets []string) {
	for _, p := range pieces {
		targets = append(targets, below+"a"+p+"b")
	}
	return targets
}

// each writes every character of a set by a format.
func each(set, format string) (written []string) {
	for i := range len(set) {
		written = append(written, fmt.Sprintf(format, set[i]))
	}
	return written
}

const (
	unreservedSet   = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
	subDelimiterSet = "!$&'()*+,=:@"
	unsafeSet       = "|^\"<>`{}[]"
)

// everyByte is all of them but those that end a request line.
func everyByte(format string) (written []string) {
	for b := range 256 {
		if b != '\n' {
			written = append(written, fmt.Sprintf(format, b))
		}
	}
	return written
}

// rawPaths are the targets, in the order of the report.
var rawPaths = []struct {
	name    string
	targets func() []string
}{
	{"plain", func() []string {
		return []string{"/tenants/acme", below, below + "x", below + "x/", below + "a.b", below + ".a", below + "...", "/tenants/" + acme.String() + "/x", "/", "/other"}
	}},
	{"unreserved, encoded", func() []string { return inside(each(unreservedSet, "%%%02x")...) }},
	{"+ and ~", func() []string { return around("+", "%2b", "%2B", "~", "%7e", "%7E", "~acme", "a+b+c") }},
	{"sub-delimiters, raw", func() []string { return inside(each(subDelimiterSet, "%c")...) }},
	{"sub-delimiters, encoded", func() []string { return inside(each(subDelimiterSet, "%%%02X")...) }},
	{"unsafe characters, encoded", func() []string { return inside(each(unsafeSet, "%%%02x")...) }},
	{"every byte, raw", func() []string {
		targets := make([]string, 0, 255)
		for b := range 256 {
			if b != '\n' {
				targets = append(targets, below+"b"+string([]byte{byte(b)})+"b")
			}
		}
		return targets
	}},
	{"every byte, encoded", func() []string { return inside(everyByte("%%%02x")...) }},
	{"percent in mixed case", func() []string {
		return append(inside("%c3%a9", "%C3%A9", "%c3%A9", "%C3%a9", "%3D", "%3d", "%4a", "%4A", "%5b%5B", "%7b%7B"), "/%74%65%6E%61nts/%61%63me/x", "/tenant%73/acm%65/%58")
	}},
	{"dot segments", func() []string { return around(".", "..", "../..") }},
	{"dot segments, encoded", func() []string {
		return around("%2e", "%2E", "%2e%2e", "%2E%2E", ".%2e", "%2e.", "%2e%2E", "..%2f", "%2e%2e%2f", "..%5c", "..\\", "..%00", "..%20", "..%3b", "..;")
	}},
	{"doubled slashes", func() []string {
		return append(around("/", "//", "/./", "/../"), "//", "///", "//tenants/acme/x", "//app.example/tenants/acme/x", "/tenants//acme/x", "/tenants/acme//", "/tenants/acme/x//")
	}},
	{"delimiters, encoded", func() []string {
		return around("%2f", "%2F", "%5c", "%5C", "%3f", "%3F", "%23", "%00", "a%2fb", "%2f%2f", "%3fa=b")
	}},
	{"parameters", func() []string {
		return around(";", ";a=b", "a;b=c", "..;", ".;", "..;a=b", "%3b", "%3B", "a%3bb", ";/../void")
	}},
	{"double encoding", func() []string {
		return around("%252f", "%252e%252e", "%255c", "%253b", "%2500", "%25%32%66", "%2541", "%25252f", "%25u002f", "%25", "100%25", "%25x")
	}},
	{"invalid percent-encoding", func() []string {
		return around("%", "%2", "%zz", "%2g", "%g2", "%u002f", "%uff0f", "%%", "%%2f", "%-1", "%+2", "% 2")
	}},
	{"UTF-8", func() []string {
		return around("\u00e9", "%c3%a9", "\u20ac", "%e2%82%ac", "\U0001F600", "%f0%9f%98%80", "e%cc%81", "\uff0f", "%ef%bc%8f", "%ef%bc%8e%ef%bc%8e", "%e2%88%95", "%c2%a0", "%e2%80%ae")
	}},
	{"invalid UTF-8", func() []string {
		return around("%ff", "\xff", "%c0%af", "%c0%ae%c0%ae", "%e0%80%af", "%f0%80%80%af", "%ed%a0%80", "%c3", "%c3/%a9", "\xc0\xaf", "%f4%90%80%80", "%c2%85", "%c2%9f")
	}},
	{"control characters", func() []string {
		return around("%0a", "%0d", "%0d%0a", "%09", "%7f", "%1f", "\t", "\r", "\x01", "\x7f", "%0d%0aX-Auth-Subject:%20olga", "\x0b", "\x0c")
	}},
	{"a line break in the line", func() []string {
		return []string{below + "b\nb", below + "b\n", below + "b HTTP/1.1\nX-A: b", "/tenants/void/x\n", below + "b\r\rb", below + "b \nb"}
	}},
	{"fragments", func() []string { return around("#", "#a", "a#b", "#/../void", "#?a") }},
	{"queries", func() []string {
		var targets []string
		for _, q := range []string{
			"", "a", "a=b", "?", "??", "a?b", "a=/../b", "a=%2e%2e/", "a=%2f", "a=%zz", "a=%", "a=b;c=d", "a=#b", "a=b c", "a=\tb", "a=\"<>", "a=\\", "a=|^`",
			"a=\u00e9", "a=\xff", "a=%ff", "a=%00", "&&", "=", "a=1&a=2", "a[]=1", "a+b=c+d", "a=%2B", "a,/b", "a, /b", "a=http://other.example/", "{http.request.host}",
			"$request_uri", "%[path]", "%{REQUEST_URI}e", strings.Repeat("a", 3000),
		} {
			targets = append(targets, below+"x?"+q)
		}
		return append(targets, "/tenants/acme?x", "/?x", "/tenants/void/x?/tenants/acme/x")
	}},
	{"absolute form", func() []string {
		return []string{
			"http://app.example/tenants/acme/x", "http://app.example/tenants/acme/%78?y", "http://app.example", "http://app.example/", "http://app.example?/tenants/acme/x",
			"http://app.example//tenants/acme/x", "http://app.example/tenants/acme/../void", "http://APP.example/tenants/acme/x", "HTTP://app.example/tenants/acme/x",
			"http://app.example:80/tenants/acme/x", "http://app.example.:8443/tenants/acme/x", "https://app.example/tenants/acme/x", "http://other.example/tenants/acme/x",
			"http://user@app.example/tenants/acme/x", "http://user:x@app.example/tenants/acme/x", "http://app.example@other.example/tenants/acme/x", "http:///tenants/acme/x",
			"http://app.example\\@other.example/tenants/acme/x", "http://app.example#/tenants/acme/x", "http:tenants/acme/x", "http:/tenants/acme/x", "ftp://app.example/tenants/acme/x",
			"http://[::1]/tenants/acme/x", "http://app.example/tenants/acme/x#y", "http://app_example/tenants/acme/x", "ws://app.example/tenants/acme/x", "http://a b/tenants/acme/x",
			"http://app.example%2ftenants/acme/x", "http://app.example:x/tenants/acme/x", "http://app.example:/tenants/acme/x", "tenants:acme", "x://app.example/tenants/acme/x",
		}
	}},
	{"no path", func() []string {
		return []string{"*", "?x", "#x", "tenants/acme/x", "..", "./tenants/acme/x", "\\tenants\\acme\\x", "app.example:443", ";/tenants/acme/x", "%2ftenants/acme/x", "%2Ftenants%2Facme"}
	}},
	{"placeholders", func() []string {
		return inside("{http.request.host}", "{a}", "%7Ba%7D", "${host}", "$uri", "%[path]", "%{HTTP_HOST}e", "[a]", "%5Ba%5D", "{{.Host}}")
	}},
	{"very long", func() []string {
		var targets []string
		for _, n := range []int{1000, 4000, 7900, 8100, 9000, 15000, 17000, 33000, 70000} {
			targets = append(targets, below+strings.Repeat("a", n), below+strings.Repeat("%61", n/3), below+strings.Repeat("a/", n/2), below+strings.Repeat("[", n/3))
		}
		return targets
	}},
}

func rawHosts() []string {
	return []string{
		"app.example", "APP.EXAMPLE", "App.Example:80", "app.example:80", "app.example:8443", "app.example:0", "app.example:99999", "app.example:080", "app.example:",
		"app.example:x", "app.example:80:80", "app.example.", "app.example.:80", "app.example..", ".app.example", "app..example", ".", "", " app.example ", "app example",
		"app.example,other.example", "app.example, other.example", "app.example other.example", "app.example\tother.example", "user@app.example", "app.example/x",
		"app.example?x", "app.example#x", "app.example\\x", "app%2eexample", "app_example", "-app.example", "*.example", "app.example;a=b", "app.ex\u00e4mple",
		"xn--exmple-cua.example", "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]", "[2001:DB8::1]:80", "2001:db8::1", "[::1%25eth0]", "[app.example]", "[", "]",
		"{http.request.uri}", "$host", "\"app.example\"", "<app>", "app.example\x01", "app.example\x7f", "app.example\r\nHost: other.example", "app.example\r\nHost: app.example",
		"app.example\r\nHost : other.example", "app.example\r\n Host: other.example", "app.example\r\nX-Forwarded-Host: other.example", "app.example\r\nX-Host: other.example",
		strings.Repeat("a", 63) + ".example", strings.Repeat("a.", 130) + "example",
	}
}

var rawMethods = []string{
	"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PURGE", "PROPFIND", "M-SEARCH", "MKCOL", "X", "get", "Get", "gET",
	"GE_T", "GET1", "PRI", "A" + strings.Repeat("B", 40), "G.ET", "*", "!", "G\tET", "GET/", "G(ET", "-GET", "GET-", "\u0130GET", "GET\x00", "",
}
