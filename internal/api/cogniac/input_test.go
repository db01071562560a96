package cogniac_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/apitest"
)

// place is one operation with ids that stand for something.
type place struct {
	who, method, path string
	body              string // a good one; empty where none is read
	status            int    // of a good request
	current           bool   // about the caller, in no tenant
}

var places = []place{
	{"mary", "GET", "/1/token?tenant_id={acme}", "", 200, true},
	{"olga", "GET", "/1/users/current/tenants", "", 200, true},
	{"olga", "GET", "/21/users/mfa/status", "", 200, true},
	{"olga", "GET", "/1/users/current", "", 200, true},
	{"vic", "GET", "/1/tenants/{acme}/users?reverse=true", "", 200, false},
	{"olga", "POST", "/1/tenants/{acme}/users", `{"user_id":"{sam}","role":"tenant_user","tenant_role":"tenant_user"}`, 200, false},
	{"olga", "POST", "/1/tenants/{acme}/users/role", `{"user_id":"{sam}","role":"tenant_viewer"}`, 204, false},
	{"olga", "DELETE", "/1/tenants/{acme}/users?user_id={sam}", `{"user_id":"{sam}"}`, 204, false},
	{"olga", "POST", "/1/tenants", `{"name":"Second","description":"d","custom_data":{"a":1}}`, 200, true},
	{"vic", "GET", "/1/tenants/{acme}", "", 200, false},
	{"adam", "POST", "/1/tenants/{acme}", `{"name":"Second","description":"d","custom_data":[]}`, 200, false},
	{"olga", "GET", "/1/tenants/{acme}/invites?invitation_status=all", "", 200, false},
	{"olga", "POST", "/1/tenants/{acme}/invites", `{"invited_user_email":"nina@example.com","role":"tenant_user"}`, 200, false},
	{"olga", "DELETE", "/1/tenants/{acme}/invites", `{"invited_user_email":"nina@example.com"}`, 204, false},
	{"greg", "DELETE", "/1/tenants/{globex}", "", 204, false},
}

// fill puts ids in the place of their names.
func fill(text string) string { return apitest.Fill(text, apitest.Cast()) }

// errorBody is the form of every error (contracts/cogniac.md).
var errorBody = regexp.MustCompile(`\A\{"message":".+ ## [0-9]{7} ##"\}\z`)

// refused holds an answer against what every refusal of this dialect is: a 4xx
// in its own body, and nothing changed. It gives the status.
func refused(t *testing.T, s *apitest.Stage, who, method, path, body string, header http.Header) int {
	t.Helper()
	before := s.Revision(t)
	got := s.Ask(t, who, method, path, body, header)
	if got.Status < 400 || got.Status > 499 || (!errorBody.MatchString(got.Body) && method != http.MethodHead) {
		t.Errorf("%s %s as %s with body %.60q = %d %.200s, want a 4xx with a message and a code", method, path, who, body, got.Status, got.Body)
	}
	if after := s.Revision(t); after != before {
		t.Errorf("%s %s with body %.60q was refused, and changed something", method, path, body)
	}
	return got.Status
}

