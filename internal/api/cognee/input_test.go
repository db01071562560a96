package cognee_test

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
	form              bool
}

var places = []place{
	{"nobody", "POST", "/api/v1/auth/register", `{"email":"nina@example.com","password":"tell nobody this"}`, false},
	{"nobody", "POST", "/api/v1/auth/login", "username=nobody@example.com&password=wrong", true},
	{"olga", "POST", "/api/v1/auth/logout", "", false},
	{"olga", "GET", "/api/v1/auth/me", "", false},
	{"olga", "POST", "/api/v1/auth/api-keys", `{"name":"laptop"}`, false},
	{"olga", "GET", "/api/v1/auth/api-keys", "", false},
	{"vic", "DELETE", "/api/v1/auth/api-keys/{vicskey}", "", false},
	{"olga", "POST", "/api/v1/users/get-user-id", `{"email":"mary@example.com"}`, false},
	{"olga", "POST", "/api/v1/permissions/users/{sam}/tenants?tenant_id={acme}", "", false},
	{"olga", "DELETE", "/api/v1/permissions/tenants/{acme}/users/{mary}", "", false},
	{"olga", "GET", "/api/v1/permissions/tenants/{acme}/users", "", false},
	{"olga", "POST", "/api/v1/permissions/tenants?tenant_name=Second", "", false},
	{"olga", "POST", "/api/v1/permissions/tenants/select", `{"tenant_id":"{acme}"}`, false},
	{"olga", "GET", "/api/v1/permissions/tenants/me", "", false},
	{"olga", "POST", "/api/v1/permissions/roles?role_name=writers", "", false},
	{"olga", "GET", "/api/v1/permissions/tenants/{acme}/roles", "", false},
	{"olga", "GET", "/api/v1/permissions/tenants/{acme}/roles/{readers}/users", "", false},
	{"olga", "GET", "/api/v1/permissions/tenants/{acme}/roles/users/{vic}", "", false},
	{"olga", "POST", "/api/v1/permissions/users/{vic}/roles?role_id={readers}", "", false},
	{"olga", "DELETE", "/api/v1/permissions/users/{vic}/roles?role_id={readers}", "", false},
	{"olga", "POST", "/api/v1/datasets", `{"name":"more"}`, false},
	{"olga", "GET", "/api/v1/datasets", "", false},
	{"olga", "POST", "/api/v1/permissions/datasets/{vic}?permission_name=read", `["{notes}"]`, false},
	{"olga", "DELETE", "/api/v1/permissions/datasets/{vic}?permission_name=read", `["{notes}"]`, false},
	{"olga", "GET", "/api/v1/permissions/principals/{olga}/datasets?permission_name=read", "", false},
	{"olga", "GET", "/api/v1/permissions/tenants/{acme}/capabilities/me", "", false},
	{"olga", "POST", "/api/v1/permissions/capabilities/{vic}?capability=manage_users&tenant_id={acme}", "", false},
	{"olga", "DELETE", "/api/v1/permissions/capabilities/{vic}?capability=manage_users&tenant_id={acme}", "", false},
	{"olga", "DELETE", "/api/v1/permissions/roles/{readers}", "", false},
}

// refused holds an answer against what every refusal of this dialect is: a
// 4xx in its own body, and nothing changed.
func refused(t *testing.T, s *apitest.Stage, who, method, path, body string, header http.Header) {
	t.Helper()
	before := s.Revision(t)
	got := s.Ask(t, who, method, path, body, header)
	var detail struct {
		Detail any `json:"detail"`
	}
	own := json.Unmarshal([]byte(got.Body), &detail) == nil && detail.Detail != nil
	if got.Status < 400 || got.Status > 499 || (!own && method != http.MethodHead) {
		t.Errorf("%s %s as %s with body %.60q = %d %.200s, want a 4xx with a detail", method, path, who, body, got.Status, got.Body)
	}
	if after := s.Revision(t); after != before {
		t.Errorf("%s %s with body %.60q was refused, and changed something", method, path, body)
	}
}

