package proxy

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

// forwardedReport is a well-formed report of a forward proxy. Pairs of name
// and value replace a header, or add one that is there already as the second.
func forwardedReport(pairs ...string) http.Header {
	h := headers(forwardedMethod, "GET", forwardedProto, "https", forwardedHost, "app.example", forwardedURI, "/a")
	for i := 0; i < len(pairs); i += 2 {
		h[pairs[i]] = []string{pairs[i+1]}
	}
	return h
}

func TestReadForward(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header http.Header
		want   string // method scheme://host:port path?query
	}{
		{"a request", forwardedReport(), "GET https://app.example: /a?"},
		{"http", forwardedReport(forwardedProto, "http"), "GET http://app.example: /a?"},
		{"a query", forwardedReport(forwardedURI, "/a?b=/../c?d"), "GET https://app.example: /a?b=/../c?d"},
		{"an encoded path", forwardedReport(forwardedURI, "/%61/%c3%a9"), "GET https://app.example: /a/%C3%A9?"},
		{"a host in capitals, with dot and port", forwardedReport(forwardedHost, "APP.example.:8443"), "GET https://app.example:8443 /a?"},
		{"an IPv6 address", forwardedReport(forwardedHost, "[2001:DB8::1]:80"), "GET https://[2001:db8::1]:80 /a?"},
		{"another method", forwardedReport(forwardedMethod, "M-SEARCH"), "M-SEARCH https://app.example: /a?"},
		{"a comma within a path", forwardedReport(forwardedURI, "/a,b"), "GET https://app.example: /a,b?"},
		{"another family's headers", forwardedReport(originalURI, "/b", originalMethod, "PUT", originalURL, "https://b/c"), "GET https://app.example: /a?"},
		{"headers beside ours", forwardedReport("X-Forwarded-Port", "1", "X-Forwarded-Prefix", "/b", "Forwarded", "host=b"), "GET https://app.example: /a?"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readForward(tt.header)
			if text := got.method + " " + got.scheme + "://" + got.host + ":" + got.port + " " + got.Path + "?" + got.Query; err != nil || text != tt.want {
				t.Errorf("readForward(%v) = %q, %v; want %q", tt.header, text, err, tt.want)
			}
		})
	}
}

func TestReadForwardRefuses(t *testing.T) {
	all := []string{forwardedMethod, forwardedProto, forwardedHost, forwardedURI}
	for _, name := range all {
		missing, empty, doubled, differing := forwardedReport(), forwardedReport(name, ""), forwardedReport(), forwardedReport()
		delete(missing, name)
		doubled[name] = append(doubled[name], doubled[name]...)
		differing[name] = append(differing[name], "x")
		for what, row := range map[string]struct {
			header http.Header
			reason Reason
		}{
			"missing": {missing, ReasonMissing}, "empty": {empty, ReasonMissing},
			"doubled": {doubled, ReasonRepeated}, "there twice": {differing, ReasonRepeated},
		} {
			if got, err := readForward(row.header); !errors.Is(err, row.reason) || got.method != "" {
				t.Errorf("%s is %s: %+v, %v; want %v", name, what, got, err, row.reason)
			}
		}
		joint := forwardedReport()
		joint[name] = []string{joint[name][0] + ", " + joint[name][0]}
		if _, err := readForward(joint); err == nil {
			t.Errorf("%s joined by a comma: accepted", name)
		}
	}
	for _, tt := range []struct {
		name   string
		header http.Header
		reason Reason
	}{
		{"targets joined by a comma", forwardedReport(forwardedURI, "/a,/b"), ReasonRepeated},
		{"a URL for a target", forwardedReport(forwardedURI, "https://app.example/a"), ReasonNotAPath},
		{"an asterisk", forwardedReport(forwardedMethod, "OPTIONS", forwardedURI, "*"), ReasonNotAPath},
		{"dot segments", forwardedReport(forwardedURI, "/a/../b"), ReasonDotSegment},
		{"an encoded slash", forwardedReport(forwardedURI, "/a%2fb"), ReasonDelimiter},
		{"two slashes", forwardedReport(forwardedURI, "//evil.example/a"), ReasonEmptySegment},
		{"a WebSocket's scheme", forwardedReport(forwardedProto, "wss"), ReasonScheme},
		{"a scheme in capitals", forwardedReport(forwardedProto, "HTTPS"), ReasonScheme},
		{"a scheme with a colon", forwardedReport(forwardedProto, "https:"), ReasonScheme},
		{"a script for a scheme", forwardedReport(forwardedProto, "javascript"), ReasonScheme},
		{"a user in the host", forwardedReport(forwardedHost, "app.example@evil.example"), ReasonUserinfo},
		{"a path in the host", forwardedReport(forwardedHost, "evil.example/app.example"), ReasonHost},
		{"a backslash in the host", forwardedReport(forwardedHost, `evil.example\app.example`), ReasonHost},
		{"a question mark in the host", forwardedReport(forwardedHost, "evil.example?app.example"), ReasonHost},
		{"a blank in the host", forwardedReport(forwardedHost, "evil.example app.example"), ReasonHost},
		{"a port that is none", forwardedReport(forwardedHost, "app.example:https"), ReasonHost},
		{"a method in small letters", forwardedReport(forwardedMethod, "get"), ReasonMethod},
		{"CONNECT", forwardedReport(forwardedMethod, "CONNECT"), ReasonMethod},
		{"a huge method", forwardedReport(forwardedMethod, strings.Repeat("A", 1<<16)), ReasonMethod},
		{"a huge target", forwardedReport(forwardedURI, "/"+strings.Repeat("a", 1<<16)), ReasonTooLong},
		{"a huge host", forwardedReport(forwardedHost, strings.Repeat("a", 1<<16)), ReasonHost},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := readForward(tt.header); !errors.Is(err, tt.reason) {
				t.Errorf("%+v, %v; want %v", got, err, tt.reason)
			}
		})
	}
}