func TestBadBodies(t *testing.T) {
	s := set(t, apitest.Directions{})
	bodies := map[string]string{
		"malformed":              `{"user_id":`,
		"no JSON":                `user_id=1`,
		"nothing":                ` `,
		"a list":                 `[]`,
		"null":                   `null`,
		"a number":               `7`,
		"wrong types":            `{"user_id":1,"role":{},"tenant_role":[],"name":true,"description":1,"invited_user_email":[]}`,
		"an object for an id":    `{"user_id":{"id":"{mary}"},"name":{},"invited_user_email":{},"role":"tenant_user"}`,
		"a key twice":            `{"user_id":"{mary}","user_id":"{mary}","name":"x","name":"x","invited_user_email":"a@b","invited_user_email":"a@b"}`,
		"an unknown key twice":   `{"user_id":"{mary}","role":"tenant_user","name":"x","invited_user_email":"a@b","x":1,"x":1}`,
		"another case":           `{"User_ID":"{mary}","user_id":"{mary}","role":"tenant_user","Name":"x","name":"x","Invited_user_email":"a@b","invited_user_email":"a@b"}`,
		"trailing garbage":       `{"user_id":"{mary}","role":"tenant_user","name":"x","invited_user_email":"a@b"}x`,
		"two values":             `{"user_id":"{mary}","role":"tenant_user","name":"x","invited_user_email":"a@b"}{}`,
		"NUL":                    `{"user_id":"\u0000","role":"tenant_user","name":"\u0000","invited_user_email":"a\u0000@b"}`,
		"NUL in what is unknown": `{"user_id":"{mary}","role":"tenant_user","name":"x","invited_user_email":"a@b","x":"\u0000"}`,
		"invalid UTF-8":          "{\"user_id\":\"{mary}\",\"role\":\"tenant_user\",\"name\":\"x\",\"invited_user_email\":\"a@b\",\"x\":\"\xff\"}",
		"over-long texts": `{"user_id":"` + strings.Repeat("0", 5000) + `","role":"tenant_user","name":"` + strings.Repeat("n", 300) +
			`","invited_user_email":"` + strings.Repeat("n", 300) + `@example.com"}`,
		"a list over 1,000": `{"user_id":"{mary}","role":"tenant_user","name":"x","invited_user_email":"a@b","x":[` + strings.Repeat("1,", 1000) + `1]}`,
		"a nesting bomb":    strings.Repeat(`{"user_id":`, 20_000),
		"1 MiB + 1":         `{"user_id":"{mary}","role":"tenant_user","name":"x","invited_user_email":"a@b"}` + strings.Repeat(" ", api.BodyLimit),
	}
	for _, p := range places {
		if p.body == "" {
			continue
		}
		for name, body := range bodies {
			t.Run(p.method+p.path+" "+name, func(t *testing.T) {
				refused(t, s, p.who, p.method, fill(p.path), fill(body), nil)
			})
		}
		if status := refused(t, s, p.who, p.method, fill(p.path), fill(p.body), http.Header{"Content-Type": {"text/plain"}}); status != http.StatusBadRequest {
			t.Errorf("%s %s with text/plain = %d", p.method, p.path, status)
		}
	}
}

// What a tenant may be described by has its bounds.
func TestBadDescriptions(t *testing.T) {
	s := set(t, apitest.Directions{})
	for _, body := range []string{
		`{"description":"` + strings.Repeat("d", 4097) + `"}`,
		`{"custom_data":"` + strings.Repeat("d", 64<<10) + `"}`,
		`{"custom_data":[` + strings.Repeat("1,", 1000) + `1]}`,
		`{"custom_data":{"a":1,"a":2}}`,
		`{"custom_data":"\u0000"}`,
		`{"description":"\u0000"}`,
	} {
		if status := refused(t, s, "olga", "POST", fill("/1/tenants/{acme}"), body, nil); status != http.StatusBadRequest {
			t.Errorf("%.60s = %d", body, status)
		}
	}
}

// Every operation refuses a body over the limit, those that read none too.
func TestBodiesOverTheLimit(t *testing.T) {
	s := set(t, apitest.Directions{})
	for _, p := range places {
		if status := refused(t, s, p.who, p.method, fill(p.path), strings.Repeat(" ", api.BodyLimit+1), nil); status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s %s = %d", p.method, p.path, status)
		}
	}
}