func TestBadBodies(t *testing.T) {
	s := furnished(t, directions{})
	big := strings.Repeat(" ", api.BodyLimit)
	bodies := []struct{ name, body string }{
		{"malformed", `{"email":`},
		{"no JSON", `email=a@b`},
		{"nothing", ``},
		{"a list", `[]`},
		{"null", `null`},
		{"a number", `7`},
		{"wrong types", `{"email":1,"password":{},"tenant_id":[],"tenantId":true,"name":{}}`},
		{"a key twice", `{"email":"nina@example.com","email":"nina@example.com","password":"tell nobody this","tenant_id":null,"tenant_id":null}`},
		{"an unknown key twice", `{"email":"nina@example.com","password":"tell nobody this","x":1,"x":1}`},
		{"another case", `{"Email":"nina@example.com","email":"nina@example.com","password":"tell nobody this","TENANT_ID":null,"Name":"x"}`},
		{"trailing garbage", `{"email":"nina@example.com","password":"tell nobody this","tenant_id":null}x`},
		{"two values", `{"email":"nina@example.com","password":"tell nobody this","tenant_id":null}{}`},
		{"NUL", `{"email":"ni\u0000na@example.com","password":"tell\u0000nobody this","tenant_id":"\u0000"}`},
		{"NUL in what is unknown", `{"email":"nina@example.com","password":"tell nobody this","tenant_id":null,"x":"\u0000"}`},
		{"invalid UTF-8", "{\"email\":\"nina@example.com\",\"password\":\"tell nobody this\",\"tenant_id\":null,\"x\":\"\xff\"}"},
		{"over-long texts", `{"email":"` + strings.Repeat("n", 300) + `@example.com","password":"` + strings.Repeat("p", 2000) + `","tenant_id":"` + strings.Repeat("0", 5000) + `","name":"` + strings.Repeat("n", 300) + `"}`},
		{"a list over 1,000", `{"email":"nina@example.com","password":"tell nobody this","tenant_id":null,"x":[` + strings.Repeat("1,", 1000) + `1]}`},
		{"a nesting bomb", strings.Repeat(`{"email":`, 20_000)},
		{"no ids", `[]`},
		{"ids that are none", `["{notes}","notes"]`},
		{"an id with NUL", `["{notes}\u0000"]`},
		{"the nil id", `["00000000-0000-0000-0000-000000000000"]`},
		{"numbers for ids", `[1]`},
		{"null for an id", `["{notes}",null]`},
		{"lists for ids", `[["{notes}"]]`},
		{"1,001 ids", `[` + strings.Repeat(`"{notes}",`, 1000) + `"{notes}"]`},
		{"1 MiB + 1", `{"email":"nina@example.com","password":"tell nobody this","tenant_id":null}` + big},
	}
	for _, p := range places {
		if p.body == "" {
			continue
		}
		for _, row := range bodies {
			t.Run(p.method+p.path+" "+row.name, func(t *testing.T) {
				header := http.Header{}
				if p.form {
					header.Set("Content-Type", "application/x-www-form-urlencoded")
				}
				refused(t, s, p.who, p.method, fill(p.path), fill(row.body), header)
			})
		}
		t.Run(p.method+p.path+" of another type", func(t *testing.T) {
			refused(t, s, p.who, p.method, fill(p.path), fill(p.body), http.Header{"Content-Type": {"text/plain"}})
		})
	}
}

// Every operation refuses a body over the limit, those that read none too.
func TestBodiesOverTheLimit(t *testing.T) {
	s := furnished(t, directions{})
	for _, p := range places {
		refused(t, s, p.who, p.method, fill(p.path), strings.Repeat(" ", api.BodyLimit+1), nil)
	}
}

func TestBadCallers(t *testing.T) {
	s := furnished(t, directions{})
	callers := []struct {
		name   string
		header http.Header
	}{
		{"no credential", nil},
		{"an unknown key", http.Header{"X-Api-Key": {apitest.Key("stranger")}}},
		{"a malformed token", http.Header{"Authorization": {"Bearer eyJ.eyJ.x"}}},
		{"another scheme", http.Header{"Authorization": {"Basic b2xnYQ=="}}},
		{"two keys", http.Header{"X-Api-Key": {apitest.Key("olga"), apitest.Key("olga")}}},
		{"a cookie that is no token", http.Header{"Cookie": {"auth_token=" + apitest.Key("olga")}}},
		{"an over-long key", http.Header{"X-Api-Key": {strings.Repeat("k", 100_000)}}},
	}
	for _, p := range places {
		if p.who == "nobody" {
			continue
		}
		for _, row := range callers {
			refused(t, s, "nobody", p.method, fill(p.path), p.body, row.header)
			if got := s.Ask(t, "nobody", p.method, fill(p.path), p.body, row.header); got.Status != http.StatusUnauthorized {
				t.Errorf("%s %s with %s = %d %s, want 401", p.method, p.path, row.name, got.Status, got.Body)
			}
		}
	}
}

