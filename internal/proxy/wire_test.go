package proxy_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/http1"
	"github.com/memberward/memberward/internal/proxy"
)

// lines is a check as it stands on the wire, without the empty line.
func lines(method string, more ...string) string {
	return method + " /authz/nginx HTTP/1.1\r\nHost: memberward\r\nX-Original-Method: GET\r\nX-Original-Host: app.example\r\n" +
		"X-Original-URI: /tenants/acme/x\r\n" + strings.Join(append(more, ""), "\r\n")
}

// checking is the server of the checks of proxies, as the program runs it.
func checking(h *proxy.Handler, handler http.HandlerFunc) *http1.Server {
	return &http1.Server{
		Handler: handler, Refuse: http.HandlerFunc(h.Refuse), HeadLimit: headSize, HeadTimeout: patience, WriteTimeout: patience, IdleTimeout: time.Minute,
		Clock: time.Now, Log: slog.New(slog.DiscardHandler),
	}
}

// listen has a server answer on an address, until the test ends.
func listen(t testing.TB, network, at string, server *http1.Server) net.Addr {
	t.Helper()
	listener, err := net.Listen(network, at)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }() // ends with Close below
	t.Cleanup(func() { _ = server.Close() })
	return listener.Addr()
}

// anywhere is a free port.
const anywhere = "127.0.0.1:0"

// connect opens a connection to a server that runs the handler.
func connect(t testing.TB, h *proxy.Handler) (net.Conn, *bufio.Reader) {
	t.Helper()
	return dial(t, listen(t, "tcp4", anywhere, checking(h, h.ServeHTTP)).String())
}

// connectPlainly opens a connection to net/http's own server.
func connectPlainly(t testing.TB, h http.Handler) (net.Conn, *bufio.Reader) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return dial(t, server.Listener.Addr().String())
}

func dial(t testing.TB, address string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn, bufio.NewReader(conn)
}

// next reads one answer, or says why there is none.
func next(conn net.Conn, reader *bufio.Reader, method string, wait time.Duration) (*http.Response, error) {
	if err := conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return nil, err
	}
	return http.ReadResponse(reader, &http.Request{Method: method})
}

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

func TestBodiesAreLeftAlone(t *testing.T) {
	forged := lines("GET", asOlga) + "\r\n"
	for _, tt := range []struct {
		name, head, body string
		expect           string // of the head
	}{
		{"announced, never sent", "Content-Length: 10", "", ""},
		{"announced as large, never sent", "Content-Length: 1000000000", "", ""},
		{"sent in part", "Content-Length: 10", "abc", ""},
		{"sent", "Content-Length: 3", "abc", ""},
		{"large and sent", "Content-Length: 1048576", strings.Repeat("x", 1<<20), ""},
		{"another request for a body", fmt.Sprintf("Content-Length: %d", len(forged)), forged, ""},
		{"another request behind the body", "Content-Length: 3", "abc" + forged, ""},
		{"chunked, never sent", "Transfer-Encoding: chunked", "", ""},
		{"chunked, not ended", "Transfer-Encoding: chunked", "3\r\nabc\r\n", ""},
		{"chunked, with another request behind", "Transfer-Encoding: chunked", "0\r\n\r\n" + forged, ""},
		{"chunked, broken", "Transfer-Encoding: chunked", "zz\r\n" + forged, ""},
		{"expected to be asked for", "Content-Length: 10\r\nExpect: 100-continue", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			conn, reader := connect(t, w.handler(t, proxy.Options{Timeout: patience}))
			go func() { _, _ = io.WriteString(conn, lines("POST", asMary, tt.head)+"\r\n"+tt.body) }()
			response, err := next(conn, reader, "POST", patience)
			if err != nil || response.StatusCode != 200 || !response.Close {
				t.Fatalf("answer %+v, %v; want 200 that ends the connection", response, err)
			}
			if again, err := next(conn, reader, "GET", patience); err == nil {
				t.Errorf("a second answer: %+v", again)
			} else if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the connection stays open")
			}
			if n := len(w.questions()); n != 1 {
				t.Errorf("%d questions were asked", n)
			}
		})
	}
}

