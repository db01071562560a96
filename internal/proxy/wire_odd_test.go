package proxy_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/proxy"
)

// What stands on the wire to the listener beside the headers that are read:
// none of it may change an answer.

// headSize is the program's limit of a head, in bytes.
const headSize = 64 << 10

// plainAnswer is an answer without what differs from one to the next.
func plainAnswer(response *http.Response) http.Header {
	h := response.Header.Clone()
	h.Del("Date")
	h.Del("X-Decision-Id")
	h.Set(":status", response.Status)
	return h
}

// TestHeadersThatChangeNothing: conditional and range headers, upgrades and
// what else belongs to the original request.
func TestHeadersThatChangeNothing(t *testing.T) {
	for who, status := range map[string]int{asMary: 200, asNina: 403, "X-None: 1": 401} {
		conn, reader := connect(t, newWorld().handler(t, proxy.Options{Timeout: patience}))
		ask := func(more ...string) http.Header {
			t.Helper()
			if _, err := io.WriteString(conn, lines("GET", append(more, who)...)+"\r\n"); err != nil {
				t.Fatal(err)
			}
			response, err := next(conn, reader, "GET", patience)
			if err != nil || response.StatusCode != status || response.Close {
				t.Fatalf("%s, %q: %+v, %v; want %d on a connection that stays", who, more, response, err, status)
			}
			return plainAnswer(response)
		}
		want := ask()
		for _, line := range []string{
			"If-None-Match: *", `If-None-Match: "x"`, "If-Match: *", `If-Match: "x"`, "If-Modified-Since: Sat, 21 Nov 2099 21:53:30 GMT",
			"If-Unmodified-Since: Sat, 21 Nov 1999 21:53:30 GMT", "Range: bytes=0-0", "Range: bytes=5-1,x", "Range: bytes=0-0\r\nIf-Range: \"x\"", "Accept-Ranges: none",
			"Upgrade: websocket", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13",
			"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA", "Upgrade: TLS/1.0", "TE: trailers", "TE: chunked;q=0.5, gzip",
			"Connection: TE\r\nTE: trailers", "Trailer: X-Auth-Subject", "Content-Length: 0", "Expect: 100-continue", "Expect: 100-Continue\r\nContent-Length: 0", "Accept: text/html", "Accept-Encoding: gzip",
			"Cache-Control: only-if-cached", "Pragma: no-cache", "Via: 1.1 other", "Max-Forwards: 0", "X-HTTP-Method-Override: GET", "X-Method-Override: GET",
			"User-Agent: kube-probe/1.30", "Content-Type: application/json", "X-Original-URL-Scheme: ftp", "X-Rewrite-Url: /tenants/void",
		} {
			if diff := cmp.Diff(want, ask(line)); diff != "" {
				t.Errorf("%s, %q (-without +with):\n%s", who, line, diff)
			}
		}
	}
}

