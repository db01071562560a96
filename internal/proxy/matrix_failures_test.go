package proxy_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/proxytest"
)

// Rows of the matrix about what answers slowly, or in other words than
// Memberward's: nothing reaches the application.

// answerOf reads one answer of the test's application from a connection that
// stays open.
func answerOf(t *testing.T, reader *bufio.Reader) proxytest.Answer {
	t.Helper()
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, received := proxytest.Answer{Status: response.StatusCode, Header: response.Header}, proxytest.Received{}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if json.Unmarshal(body, &received) == nil {
		answer.Received = &received
	}
	return answer
}

// slowly serves one piece of an answer after another, and then nothing more on
// a connection that stays open.
func slowly(t testing.TB, pause time.Duration, pieces ...string) string {
	t.Helper()
	return answering(t, func(conn net.Conn) {
		for _, piece := range pieces {
			time.Sleep(pause)
			if _, err := io.WriteString(conn, piece); err != nil {
				return
			}
		}
		_, _ = io.Copy(io.Discard, conn) // until the proxy gives up
	})
}

// answering listens in Memberward's place, whatever is asked.
func answering(t testing.TB, answer func(net.Conn)) string {
	t.Helper()
	return proxytest.Listen(t, func(conn net.Conn) {
		if _, err := conn.Read(make([]byte, 16<<10)); err == nil { // all of a short question
			answer(conn)
		}
	})
}

func goesAway(t *testing.T, s *site) {
	s = newSite(t, s.Kind)
	get := func() int { return s.Get(t, "/tenants/acme/x", asMary).Status }
	if got := get(); got != 200 {
		t.Fatalf("at first: %d", got)
	}
	s.door.hangUp()
	if got := get(); got != 200 {
		t.Errorf("after idle connections were closed: %d, want 200", got)
	}
	before := s.application.Requests()
	_ = s.sidecar.Close()
	if s.closeToo != nil {
		s.closeToo()
	}
	if got := get(); got < 500 || s.application.Requests() != before {
		t.Errorf("without Memberward: %d, want an error and nothing for the application", got)
	}
}

