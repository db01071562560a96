package llamacloud_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/apitest"
)

// place is one operation with ids that stand for something.
type place struct {
	who, method, path string
	body              string // a good one; empty where none is read
	changes           bool
}

const (
	organizations = "/api/v1/organizations"
	acme          = organizations + "/{acme}"
	projects      = "/api/v1/projects"
)

// places are all operations, in an order in which each succeeds.
var places = []place{
	{"olga", "GET", organizations, "", false},
	{"olga", "GET", acme, "", false},
	{"olga", "PUT", acme, `{"name":"Acme Ltd"}`, true},
	{"olga", "GET", acme + "/users", "", false},
	{"olga", "PUT", acme + "/users", `[{"user_id":"{sam}","project_ids":null}]`, true},
	{"olga", "PUT", acme + "/users/remove", `[{"user_id":"{sam}"}]`, true},
	{"olga", "GET", acme + "/roles", "", false},
	{"olga", "GET", acme + "/users/roles", "", false},
	{"olga", "PUT", acme + "/users/roles", `{"user_id":"{vic}","organization_id":"{acme}","role_id":"{role Member}"}`, true},
	{"olga", "GET", acme + "/users/{vic}/projects", "", false},
	{"olga", "DELETE", acme + "/users/{vic}/projects/{alpha}", "", true},
	{"olga", "PUT", acme + "/users/{vic}/projects?project_id={alpha}", "", true},
	{"olga", "DELETE", acme + "/users/{vic}", `["{beta}"]`, true},
	{"olga", "GET", projects, "", false},
	{"olga", "GET", projects + "/{alpha}", "", false},
	{"olga", "POST", projects + "?organization_id={acme}", `{"name":"Third"}`, true},
	{"olga", "PUT", projects + "/{alpha}", `{"name":"First"}`, true},
	{"olga", "DELETE", projects + "/{alpha}", "", true},
	{"olga", "POST", organizations, `{"name":"Second"}`, true},
	{"olga", "DELETE", acme, "", true},
}

func ask(t *testing.T, s *apitest.Stage, p place) apitest.Answer {
	t.Helper()
	return s.Ask(t, p.who, p.method, apitest.Fill(p.path, s.Names), apitest.Fill(p.body, s.Names), nil)
}

// The list is complete, and each of its requests is good.
func TestEveryOperationIsServed(t *testing.T) {
	s := set(t, directions{})
	routes := map[string]bool{}
	for _, p := range places {
		before := s.Revision(t)
		if got := ask(t, s, p); got.Status/100 != 2 {
			t.Errorf("%s %s = %d %s", p.method, p.path, got.Status, got.Body)
		}
		if changed := s.Revision(t) != before; changed != p.changes {
			t.Errorf("%s %s changed something: %t", p.method, p.path, changed)
		}
		path, _, _ := strings.Cut(p.path, "?")
		routes[p.method+" "+path] = true
	}
	if served := len(dialectOf(s).Routes); len(routes) != served {
		t.Errorf("%d operations are tried, %d are served", len(routes), served)
	}
}

// refused holds an answer against what every refusal of this dialect is: a
// 4xx but 409 in its own body, and nothing changed.
func refused(t *testing.T, s *apitest.Stage, p place, header http.Header) apitest.Answer {
	t.Helper()
	before := s.Revision(t)
	got := s.Ask(t, p.who, p.method, apitest.Fill(p.path, s.Names), p.body, header)
	var detail struct {
		Detail any `json:"detail"`
	}
	own := json.Unmarshal([]byte(got.Body), &detail) == nil && detail.Detail != nil
	if got.Status < 400 || got.Status > 499 || got.Status == http.StatusConflict || (!own && p.method != http.MethodHead) {
		t.Errorf("%s %s as %s with body %.60q = %d %.200s, want a 4xx but 409 with a detail", p.method, p.path, p.who, p.body, got.Status, got.Body)
	}
	if after := s.Revision(t); after != before {
		t.Errorf("%s %s with body %.60q was refused, and changed something", p.method, p.path, p.body)
	}
	return got
}

// badBodies are bad for every operation that reads one.
func badBodies() map[string]string {
	return map[string]string{
		"malformed":              `[{"user_id":`,
		"no JSON":                `name=x`,
		"a number":               `7`,
		"true":                   `true`,
		"a text":                 `"x"`,
		"trailing garbage":       `null x`,
		"two values":             `null null`,
		"wrong types":            `[{"user_id":1,"email":{},"project_ids":7}]`,
		"wrong types, an object": `{"name":[],"user_id":7}`,
		"a key twice":            `[{"x":1,"x":1,"user_id":"a","project_ids":null}]`,
		"a key twice, an object": `{"name":"x","name":"x"}`,
		"another case":           `[{"USER_ID":"x"}]`,
		"another case, object":   `{"NAME":"x"}`,
		"NUL":                    `["\u0000"]`,
		"NUL, an object":         `{"name":"\u0000"}`,
		"invalid UTF-8":          "[\"\xff\"]",
		"invalid UTF-8, object":  "{\"name\":\"\xff\"}",
		"1,001 elements":         "[" + strings.Repeat("null,", 1000) + "null]",
		"1,001 elements, deep":   `{"name":"x","y":[` + strings.Repeat("1,", 1000) + "1]}",
		"a nesting bomb":         strings.Repeat(`[`, 20_000),
		"1 MiB + 1":              `{"name":"x"}` + strings.Repeat(" ", api.BodyLimit),
	}
}

