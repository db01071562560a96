package http1_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/memberward/memberward/internal/http1"
)

// net/http keeps what it refused for a while, whether it is closed or not.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// get is a request as a proxy sends it.
const get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

// serving makes a server that answers by the handler, and refuses by 403.
func serving(handler http.HandlerFunc) *http1.Server {
	return &http1.Server{
		Handler: handler, Refuse: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }),
		HeadLimit: 8 << 10, HeadTimeout: patience, WriteTimeout: patience, IdleTimeout: patience,
		Clock: time.Now, Log: slog.New(slog.DiscardHandler),
	}
}

// start has a server answer on loopback until the test ends. The channel gives
// what Serve returns.
func start(t testing.TB, s *http1.Server) (address string, served <-chan error) {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(listener) }()
	t.Cleanup(func() {
		_ = s.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String(), done
}

// client is a connection to a server.
type client struct {
	*net.TCPConn
	answers *bufio.Reader
}

func dial(t testing.TB, address string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &client{conn.(*net.TCPConn), bufio.NewReader(conn)}
}

func (c *client) send(t testing.TB, wire string) {
	t.Helper()
	if _, err := io.WriteString(c, wire); err != nil {
		t.Fatal(err)
	}
}

// next reads an answer with its body.
func (c *client) next(method string) (*http.Response, string, error) {
	response, err := http.ReadResponse(c.answers, &http.Request{Method: method})
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, string(body), err
}

// ended reports whether the server has closed the connection.
func (c *client) ended() bool {
	_, err := c.answers.ReadByte()
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

func TestAnswersOnTheWire(t *testing.T) {
	at := time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC)
	handler := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Two", "b\r\nX-Forged: c")
		w.Header().Add("X-One", "a")
		w.Header().Add("X-One", "b")
		w.Header().Set("Content-Length", "99")
		w.Header().Set("Transfer-Encoding", "chunked")
		w.Header().Set("Connection", "upgrade")
		if r.URL.Path == "/bare" {
			clear(w.Header())
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, "no")
	}
	const head = "HTTP/1.1 401 Unauthorized\r\nX-One: a\r\nX-One: b\r\nX-Two: b  X-Forged: c\r\nDate: Sun, 22 Nov 2026 15:04:05 GMT\r\nContent-Length: 2\r\n"
	for _, tt := range []struct{ name, wire, want string }{
		{"a body", get, head + "\r\nno"},
		{"HEAD", "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", head + "\r\n"},
		{"the last", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", head + "Connection: close\r\n\r\nno"},
		{"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", strings.Replace(head, "1.1", "1.0", 1) + "Connection: close\r\n\r\nno"},
		{"nothing of the one before", get + "GET /bare HTTP/1.1\r\nHost: h\r\n\r\n", head + "\r\nno" +
			"HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 15:04:05 GMT\r\nContent-Length: 0\r\n\r\n"},
		{"what cannot be read", "GET /\r\n\r\n", "HTTP/1.1 403 Forbidden\r\nDate: Sun, 22 Nov 2026 15:04:05 GMT\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
		{"nothing", "", ""},
		{"half a head", "GET / HTTP/1.1\r\nHost: h\r\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serving(handler)
			s.Clock = func() time.Time { return at }
			s.HeadTimeout, s.IdleTimeout, s.WriteTimeout = 1e6*time.Hour, 1e6*time.Hour, 1e6*time.Hour // the clock stands
			address, _ := start(t, s)
			c := dial(t, address)
			c.send(t, tt.wire)
			if err := c.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(c.answers); err != nil || string(got) != tt.want {
				t.Errorf("%q, %v\nwant %q", got, err, tt.want)
			}
		})
	}
}

// What is large is sent whole, and a small answer after it.
func TestALargeAnswer(t *testing.T) {
	large := strings.Repeat("x", 1<<20)
	address, _ := start(t, serving(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			_, _ = io.WriteString(w, large)
		}
	}))
	c := dial(t, address)
	c.send(t, strings.Replace(get, "GET", "POST", 1)+get)
	for _, want := range []string{large, ""} {
		if _, body, err := c.next("GET"); err != nil || body != want {
			t.Errorf("%d bytes, %v; want %d", len(body), err, len(want))
		}
	}
}

func TestHeads(t *testing.T) {
	long := func(n int) string { return "GET / HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("x", n) + "\r\n\r\n" }
	address, _ := start(t, serving(func(http.ResponseWriter, *http.Request) {}))
	c := dial(t, address)
	for range 3 { // each has the whole limit
		c.send(t, long(7<<10))
		if response, _, err := c.next("GET"); err != nil || response.StatusCode != 200 {
			t.Fatalf("%+v, %v", response, err)
		}
	}
	go func() { _, _ = io.WriteString(c, long(1<<20)) }()
	if response, _, err := c.next("GET"); err != nil || response.StatusCode != 403 || !response.Close || !c.ended() {
		t.Errorf("over the limit: %+v, %v", response, err)
	}
}

func TestTimeouts(t *testing.T) {
	const short = 50 * time.Millisecond
	for _, tt := range []struct {
		name string
		set  func(*http1.Server)
		send string
	}{
		{"idle from the beginning", func(s *http1.Server) { s.IdleTimeout = short }, ""},
		{"idle after a request", func(s *http1.Server) { s.IdleTimeout = short }, get},
		{"half a head", func(s *http1.Server) { s.HeadTimeout = short }, "GET / HTTP/1.1\r\nHost: h\r\n"},
		{"half a head after a request", func(s *http1.Server) { s.HeadTimeout = short }, get + "GET / HTTP/1.1\r\nHost: h\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serving(func(http.ResponseWriter, *http.Request) {})
			tt.set(s)
			address, _ := start(t, s)
			c := dial(t, address)
			c.send(t, tt.send)
			if strings.HasPrefix(tt.send, get) {
				if _, _, err := c.next("GET"); err != nil {
					t.Fatal(err)
				}
			}
			if !c.ended() {
				t.Error("the connection stays, or was answered")
			}
		})
	}
}

