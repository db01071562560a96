package proxytest

import (
	"bufio"
	"crypto/sha1" // as the protocol wants it: no secret depends on it
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Received is what the application saw of a request.
type Received struct {
	Method string
	Target string // as on the request line
	Host   string
	Header http.Header
	Body   int64 // bytes
}

// Application answers every request with what it received, as JSON, and
// echoes lines on upgraded connections. The zero value is ready.
type Application struct {
	requests atomic.Int64
}

// Requests counts the requests that came through.
func (a *Application) Requests() int64 { return a.requests.Load() }

// ServeHTTP answers 200.
func (a *Application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.requests.Add(1)
	if r.Header.Get("Upgrade") != "" {
		echo(w, r)
		return
	}
	length, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Decision-Id", "the application's own") // which no client may take for Memberward's
	_ = json.NewEncoder(w).Encode(Received{Method: r.Method, Target: r.RequestURI, Host: r.Host, Header: r.Header, Body: length})
}

// echo upgrades the connection and sends every line back.
func echo(w http.ResponseWriter, r *http.Request) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	fmt.Fprintf(buffered, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\nSec-WebSocket-Accept: %s\r\nX-Seen-Subject: %s\r\n\r\n",
		r.Header.Get("Upgrade"), accept(r.Header.Get("Sec-WebSocket-Key")), r.Header.Get("X-Auth-Subject"))
	for {
		if err := buffered.Flush(); err != nil {
			return
		}
		line, err := buffered.ReadString('\n')
		if err != nil {
			return
		}
		_, _ = buffered.WriteString(line)
	}
}

// accept proves that a WebSocket's key was read (RFC 6455, 4.2.2): some
// proxies look.
func accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Serve runs a handler on loopback until the test ends, and gives host:port.
func Serve(t testing.TB, handler http.Handler) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, DisableGeneralOptionsHandler: true}
	go func() { _ = server.Serve(listener) }() // ends with Close below
	t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}

// Answer is what a client got.
type Answer struct {
	Status   int
	Header   http.Header
	Received *Received // what the application saw; nil when it did not answer
}

// Get sends a GET with header lines ("Name: value") through the proxy.
func (p *Proxy) Get(t testing.TB, target string, lines ...string) Answer {
	t.Helper()
	return p.Raw(t, "GET", target, "", lines...)
}

// Raw sends a request whose target and header lines stand on the wire exactly
// as given, on a connection of its own. Host is app.example unless a line
// names another. An answer that is no HTTP has status 0.
func (p *Proxy) Raw(t testing.TB, method, target, body string, lines ...string) Answer {
	t.Helper()
	lines = slices.Clone(lines) // the caller's may have room behind them
	if !slices.ContainsFunc(lines, namesHost) {
		lines = append(lines, "Host: app.example")
	}
	if body != "" {
		lines = append(lines, fmt.Sprintf("Content-Length: %d", len(body)))
	}
	lines = append(lines, "Connection: close", "", body)
	return p.Send(t, method, method+" "+target+" HTTP/1.1\r\n"+strings.Join(lines, "\r\n"))
}

// Send writes bytes on a connection of its own and reads the answer to a
// request with this method, without informational ones.
func (p *Proxy) Send(t testing.TB, method, wire string) Answer {
	t.Helper()
	conn := p.Dial(t)
	defer conn.Close()
	if _, err := io.WriteString(conn, wire); err != nil {
		t.Fatal(err)
	}
	return read(conn, method)
}

func namesHost(line string) bool {
	name, _, _ := strings.Cut(line, ":")
	return strings.EqualFold(name, "Host")
}

// Dial opens a connection to the proxy that fails rather than hangs.
func (p *Proxy) Dial(t testing.TB) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp4", p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func read(conn net.Conn, method string) Answer {
	reader, request := bufio.NewReader(conn), &http.Request{Method: method}
	response, err := http.ReadResponse(reader, request)
	for err == nil && response.StatusCode < 200 && response.StatusCode != http.StatusSwitchingProtocols {
		response, err = http.ReadResponse(reader, request)
	}
	if err != nil {
		return Answer{}
	}
	defer response.Body.Close()
	answer := Answer{Status: response.StatusCode, Header: response.Header}
	var received Received
	if json.NewDecoder(response.Body).Decode(&received) == nil {
		answer.Received = &received
	}
	return answer
}
