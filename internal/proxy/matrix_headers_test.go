package proxy_test

import (
	"bufio"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// Rows of the matrix about headers that a client sends under names of ours.

// ours are the headers that say who asks, and those that say what is asked.
var (
	ours = []string{
		"X-Auth-Subject", "X-Auth-Tenant", "X-Auth-Level", "X-Auth-Roles", "X-Auth-Authenticated", "X-Auth-Assertion", "X-Decision-Id", "X-Policy-Revision",
	}
	controls = []string{
		"X-Original-Url", "X-Original-Uri", "X-Original-Host", "X-Original-Method", "X-Forwarded-Method", "X-Forwarded-Proto", "X-Forwarded-Host",
		"X-Forwarded-Uri", "X-Forwarded-For", "X-Memberward-Secret",
	}
)

// otherNames writes a name with every mix of "-", "_" and "." that is not the
// name itself.
func otherNames(name string) []string {
	names := []string{""}
	for i, part := range strings.Split(name, "-") {
		var longer []string
		for _, n := range names {
			for _, by := range "-_." {
				if i == 0 {
					longer = append(longer, part)
					break
				}
				longer = append(longer, n+string(by)+part)
			}
		}
		names = longer
	}
	return slices.DeleteFunc(names, func(n string) bool { return n == name })
}

// foreign gives a header that reached the application and folds onto one of
// ours without being it, if there is one.
func foreign(h http.Header) string {
	for name := range h {
		folded := strings.ToLower(strings.NewReplacer("_", "-", ".", "-").Replace(name))
		if folded != strings.ToLower(name) && slices.ContainsFunc(slices.Concat(ours, controls), func(our string) bool { return strings.EqualFold(our, folded) }) {
			return name
		}
	}
	return ""
}

// hiding is an empty header that folds onto none, but looks like one that does.
const hiding = "X_Auth_Z:"

// aliases hides each behind an empty one, and in front of it: a proxy that
// looks at one header only must not look at the wrong one.
func aliases(t *testing.T, s *site) {
	for _, our := range slices.Concat(ours, controls) {
		for _, name := range otherNames(our) {
			for _, lines := range []string{
				name + ": olga", strings.ToUpper(name) + ": olga", name + ": olga\r\n" + name + ":",
			} {
				if got := aliased(t, s, lines); got != "" {
					t.Errorf("%q: %s", lines, got)
				}
			}
		}
	}
	for _, our := range ours {
		for _, name := range otherNames(our) {
			for _, lines := range []string{name + ":", name + ": olga\r\n" + hiding, "X_Auth_Z:\r\n" + name + ": olga"} {
				if got := aliased(t, s, lines); got != "" {
					t.Errorf("%q: %s", lines, got)
				}
			}
		}
	}
	for _, control := range controls {
		for _, name := range otherNames(control) {
			before := len(s.world.questions())
			answer := s.Raw(t, "POST", "/tenants/acme/x", "", asVera, name+": GET", name+": /tenants/acme/x")
			if answer.Status != 403 || answer.Received != nil {
				t.Errorf("%s: %d, want 403", name, answer.Status)
			}
			for _, q := range s.world.questions()[before:] {
				if q.HTTP.Method != "POST" || q.HTTP.Path != "/tenants/acme/x" {
					t.Errorf("%s: judged was %s %s", name, q.HTTP.Method, q.HTTP.Path)
				}
			}
		}
	}
}

// aliased says what came of an alias, if anything did.
func aliased(t testing.TB, s *site, lines string) string {
	t.Helper()
	answer := s.Get(t, "/tenants/acme/x", asMary, lines)
	switch {
	case answer.Received == nil && answer.Status == 403:
		return ""
	case answer.Received == nil || answer.Received.Header.Get("X-Auth-Subject") != mary.String():
		return fmt.Sprintf("%d", answer.Status)
	case foreign(answer.Received.Header) != "":
		return foreign(answer.Received.Header) + " reached the application"
	default:
		return ""
	}
}

// changesNothing sends lines beside a request of mary's: the application believes
// none of them, and nothing but her request was judged.
func changesNothing(t *testing.T, s *site, lines string) {
	t.Helper()
	before := len(s.world.questions())
	if got := spoofed(s, t, lines); got != "" {
		t.Errorf("%q: the application believes %s", lines, got)
	}
	for _, q := range s.world.questions()[before:] {
		if h := q.HTTP; h.Method != "GET" || h.Path != "/tenants/acme/x" || h.Host != "app.example" || h.ClientIP != "127.0.0.1" {
			t.Errorf("%q: judged was %s %s %s from %s", lines, h.Method, h.Host, h.Path, h.ClientIP)
		}
	}
}

func connectionNames(t *testing.T, s *site) {
	named := slices.Concat(ours, controls, []string{"Authorization", "Cookie", "X-Api-Key", "Host", "Content-Length", "X_Auth_Subject", "X.Auth.Level"})
	for _, name := range named {
		for _, line := range []string{
			"Connection: " + name, "Connection: close, " + strings.ToLower(name), "Connection: keep-alive\r\nConnection: " + strings.ToUpper(name), "Connection:\t" + name + "\t,close",
			"Proxy-Connection: " + name, "Connection: \"" + name + "\"",
		} {
			changesNothing(t, s, line)
		}
	}
}

func doubledHeaders(t *testing.T, s *site) {
	for _, name := range slices.Concat(ours, controls) {
		for _, line := range []string{
			name + ": olga\r\n" + name + ": olga", name + ": olga\r\n" + strings.ToLower(name) + ": mary", name + ":\r\n" + name + ": olga", name + ": olga, mary",
			name + ": olga\r\n" + strings.ReplaceAll(name, "-", "_") + ": mary",
		} {
			changesNothing(t, s, line)
		}
	}
}

// doubledCredentials: which one counts is nobody's to guess.
func doubledCredentials(t *testing.T, s *site) {
	for _, lines := range []string{
		asMary + "\r\n" + asNina, asNina + "\r\n" + asMary, asMary + "\r\nauthorization: Bearer olga", asMary + "\r\n" + asMary, asMary + ", Bearer nina", "Authorization:\r\n" + asMary,
		"X-Api-Key: mary\r\nX-Api-Key: nina", "X-Api-Key: nina\r\nx-api-key: mary", "X-Api-Key: mary, nina",
		"Cookie: auth_token=mary\r\nCookie: auth_token=nina", "Cookie: auth_token=nina; auth_token=mary",
	} {
		before := s.application.Requests()
		if got := s.Get(t, "/tenants/acme/x", lines).Status; got < 400 || got >= 500 || s.application.Requests() != before {
			t.Errorf("%q: %d, want a refusal", lines, got)
		}
	}
}

// oddLines say who asks in lines that one reader takes for a header and another
// does not. Where they come through, they have said nothing.
func oddLines(t *testing.T, s *site) {
	for _, line := range []string{
		"X-Auth-Subject : olga", "X-Auth-Subject\t: olga", " X-Auth-Subject: olga", "\tX-Auth-Subject: olga", "X-A: b\r\n X-Auth-Subject: olga",
		"X-Auth-Subject: olga\r\n X-A: b", "X-Auth-Subject:\r\n olga", "X-Auth-Subject\x0b: olga", "X-Auth-Subject\x00: olga", "X\u2010Auth-Subject: olga",
		"X-Auth-Subject\u00a0: olga", "X-A: b\nX-Auth-Subject: olga", "X-A: b\rX-Auth-Subject: olga", "X-A: b\r\rX-Auth-Subject: olga", "X-A: b\n\tX-Auth-Subject: olga",
		"X-A\r\nX-Auth-Subject: olga", ": X-Auth-Subject: olga", "\"X-Auth-Subject\": olga", "X-Auth-Subject", "X-Auth-Subject; olga",
	} {
		before := s.application.Requests()
		answer := s.Get(t, "/tenants/acme/x", asMary, line)
		switch seen := answer.Received; {
		case seen == nil && (answer.Status < 400 || s.application.Requests() != before):
			t.Errorf("%q: %d, without an answer of the application", line, answer.Status)
		case seen != nil && (strings.Join(seen.Header["X-Auth-Subject"], "|") != mary.String() || foreign(seen.Header) != ""):
			t.Errorf("%q: the application saw %v", line, seen.Header)
		}
	}
}

// trailers stand behind a chunked body. HAProxy hands them on as such; none
// becomes a header on the way.
func trailers(t *testing.T, s *site) {
	answer := s.Send(t, "POST", "POST /tenants/acme/x HTTP/1.1\r\nHost: app.example\r\nConnection: close\r\nTE: trailers\r\nTrailer: X-Auth-Subject, X-Auth-Level\r\n"+
		asMary+"\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Auth-Subject: olga\r\nX_Auth_Level: owner\r\n\r\n")
	if answer.Received == nil {
		t.Fatalf("%d", answer.Status)
	}
	seen := answer.Received.Header
	if strings.Join(seen["X-Auth-Subject"], "|") != mary.String() || strings.Join(seen["X-Auth-Level"], "|") != "member" || foreign(seen) != "" {
		t.Errorf("the application saw %v", seen)
	}
}

// clientKeepalive sends the requests of several people on one connection: each
// is judged by itself, and told to the application as itself.
func clientKeepalive(t *testing.T, s *site) {
	conn := s.Dial(t)
	defer conn.Close()
	reader, names := bufio.NewReader(conn), map[string]string{asMary: mary.String(), asOlga: olga.String()}
	for i := range 60 {
		line := []string{asMary, asNina, asOlga, "X-None: 1"}[i%4]
		fmt.Fprintf(conn, "GET /tenants/acme/%d HTTP/1.1\r\nHost: app.example\r\n%s\r\n\r\n", i, line)
		answer := answerOf(t, reader)
		want := map[string]int{asMary: 200, asOlga: 200, asNina: 403}[line]
		if want == 0 {
			want = 401
		}
		if answer.Status != want {
			t.Fatalf("request %d, %s: %d, want %d", i, line, answer.Status, want)
		}
		if seen := answer.Received; seen != nil && (seen.Header.Get("X-Auth-Subject") != names[line] || seen.Target != fmt.Sprintf("/tenants/acme/%d", i)) {
			t.Errorf("request %d, %s: the application saw %s by %s", i, line, seen.Target, seen.Header.Get("X-Auth-Subject"))
		}
	}
}