func TestBadCallers(t *testing.T) {
	s := set(t, apitest.Directions{})
	for name, header := range map[string]http.Header{
		"no credential":     nil,
		"an unknown key":    {"X-Api-Key": {apitest.Key("stranger")}},
		"a malformed token": {"Authorization": {"Bearer eyJ.eyJ.x"}},
		"a wrong password":  {"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte("olga@example.com:wrong"))}},
		"a wrong key":       {"Authorization": {"Key " + apitest.User("olga").String() + ":" + strings.Repeat("x", 43)}},
		"another scheme":    {"Authorization": {"Digest x"}},
		"two keys":          {"X-Api-Key": {apitest.Key("olga"), apitest.Key("olga")}},
		"two headers":       {"Authorization": {"Bearer " + apitest.Key("olga"), "Bearer " + apitest.Key("olga")}},
		"a cookie":          {"Cookie": {"auth_token=" + apitest.Key("olga")}},
		"an over-long key":  {"X-Api-Key": {strings.Repeat("k", 100_000)}},
	} {
		for _, p := range places {
			if status := refused(t, s, "nobody", p.method, fill(p.path), fill(p.body), header); status != http.StatusUnauthorized {
				t.Errorf("%s %s with %s = %d, want 401", p.method, p.path, name, status)
			}
		}
	}
}

// Ids that name nothing, or something foreign, or are none: unknown, and
// nothing worse.
func TestBadIDs(t *testing.T) {
	s := set(t, apitest.Directions{})
	ids := []string{
		"{unknown}", "{globex}", "{sam}", "00000000-0000-0000-0000-000000000000", "acme", "%7B{mary}%7D", "urn:uuid:{mary}", "current",
		strings.Repeat("0", 32), strings.Repeat("a", 8000), "%ff", "..", "%2e%2e", "{mary}%2F", "+{mary}", "%20{mary}", "'%20OR%201=1", "null", "-1", "%00",
	}
	for _, id := range ids {
		for _, p := range places {
			if p.current {
				continue
			}
			if status := refused(t, s, "vic", p.method, strings.Replace(fill(p.path), places0(p), fill(id), 1), fill(p.body), nil); status != http.StatusNotFound {
				t.Errorf("%s %s with tenant %.60s = %d, want 404", p.method, p.path, id, status)
			}
		}
		want := http.StatusNotFound
		if id == "%ff" || id == "%00" {
			want = http.StatusBadRequest // no clean text
		}
		if status := refused(t, s, "olga", "DELETE", fill("/1/tenants/{acme}/users?user_id="+id), "", nil); status != want {
			t.Errorf("DELETE of user %.60s = %d, want %d", id, status, want)
		}
		if strings.Contains(id, "%") {
			continue
		}
		for _, path := range []string{"/1/tenants/{acme}/users", "/1/tenants/{globex}/users"} {
			refused(t, s, "olga", "POST", fill(path), fill(`{"user_id":"`+strings.Replace(id, "{sam}", "{unknown}", 1)+`"}`), nil)
		}
	}
}

// places0 is the id of the tenant in a place's path.
func places0(p place) string { return strings.Split(fill(p.path), "/")[3] }

func TestOtherMethods(t *testing.T) {
	s := set(t, apitest.Directions{})
	served := map[string]string{"/21/authorize": " GET"}
	for _, p := range append(places, place{method: "DELETE", path: "/1/tenants/{acme}"}) {
		path, _, _ := strings.Cut(strings.Replace(p.path, "{globex}", "{acme}", 1), "?")
		if !strings.Contains(served[path]+" ", " "+p.method+" ") {
			served[path] += " " + p.method
		}
	}
	for path, methods := range served {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"} {
			if strings.Contains(methods+" ", " "+method+" ") {
				continue
			}
			got := s.Ask(t, "olga", method, fill(path), "", nil)
			if got.Status != http.StatusMethodNotAllowed || !sameWords(strings.ReplaceAll(got.Header.Get("Allow"), ",", ""), methods) {
				t.Errorf("%s %s = %d, Allow %q, want 405 with%s", method, path, got.Status, got.Header.Get("Allow"), methods)
			}
			refused(t, s, "olga", method, fill(path), "", nil)
		}
	}
}

func sameWords(a, b string) bool {
	words := map[string]int{}
	for _, w := range strings.Fields(a) {
		words[w]++
	}
	for _, w := range strings.Fields(b) {
		words[w]--
	}
	for _, n := range words {
		if n != 0 {
			return false
		}
	}
	return true
}

// The checks are able to fail: a good request is served.
func TestGoodRequestsAreServed(t *testing.T) {
	s := set(t, apitest.Directions{})
	for _, p := range places {
		got := s.Ask(t, p.who, p.method, fill(p.path), fill(p.body), nil)
		if got.Status != p.status || (p.status == 200) != json.Valid([]byte(got.Body)) {
			t.Errorf("%s %s = %d %s, want %d", p.method, p.path, got.Status, got.Body, p.status)
		}
	}
}