// Ids that name nothing, or something foreign, or are none.
func TestBadIDs(t *testing.T) {
	s := furnished(t, directions{})
	ids := []string{
		"{unknown}", "{globex}", "{acme}", "{mary}", "{olga}", "00000000-0000-0000-0000-000000000000", "acme", "%7B{mary}%7D", "urn:uuid:{mary}",
		strings.Repeat("0", 32), strings.Repeat("a", 8000), "%00", "%ff", "..", "%2e%2e", "{mary}%2F", "{mary}%00", "+{mary}", "%20{mary}", "'%20OR%201=1", "null", "-1",
	}
	for _, id := range ids {
		for _, other := range ids {
			refused(t, s, "vic", "DELETE", fill("/api/v1/permissions/tenants/"+id+"/users/"+other), "", nil)
		}
		refused(t, s, "vic", "POST", fill("/api/v1/permissions/users/"+id+"/tenants?tenant_id={acme}"), "", nil)
		refused(t, s, "vic", "POST", fill("/api/v1/permissions/users/{sam}/tenants?tenant_id="+id), "", nil)
		refused(t, s, "sam", "GET", fill("/api/v1/permissions/tenants/"+id+"/users"), "", nil)
		refused(t, s, "sam", "DELETE", fill("/api/v1/auth/api-keys/"+id), "", nil)
		refused(t, s, "vic", "DELETE", fill("/api/v1/permissions/roles/"+id), "", nil)
		refused(t, s, "vic", "POST", fill("/api/v1/permissions/users/"+id+"/roles?role_id={readers}"), "", nil)
		refused(t, s, "vic", "DELETE", fill("/api/v1/permissions/users/{mary}/roles?role_id="+id), "", nil)
		refused(t, s, "sam", "GET", fill("/api/v1/permissions/tenants/"+id+"/roles"), "", nil)
		refused(t, s, "sam", "GET", fill("/api/v1/permissions/tenants/"+id+"/capabilities/me"), "", nil)
		refused(t, s, "vic", "GET", fill("/api/v1/permissions/tenants/{acme}/roles/"+id+"/users"), "", nil)
		refused(t, s, "vic", "GET", fill("/api/v1/permissions/tenants/{acme}/roles/users/"+id), "", nil)
		refused(t, s, "vic", "POST", fill("/api/v1/permissions/capabilities/"+id+"?capability=manage_users&tenant_id={acme}"), "", nil)
		refused(t, s, "mary", "POST", fill("/api/v1/permissions/datasets/"+id+"?permission_name=read"), fill(`["{notes}"]`), nil)
	}
}

func TestOtherMethods(t *testing.T) {
	s := furnished(t, directions{})
	served := map[string]string{}
	for _, p := range places {
		path, _, _ := strings.Cut(p.path, "?")
		served[path] += " " + p.method
	}
	for path, methods := range served {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"} {
			if strings.Contains(methods+" ", " "+method+" ") {
				continue
			}
			refused(t, s, "olga", method, fill(path), "", nil)
			if got := s.Ask(t, "olga", method, fill(path), "", nil); got.Status != http.StatusMethodNotAllowed || " "+strings.ReplaceAll(got.Header.Get("Allow"), ",", "") != methods {
				t.Errorf("%s %s = %d, Allow %q, want 405 with%s", method, path, got.Status, got.Header.Get("Allow"), methods)
			}
		}
	}
}

// The check is able to fail: a good request is no refusal.
func TestGoodRequestsAreServed(t *testing.T) {
	s := furnished(t, directions{})
	for _, p := range places {
		header := http.Header{}
		if p.form {
			header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		got := s.Ask(t, p.who, p.method, fill(p.path), fill(p.body), header)
		if good := got.Status == 200 || got.Status == 201; good == p.form {
			t.Errorf("%s %s = %d %s", p.method, p.path, got.Status, got.Body)
		}
	}
}

// One configuration switch sets the status of every validation error
// (contracts/cognee.md, "Errors"), and of nothing else.
func TestTheStatusOfValidationErrors(t *testing.T) {
	asked := []struct {
		name, who, method, path, body string
		own                           int // by the contract
		switched                      bool
	}{
		{"add", "olga", "POST", "/api/v1/permissions/users/none/tenants?tenant_id={acme}", "", 400, true},
		{"remove", "olga", "DELETE", "/api/v1/permissions/tenants/{acme}/users/none", "", 422, true},
		{"list", "olga", "GET", "/api/v1/permissions/tenants/none/users", "", 400, true},
		{"select", "olga", "POST", "/api/v1/permissions/tenants/select", `{"tenant_id":5}`, 400, true},
		{"a role", "olga", "DELETE", "/api/v1/permissions/roles/none", "", 400, true},
		{"a user's role", "olga", "DELETE", "/api/v1/permissions/users/none/roles?role_id=none", "", 400, true},
		{"a grant", "olga", "POST", "/api/v1/permissions/datasets/none", "[]", 400, true},
		{"an unknown permission", "olga", "POST", "/api/v1/permissions/datasets/{vic}?permission_name=own", `["{notes}"]`, 403, false},
		{"an unknown capability", "olga", "POST", "/api/v1/permissions/capabilities/{vic}?capability=own", "", 400, false},
		{"a dataset", "olga", "POST", "/api/v1/datasets", "{}", 400, true},
		{"no JSON", "olga", "POST", "/api/v1/users/get-user-id", `{`, 400, true},
		{"a wrong password", "nobody", "POST", "/api/v1/auth/login", "x", 400, false},
		{"the owner", "olga", "DELETE", "/api/v1/permissions/tenants/{acme}/users/{olga}", "", 400, false},
		{"a stranger", "olga", "DELETE", "/api/v1/permissions/tenants/{acme}/users/{sam}", "", 404, false},
	}
	for _, status := range []int{0, http.StatusBadRequest, http.StatusUnprocessableEntity} {
		s := furnished(t, directions{status: status})
		for _, row := range asked {
			want := row.own
			if row.switched && status != 0 {
				want = status
			}
			got := s.Ask(t, row.who, row.method, fill(row.path), fill(row.body), nil)
			if got.Status != want {
				t.Errorf("status %d: %s = %d %s, want %d", status, row.name, got.Status, got.Body, want)
			}
		}
	}
}
