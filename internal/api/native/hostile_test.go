package native_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/api"
)

// endpoint is a request that would succeed, to be spoilt.
type endpoint struct {
	call
	foreign bool // names tenants or people by path, so that foreign and unknown ones can be named
	missing bool // is of the right form, but there is none
	bare    bool // takes no body as well
}

var endpoints = []endpoint{
	{call: call{as: platform, method: http.MethodPost, path: "/v1/users", body: `{"email":"new@example.com","given_name":"N"}`}},
	{call: call{as: platform, method: http.MethodGet, path: "/v1/users?email=3@example.com"}},
	{call: call{as: mary, method: http.MethodGet, path: "/v1/users/" + mary}, foreign: true},
	{call: call{as: mary, method: http.MethodPost, path: "/v1/users/" + mary + "/api-keys", body: `{"label":"l"}`}, foreign: true},
	{call: call{as: mary, method: http.MethodGet, path: "/v1/users/" + mary + "/api-keys"}, foreign: true},
	{call: call{as: mary, method: http.MethodDelete, path: "/v1/api-keys/" + marysKey}, foreign: true},
	{call: call{method: http.MethodPost, path: "/v1/tokens", body: `{"email":"3@example.com","password":"p"}`}},
	{call: call{as: nina, method: http.MethodPost, path: "/v1/tenants", body: `{"name":"N","slug":"n"}`}},
	{call: call{as: mary, method: http.MethodGet, path: "/v1/tenants"}},
	{call: call{as: mary, method: http.MethodGet, path: "/v1/tenants/" + acme}, foreign: true},
	{call: call{as: adam, method: http.MethodPost, path: "/v1/tenants/" + acme + "/members", body: `{"user_id":"` + nina + `","level":"viewer"}`}, foreign: true},
	{call: call{as: adam, method: http.MethodGet, path: "/v1/tenants/" + acme + "/members"}, foreign: true},
	{call: call{as: adam, method: http.MethodGet, path: "/v1/tenants/" + acme + "/members/" + mary}, foreign: true},
	{call: call{as: adam, method: http.MethodPatch, path: "/v1/tenants/" + acme + "/members/" + mary, body: `{"level":"viewer"}`}, foreign: true},
	{call: call{as: adam, method: http.MethodDelete, path: "/v1/tenants/" + acme + "/members/" + mary}, foreign: true},
	{call: call{as: adam, method: http.MethodPost, path: "/v1/check", body: `{"action":"tenant.read","tenant":"acme"}`}},
	{call: call{as: mary, method: http.MethodGet, path: "/v1/policies"}},
	{call: call{as: mary, method: http.MethodPatch, path: "/v1/users/" + mary, body: `{"given_name":"M","surname":"X"}`}, foreign: true},
	{call: call{as: mary, method: http.MethodDelete, path: "/v1/users/" + mary}, foreign: true},
	{call: call{as: mary, method: http.MethodPost, path: "/v1/users/" + mary + "/password", body: `{"new":"long enough, and new"}`}, foreign: true},
	{call: call{as: mary, method: http.MethodPost, path: "/v1/users/" + mary + "/tokens/revoke"}, foreign: true},
	{call: call{as: mary, method: http.MethodDelete, path: "/v1/users/" + mary + "/memberships"}, foreign: true},
	{call: call{as: olga, method: http.MethodPatch, path: "/v1/tenants/" + acme, body: `{"name":"Acme 2","slug":"acme-2"}`}, foreign: true},
	{call: call{as: olga, method: http.MethodDelete, path: "/v1/tenants/" + acme}, foreign: true},
	{call: call{as: olga, method: http.MethodPost, path: "/v1/tenants/" + acme + "/transfer-ownership", body: `{"to":"` + adam + `"}`}, foreign: true},
	{call: call{as: adam, method: http.MethodPost, path: "/v1/checks", body: `{"checks":[{"action":"tenant.read","tenant":"acme"}]}`}},
	{call: call{as: platform, method: http.MethodGet, path: "/v1/decisions/" + nowhere}, missing: true},
	{call: call{as: adam, method: http.MethodGet, path: "/v1/audit?tenant=acme"}},
	{call: call{as: adam, method: http.MethodGet, path: "/v1/audit/verify?tenant=acme"}},
	{call: call{as: platform, method: http.MethodGet, path: "/v1/admin/info"}},
	{call: call{as: platform, method: http.MethodPost, path: "/v1/admin/verify"}},
	{call: call{as: platform, method: http.MethodPost, path: "/v1/admin/backup"}},
	{call: call{as: platform, method: http.MethodPost, path: "/v1/admin/signing-keys/rotate", body: `{"revoke":true}`}, bare: true},
	{call: call{as: adam, method: http.MethodPost, path: "/v1/tenants/" + acme + "/members/batch", body: `{"operations":[{"op":"add","user_id":"` + nina + `"},{"op":"update","user_id":"` + mary + `","level":"viewer"},{"op":"remove","user_id":"` + vic + `"}]}`}, foreign: true},
	{call: call{as: adam, method: http.MethodPut, path: "/v1/tenants/" + acme + "/usage", body: `{"process_count":1,"dataset_count":2}`}, foreign: true},
	{call: call{as: mary, method: http.MethodGet, path: "/v1/users/" + mary + "/tenants"}, foreign: true},
	{call: call{as: adam, method: http.MethodPost, path: "/v1/tenants/" + acme + "/roles", body: `{"name":"writer","actions":["resource.write"]}`}, foreign: true},
	{call: call{as: adam, method: http.MethodGet, path: "/v1/tenants/" + acme + "/roles"}, foreign: true},
	{call: call{as: adam, method: http.MethodGet, path: "/v1/tenants/" + acme + "/roles/" + editor}, foreign: true},
	{call: call{as: adam, method: http.MethodPatch, path: "/v1/tenants/" + acme + "/roles/" + editor, body: `{"name":"author","actions":[]}`}, foreign: true},
	{call: call{as: adam, method: http.MethodDelete, path: "/v1/tenants/" + acme + "/roles/" + editor}, foreign: true},
	{call: call{as: adam, method: http.MethodPost, path: "/v1/tenants/" + acme + "/invitations", body: `{"email":"kim@example.com","level":"viewer"}`}, foreign: true},
	{call: call{as: adam, method: http.MethodGet, path: "/v1/tenants/" + acme + "/invitations"}, foreign: true},
	{call: call{as: adam, method: http.MethodDelete, path: "/v1/tenants/" + acme + "/invitations/" + invited}, foreign: true},
	{call: call{method: http.MethodPost, path: "/v1/invitations/" + ninasCode + "/accept", body: `{"given_name":"N","surname":"X"}`}, foreign: true, bare: true},
	{call: call{method: http.MethodPost, path: "/v1/invitations/" + ninasCode + "/decline"}, foreign: true},
	{call: call{as: platform, method: http.MethodPost, path: "/v1/organizations", body: `{"name":"Other","short_name":"other"}`}},
	{call: call{as: greta, method: http.MethodGet, path: "/v1/organizations"}},
	{call: call{as: platform, method: http.MethodGet, path: "/v1/organizations/" + emptyGroup}, foreign: true},
	{call: call{as: platform, method: http.MethodPatch, path: "/v1/organizations/" + emptyGroup, body: `{"name":"Group 2","short_name":"group-2"}`}, foreign: true},
	{call: call{as: platform, method: http.MethodDelete, path: "/v1/organizations/" + emptyGroup}, foreign: true},
	{call: call{as: greta, method: http.MethodGet, path: "/v1/organizations/" + group + "/members"}, foreign: true},
	{call: call{as: greta, method: http.MethodGet, path: "/v1/organizations/" + group + "/members/" + mary}, foreign: true},
	{call: call{as: greta, method: http.MethodPut, path: "/v1/organizations/" + group + "/members/" + mary, body: `{"admin":true,"enabled":false}`}, foreign: true},
	{call: call{as: greta, method: http.MethodDelete, path: "/v1/organizations/" + group + "/members/" + mary}, foreign: true},
	{call: call{as: platform, method: http.MethodGet, path: "/v1/entities?type=record"}},
	{call: call{as: platform, method: http.MethodGet, path: "/v1/entities/record/record-1"}},
	{call: call{as: platform, method: http.MethodPut, path: "/v1/entities/record/record-1", body: `{"owner":"bob","properties":{"status":"archived"}}`}},
	{call: call{as: platform, method: http.MethodDelete, path: "/v1/entities/record/record-1"}},
	{call: call{method: http.MethodGet, path: "/openapi.json"}},
}