// impostors puts in Memberward's place what is not Memberward, or no longer.
// Caddy hands on an answer that is no allow; an allow that names nobody is
// none for either. Somebody always gets an answer.
func impostors(t *testing.T, s *site) {
	for _, tt := range []struct{ name, answer string }{
		{"nobody listens", "refuse"},
		{"it hangs up", ""},
		{"it never answers", "hang"},
		{"it stops within the head", "HTTP/1.1 200 OK\r\nX-Auth-Sub"},
		{"it speaks no HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n"},
		{"it says 200 without HTTP", "200 OK\r\n\r\n"},
		{"an unknown version", "HTTP/9.9 OK 200\r\n\r\n"},
		{"a server for everything", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
		{"a page for everything", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
		{"a bare status line", "HTTP/1.1 200\r\n\r\n"},
		{"another success", "HTTP/1.1 204 No Content\r\n\r\n"},
		{"an identity without a value", "HTTP/1.1 200 OK\r\nX-Auth-Subject: \r\nContent-Length: 0\r\n\r\n"},
		{"another protocol", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"},
		{"a redirect", "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"},
		{"not found", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"},
		{"an error", "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"},
		{"a head without an end", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-Auth-Roles: x\r\n", 100_000)},
		{"a line without an end", "HTTP/1.1 200 OK\r\nX-Auth-Subject: " + strings.Repeat("x", 2<<20)},
		{"two answers at once", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n" + wholeAllow},
		{"an allow with a status beyond three digits", strings.Replace(wholeAllow, "200", "2000", 1)},
		{"nothing but NULs", strings.Repeat("\x00", 4096)},
		{"a head over nginx's buffer", "HTTP/1.1 200 OK\r\nX-Auth-Roles: " + strings.Repeat("x", 9000) + "\r\nContent-Length: 0\r\n\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			application := &proxytest.Application{}
			p := s.Start(t, proxytest.Setup{Sidecar: impostor(t, tt.answer), Application: application})
			patient := s.FastCGI && tt.answer == "hang" // Apache waits for half a minute, longer than we do
			for _, lines := range [][]string{{asOlga}, {asOlga, "X-Auth-Subject: " + olga.String(), "X-Auth-Level: owner"}, {"Upgrade: websocket"}} {
				if patient {
					if got := statusWithin(t, p, 2*time.Second, lines...); got != 0 || application.Requests() != 0 {
						t.Errorf("%d, %d requests reached the application", got, application.Requests())
					}
					continue
				}
				answer := p.Get(t, "/tenants/acme/x", lines...)
				odd := strings.HasPrefix(tt.answer, "HTTP/1.1 101 ") // nginx then hangs up, Caddy says 200 with nothing in it
				if (answer.Status == 0 || answer.Status/100 == 2) && !odd || answer.Received != nil || application.Requests() != 0 {
					t.Errorf("%d, %d requests reached the application", answer.Status, application.Requests())
				}
			}
		})
	}
}

// wholeAllow is what only Memberward says.
const wholeAllow = "HTTP/1.1 200 OK\r\nX-Auth-Subject: olga\r\nX-Auth-Tenant: acme\r\nX-Auth-Level: owner\r\nX-Auth-Roles: none\r\n" +
	"X-Auth-Authenticated: true\r\nX-Decision-Id: 1\r\nX-Policy-Revision: 1\r\nContent-Length: 0\r\n\r\n"

// statusWithin asks for mary's page, and gives 0 when there is no answer within
// that time.
func statusWithin(t testing.TB, p *proxytest.Proxy, wait time.Duration, lines ...string) int {
	t.Helper()
	conn := p.Dial(t)
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(wait)); err != nil {
		t.Fatal(err)
	}
	_, err := io.WriteString(conn, "GET /tenants/acme/x HTTP/1.1\r\nHost: app.example\r\n"+strings.Join(lines, "\r\n")+"\r\n\r\n")
	if err != nil {
		return 0
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// slow: an answer that takes longer than a second is none, and half of one is
// none however long it takes. Apache waits for half a minute instead: what it
// must not do is to go on without the answer.
func slow(t *testing.T, s *site) {
	half, late := wholeAllow[:strings.Index(wholeAllow, "X-Auth-Level")], wholeAllow
	if s.FastCGI {
		half, late = fcgi(6, 1, "Status: 200\r\nVariable-X_AUTH_SUBJECT: olga\r\n\r\n"), "HTTP/1.1 200 OK\r\n"
	}
	for name, sidecar := range map[string]func(testing.TB) string{
		"half of a head": func(t testing.TB) string { return slowly(t, 0, half) },
		"half a line":    func(t testing.TB) string { return slowly(t, 0, "HTTP/1.1 200") },
		"a late allow":   func(t testing.TB) string { return slowly(t, 3*time.Second, late) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			application := &proxytest.Application{}
			p := s.Start(t, proxytest.Setup{Sidecar: sidecar(t), Application: application})
			status := statusWithin(t, p, 6*time.Second, asOlga, "X-Auth-Subject: olga", "X-Auth-Level: owner")
			if status/100 == 2 || status == 0 && !s.FastCGI || application.Requests() != 0 {
				t.Errorf("%d, %d requests reached the application", status, application.Requests())
			}
		})
	}
}

// fcgiImpostors answer as FastCGI does, but not as an authorizer that allows.
// Where checks go over HTTP, these are only more bytes that are none.
func fcgiImpostors(t *testing.T, s *site) {
	identity := "Variable-X_AUTH_SUBJECT: olga\r\nVariable-X_AUTH_TENANT: acme\r\nVariable-X_AUTH_LEVEL: owner\r\nVariable-X_AUTH_ROLES: none\r\n" +
		"Variable-X_AUTH_AUTHENTICATED: true\r\nVariable-X_DECISION_ID: 1\r\nVariable-X_POLICY_REVISION: 1\r\n\r\n"
	whole := fcgi(6, 1, "Status: 200\r\n"+identity)
	for name, answer := range map[string]string{
		"no record":                     "",
		"only the end":                  fcgi(3, 1, ending),
		"an empty answer":               fcgi(6, 1, "") + fcgi(3, 1, ending),
		"a mere 200":                    fcgi(6, 1, "Status: 200\r\n\r\n") + fcgi(3, 1, ending),
		"no status and no identity":     fcgi(6, 1, "Content-Type: text/plain\r\n\r\nhello") + fcgi(3, 1, ending),
		"an error":                      fcgi(6, 1, "Status: 500\r\n"+identity) + fcgi(3, 1, ending),
		"not found":                     fcgi(6, 1, "Status: 404\r\n\r\n") + fcgi(3, 1, ending),
		"a redirect":                    fcgi(6, 1, "Status: 302\r\nLocation: /\r\n\r\n") + fcgi(3, 1, ending),
		"another success":               fcgi(6, 1, "Status: 204\r\n"+identity) + fcgi(3, 1, ending),
		"a denial with an identity":     fcgi(6, 1, "Status: 403\r\n"+identity) + fcgi(3, 1, ending),
		"a status that is none":         fcgi(6, 1, "Status: ok\r\n"+identity) + fcgi(3, 1, ending),
		"cut off within a record":       whole[:len(whole)-40],
		"cut off within the head":       whole[:5],
		"another version":               "\x07" + whole[1:] + fcgi(3, 1, ending),
		"another request":               fcgi(6, 9, "Status: 200\r\n"+identity) + fcgi(3, 9, ending),
		"another role is what it knows": fcgi(3, 1, "\x00\x00\x00\x00\x03\x00\x00\x00"),
		"a complaint":                   fcgi(7, 1, "out of order") + fcgi(3, 1, ending),
		"a huge head":                   fcgi(6, 1, "Status: 200\r\nVariable-X_AUTH_ROLES: "+strings.Repeat("x", 60000)) + fcgi(3, 1, ending),
		"nothing but zeros":             strings.Repeat("\x00", 4096),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			application := &proxytest.Application{}
			sidecar := answering(t, func(conn net.Conn) { _, _ = io.WriteString(conn, answer) })
			p := s.Start(t, proxytest.Setup{Sidecar: sidecar, Application: application})
			got := p.Get(t, "/tenants/acme/x", asOlga, "X-Auth-Subject: olga")
			if got.Status == 200 || got.Received != nil || application.Requests() != 0 { // Apache hands a 204 on
				t.Errorf("%d, %d requests reached the application", got.Status, application.Requests())
			}
		})
	}
}
