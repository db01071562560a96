package processmind_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/apitest"
)

// place is one operation with ids that stand for something, asked by somebody
// who may.
type place struct {
	who, method, path string
	body              string // a good one; empty where none is read
}

var places = []place{
	{"vic", "GET", "/tenant/{acme}", ""},
	{"olga", "PUT", "/tenant/{acme}", `{"displayName":"New Company Name"}`},
	{"olga", "GET", "/tenant/{acme}/statistics", ""},
	{"vic", "GET", "/tenant/{acme}/users", ""},
	{"olga", "POST", "/tenant/{acme}/users", `{"email":"nina@example.com","firstName":null,"isAdminInTenant":false}`},
	{"olga", "PUT", "/tenant/{acme}/users", `{"userId":"{mary}","tenantId":"{acme}","isAdminInTenant":true}`},
	{"olga", "DELETE", "/tenant/{acme}/users", `{"userId":"{mary}","tenantId":"{acme}"}`},
	{"orla", "GET", "/tenant/{acme}/organization", ""},
	{"orla", "GET", "/tenant/{acme}/organization/statistics", ""},
	{"orla", "GET", "/tenant/{acme}/organization/tenants", ""},
	{"orla", "POST", "/tenant/{acme}/organization/tenants", `{"shortName":"sales-team","displayName":"Sales Team","description":"what for"}`},
	{"orla", "DELETE", "/tenant/{branch}/organization/tenants/{acme}", ""},
	{"orla", "GET", "/tenant/{branch}/organization/users", ""},
	{"orla", "PUT", "/tenant/{branch}/organization/users", `{"userId":"{oscar}","isAdminInOrganization":true}`},
	{"orla", "DELETE", "/tenant/{branch}/organization/users", `{"userId":"{oscar}"}`},
}

// refused holds an answer against what every refusal of this dialect is: a
// 4xx in its own body, and nothing changed.
func refused(t *testing.T, s *apitest.Stage, who, method, path, body string, header http.Header) apitest.Answer {
	t.Helper()
	before := s.Revision(t)
	got := s.Ask(t, who, method, fill(path), body, header)
	if got.Status < 400 || got.Status > 499 || method != http.MethodHead && !own(got) {
		t.Errorf("%s %.80s as %s with body %.60q = %d %.200s, want a 4xx with a message", method, path, who, body, got.Status, got.Body)
	}
	if after := s.Revision(t); after != before {
		t.Errorf("%s %.80s with body %.60q was refused, and changed something", method, path, body)
	}
	return got
}

// own reports whether an answer is an error of this API: JSON with a message
// and nothing else.
func own(got apitest.Answer) bool {
	var body map[string]string
	return got.Header.Get("Content-Type") == "application/json" && json.Unmarshal([]byte(got.Body), &body) == nil &&
		len(body) == 1 && body["message"] != ""
}