// spoilers turn a good body into a bad one.
var spoilers = []struct {
	name  string
	spoil func(good string) string
}{
	{"no JSON", func(string) string { return `{"` }},
	{"cut off", func(good string) string { return good[:len(good)-1] }},
	{"not an object", func(string) string { return `[]` }},
	{"null", func(string) string { return `null` }},
	{"a number", func(string) string { return `1` }},
	{"only spaces", func(string) string { return "  \n" }},
	{"trailing garbage", func(good string) string { return good + "x" }},
	{"a second value", func(good string) string { return good + good }},
	{"a duplicate key", func(good string) string { return "{" + firstMember(good) + "," + good[1:] }},
	{"a key in another case", func(good string) string { return strings.Replace(good, good[2:3], strings.ToUpper(good[2:3]), 1) }},
	{"an unknown key", func(good string) string { return good[:len(good)-1] + `,"dry_run":true}` }},
	{"a wrong type", func(good string) string { return "{" + strings.SplitAfterN(firstMember(good), ":", 2)[0] + "[{}]}" }},
	{"null for a value", func(good string) string { return "{" + strings.SplitAfterN(firstMember(good), ":", 2)[0] + "null}" }},
	{"NUL in a text", func(good string) string { return strings.Replace(good, `":"`, `":"\u0000`, 1) }},
	{"a raw NUL", func(good string) string { return strings.Replace(good, `":"`, "\":\"\x00", 1) }},
	{"invalid UTF-8", func(good string) string { return strings.Replace(good, `":"`, "\":\"\xff", 1) }},
	{"a lone surrogate", func(good string) string { return strings.Replace(good, `":"`, `":"\ud800`, 1) }},
	{"a byte order mark", func(good string) string { return "\ufeff" + good }},
	{"over-long", func(good string) string { return strings.Replace(good, `":"`, `":"`+strings.Repeat("a", 1100), 1) }},
	{"1 MiB and 1", func(good string) string { return good + strings.Repeat(" ", api.BodyLimit+1-len(good)) }},
	{"a nesting bomb", func(string) string { return strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000) }},
	{"1,001 elements", func(good string) string { return good[:len(good)-1] + `,"a":[` + strings.Repeat("0,", 1000) + `0]}` }},
}