func TestBadBodies(t *testing.T) {
	s := set(t, directions{})
	for _, p := range places {
		if p.body == "" {
			continue
		}
		for name, body := range badBodies() {
			t.Run(p.method+p.path+" "+name, func(t *testing.T) {
				refused(t, s, place{who: p.who, method: p.method, path: p.path, body: body}, nil)
			})
		}
		refused(t, s, place{who: p.who, method: p.method, path: p.path, body: apitest.Fill(p.body, s.Names)}, http.Header{"Content-Type": {"text/plain"}})
	}
}

// Over 1,000 elements the place of the fault is named.
func TestTooManyElements(t *testing.T) {
	s := set(t, directions{})
	const person = `{"email":"a@example.com","project_ids":null}`
	want := `{"detail":[{"type":"value_error","loc":["body"],"msg":"Value error, the array has more than 1000 elements"}]}`
	for _, path := range []string{acme + "/users", acme + "/users/remove"} {
		got := refused(t, s, place{who: "olga", method: "PUT", path: path, body: "[" + strings.Repeat(person+",", 1000) + person + "]"}, nil)
		if got.Status != http.StatusUnprocessableEntity || got.Body != want {
			t.Errorf("%s = %d %s", path, got.Status, got.Body)
		}
	}
}

// Every operation refuses a body over the limit, those that read none too.
func TestBodiesOverTheLimit(t *testing.T) {
	s := set(t, directions{})
	for _, p := range places {
		p.body = strings.Repeat(" ", api.BodyLimit+1)
		if got := refused(t, s, p, nil); got.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s %s = %d, want 413", p.method, p.path, got.Status)
		}
	}
}

// Whoever has no valid credential is 401 before anything else is looked at.
func TestBadCallers(t *testing.T) {
	s := set(t, directions{})
	for _, p := range places {
		p.who = "nobody"
		for _, header := range []http.Header{
			nil,
			{"X-Api-Key": {apitest.Key("stranger")}},
			{"X-Api-Key": {apitest.Key("olga"), apitest.Key("olga")}},
			{"X-Api-Key": {strings.Repeat("k", 100_000)}},
			{"Authorization": {"Bearer eyJ.eyJ.x"}},
			{"Authorization": {"Basic b2xnYQ=="}},
			{"Cookie": {"session=" + apitest.Key("olga")}},
			{"Cookie": {"session=" + s.Names["olga's token"] + "; session=" + s.Names["olga's token"]}},
		} {
			if got := refused(t, s, p, header); got.Status != http.StatusUnauthorized {
				t.Errorf("%s %s with %v = %d, want 401", p.method, p.path, header, got.Status)
			}
		}
	}
}

// Ids that name nothing, or something foreign, or are none.
func TestBadIDs(t *testing.T) {
	s := set(t, directions{})
	ids := []string{
		"{unknown}", "{globex}", "{mary}", "{acme/mary}", "{alpha}", "{gamma}", "{role Admin}",
		"00000000-0000-0000-0000-000000000000", "acme", "%7B{mary}%7D", "urn:uuid:{mary}", strings.Repeat("0", 32), strings.Repeat("a", 8000),
		"%00", "%ff", "..", "%2e%2e", "{mary}%2F", "{mary}%00", "+{mary}", "%20{mary}", "'%20OR%201=1", "null", "-1", "@", "a@b%00",
	}
	for _, id := range ids {
		for _, p := range []place{
			{who: "sam", method: "GET", path: organizations + "/" + id},
			{who: "sam", method: "GET", path: organizations + "/" + id + "/users"},
			{who: "sam", method: "GET", path: organizations + "/" + id + "/users/roles"},
			{who: "sam", method: "PUT", path: organizations + "/" + id + "/users", body: "[]"},
			{who: "vic", method: "DELETE", path: acme + "/users/" + id},
			{who: "vic", method: "PUT", path: acme + "/users/" + id + "/projects?project_id={alpha}"},
			{who: "vic", method: "PUT", path: acme + "/users/{mary}/projects?project_id=" + id},
			{who: "vic", method: "DELETE", path: acme + "/users/{mary}/projects/" + id},
			{who: "sam", method: "GET", path: projects + "/" + id},
			{who: "sam", method: "DELETE", path: projects + "/" + id},
			{who: "sam", method: "GET", path: projects + "?organization_id=" + id},
		} {
			refused(t, s, p, nil)
		}
	}
}

func TestOtherMethods(t *testing.T) {
	s := set(t, directions{})
	served := map[string]string{}
	for _, route := range dialectOf(s).Routes {
		served[route.Path] += " " + route.Method
	}
	for path, methods := range served {
		asked := strings.NewReplacer(":organization_id", "{acme}", ":member_user_id", "{mary}", ":project_id", "{alpha}").Replace(path)
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"} {
			static := strings.HasSuffix(path, "/users/roles") || strings.HasSuffix(path, "/users/remove")
			if strings.Contains(methods+" ", " "+method+" ") || (static && method == "DELETE") { // there a user would be named so
				continue
			}
			got := refused(t, s, place{who: "olga", method: method, path: asked}, nil)
			if allow := got.Header.Get("Allow"); got.Status != http.StatusMethodNotAllowed || !allowsAll(allow, methods) {
				t.Errorf("%s %s = %d, Allow %q, want 405 with%s", method, path, got.Status, allow, methods)
			}
		}
	}
}

// allowsAll reports whether an Allow header names all methods of a list.
func allowsAll(allow, methods string) bool {
	for _, method := range strings.Fields(methods) {
		if !strings.Contains(", "+allow+",", " "+method+",") {
			return false
		}
	}
	return true
}