func TestBadBodies(t *testing.T) {
	s := set(t)
	bodies := []struct{ name, body string }{
		{"malformed", `{"email":`},
		{"no JSON", `email=a@b`},
		{"nothing", ``},
		{"blank", " \n"},
		{"a list", `[]`},
		{"null", `null`},
		{"a number", `7`},
		{"nothing of what is required", `{}`},
		{"everything null", `{"email":null,"userId":null,"tenantId":null,"displayName":null,"shortName":null}`},
		{"wrong types", `{"email":1,"userId":{},"tenantId":[],"displayName":true,"shortName":0}`},
		{"flags as texts", `{GOOD,"isAdminInTenant":"true","isAdminInOrganization":"true","displayName":1}`},
		{"flags as numbers", `{GOOD,"isActiveInTenant":1,"isActiveInOrganization":0,"displayName":[]}`},
		{"a key twice", `{GOOD,"userId":"{vic}","userId":"{vic}"}`},
		{"an unknown key twice", `{GOOD,"x":1,"x":1}`},
		{"another case", `{GOOD,"USERID":"{vic}","EMAIL":"x@y","DisplayName":"x","ShortName":"x"}`},
		{"trailing garbage", `{GOOD}x`},
		{"two values", `{GOOD}{}`},
		{"NUL in what is unknown", `{GOOD,"x":"\u0000"}`},
		{"invalid UTF-8", "{GOOD,\"x\":\"\xff\"}"},
		{"a list over 1,000", `{GOOD,"x":[` + strings.Repeat("1,", 1000) + `1]}`},
		{"a nesting bomb", strings.Repeat(`{"email":`, 20_000)},
		{"1 MiB + 1", `{GOOD}` + strings.Repeat(" ", api.BodyLimit)},
	}
	for _, p := range places {
		if p.body == "" {
			continue
		}
		inner := strings.Trim(p.body, "{}")
		if strings.Contains(p.body, "}\"}") {
			inner = strings.TrimSuffix(strings.TrimPrefix(p.body, "{"), "}")
		}
		for _, row := range bodies {
			if p.method == "DELETE" && strings.HasPrefix(row.name, "flags") {
				continue // unknown keys there
			}
			t.Run(p.method+p.path+" "+row.name, func(t *testing.T) {
				refused(t, s, p.who, p.method, p.path, fill(strings.Replace(row.body, "GOOD", inner, 1)), nil)
			})
		}
		t.Run(p.method+p.path+" of another type", func(t *testing.T) {
			refused(t, s, p.who, p.method, p.path, fill(p.body), http.Header{"Content-Type": {"text/plain"}})
		})
	}
}

// Over-long texts are wrong input where they are texts, and unknown where they
// are ids.
func TestOverlongTexts(t *testing.T) {
	s := set(t)
	long := strings.Repeat("n", 300)
	for _, row := range []struct{ method, path, body string }{
		{"PUT", "/tenant/{acme}", `{"displayName":"` + long + `"}`},
		{"POST", "/tenant/{acme}/users", `{"email":"` + long + `@example.com"}`},
		{"POST", "/tenant/{acme}/users", `{"email":"nina@example.com","firstName":"` + long + `"}`},
		{"POST", "/tenant/{acme}/users", `{"email":"nina@example.com","lastName":"` + long + `"}`},
		{"DELETE", "/tenant/{acme}/users", `{"userId":"` + strings.Repeat(long, 100) + `","tenantId":"{acme}"}`},
		{"POST", "/tenant/{acme}/organization/tenants", `{"shortName":"` + long + `"}`},
		{"POST", "/tenant/{acme}/organization/tenants", `{"shortName":"sales","displayName":"` + long + `"}`},
		{"POST", "/tenant/{acme}/organization/tenants", `{"shortName":"sales","description":"` + strings.Repeat(long, 4) + `"}`},
	} {
		refused(t, s, "orla", row.method, row.path, fill(row.body), nil)
	}
}

// Every operation refuses a body over the limit, those that read none too.
func TestBodiesOverTheLimit(t *testing.T) {
	s := set(t)
	for _, p := range places {
		refused(t, s, p.who, p.method, p.path, strings.Repeat(" ", api.BodyLimit+1), nil)
	}
}

func TestBadCallers(t *testing.T) {
	s := set(t)
	callers := []struct {
		name   string
		header http.Header
	}{
		{"no credential", nil},
		{"an unknown key", http.Header{"X-Api-Key": {apitest.Key("stranger")}}},
		{"an empty key", http.Header{"X-Api-Key": {""}}},
		{"a malformed token", http.Header{"Authorization": {"Bearer eyJ.eyJ.x"}}},
		{"another scheme", http.Header{"Authorization": {"Basic b2xnYQ=="}}},
		{"two keys", http.Header{"X-Api-Key": {apitest.Key("olga"), apitest.Key("olga")}}},
		{"an invalid key before a good one", http.Header{"X-Api-Key": {"wrong"}, "Authorization": {"Bearer " + apitest.Key("olga")}}},
		{"a cookie", http.Header{"Cookie": {"auth_token=" + apitest.Key("olga")}}},
		{"an over-long key", http.Header{"X-Api-Key": {strings.Repeat("k", 100_000)}}},
	}
	for _, p := range places {
		for _, row := range callers {
			if got := refused(t, s, "nobody", p.method, p.path, fill(p.body), row.header); got.Status != http.StatusUnauthorized {
				t.Errorf("%s %s with %s = %d %s, want 401", p.method, p.path, row.name, got.Status, got.Body)
			}
		}
	}
}