// firstMember is the first key and value of an object of texts.
func firstMember(object string) string {
	return strings.Split(strings.Trim(object, "{}"), ",")[0]
}

// bad sends a request that has to be refused for what it is: a problem with a
// 4xx, and nothing changed.
func (w *world) bad(c call) {
	w.t.Helper()
	before := w.store.Revision()
	answer := w.do(c)
	body := c.body[:min(len(c.body), 100)]
	if answer.Status < 400 || answer.Status > 499 {
		w.t.Fatalf("%s %s %q as %q: %d %s", c.method, c.path, body, c.as, answer.Status, answer.Body)
	}
	p := answer.object(w.t)
	if p["status"] != float64(answer.Status) || p["code"] == "" || answer.Header.Get("Content-Type") != "application/problem+json" {
		w.t.Errorf("%s %s %q: no problem: %v %s", c.method, c.path, body, answer.Header, answer.Body)
	}
	if w.store.Revision() != before {
		w.t.Errorf("%s %s %q: refused, and something was changed", c.method, c.path, body)
	}
}

func TestHostileBodies(t *testing.T) {
	w := newWorld(t)
	for _, e := range endpoints {
		for _, s := range spoilers {
			t.Run(e.method+" "+e.path+"/"+s.name, func(t *testing.T) {
				c := e.call
				good := c.body
				if good == "" {
					good = `{"a":"b"}` // operations that take no body refuse every one
				}
				c.body = s.spoil(good)
				if c.body == good {
					return // there is nothing of the kind to spoil
				}
				if s.name == "over-long" && c.path == "/v1/tokens" {
					c.body = s.spoil(`{"email":"3@example.com","password":"p","tenant_id":"acme"}`)
				}
				w.in(t).bad(c)
			})
		}
	}
}

func TestHostileHeadersAndQueries(t *testing.T) {
	w := newWorld(t)
	for _, e := range endpoints {
		t.Run(e.method+" "+e.path, func(t *testing.T) {
			w := w.in(t)
			taken := w.terms(e.call)
			for _, name := range []string{"Idempotency-Key", "If-Match", "If-None-Match", "Memberward-At-Least", "X-Act-As"} {
				c := e.call
				c.header = []string{name, "1"}
				if taken[name] {
					continue
				}
				p := w.refused(http.StatusBadRequest, "invalid", c)
				want := []any{map[string]any{"location": "header." + name, "message": "this header is not served here"}}
				if diff := cmp.Diff(want, p["errors"]); diff != "" {
					t.Errorf("the problem does not name the header:\n%s", diff)
				}
			}
			w.hostileTerms(e.call, taken)
			glue := "?"
			if strings.Contains(e.path, "?") {
				glue = "&"
			}
			for _, query := range []string{"dry_run=maybe", "dry_run=true&dry_run=true", "dry_run=", "explain=1", "explain=", "a", "limit=1;a", "%zz=1", "limit=1&limit=1", "email=a&email=b", "cursor=%00", "limit=%ff", "cursor=", "can=", "can=Tenant.Read", "level=boss", "level=", "status=gone", "q=", "order=name", "since=yesterday", "action=Tenant.Read", "actor=olga"} {
				c := e.call
				c.path += glue + query
				w.refused(http.StatusBadRequest, "invalid", c)
			}
			if e.body != "" {
				c := e.call
				c.header = []string{"Content-Type", "text/plain"}
				w.refused(http.StatusUnsupportedMediaType, "invalid", c)
				if !e.bare {
					w.refused(http.StatusBadRequest, "invalid", call{as: c.as, method: c.method, path: c.path})
				}
			}
		})
	}
}

