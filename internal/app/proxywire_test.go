package app

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestTheProxyListenerOnTheWire sends to the running program what proxies,
// their clients and others put on a connection: the limits and the care for
// bodies that internal/proxy tests by itself hold here, too.
func TestTheProxyListenerOnTheWire(t *testing.T) {
	cfg := settings(t.TempDir())
	cfg.SelfRegistration = true
	r := launch(t, cfg)
	defer r.stop(t)
	olga := "Authorization: Bearer " + olgaOfAcme(t, "http://"+r.at.API)
	check := func(first string, more ...string) string {
		return first + "\r\nX-Original-Method: GET\r\nX-Original-Host: app.example\r\nX-Original-Uri: /tenants/acme/x\r\n" + strings.Join(append(more, olga), "\r\n") + "\r\n\r\n"
	}
	const get, post = "GET /authz/nginx HTTP/1.1\r\nHost: m", "POST /authz/nginx HTTP/1.1\r\nHost: m"
	for _, tt := range []struct {
		name, wire string
		statuses   []int // of the answers, in order
		closed     bool  // after them
	}{
		{"checks one after another", strings.Repeat(check(get), 3), []int{200, 200, 200}, false},
		{"one without a credential", strings.Replace(check(get), olga, "X-None: 1", 1) + check(get), []int{401, 200}, false},
		{"a body that is announced and not sent", check(post, "Content-Length: 10"), []int{200}, true},
		{"a request for a body", check(post, "Content-Length: 10") + check(get), []int{200}, true},
		{"a body that waits to be asked for", check(post, "Content-Length: 10", "Expect: 100-continue"), []int{200}, true},
		{"a chunked body that does not end", check(post, "Transfer-Encoding: chunked") + "3\r\nabc\r\n", []int{200}, true},
		{"an upgrade", check(get, "Connection: Upgrade", "Upgrade: websocket") + check(get), []int{200, 200}, false},
		{"h2c", check(get, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk") + check(get), []int{200, 200}, false},
		{"conditions and ranges", check(get, "If-None-Match: *", "If-Modified-Since: Sat, 21 Nov 2099 21:53:30 GMT", "Range: bytes=0-0") + check(get), []int{200, 200}, false},
		{"a head of 60 KiB", check(get, "X-Long: "+strings.Repeat("x", 60<<10)) + check(get), []int{200, 200}, false},
		{"a head of 80 KiB", check(get, "X-Long: "+strings.Repeat("x", 80<<10)), []int{403}, true},
		{"HTTP/1.0", check("GET /authz/nginx HTTP/1.0"), []int{200}, true},
		{"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []int{403}, true},
		{"HTTP/2 in words", check("GET /authz/nginx HTTP/2.0\r\nHost: m"), []int{403}, true},
		{"OPTIONS *", check("OPTIONS * HTTP/1.1\r\nHost: m") + check(get), []int{404, 200}, false},
		{"the absolute form", check("GET http://m/authz/nginx HTTP/1.1\r\nHost: m") + check(get), []int{403}, true},
		{"two hosts", check(get, "Host: other"), []int{403}, true},
		{"two control headers", check(get, "x-original-uri: /tenants/acme/x") + check(get), []int{403, 200}, false},
		{"a method in odd case", check("gEt /authz/nginx HTTP/1.1\r\nHost: m") + check(get), []int{200, 200}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", r.at.Proxy)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			go func() { _, _ = io.WriteString(conn, tt.wire) }()
			method, _, _ := strings.Cut(tt.wire, " ")
			if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			reader := bufio.NewReader(conn)
			for i, want := range tt.statuses {
				response, err := http.ReadResponse(reader, &http.Request{Method: method})
				if err != nil {
					t.Fatalf("answer %d: %v, want %d", i, err, want)
				}
				_, _ = io.Copy(io.Discard, response.Body)
				if response.StatusCode != want {
					t.Fatalf("answer %d: %d, want %d", i, response.StatusCode, want)
				}
			}
			if !tt.closed {
				return
			}
			if again, err := http.ReadResponse(reader, nil); err == nil {
				t.Errorf("another answer: %+v", again)
			} else if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
				t.Error("the connection stays open")
			}
		})
	}
}
