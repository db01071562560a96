package http1_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// seen is what a handler saw of a request.
type seen struct {
	Method, URI, Host, Proto string
	Header                   http.Header
	Bodiless                 bool
}

// witness is a handler that notes what it sees. After a request with a body,
// the connection ends, as ours does: net/http would go on behind it.
type witness struct {
	mu   sync.Mutex
	seen []seen
}

func (w *witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	bodiless := r.Body == http.NoBody
	w.seen = append(w.seen, seen{r.Method, r.RequestURI, r.Host, r.Proto, r.Header.Clone(), bodiless})
	if !bodiless || !r.ProtoAtLeast(1, 1) {
		rw.Header().Set("Connection", "close")
	}
}

func (w *witness) take() []seen {
	w.mu.Lock()
	defer w.mu.Unlock()
	taken := w.seen
	w.seen = nil
	return taken
}

// served is a server whose handler is a witness.
type served struct {
	address string
	witness *witness
}

func ours(t testing.TB) served {
	w := &witness{}
	address, _ := start(t, serving(w.ServeHTTP))
	return served{address, w}
}

func theirs(t testing.TB) served {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &witness{}
	server := &http.Server{Handler: w, DisableGeneralOptionsHandler: true, MaxHeaderBytes: 8 << 10, ReadTimeout: patience}
	go func() { _ = server.Serve(listener) }() // ends with Close below
	t.Cleanup(func() {
		_ = server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = server.Shutdown(ctx)
	})
	return served{listener.Addr().String(), w}
}

// shown sends bytes, and gives what the handler saw of them.
func (s served) shown(t testing.TB, wire string) []seen {
	t.Helper()
	c := dial(t, s.address)
	defer c.Close()
	go func() { // whoever refuses may not read to the end
		_, _ = io.WriteString(c, wire)
		_ = c.CloseWrite()
	}()
	_, _ = io.Copy(io.Discard, c.answers) // until it closes
	return s.witness.take()
}

// wires are requests, and what only looks like one.
func wires() []string {
	var all []string
	for _, line := range []string{
		"GET / HTTP/1.1", "GET /a%zz HTTP/1.1", "GET * HTTP/1.1", "OPTIONS * HTTP/1.1", "CONNECT a:1 HTTP/1.1", "GET http://b/ HTTP/1.1", "PRI * HTTP/2.0",
		"GET / HTTP/1.0", "GET / HTTP/2.0", "GET / HTTP/1.2", "GET /", "G@T / HTTP/1.1", " GET / HTTP/1.1", "GET  / HTTP/1.1", "GET /a b HTTP/1.1", "\r\nGET / HTTP/1.1",
	} {
		all = append(all, line+"\r\nHost: h\r\n\r\n", line+"\r\n\r\n", line+"\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"+get)
	}
	for _, line := range []string{
		"Host: h", "Host: a b", "Host:", "X: a", "X : a", " X: a", "X", ": a", "X: a\x00", "X: \x7f", "X: \xff", "X\x00: a", "Bad Name: a", "X: a\r\n b", "X: a\n\tb", "X: a\rb",
		"Content-Length: 0", "Content-Length: 5", "Content-Length: -1", "Content-Length: +1", "Content-Length: 1\r\nContent-Length: 2", "Content-Length: 1, 1",
		"Transfer-Encoding: chunked", "Transfer-Encoding: gzip", "Transfer-Encoding: identity", "Transfer-Encoding: chunked\r\nContent-Length: 5", "Transfer-Encoding:\x0bchunked",
		"Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, chunked", "Expect: 100-continue", "Expect: x", "Expect: 100-continue\r\nContent-Length: 5",
		"Connection: close", "Connection: keep-alive", "Connection: Upgrade\r\nUpgrade: websocket", "TE: trailers", "Trailer: X", "X: " + strings.Repeat("x", 32<<10),
		strings.Repeat("X: a\r\n", 9999) + "X: a",
	} {
		all = append(all, "GET / HTTP/1.1\r\nHost: h\r\n"+line+"\r\n\r\n"+get, "POST /p HTTP/1.1\nHost: h\n"+line+"\n\n0\r\n\r\n"+get)
	}
	return append(all, get, get+get, "", "\r\n", "\x16\x03\x01\x02\x00\x01", get[:len(get)-2], "GET / HTTP/1.1\r\n"+get)
}

// stricter says what is wrong with what our handler saw of some bytes: nothing
// while net/http's saw the same, in the same order, and perhaps more.
func stricter(ours, theirs []seen) error {
	if len(ours) > len(theirs) {
		return fmt.Errorf("%d requests where net/http reads %d: %+v", len(ours), len(theirs), ours)
	}
	if diff := cmp.Diff(theirs[:len(ours)], ours, cmpopts.EquateEmpty()); diff != "" {
		return fmt.Errorf("another request than net/http reads (-its +ours):\n%s", diff)
	}
	return nil
}

// TestNothingIsReadThatNetHTTPRefuses, and nothing otherwise.
func TestNothingIsReadThatNetHTTPRefuses(t *testing.T) {
	ours, theirs := ours(t), theirs(t)
	read, refused := 0, 0
	for _, wire := range wires() {
		mine, its := ours.shown(t, wire), theirs.shown(t, wire)
		if err := stricter(mine, its); err != nil {
			t.Errorf("%.80q: %v", wire, err)
		}
		read, refused = read+len(mine), refused+len(its)-len(mine)
		knownStricter := strings.HasPrefix(wire, "PRI ") || strings.HasPrefix(wire, "CONNECT ") || strings.Contains(wire, "http://b/") || strings.Contains(wire, "Host:\r") || strings.Contains(wire, "Host:\n")
		if len(mine) < len(its) && !knownStricter {
			t.Errorf("%.80q: %d requests are read, net/http reads %d", wire, len(mine), len(its))
		}
	}
	if read < 30 {
		t.Errorf("%d requests were read, %d refused that net/http reads", read, refused)
	}
}

// A server that reads more than net/http is noticed.
func TestALaxServerIsNoticed(t *testing.T) {
	one := seen{Method: "GET", URI: "/"}
	other := one
	other.URI = "/x"
	for name, got := range map[string][2][]seen{"more": {{one, one}, {one}}, "another": {{other}, {one}}, "instead of nothing": {{one}, nil}} {
		if stricter(got[0], got[1]) == nil {
			t.Errorf("%s: nothing is wrong", name)
		}
	}
}

func FuzzNothingIsReadThatNetHTTPRefuses(f *testing.F) {
	for _, wire := range wires() {
		f.Add(wire)
	}
	ours, theirs := ours(f), theirs(f)
	f.Fuzz(func(t *testing.T, wire string) {
		if err := stricter(ours.shown(t, wire), theirs.shown(t, wire)); err != nil {
			t.Error(err)
		}
	})
}