// A head that comes slowly, but within its time, is read though the time to be
// idle is over; and the time to be idle begins anew after it.
func TestASlowHead(t *testing.T) {
	s := serving(func(http.ResponseWriter, *http.Request) {})
	s.IdleTimeout = 200 * time.Millisecond
	address, _ := start(t, s)
	c := dial(t, address)
	c.send(t, "GET / HTTP/1.1\r\n")
	time.Sleep(2 * s.IdleTimeout)
	c.send(t, "Host: h\r\n\r\n")
	if response, _, err := c.next("GET"); err != nil || response.StatusCode != 200 {
		t.Fatalf("%+v, %v", response, err)
	}
	if !c.ended() {
		t.Error("the connection stays")
	}
}

// Who never reads holds nobody up for longer than an answer may take.
func TestAClientThatDoesNotRead(t *testing.T) {
	s := serving(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 64<<20)) })
	s.WriteTimeout = 50 * time.Millisecond
	address, _ := start(t, s)
	c := dial(t, address)
	c.send(t, get)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

// A handler that breaks ends its connection, without an answer, and no other.
func TestAHandlerThatBreaks(t *testing.T) {
	address, _ := start(t, serving(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		if r.URL.Path == "/break" {
			panic("broken")
		}
	}))
	other, c := dial(t, address), dial(t, address)
	c.send(t, "GET /break HTTP/1.1\r\nHost: h\r\n\r\n"+get)
	if !c.ended() {
		t.Error("an answer of what broke")
	}
	other.send(t, get)
	if response, _, err := other.next("GET"); err != nil || response.StatusCode != 200 {
		t.Errorf("%+v, %v", response, err)
	}
}

// gated is a handler that says when it begins and waits to be let go, or for
// its context.
type gated struct{ begun, goOn chan struct{} }

func newGated() gated { return gated{make(chan struct{}), make(chan struct{})} }

func (g gated) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	g.begun <- struct{}{}
	select {
	case <-g.goOn:
	case <-r.Context().Done():
	}
}

func TestShutdownFinishesWhatHasBegun(t *testing.T) {
	g := newGated()
	s := serving(g.ServeHTTP)
	address, served := start(t, s)
	idle, used, working := dial(t, address), dial(t, address), dial(t, address)
	used.send(t, get)
	<-g.begun
	g.goOn <- struct{}{}
	if _, _, err := used.next("GET"); err != nil {
		t.Fatal(err)
	}
	working.send(t, get+get) // the second one is not begun any more
	<-g.begun
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	shut := make(chan error, 1)
	go func() { shut <- s.Shutdown(ctx) }()
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Serve gave %v", err)
	}
	if !used.ended() || !idle.ended() {
		t.Error("idle connections stay")
	}
	select {
	case err := <-shut:
		t.Errorf("shut while a request is answered: %v", err)
	default:
	}
	close(g.goOn)
	if response, _, err := working.next("GET"); err != nil || !response.Close {
		t.Errorf("%+v, %v; want an answer that ends the connection", response, err)
	}
	if err := <-shut; err != nil || !working.ended() {
		t.Errorf("Shutdown: %v", err)
	}
	if conn, err := net.Dial("tcp", address); err == nil {
		_ = conn.Close()
		t.Error("somebody listens")
	}
}

func TestCloseCutsOffWhatDoesNotEnd(t *testing.T) {
	g := newGated()
	s := serving(g.ServeHTTP)
	address, _ := start(t, s)
	c := dial(t, address)
	c.send(t, get)
	<-g.begun
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown: %v", err)
	}
	if err := s.Close(); err != nil || !c.ended() {
		t.Errorf("Close: %v, or the connection stays", err)
	}
}

func TestAServerThatWasShutServesNobody(t *testing.T) {
	s := serving(func(http.ResponseWriter, *http.Request) {})
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, served := start(t, s)
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Serve gave %v", err)
	}
}

// Whether it serves already or not, a server that is closed ends.
func TestCloseAtOnce(t *testing.T) {
	for range 100 {
		s := serving(func(http.ResponseWriter, *http.Request) {})
		_, served := start(t, s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Fatalf("Serve gave %v", err)
		}
	}
}

// A listener that fails ends the server with its error.
func TestAListenerThatFails(t *testing.T) {
	failed := errors.New("the listener is gone")
	if err := serving(nil).Serve(failing{failed}); !errors.Is(err, failed) {
		t.Errorf("Serve gave %v", err)
	}
}

type failing struct{ err error }

func (f failing) Accept() (net.Conn, error) { return nil, f.err }
func (f failing) Close() error              { return nil }
func (f failing) Addr() net.Addr            { return nil }
