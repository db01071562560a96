package proxy_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/proxy"
	"github.com/memberward/memberward/internal/proxytest"
)

// Rows of the matrix about bodies, other protocols and the ways to Memberward.

func bodies(t *testing.T, s *site) {
	const size = 900 << 10
	head := "POST /tenants/acme/x HTTP/1.1\r\nHost: app.example\r\nConnection: close\r\n%s\r\n"
	sized := fmt.Sprintf("Content-Length: %d\r\n", size)
	body, chunks := strings.Repeat("x", size), fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", size, strings.Repeat("x", size))
	for _, tt := range []struct{ name, lines, body string }{
		{"sized", sized, body},
		{"chunked", "Transfer-Encoding: chunked\r\n", chunks},
		{"sized, expected", sized + "Expect: 100-continue\r\n", body},
		{"chunked, expected", "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n", chunks},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answer := s.Send(t, "POST", fmt.Sprintf(head, tt.lines+asMary+"\r\n")+tt.body)
			if answer.Received == nil || answer.Received.Body != size {
				t.Errorf("the application did not get the body: %+v", answer)
			}
			before := s.application.Requests()
			sent := ""
			if s.FastCGI && !strings.Contains(tt.lines, "Expect") {
				sent = tt.body // Apache reads what was announced before it answers
			}
			refused := s.Send(t, "POST", fmt.Sprintf(head, tt.lines+asNina+"\r\n")+sent)
			if refused.Status != 403 || s.application.Requests() != before {
				t.Errorf("without the right, body not sent: %d", refused.Status)
			}
		})
	}
	if n := s.announced.Load(); n != 0 {
		t.Errorf("%d checks announced a body", n)
	}
}

func webSockets(t *testing.T, s *site) {
	before := s.announced.Load()
	for line, want := range map[string]int{asMary: 101, asMary + "\r\nConnection: X-Auth-Subject": 101, asNina: 403, "X-None: 1": 401} {
		conn := s.Dial(t)
		defer conn.Close()
		fmt.Fprintf(conn, "GET /tenants/acme/socket HTTP/1.1\r\nHost: app.example\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"+
			"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n\r\n", line)
		reader := bufio.NewReader(conn)
		response, err := http.ReadResponse(reader, nil)
		if err != nil || response.StatusCode != want {
			t.Fatalf("%s: %v, %v; want %d", line, response, err, want)
		}
		if want != 101 {
			continue
		}
		if got := response.Header.Get("X-Seen-Subject"); got != mary.String() {
			t.Errorf("the application saw %q", got)
		}
		fmt.Fprint(conn, "over the socket\n")
		if echoed, err := reader.ReadString('\n'); err != nil || echoed != "over the socket\n" {
			t.Errorf("echoed %q, %v", echoed, err)
		}
	}
	if n := s.announced.Load() - before; n != 0 {
		t.Errorf("%d checks asked Memberward for an upgrade", n)
	}
}

// upgraded reports whether the application was asked for another protocol
// than WebSocket: a client could go on past the proxy.
func upgraded(t testing.TB, s *site, lines ...string) bool {
	t.Helper()
	answer := s.Raw(t, "GET", "/tenants/acme/socket", "", append(lines, asMary, "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA")...)
	return answer.Status == http.StatusSwitchingProtocols && answer.Header.Get("Upgrade") != "websocket" ||
		answer.Received != nil && answer.Received.Header.Get("Upgrade") != ""
}

func otherUpgrades(t *testing.T, s *site) {
	for _, line := range []string{
		"Upgrade: h2c", "Upgrade: H2C", "Upgrade: h2c, websocket", "Upgrade: websocket, h2c", "Upgrade: h2c\r\nUpgrade: websocket",
		"Upgrade: websocket\r\nUpgrade: h2c", "Upgrade: TLS/1.0", "Upgrade: tcp", "Upgrade:", "X-None: 1",
	} {
		if upgraded(t, s, line) {
			t.Errorf("%q reached the application", line)
		}
	}
}

func unixSocket(t *testing.T, s *site) {
	path := filepath.Join(t.TempDir(), "proxy.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	server := &http.Server{Handler: w.handler(t, proxy.Options{Timeout: 10 * time.Second}), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // ends with Close below
	t.Cleanup(func() { _ = server.Close() })
	p := s.Start(t, proxytest.Setup{Sidecar: "unix:" + path, Application: &proxytest.Application{}})
	for line, want := range map[string]int{asMary: 200, asNina: 403, "X-None: 1": 401} {
		if got := p.Get(t, "/tenants/acme/x", line).Status; got != want {
			t.Errorf("%s: %d, want %d", line, got, want)
		}
	}
	if got := w.questions()[0].HTTP.ClientIP; got != "127.0.0.1" {
		t.Errorf("the client is %q", got)
	}
}

func sharedSecret(t *testing.T, s *site) {
	const secret = "a-secret-of-the-proxy"
	options := proxy.Options{Secret: secret}
	line := map[string][2]string{
		"nginx":   {`X-Memberward-Secret "";`, `X-Memberward-Secret "` + secret + `";`},
		"apache2": {"# RequestHeader set X-Memberward-Secret SECRET early", "RequestHeader set X-Memberward-Secret " + secret + " early"},
		"haproxy": {"# http-request set-header x-memberward-secret SECRET", "http-request set-header x-memberward-secret " + secret},
		"caddy":   {"# header_up X-Memberward-Secret {env.MEMBERWARD_PROXY_SECRET}", "header_up X-Memberward-Secret " + secret},
	}[s.Name]
	with, without := newSiteWith(t, s.Kind, options, line[0], line[1]), newSiteWith(t, s.Kind, options)
	for _, client := range []string{"X-None: 1", "X-Memberward-Secret: " + secret, "X-Memberward-Secret: guess"} {
		if got := without.Get(t, "/tenants/acme/x", asMary, client).Status; got != 403 {
			t.Errorf("without the proxy's secret, %s: %d, want 403", client, got)
		}
		answer := with.Get(t, "/tenants/acme/x", asMary, client)
		if answer.Status != 200 {
			t.Errorf("with the proxy's secret, %s: %d, want 200", client, answer.Status)
		}
		if answer.Received != nil && client == "X-None: 1" && answer.Received.Header.Get("X-Memberward-Secret") != "" {
			t.Error("the application gets the secret")
		}
	}
}
