package proxytest

import (
	"bufio"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Seen is a request as it stood on the wire to the application.
type Seen struct {
	Method, Target string
	Hosts          []string // the value of every Host line
}

// Witness is an application that takes down each request as it stands on the
// wire: no HTTP library refuses, decodes or completes anything first. It
// answers 200 without a body, and reads none. The zero value is ready.
type Witness struct {
	mu   sync.Mutex
	seen []Seen
}

// Serve listens on loopback until the test ends, and gives host:port.
func (w *Witness) Serve(t testing.TB) string {
	t.Helper()
	return Listen(t, w.attend)
}

// Take gives what was seen since the last time.
func (w *Witness) Take() []Seen {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := w.seen
	w.seen = nil
	return seen
}

// witnessTime is how long one connection is attended to.
const witnessTime = 5 * time.Minute

func (w *Witness) attend(conn net.Conn) {
	if conn.SetDeadline(time.Now().Add(witnessTime)) != nil {
		return
	}
	for reader := bufio.NewReader(conn); ; {
		seen, err := readSeen(reader)
		if err != nil {
			return
		}
		w.mu.Lock()
		w.seen = append(w.seen, seen)
		w.mu.Unlock()
		if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); err != nil {
			return
		}
	}
}

// readSeen reads one head. The target is all between the method and the
// version, whatever it holds.
func readSeen(reader *bufio.Reader) (Seen, error) {
	line, err := reader.ReadString('\n')
	if err != nil {
		return Seen{}, err
	}
	method, rest, _ := strings.Cut(strings.TrimSuffix(line, "\r\n"), " ")
	seen := Seen{Method: method, Target: rest}
	if at := strings.LastIndex(rest, " HTTP/"); at >= 0 {
		seen.Target = rest[:at]
	}
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return Seen{}, err
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\r\n"), ":")
		if name == "" {
			return seen, nil
		}
		if strings.EqualFold(name, "Host") {
			seen.Hosts = append(seen.Hosts, strings.TrimSpace(value))
		}
	}
}