// TestTheFormOfTheQuestion: odd requests of a check that are HTTP, and those
// that only look like it.
func TestTheFormOfTheQuestion(t *testing.T) {
	after := func(first string) string {
		return first + "\r\nX-Original-Method: GET\r\nX-Original-Host: app.example\r\nX-Original-URI: /tenants/acme/x\r\n" + asMary + "\r\n"
	}
	fill := func(n int) string { return "X-Long: " + strings.Repeat("x", n) }
	many := strings.TrimSuffix(strings.Repeat("X-A: b\r\n", 4000), "\r\n")
	for _, tt := range []struct {
		name, wire string
		status     int // 0: none, or one that is no allow
	}{
		{"as proxies send it", lines("GET", asMary), 200},
		{"HTTP/1.0", after("GET /authz/nginx HTTP/1.0"), 200},
		{"HTTP/1.0 with a host", after("GET /authz/nginx HTTP/1.0\r\nHost: memberward"), 200},
		{"HTTP/1.0 that asks to go on", after("GET /authz/nginx HTTP/1.0\r\nConnection: keep-alive"), 200},
		{"HTTP/0.9", "GET /authz/nginx\r\n", 0},
		{"HTTP/1.2, which is like 1.1", after("GET /authz/nginx HTTP/1.2\r\nHost: memberward"), 200},
		{"HTTP/2.0 in words", after("GET /authz/nginx HTTP/2.0\r\nHost: memberward"), 0},
		{"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", 0},
		{"a preface, and headers", after("PRI * HTTP/2.0\r\nHost: memberward"), 0},
		{"the absolute form", after("GET http://memberward/authz/nginx HTTP/1.1\r\nHost: memberward"), 403},
		{"the absolute form of another host", after("GET http://other/authz/nginx HTTP/1.1\r\nHost: memberward"), 403},
		{"no path", after("GET * HTTP/1.1\r\nHost: memberward"), 404},
		{"OPTIONS *", after("OPTIONS * HTTP/1.1\r\nHost: memberward"), 404},
		{"CONNECT", after("CONNECT memberward:8081 HTTP/1.1\r\nHost: memberward:8081"), 403},
		{"the target of a client of Envoy's, not encoded", after("GET /authz/envoy/tenants/acme/%zz HTTP/1.1\r\nHost: app.example"), 403},
		{"a blank in the target of a client of Envoy's", after("GET /authz/envoy/tenants/acme/a b HTTP/1.1\r\nHost: app.example"), 403},
		{"two hosts", lines("GET", asMary, "Host: other"), 403},
		{"the same host twice", lines("GET", asMary, "Host: memberward"), 403},
		{"no host", after("GET /authz/nginx HTTP/1.1"), 403},
		{"a host that is none", after("GET /authz/nginx HTTP/1.1\r\nHost: a b"), 403},
		{"a method in odd case", lines("gEt", asMary), 200},
		{"a method of its own", lines("M-SEARCH", asMary), 200},
		{"a method that is no token", lines("G@T", asMary), 403},
		{"an original method in odd case", lines("GET", asMary, "x-original-method: get"), 403},
		{"a control header twice, in another case", lines("GET", asMary, "x-ORIGINAL-uri: /tenants/acme/x"), 403},
		{"a folded line", strings.Replace(lines("GET", asMary), "/tenants/acme/x\r\n", "/tenants/acme/x\r\n /y\r\n", 1), 403},
		{"a blank before the colon", lines("GET", asMary, "X-Auth-Subject : olga"), 403},
		{"a NUL in a value", lines("GET", asMary, "X-A: a\x00b"), 403},
		{"a NUL in a name", lines("GET", asMary, "X\x00A: b"), 403},
		{"an empty name", lines("GET", asMary, ": b"), 403},
		{"no colon", lines("GET", asMary, "X-A"), 403},
		{"a length that is none", lines("POST", asMary, "Content-Length: x"), 403},
		{"a length below zero", lines("POST", asMary, "Content-Length: -1"), 403},
		{"two lengths", lines("POST", asMary, "Content-Length: 0", "Content-Length: 3"), 403},
		{"a length with a sign", lines("POST", asMary, "Content-Length: +0"), 403},
		{"an encoding that is none", lines("POST", asMary, "Transfer-Encoding: xchunked"), 403},
		{"two encodings", lines("POST", asMary, "Transfer-Encoding: gzip, chunked"), 403},
		{"an expectation that is none", lines("POST", asMary, "Expect: 200-ok"), 403},
		{"a head of nearly 64 KiB", lines("GET", asMary, fill(headSize-1024)), 200},
		{"a head of 80 KiB", lines("GET", asMary, fill(80<<10)), 403},
		{"a head of 2 MiB", lines("GET", asMary, fill(2<<20)), 403},
		{"a target of 2 MiB", after("GET /authz/nginx?" + strings.Repeat("x", 2<<20) + " HTTP/1.1\r\nHost: memberward"), 403},
		{"many lines", lines("GET", asMary, many), 200},
		{"too many lines", lines("GET", asMary, many+"\r\n"+many+"\r\n"+many), 403},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x00", 40), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld()
			conn, reader := connect(t, w.handler(t, proxy.Options{Timeout: patience}))
			go func() { _, _ = io.WriteString(conn, tt.wire+"\r\n") }()
			method, _, _ := strings.Cut(tt.wire, " ")
			response, err := next(conn, reader, method, patience)
			switch {
			case err != nil && tt.status != 0:
				t.Fatalf("no answer: %v; want %d", err, tt.status)
			case err == nil && tt.status != 0 && response.StatusCode != tt.status, err == nil && tt.status == 0 && response.StatusCode < 400:
				t.Errorf("%d, want %d", response.StatusCode, tt.status)
			}
			if tt.status == 403 && (err != nil || response.ContentLength != 0 || response.Header.Get("Cache-Control") != "no-store" ||
				response.Header.Get("Vary") == "" || response.Header.Get("X-Decision-Id") == "" || response.Header.Get("Content-Type") != "") {
				t.Errorf("%+v is no denial", response)
			}
			if asked := len(w.questions()); (asked == 1) != (tt.status == 200) {
				t.Errorf("%d questions", asked)
			}
		})
	}
}

// TestALengthAndAnEncoding: whoever announces both may mean either, so nothing
// behind them on that connection is read as a request.
func TestALengthAndAnEncoding(t *testing.T) {
	forged := lines("GET", asOlga) + "\r\n"
	for _, tt := range []struct{ name, head, body string }{
		{"the encoding ends first", "Content-Length: 300\r\nTransfer-Encoding: chunked", "0\r\n\r\n" + forged},
		{"the length ends first", "Content-Length: 5\r\nTransfer-Encoding: chunked", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(forged), forged)},
		{"the encoding stands first", "Transfer-Encoding: chunked\r\nContent-Length: 0", "0\r\n\r\n" + forged},
		{"in odd case", "Content-Length: 300\r\nTransfer-Encoding: cHuNkEd", "0\r\n\r\n" + forged},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld()
			conn, reader := connect(t, w.handler(t, proxy.Options{Timeout: patience}))
			go func() { _, _ = io.WriteString(conn, lines("POST", asMary, tt.head)+"\r\n"+tt.body) }()
			if response, err := next(conn, reader, "POST", patience); err == nil && !response.Close {
				t.Errorf("the connection stays: %+v", response)
			}
			if again, err := next(conn, reader, "GET", patience); err == nil {
				t.Errorf("a second answer: %+v", again)
			}
			if n := len(w.questions()); n > 1 {
				t.Errorf("%d questions were asked", n)
			}
		})
	}
}

// TestPipelinedChecksAreAnsweredInOrder: each by itself.
func TestPipelinedChecksAreAnsweredInOrder(t *testing.T) {
	conn, reader := connect(t, newWorld().handler(t, proxy.Options{Timeout: patience}))
	order, want := []string{asMary, asNina, "X-None: 1", asOlga}, []int{200, 403, 401, 200}
	var wire strings.Builder
	for i := range 40 {
		wire.WriteString(lines("GET", order[i%4]) + "\r\n")
	}
	go func() { _, _ = io.WriteString(conn, wire.String()) }()
	for i := range 40 {
		response, err := next(conn, reader, "GET", patience)
		if err != nil || response.StatusCode != want[i%4] {
			t.Fatalf("check %d: %+v, %v; want %d", i, response, err, want[i%4])
		}
	}
	if _, err := next(conn, reader, "GET", 10*time.Millisecond); err == nil {
		t.Error("one answer too many")
	}
}
