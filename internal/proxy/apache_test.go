package proxy_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/proxy"
	"github.com/memberward/memberward/internal/proxytest"
)

// What only Apache has, and faults in its configuration that the matrix finds.

// fcgi is one record.
func fcgi(kind byte, id uint16, content string) string {
	head := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16([]byte{1, kind}, id), uint16(len(content)))
	return string(append(head, 0, 0)) + content
}

// pair is one parameter.
func pair(name, value string) string {
	size := func(s string) string {
		if len(s) < 128 {
			return string([]byte{byte(len(s))})
		}
		return string(binary.BigEndian.AppendUint32(nil, uint32(len(s))|1<<31))
	}
	return size(name) + size(value) + name + value
}

const (
	begin  = "\x00\x02\x00\x00\x00\x00\x00\x00" // the authorizer's role
	ending = "\x00\x00\x00\x00\x00\x00\x00\x00"
)

// asked is a check as Apache sends it, with pairs added.
func asked(pairs ...string) string {
	all := pair("REQUEST_METHOD", "GET") + pair("REQUEST_SCHEME", "http") + pair("HTTP_HOST", "app.example") +
		pair("REQUEST_URI", "/tenants/acme/x") + pair("REMOTE_ADDR", "192.0.2.1") + strings.Join(pairs, "")
	return fcgi(1, 1, begin) + fcgi(4, 1, all) + fcgi(4, 1, "")
}

// authorizer asks over a connection of its own.
func authorizer(t *testing.T, h *proxy.Handler, wire string) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			_ = h.ServeAuthorizer(context.Background(), conn)
		}
	}()
	conn, err := net.Dial("tcp4", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, wire); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil { // a reset would cut an answer off
		t.Fatalf("%q, then %v", answer, err)
	}
	return string(answer)
}

// TestAuthorizer reads what Apache, and what anybody else, may send.
func TestAuthorizer(t *testing.T) {
	h := newWorld().handler(t, proxy.Options{Timeout: 10 * time.Second})
	byMary := pair("HTTP_AUTHORIZATION", "Bearer mary")
	for _, tt := range []struct {
		name, wire string
		want       string // of the script's status; empty: no answer
	}{
		{"a member", asked(byMary), "200"},
		{"a member, by key", asked(pair("HTTP_X_API_KEY", "mary")), "200"},
		{"nobody", asked(), "401"},
		{"a stranger", asked(pair("HTTP_AUTHORIZATION", "Bearer nina")), "403"},
		{"what a client says of itself", asked(byMary, pair("HTTP_X_AUTH_SUBJECT", "olga"), pair("HTTP_X_FORWARDED_URI", "/x")), "200"},
		{"a Connection header that names an identity", asked(byMary, pair("HTTP_CONNECTION", "X-Auth-Subject")), "403"},
		{"a long value", asked(byMary, pair("HTTP_X_LONG", strings.Repeat("x", 5000))), "200"},
		{"in two records", fcgi(1, 1, begin) + fcgi(4, 1, pair("REQUEST_METHOD", "GET")) + fcgi(4, 1, pair("HTTP_HOST", "a")) + fcgi(4, 1, ""), "403"},
		{"nothing known", fcgi(1, 1, begin) + fcgi(4, 1, ""), "403"},
		{"only what a client says", fcgi(1, 1, begin) + fcgi(4, 1, byMary+pair("HTTP_X_FORWARDED_METHOD", "GET")) + fcgi(4, 1, ""), "403"},
		{"nothing", "", ""},
		{"HTTP", "GET /authz/forward HTTP/1.1\r\n\r\n", ""},
		{"another version", "\x02" + asked(byMary)[1:], ""},
		{"no beginning", fcgi(4, 1, ""), ""},
		{"the id zero", fcgi(1, 0, begin) + fcgi(4, 0, ""), ""},
		{"a short beginning", fcgi(1, 1, begin[:7]), ""},
		{"cut off", asked(byMary)[:60], ""},
		{"without an end", fcgi(1, 1, begin) + fcgi(4, 1, byMary), ""},
		{"another request between", fcgi(1, 1, begin) + fcgi(4, 2, byMary), "403"},
		{"a body between", fcgi(1, 1, begin) + fcgi(5, 1, "x"), "403"},
		{"a name twice", asked(byMary, byMary), "403"},
		{"a header under two names", asked(byMary, pair("HTTP_authorization", "Bearer mary")), "401"},
		{"a length beyond the end", fcgi(1, 1, begin) + fcgi(4, 1, "\x05\x05ab") + fcgi(4, 1, ""), "403"},
		{"half a length", fcgi(1, 1, begin) + fcgi(4, 1, "\x01\x80\x00") + fcgi(4, 1, ""), "403"},
		{"the longest length", fcgi(1, 1, begin) + fcgi(4, 1, "\xff\xff\xff\xff\xff\xff\xff\xff") + fcgi(4, 1, ""), "403"},
		{"too much", fcgi(1, 1, begin) + strings.Repeat(fcgi(4, 1, strings.Repeat("x", 60000)), 2), "403"},
		{"far too much", fcgi(1, 1, begin) + strings.Repeat(fcgi(4, 1, strings.Repeat("x", 60000)), 100), "403"},
		{"an empty body", asked(byMary) + fcgi(5, 1, ""), "200"},
		{"a body", asked(byMary) + fcgi(5, 1, strings.Repeat("x", 60000)) + fcgi(5, 1, ""), "200"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := authorizer(t, h, tt.wire)
			if tt.want == "" && got != "" || tt.want != "" && !strings.Contains(got, "Status: "+tt.want+"\r\n") {
				t.Errorf("%q, want status %q", got, tt.want)
			}
			if named := strings.Contains(got, "Variable-X_AUTH_SUBJECT: "+mary.String()+"\r\n"); named != (tt.want == "200") {
				t.Errorf("%q names mary: %t", got, named)
			}
		})
	}
	if got := authorizer(t, h, fcgi(1, 7, "\x00\x01\x00\x00\x00\x00\x00\x00")); got != fcgi(3, 7, "\x00\x00\x00\x00\x03\x00\x00\x00") {
		t.Errorf("a responder is answered %q", got)
	}
}