// Ids that name nothing, or something foreign, or are none: to a stranger all
// read the same.
func TestBadIDs(t *testing.T) {
	s := set(t)
	ids := []string{
		"{unknown}", "{globex}", "{acme}", "{mary}", "{group}", "00000000-0000-0000-0000-000000000000", "acme", "current", "%7B{acme}%7D", "urn:uuid:{acme}",
		strings.Repeat("0", 32), strings.Repeat("a", 8000), "%00", "%ff", "..", "%2e%2e", "{acme}%00", "+{acme}", "%20{acme}", "'%20OR%201=1", "null", "-1", "{acme}%2Fusers",
	}
	for _, p := range places {
		for _, id := range ids {
			path := strings.Replace(strings.Replace(p.path, "{acme}", id, 1), "/{branch}", "/"+id, 1)
			body := strings.ReplaceAll(fill(p.body), fill("{acme}"), jsonOf(id))
			got := refused(t, s, "sam", p.method, path, body, nil)
			want := `{"message":"Tenant not found."}`
			if got.Status != http.StatusNotFound && !strings.Contains(p.body, "tenantId") || got.Status == http.StatusNotFound && got.Body != want && !strings.Contains(path, "..") {
				t.Errorf("%s %.80s = %d %s, want 404 %s", p.method, path, got.Status, got.Body, want)
			}
		}
	}
}

// jsonOf gives an id of a path as it stands in a body.
func jsonOf(id string) string { return fill(strings.NewReplacer("%00", "", "%ff", "").Replace(id)) }

func TestOtherMethods(t *testing.T) {
	s := set(t)
	served := map[string]string{}
	for _, p := range places {
		served[p.path] += " " + p.method
	}
	// The cast of places names two tenants for one route.
	served["/tenant/{acme}/organization/users"] = served["/tenant/{branch}/organization/users"]
	for path, methods := range served {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"} {
			if strings.Contains(methods+" ", " "+method+" ") {
				continue
			}
			got := refused(t, s, "olga", method, path, "", nil)
			if allow := " " + strings.ReplaceAll(got.Header.Get("Allow"), ",", ""); got.Status != http.StatusMethodNotAllowed || len(allow) != len(methods) {
				t.Errorf("%s %s = %d, Allow %q, want 405 with%s", method, path, got.Status, allow, methods)
			}
		}
	}
}

// The checks above are able to fail: a good request is no refusal, and its
// answer is JSON with a body too.
func TestGoodRequestsAreServed(t *testing.T) {
	for _, p := range places {
		s := set(t)
		got := s.Ask(t, p.who, p.method, fill(p.path), fill(p.body), nil)
		if got.Status != http.StatusOK || got.Header.Get("Content-Type") != "application/json" || !json.Valid([]byte(got.Body)) {
			t.Errorf("%s %s = %d %s", p.method, p.path, got.Status, got.Body)
		}
		if got.Header.Get("X-Decision-Id") == "" {
			t.Errorf("%s %s names no decision", p.method, p.path)
		}
	}
}

// Unknown keys are ignored (contracts/README.md, rule 11).
func TestUnknownKeysAreIgnored(t *testing.T) {
	for _, p := range places {
		if p.body == "" {
			continue
		}
		s := set(t)
		body := strings.TrimSuffix(fill(p.body), "}") + `,"more":{"and":[1,null]}}`
		if got := s.Ask(t, p.who, p.method, fill(p.path), body, nil); got.Status != http.StatusOK {
			t.Errorf("%s %s = %d %s", p.method, p.path, got.Status, got.Body)
		}
	}
}
