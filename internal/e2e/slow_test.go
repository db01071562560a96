package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	slowClients  = 20
	promptWrites = 50
	longList     = 20_000
	ownerID      = "11111111-1111-4111-8111-111111111111"
	crowdID      = "22222222-2222-4222-8222-222222222222"
	ownerKey     = "the-owner-of-the-crowd-has-this-key"
)

// crowd writes a bootstrap file: one tenant with an owner, who has a key, and
// n members.
func crowd(t *testing.T, n int) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "users:\n  - {id: %s, email: owner@example.com}\n", ownerID)
	for i := range n {
		fmt.Fprintf(&b, "  - {id: 33333333-3333-4333-8333-%012d, email: user%d@example.com}\n", i, i)
	}
	fmt.Fprintf(&b, "tenants:\n  - {id: %s, slug: crowd, name: Crowd, owner: owner@example.com}\n", crowdID)
	b.WriteString("memberships:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {tenant: crowd, user: user%d@example.com, level: member}\n", i)
	}
	fmt.Fprintf(&b, "keys:\n  - {user: owner@example.com, key: %q}\n", ownerKey)
	path := filepath.Join(t.TempDir(), "bootstrap.yaml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// promptly makes writes and wants each answered, whatever else goes on.
func promptly(s *server, name string) {
	s.t.Helper()
	for i := range promptWrites {
		s.must(http.StatusCreated, "POST", "/v1/users", platformKey, fmt.Sprintf(`{"email":"%s%d@example.com"}`, name, i))
	}
}

// request opens a connection and sends what stands in head.
func request(t *testing.T, s *server, head string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.api, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, head); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestABodySentByteByByteDelaysNobodysWrite(t *testing.T) {
	s := start(t, t.TempDir(), "--bootstrap", crowd(t, 0), "--log-level", "warn")
	finish, answered := make(chan struct{}), make(chan string, slowClients)
	for i := range slowClients {
		body := fmt.Sprintf(`{"name":"Slow %d","slug":"slow-%d"}`, i, i)
		conn := request(t, s, fmt.Sprintf("POST /v1/tenants HTTP/1.1\r\nHost: test\r\nX-Api-Key: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", ownerKey, len(body)))
		go dribble(conn, body, finish, answered)
	}
	promptly(s, "prompt")
	early := len(answered)
	close(finish)
	if early > 0 {
		t.Errorf("%d requests were answered before their bodies were there", early)
	}
	for range slowClients {
		if status := <-answered; !strings.Contains(status, "201") {
			t.Errorf("a slow request came to %q", status)
		}
	}
}

// dribble sends all of a body but its last byte, slowly, waits for the others
// to be done, and reads the answer's status line.
func dribble(conn net.Conn, body string, finish <-chan struct{}, answered chan<- string) {
	for i := range len(body) - 1 {
		if _, err := io.WriteString(conn, body[i:i+1]); err != nil {
			answered <- err.Error()
			return
		}
		time.Sleep(time.Millisecond)
	}
	<-finish
	if _, err := io.WriteString(conn, body[len(body)-1:]); err != nil {
		answered <- err.Error()
		return
	}
	status, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		status = err.Error()
	}
	answered <- status
}

func TestAListReadByteByByteDelaysNobodysWrite(t *testing.T) {
	s := start(t, t.TempDir(), "--bootstrap", crowd(t, longList), "--log-level", "warn")
	conn := request(t, s, fmt.Sprintf("GET /api/v1/permissions/tenants/%s/users HTTP/1.1\r\nHost: test\r\nX-Api-Key: %s\r\nConnection: close\r\n\r\n", crowdID, ownerKey))
	if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	one := make([]byte, 1)
	for range 100 {
		if _, err := io.ReadFull(conn, one); err != nil {
			t.Fatal(err)
		}
	}
	promptly(s, "meanwhile")

	rest, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(rest), `"email"`); n < longList {
		t.Errorf("%d members arrived, want %d", n, longList+1)
	}
	whole := s.must(http.StatusOK, "GET", "/api/v1/permissions/tenants/"+crowdID+"/users", ownerKey, "")
	var members []struct{ ID string }
	if err := json.Unmarshal([]byte(whole.body), &members); err != nil || len(members) != longList+1 {
		t.Errorf("the whole list: %d members, %v", len(members), err)
	}
}