// TestAuthorizerKeepsAConnection asks several times over one, as servers do
// that set the flag.
func TestAuthorizerKeepsAConnection(t *testing.T) {
	h := newWorld().handler(t, proxy.Options{Timeout: 10 * time.Second})
	keep := func(wire string) string { return wire[:10] + "\x01" + wire[11:] }
	byMary, byNina := asked(pair("HTTP_AUTHORIZATION", "Bearer mary")), asked(pair("HTTP_AUTHORIZATION", "Bearer nina"))
	for _, tt := range []struct {
		name, wire string
		want       string // the statuses
	}{
		{"three", keep(byMary) + keep(byNina) + byMary, "200 403 200"},
		{"with bodies", keep(byMary) + fcgi(5, 1, "x") + fcgi(5, 1, "") + keep(byNina) + fcgi(5, 1, ""), "200 403"},
		{"the flag is not set", byMary + byMary, "200"},
		{"what cannot be read ends it", keep(asked("\x05")) + byMary, "403"},
		{"a body of another request", keep(byMary) + fcgi(5, 2, "") + byMary, "200"},
	} {
		var statuses []string
		for _, part := range strings.Split(authorizer(t, h, tt.wire), "Status: ")[1:] {
			statuses = append(statuses, part[:3])
		}
		if got := strings.Join(statuses, " "); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestApacheWithAnIncompleteIdentityOpensNothing answers with a part of an
// allow.
func TestApacheWithAnIncompleteIdentityOpensNothing(t *testing.T) {
	all := []string{
		"X_AUTH_SUBJECT: olga", "X_AUTH_TENANT: acme", "X_AUTH_LEVEL: owner", "X_AUTH_ROLES: none", "X_AUTH_AUTHENTICATED: true",
		"X_DECISION_ID: 1", "X_POLICY_REVISION: 1",
	}
	for i := -1; i < len(all); i++ {
		text := "Status: 200\r\n"
		for j, line := range all {
			if j != i {
				text += "Variable-" + line + "\r\n"
			}
		}
		application := &proxytest.Application{}
		p := proxytest.Apache().Start(t, proxytest.Setup{
			Sidecar: impostor(t, fcgi(6, 1, text+"\r\n")+fcgi(3, 1, ending)), Application: application,
		})
		answer := p.Get(t, "/tenants/acme/x", asOlga)
		if complete := i < 0; complete != (answer.Status == 200) || complete != (application.Requests() == 1) {
			t.Errorf("without %d: %d, %d requests reached the application", i, answer.Status, application.Requests())
		}
	}
}

// TestApacheSpoofsAreNoticed leaves out, one by one, the lines that keep a
// client from saying who it is.
func TestApacheSpoofsAreNoticed(t *testing.T) {
	for _, tt := range []struct{ fault, with, spoof string }{
		{"RequestHeader unset X-Auth-Assertion", "", "X-Auth-Assertion: forged"},
		{"RequestHeader unset Connection", "", "Connection: X-Auth-Subject"},
		{`RequestHeader set   X-Auth-Level         "%{X_AUTH_LEVEL}e"`, "", "X-Auth-Level: owner"},
	} {
		if got := spoofed(newSite(t, proxytest.Apache(), tt.fault, tt.with), t, tt.spoof); got == "" {
			t.Errorf("a configuration without %q passes", tt.fault)
		}
	}
}

// TestApacheAliasesBehindAnEmptyOneAreNoticed: SetEnvIf looks at the last header
// that fits, and finds nothing in it.
func TestApacheAliasesBehindAnEmptyOneAreNoticed(t *testing.T) {
	const line, spoof = "RequestHeader unset X_Auth_Subject\n", "X_Auth_Subject: olga\r\n" + hiding
	if got := aliased(t, newSite(t, proxytest.Apache()), spoof); got != "" {
		t.Errorf("%q: %s", spoof, got)
	}
	if got := aliased(t, newSite(t, proxytest.Apache(), line, "\n"), spoof); got == "" {
		t.Errorf("a configuration without %q passes", line)
	}
	const rule = "Require not env memberward_alias"
	if got := aliased(t, newSite(t, proxytest.Apache(), rule, ""), "X_Forwarded_Host: olga"); got == "" {
		t.Errorf("a configuration without %q passes", rule)
	}
}

func TestApacheOtherUpgradesAreNoticed(t *testing.T) {
	s := newSite(t, proxytest.Apache(), "RequestHeader unset Upgrade", "RequestHeader unset X-None", "upgrade=websocket", "upgrade=ANY")
	if !upgraded(t, s, "Upgrade: h2c") {
		t.Error("a configuration that upgrades to anything is not noticed")
	}
}

// TestApacheWithoutCredentialsIsNoticed: without CGIPassAuth nobody is known.
func TestApacheWithoutCredentialsIsNoticed(t *testing.T) {
	s := newSite(t, proxytest.Apache(), "CGIPassAuth On", "CGIPassAuth Off")
	if got := s.Get(t, "/tenants/acme/x", asMary).Status; got != 401 {
		t.Errorf("%d, want 401", got)
	}
}

// saying is a connection on which somebody says a text and no more.
type saying struct {
	net.Conn
	text io.Reader
}

func (c saying) Read(b []byte) (int, error) { return c.text.Read(b) }

// FuzzAuthorizer: whatever arrives, there is one whole answer or none, and no
// allow without a credential.
func FuzzAuthorizer(f *testing.F) {
	f.Add(asked()[16:])
	f.Add(fcgi(4, 1, pair("REQUEST_METHOD", strings.Repeat("x", 300))) + fcgi(4, 1, ""))
	h := newWorld().handler(f, proxy.Options{Timeout: 10 * time.Second})
	f.Fuzz(func(t *testing.T, params string) {
		client, server := net.Pipe()
		defer client.Close()
		said := strings.NewReader(fcgi(1, 1, begin) + params)
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = h.ServeAuthorizer(context.Background(), saying{server, said})
		}()
		answer, _ := io.ReadAll(client)
		<-done
		if strings.Contains(string(answer), "Status: 200") || len(answer) > 0 && !strings.HasSuffix(string(answer), fcgi(3, 1, ending)) {
			t.Errorf("%q is answered %q", params, answer)
		}
	})
}