func TestWithoutCredential(t *testing.T) {
	w := newWorld(t)
	for _, e := range endpoints {
		if e.as == "" {
			continue
		}
		t.Run(e.method+" "+e.path, func(t *testing.T) {
			w := w.in(t)
			for name, header := range map[string][]string{
				"none":                {},
				"a cookie":            {"Cookie", "auth_token=x"},
				"basic":               {"Authorization", "Basic eDp5"},
				"a wrong key":         {"X-Api-Key", strings.Repeat("k", 40)},
				"a wrong key decides": {"X-Api-Key", strings.Repeat("k", 40), "Authorization", "Bearer " + keyText(e.as)},
			} {
				c := e.call
				c.as, c.header = "", header
				c.body = strings.Replace(c.body, `{`, `{"unknown":1,`, 1) // who calls is asked before what
				w.refused(http.StatusUnauthorized, "unauthenticated", c)
				if w.do(c).Header.Get("WWW-Authenticate") == "" {
					t.Errorf("%s: 401 without WWW-Authenticate", name)
				}
			}
		})
	}
}

func TestOtherMethodsAndRoutes(t *testing.T) {
	w := newWorld(t)
	served := map[string]string{}
	for _, e := range endpoints {
		path, _, _ := strings.Cut(e.path, "?")
		served[path] += e.method + " "
	}
	for path, methods := range served {
		if strings.HasSuffix(path, "/members/batch") {
			continue // to the other methods, batch is a user's id that is none
		}
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "PURGE"} {
			if strings.Contains(methods, method+" ") {
				continue
			}
			answer := w.do(call{as: platform, method: method, path: path, body: `{}`})
			for _, allowed := range strings.Fields(methods) {
				if !strings.Contains(answer.Header.Get("Allow"), allowed) {
					t.Errorf("%s %s: Allow is %q, want %s", method, path, answer.Header.Get("Allow"), methods)
				}
			}
			if answer.Status != http.StatusMethodNotAllowed || answer.object(t)["code"] != "method_not_allowed" {
				t.Errorf("%s %s: %d %s", method, path, answer.Status, answer.Body)
			}
		}
		for _, other := range []string{path + "/", path + "/x", strings.ToUpper(path), "/" + path, path + "%2f"} {
			answer := w.do(call{as: platform, method: http.MethodTrace, path: other})
			if answer.Status != http.StatusNotFound && answer.Status != http.StatusMethodNotAllowed {
				t.Errorf("TRACE %s: %d %s", other, answer.Status, answer.Body)
			}
		}
	}
	for _, path := range []string{"/v1", "/v1/", "/v1/x", "/v1/tenants/acme/projects", "/v1/invitations", "/v1/checks/x", "/v1/admin", "/v1/audit/stream", "/v1/decisions", "/openapi.json/", "/v1/schemas", "/v1/users//api-keys"} {
		w.refused(http.StatusNotFound, "not_found", call{as: platform, method: http.MethodGet, path: path})
	}
}

// TestHostilePaths names what is not there, and what is somebody else's.
func TestHostilePaths(t *testing.T) {
	w := newWorld(t)
	names := []string{
		nowhere, nobody, globex, "x", "%00", "%ff", "..", "%2e%2e", "%2f", "{" + acme + "}", "urn:uuid:" + acme,
		strings.ReplaceAll(acme, "-", ""), "00000000-0000-0000-0000-000000000000", "current", "?", url.PathEscape("?"), url.PathEscape("💥"),
		strings.Repeat("a", 5000), "acme%20", "Acme",
	}
	for _, e := range endpoints {
		if !e.foreign {
			continue
		}
		for _, id := range []string{acme, mary, marysKey, editor, invited, ninasCode, group, emptyGroup} {
			if !strings.Contains(e.path, id) {
				continue
			}
			for _, name := range names {
				t.Run(e.method+" "+strings.Replace(e.path, id, name[:min(len(name), 40)], 1), func(t *testing.T) {
					c := e.call
					c.path = strings.Replace(c.path, id, name, 1)
					w.in(t).bad(c)
				})
			}
		}
	}
}