// reused says what is wrong with a server whose connection is used again
// after a body that was announced and not sent, as nginx may do.
func reused(t testing.TB, conn net.Conn, reader *bufio.Reader, wait time.Duration) string {
	t.Helper()
	first := lines("POST", asMary, "Content-Length: 60")
	if _, err := io.WriteString(conn, first+"\r\n"); err != nil {
		t.Fatal(err)
	}
	response, err := next(conn, reader, "POST", wait)
	if err != nil {
		return "no answer"
	}
	if response.Close {
		return ""
	}
	if _, err := io.WriteString(conn, lines("GET", asVera)+"\r\n"); err != nil {
		return ""
	}
	if response, err = next(conn, reader, "GET", wait); err != nil || response.StatusCode != 200 {
		return "the next request is not understood"
	}
	return ""
}

func TestConnectionsAreNotConfused(t *testing.T) {
	h := newWorld().handler(t, proxy.Options{Timeout: patience})
	conn, reader := connect(t, h)
	if fault := reused(t, conn, reader, patience); fault != "" {
		t.Error(fault)
	}
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	conn, reader = connectPlainly(t, bare)
	if fault := reused(t, conn, reader, 300*time.Millisecond); fault != "no answer" {
		t.Errorf("net/http alone: %q", fault)
	}
	duplex := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		bare(w, r)
	})
	conn, reader = connectPlainly(t, duplex)
	if fault := reused(t, conn, reader, patience); fault != "the next request is not understood" {
		t.Errorf("EnableFullDuplex alone: %q", fault)
	}
}

func TestOneConnectionServesManyChecks(t *testing.T) {
	w := newWorld()
	conn, reader := connect(t, w.handler(t, proxy.Options{Timeout: patience}))
	long := "X-Long: " + strings.Repeat("x", headSize-1024)
	all := []struct {
		method string
		more   []string
		status int
	}{
		{"GET", []string{asMary}, 200},
		{"GET", nil, 401},
		{"HEAD", []string{asMary}, 200},
		{"POST", []string{asMary, "Content-Length: 0"}, 200},
		{"pOsT", []string{asMary}, 200},
		{"OPTIONS", []string{asNina}, 403},
		{"GET", []string{asMary, long}, 200},
		{"DELETE", []string{asMary}, 200},
	}
	go func() { // all at once: pipelined
		for _, c := range all {
			_, _ = io.WriteString(conn, lines(c.method, c.more...)+"\r\n")
		}
	}()
	for i, c := range all {
		response, err := next(conn, reader, c.method, patience)
		if err != nil {
			t.Fatalf("check %d: %v", i, err)
		}
		if response.StatusCode != c.status || response.Close || response.Header.Get("Content-Length") != "0" {
			t.Errorf("check %d: %d, closing %t, %v; want %d", i, response.StatusCode, response.Close, response.Header, c.status)
		}
	}
}

// TestWhatIsNoHTTP never reaches the handler; what is said instead must not
// look like an allow.
func TestWhatIsNoHTTP(t *testing.T) {
	for _, wire := range []string{
		"\x16\x03\x01\r\n\r\n", "GET /authz/nginx\r\n\r\n", "GET /authz/nginx HTTP/9.9\r\n\r\n", "GET /authz/nginx HTTP/1.1\r\n\r\n",
		lines("GET", asMary, "Content-Length: -1") + "\r\n", lines("GET", asMary, "Content-Length: 1", "Content-Length: 2") + "\r\n",
		lines("GET", asMary, "Transfer-Encoding: gzip") + "\r\n", lines("GET", asMary, "Bad Name: x") + "\r\n",
		lines("GET", asMary, "X: a\x00b") + "\r\n", lines("GET", asMary, "Expect: something") + "\r\n",
		lines("GET", asMary, "X-Long: "+strings.Repeat("x", 2<<20)) + "\r\n",
	} {
		conn, reader := connect(t, newWorld().handler(t, proxy.Options{}))
		go func() { _, _ = io.WriteString(conn, wire) }()
		if response, err := next(conn, reader, "GET", patience); err == nil && response.StatusCode < 400 {
			t.Errorf("%.60q: %d", wire, response.StatusCode)
		}
		_ = conn.Close()
	}
}
