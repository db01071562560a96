package proxy_test

import (
	"context"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/proxy"
	"github.com/memberward/memberward/internal/proxytest"
)

// kinds are the real proxies.
func kinds() []proxytest.Kind {
	return []proxytest.Kind{proxytest.Nginx(), proxytest.Caddy(), proxytest.HAProxy(), proxytest.Apache()}
}

// TestAssertionsReachTheApplication through the shipped files, and the
// client's never does.
func TestAssertionsReachTheApplication(t *testing.T) {
	const signed, forged = "aaa.bbb-_9.ccc", "X-Auth-Assertion: evil.evil.evil"
	for _, kind := range kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			w := newWorld()
			w.verdict = holding([]string{"writer", "app:editor"})
			with := newSiteOf(t, kind, w, proxy.Options{}) // the assertion is not asked for yet
			for _, lines := range [][]string{{asMary}, {asMary, forged}} {
				answer := with.Get(t, "/tenants/acme/x", lines...)
				if answer.Received == nil || len(answer.Received.Header["X-Auth-Assertion"]) != 0 {
					t.Fatalf("without one: %d %+v", answer.Status, answer.Received)
				}
			}
			w = newWorld()
			w.verdict = holding([]string{"writer", "app:editor"})
			w.assert = func(context.Context, proxy.Assertion) (string, error) { return signed, nil }
			with = newSiteOf(t, kind, w, proxy.Options{})
			for _, lines := range [][]string{{asMary}, {asMary, forged}} {
				answer := with.Get(t, "/tenants/acme/x", lines...)
				if answer.Received == nil {
					t.Fatalf("%d", answer.Status)
				}
				if got := strings.Join(answer.Received.Header["X-Auth-Assertion"], "|"); got != signed {
					t.Errorf("the application gets the assertion %q", got)
				}
				if got := strings.Join(answer.Received.Header["X-Auth-Roles"], "|"); got != "app:editor,writer" {
					t.Errorf("the application gets the roles %q", got)
				}
			}
			for _, line := range []string{asNina, forged} {
				if answer := with.Get(t, "/tenants/acme/x", line); answer.Received != nil || answer.Header.Get("X-Auth-Assertion") != "" {
					t.Errorf("a denial: %d %v", answer.Status, answer.Header)
				}
			}
		})
	}
}

// presetLines are the lines of docs/proxies/headers.md, as pairs of the text in
// the shipped file that they stand beside and both together.
func presetLines(name string) []string {
	beside := func(line string, more ...string) []string {
		return []string{line, strings.Join(append([]string{line}, more...), "\n")}
	}
	switch name {
	case "nginx":
		return beside("proxy_set_header X-Auth-Subject       $memberward_subject;",
			"proxy_set_header Remote-User $memberward_subject;", "proxy_set_header Remote-Name $memberward_subject;",
			"proxy_set_header Remote-Groups $memberward_roles;", `proxy_set_header Remote-Email "";`)
	case "caddy":
		return append(beside("request_header -X-Auth-*", "request_header -Remote-*"),
			" X-Decision-Id X-Policy-Revision", " X-Decision-Id X-Policy-Revision Remote-User Remote-Name Remote-Groups")
	case "haproxy":
		return append(beside("http-request del-header x-auth- -m beg", "http-request del-header remote- -m beg"),
			beside("http-request set-header x-auth-subject       %[var(txn.memberward_subject)]",
				"http-request set-header remote-user %[var(txn.memberward_subject)]", "http-request set-header remote-name %[var(txn.memberward_subject)]",
				"http-request set-header remote-groups %[var(txn.memberward_roles)]")...)
	default:
		return beside(`RequestHeader set   X-Auth-Subject       "%{X_AUTH_SUBJECT}e"`,
			`SetEnvIfNoCase "^Remote[_.]" "." memberward_alias=1`, `RequestHeader set Remote-User "%{X_AUTH_SUBJECT}e"`, `RequestHeader set Remote-Name "%{X_AUTH_SUBJECT}e"`,
			`RequestHeader set Remote-Groups "%{X_AUTH_ROLES}e"`, "RequestHeader unset Remote-Email",
			"RequestHeader unset Remote_User", "RequestHeader unset Remote.User", "RequestHeader unset Remote_Name", "RequestHeader unset Remote.Name",
			"RequestHeader unset Remote_Groups", "RequestHeader unset Remote.Groups", "RequestHeader unset Remote_Email", "RequestHeader unset Remote.Email")
	}
}

// TestPresetsReachTheApplication with the lines that the page names: the other
// gateway's headers say what ours do, whatever a client sent.
func TestPresetsReachTheApplication(t *testing.T) {
	for _, kind := range kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			w := newWorld()
			w.verdict = holding([]string{"writer", "editor"})
			s := newSiteOf(t, kind, w, proxy.Options{HeaderPreset: "remote-user"}, presetLines(kind.Name)...)
			for _, line := range []string{"X-None: 1", "Remote-User: olga", "Remote-Groups: owner\r\nRemote-Groups: admin", "Remote-Name: olga", "remote-user: olga"} {
				answer := s.Get(t, "/tenants/acme/x", asMary, line)
				if answer.Received == nil {
					t.Fatalf("%q: %d", line, answer.Status)
				}
				for name, want := range map[string]string{"Remote-User": mary.String(), "Remote-Name": mary.String(), "Remote-Groups": "editor,writer", "Remote-Email": ""} {
					if got := strings.Join(answer.Received.Header[name], "|"); got != want {
						t.Errorf("%q: the application gets %s %q, want %q", line, name, got, want)
					}
				}
			}
			for _, line := range []string{"Remote-Email: olga@example.com", "Connection: Remote-User", "Remote_User: olga", "Remote_User: olga\r\nRemote_Z:"} {
				answer := s.Get(t, "/tenants/acme/x", asMary, line)
				if answer.Received != nil && (answer.Received.Header.Get("Remote-Email") != "" || answer.Received.Header.Get("Remote-User") != mary.String() || len(answer.Received.Header.Values("Remote_User")) > 0) {
					t.Errorf("%q: the application gets %v", line, answer.Received.Header)
				}
			}
		})
	}
}

// TestApacheAliasesOfAPreset: Apache hides names with an underscore from
// Memberward, so the page's line has to refuse them.
func TestApacheAliasesOfAPreset(t *testing.T) {
	const anchor = `SetEnvIfNoCase "^X(-Auth[_.]|[_.]Auth[-_.])" "." memberward_alias=1`
	for _, tt := range []struct{ preset, line, alias string }{
		{"remote-user", `SetEnvIfNoCase "^Remote[_.]" "." memberward_alias=1`, "Remote_User"},
		{"oauth2-proxy", `SetEnvIfNoCase "^X-Auth-Request.*[_.]" "." memberward_alias=1`, "X-Auth-Request_User"},
		{"oauth2-proxy", `SetEnvIfNoCase "^X-Auth-Request.*[_.]" "." memberward_alias=1`, "X-Auth-Request-Preferred.Username"},
	} {
		for _, with := range []bool{true, false} {
			lines := []string{}
			if with {
				lines = []string{anchor, anchor + "\n" + tt.line}
			}
			s := newSiteWith(t, proxytest.Apache(), proxy.Options{HeaderPreset: tt.preset}, lines...)
			answer := s.Get(t, "/tenants/acme/x", asMary, tt.alias+": olga")
			if reached := answer.Received != nil && len(answer.Received.Header.Values(tt.alias)) > 0; reached == with {
				t.Errorf("%s, with the line %t: %d, reached %t", tt.alias, with, answer.Status, reached)
			}
		}
	}
}
