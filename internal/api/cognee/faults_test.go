package cognee_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/apitest"
	"github.com/memberward/memberward/internal/tenancy"
)

// The same twenty times at once. Adding the same user gives exactly one 200 and
// nineteen 409 (contracts/cognee.md); what may be repeated succeeds each time.
func TestTwentyTimesAtOnce(t *testing.T) {
	for _, row := range []struct {
		name, method, path, body string
		ok, status, refused      int // how many succeed, and what the rest is answered
	}{
		{"adding a user", "POST", "/api/v1/permissions/users/{sam}/tenants?tenant_id={acme}", "", 1, http.StatusConflict, 19},
		{"removing a user", "DELETE", "/api/v1/permissions/tenants/{acme}/users/{vic}", "", 1, http.StatusNotFound, 19},
		{"making a role", "POST", "/api/v1/permissions/roles?role_name=writers", "", 1, http.StatusConflict, 19},
		{"giving a role", "POST", "/api/v1/permissions/users/{vic}/roles?role_id={readers}", "", 1, http.StatusConflict, 19},
		{"taking a role", "DELETE", "/api/v1/permissions/users/{mary}/roles?role_id={readers}", "", 20, 0, 0},
		{"deleting a role", "DELETE", "/api/v1/permissions/roles/{readers}", "", 1, http.StatusNotFound, 19},
		{"granting a dataset", "POST", "/api/v1/permissions/datasets/{vic}?permission_name=read", `["{notes}"]`, 20, 0, 0},
		{"granting a capability", "POST", "/api/v1/permissions/capabilities/{acme}?capability=manage_users", "", 20, 0, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := furnished(t, directions{})
			var wait sync.WaitGroup
			var ok, refused atomic.Int64
			for range 20 {
				wait.Go(func() {
					switch got := s.Ask(t, "olga", row.method, fill(row.path), fill(row.body), nil); got.Status {
					case http.StatusOK:
						ok.Add(1)
					case row.status:
						refused.Add(1)
					default:
						t.Errorf("= %d %s", got.Status, got.Body)
					}
				})
			}
			wait.Wait()
			if int(ok.Load()) != row.ok || int(refused.Load()) != row.refused {
				t.Errorf("%d times 200 and %d times %d, want %d and %d", ok.Load(), refused.Load(), row.status, row.ok, row.refused)
			}
		})
	}
}

// The limit of keys holds for keys that are made at once, and for each user by
// themself.
func TestMakingKeysAtOnce(t *testing.T) {
	s := set(t, directions{})
	made := map[string]*atomic.Int64{"sam": {}, "gus": {}}
	var wait sync.WaitGroup
	for who, count := range made {
		for range 20 {
			wait.Go(func() {
				got := s.Ask(t, who, "POST", "/api/v1/auth/api-keys", `{}`, nil)
				if got.Status == http.StatusOK {
					count.Add(1)
				} else if got.Status != http.StatusBadRequest || !strings.Contains(got.Body, "maximum number") {
					t.Errorf("%s: %d %s", who, got.Status, got.Body)
				}
			})
		}
	}
	wait.Wait()
	for who, count := range made {
		if count.Load() != 9 { // they have one already
			t.Errorf("%s made %d keys, want 9", who, count.Load())
		}
	}
}

// Two administrators of a tenant without owner who remove each other at once:
// exactly one succeeds (contracts/README.md, rule 3).
func TestAdministratorsRemoveEachOther(t *testing.T) {
	s := set(t, directions{})
	var wait sync.WaitGroup
	var removed atomic.Int64
	for _, pair := range [][2]string{{"gil", "gus"}, {"gus", "gil"}} {
		wait.Go(func() {
			got := s.Ask(t, pair[0], "DELETE", fill("/api/v1/permissions/tenants/{guild}/users/{"+pair[1]+"}"), "", nil)
			if got.Status == http.StatusOK {
				removed.Add(1)
			} else if got.Status != http.StatusForbidden {
				t.Errorf("= %d %s, want 200 or 403", got.Status, got.Body)
			}
		})
	}
	wait.Wait()
	if removed.Load() != 1 {
		t.Errorf("%d of two succeeded", removed.Load())
	}
}

// A store that cannot write: 500 in the seed's words, nothing changed, and
// reading goes on (contracts/README.md, rule 15).
func TestFullDisk(t *testing.T) {
	s := furnished(t, directions{})
	rows := []struct{ who, method, path, body, want string }{
		{"olga", "POST", "/api/v1/permissions/users/{sam}/tenants?tenant_id={acme}", "", `{"detail":"Error adding user to tenant"}`},
		{"olga", "DELETE", "/api/v1/permissions/tenants/{acme}/users/{mary}", "", `{"detail":"Error removing user from tenant"}`},
		{"olga", "POST", "/api/v1/permissions/tenants?tenant_name=Second", "", `{"detail":"Internal Server Error"}`},
		{"olga", "POST", "/api/v1/permissions/tenants/select", `{"tenant_id":null}`, `{"detail":"Internal Server Error"}`},
		{"olga", "POST", "/api/v1/permissions/roles?role_name=writers", "", `{"detail":"Internal Server Error"}`},
		{"olga", "DELETE", "/api/v1/permissions/roles/{readers}", "", `{"detail":"Internal Server Error"}`},
		{"olga", "POST", "/api/v1/permissions/users/{vic}/roles?role_id={readers}", "", `{"detail":"Internal Server Error"}`},
		{"olga", "POST", "/api/v1/datasets", `{"name":"more"}`, `{"detail":"Internal Server Error"}`},
		{"olga", "POST", "/api/v1/permissions/datasets/{vic}?permission_name=read", `["{notes}"]`, `{"detail":"Internal Server Error"}`},
		{"olga", "POST", "/api/v1/permissions/capabilities/{acme}?capability=manage_users", "", `{"detail":"Internal Server Error"}`},
		{"nobody", "POST", "/api/v1/auth/register", `{"email":"nina@example.com","password":"tell nobody this"}`, `{"detail":"Internal Server Error"}`},
	}
	before := s.Revision(t)
	s.Full.Store(true)
	for _, row := range rows {
		got := s.Ask(t, row.who, row.method, fill(row.path), fill(row.body), nil)
		if got.Status != http.StatusInternalServerError || got.Body != row.want {
			t.Errorf("%s %s = %d %s, want 500 %s", row.method, row.path, got.Status, got.Body, row.want)
		}
	}
	if got := s.Ask(t, "olga", "GET", fill("/api/v1/permissions/tenants/{acme}/users"), "", nil); got.Status != http.StatusOK {
		t.Errorf("reading = %d %s", got.Status, got.Body)
	}
	s.Full.Store(false)
	if after := s.Revision(t); after != before {
		t.Error("something was changed")
	}
}

// broken is a gate whose calls fail with an error of the test's choice.
type broken struct {
	api.Gate
	err error
}

func (b broken) Apply(context.Context, tenancy.Actor, tenancy.Change, tenancy.ApplyOptions) (tenancy.Outcome, error) {
	return tenancy.Outcome{}, b.err
}

func (b broken) Read(context.Context, tenancy.Actor, tenancy.Query, tenancy.ApplyOptions) (tenancy.Outcome, error) {
	return tenancy.Outcome{}, b.err
}

// Whatever goes wrong behind the gate is a 500, never a success, and without
// its cause; a policy without a ruling denies and gives away nothing else.
func TestBrokenGate(t *testing.T) {
	refusal := func(codes ...tenancy.Code) error {
		r := &tenancy.Refusal{}
		for _, code := range codes {
			r.Reasons = append(r.Reasons, tenancy.Find(code))
		}
		return r
	}
	const denied, failed = `{"detail":"User is not authorized to manage users for this tenant [PermissionDeniedError]"}`, `{"detail":"Error removing user from tenant"}`
	rows := []struct {
		name   string
		err    error
		status int
		body   string
	}{
		{"outcome unknown", &tenancy.Error{Code: tenancy.CodeOutcomeUnknown, Msg: "secret"}, 500, failed},
		{"unavailable", &tenancy.Error{Code: tenancy.CodeUnavailable}, 500, failed},
		{"an error of no kind", errors.New("secret"), 500, failed},
		{"out of time", fmt.Errorf("wait: %w", context.DeadlineExceeded), 500, failed},
		{"no result", nil, 200, `{"message":"User removed from tenant"}`},
		{"the key was revoked meanwhile", &tenancy.Error{Code: tenancy.CodeUnauthenticated}, 401, `{"detail":"Unauthorized"}`},
		{"policy error", refusal(tenancy.CodeOwnerPermanent, tenancy.CodePolicyError), 403, denied},
		{"policy undefined", refusal(tenancy.CodeTargetNotMember, tenancy.CodePolicyUndefined), 403, denied},
		{"policy timeout", refusal(tenancy.CodePolicyTimeout), 403, denied},
		{"facts incomplete", refusal(tenancy.CodeUserUnknown, tenancy.CodeFactsIncomplete), 403, denied},
		{"an operator's own rule", &tenancy.Refusal{Outcome: tenancy.Outcome{Reasons: []tenancy.Finding{{Code: "weekend", Message: "not on Sundays"}}}}, 403, `{"detail":"not on Sundays [PermissionDeniedError]"}`},
		{"a refusal without a reason", refusal(), 403, `{"detail":"Forbidden [PermissionDeniedError]"}`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := set(t, directions{gate: func(real api.Gate) api.Gate { return broken{real, row.err} }})
			got := s.Ask(t, "olga", "DELETE", fill("/api/v1/permissions/tenants/{acme}/users/{mary}"), "", nil)
			if got.Status != row.status || got.Body != row.body {
				t.Errorf("= %d %s, want %d %s", got.Status, got.Body, row.status, row.body)
			}
		})
	}
}

// A result that is not what was asked for is a mistake and no answer.
func TestUnexpectedResults(t *testing.T) {
	s := set(t, directions{gate: func(real api.Gate) api.Gate { return broken{real, nil} }})
	messages := regexp.MustCompile(`/auth/log|/tenants/select|/users/.*/tenants\?|/users/.*/roles\?|/permissions/datasets/|/permissions/capabilities/`)
	for _, p := range places {
		if p.method == "DELETE" || (p.method == "POST" && messages.MatchString(p.path)) {
			continue // answer with a message alone
		}
		got := s.Ask(t, p.who, p.method, fill(p.path), fill(p.body), nil)
		if got.Status != http.StatusInternalServerError || got.Body != `{"detail":"Internal Server Error"}` {
			t.Errorf("%s %s = %d %s, want 500", p.method, p.path, got.Status, got.Body)
		}
	}
}

// crowd adds members to acme.
func crowd(n int) func(*tenancy.Seed) {
	return func(s *tenancy.Seed) {
		for i := range n {
			id := tenancy.UserID(uuid.MustParse(fmt.Sprintf("0190dddd-0000-7000-8000-%012x", i+1)))
			s.Users = append(s.Users, tenancy.User{ID: id, Email: fmt.Sprintf("member%d@example.com", i), Kind: tenancy.KindHuman, SignedUp: true, Enabled: true})
			s.Memberships = append(s.Memberships, tenancy.Membership{Tenant: tenant("acme"), User: id, Level: tenancy.LevelMember, Enabled: true})
		}
	}
}

func TestLongLists(t *testing.T) {
	for _, members := range []int{500, 501, 1000, 1203} { // around the pages' ends
		t.Run(fmt.Sprint(members), func(t *testing.T) {
			s := set(t, directions{more: crowd(members - 6)}) // acme has six of its own
			got := s.Ask(t, "vic", "GET", fill("/api/v1/permissions/tenants/{acme}/users"), "", nil)
			var users []struct{ ID string }
			if err := json.Unmarshal([]byte(got.Body), &users); err != nil || got.Status != http.StatusOK {
				t.Fatalf("= %d, %v", got.Status, err)
			}
			seen := map[string]bool{}
			for _, u := range users {
				seen[u.ID] = true
			}
			if len(users) != members || len(seen) != members {
				t.Errorf("%d users, %d different ones, want %d", len(users), len(seen), members)
			}
		})
	}
}

// interrupted is a real gate that does something after each page that it read.
type interrupted struct {
	api.Gate
	afterPage func()
}

func (g interrupted) Read(ctx context.Context, actor tenancy.Actor, query tenancy.Query, opts tenancy.ApplyOptions) (tenancy.Outcome, error) {
	outcome, err := g.Gate.Read(ctx, actor, query, opts)
	if _, isList := query.(tenancy.ListMembers); isList {
		g.afterPage()
	}
	return outcome, err
}

// Who is removed while reading reads no further, and does not take what
// arrived for the whole list.
func TestRemovedWhileReading(t *testing.T) {
	var once sync.Once
	var s *apitest.Stage
	s = set(t, directions{more: crowd(3000), gate: func(real api.Gate) api.Gate {
		return interrupted{real, func() {
			once.Do(func() {
				if _, err := s.Gate.Apply(t.Context(), apitest.As("olga"), tenancy.RemoveMember{Tenant: tenancy.RefTo(tenant("acme")), User: user("vic")}, tenancy.ApplyOptions{}); err != nil {
					t.Error(err)
				}
			})
		}}
	}})
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+fill("/api/v1/permissions/tenants/{acme}/users"), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Api-Key", apitest.Key("vic"))
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return // broken off before anything arrived: as good
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil || json.Valid(body) {
		t.Errorf("vic read %d bytes to the end: %v", len(body), err)
	}
	if got := s.Ask(t, "vic", "GET", fill("/api/v1/permissions/tenants/{acme}/users"), "", nil); got.Status != http.StatusForbidden {
		t.Errorf("the next request = %d %s, want 403", got.Status, got.Body)
	}
}

// Too many passwords at once are no fault of the server's, and no wrong
// password either.
func TestTooManyPasswordsAtOnce(t *testing.T) {
	s := set(t, directions{busy: true})
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	for _, row := range []struct {
		path, body string
		header     http.Header
	}{
		{"/api/v1/auth/login", "username=olga%40example.com&password=correct+horse+battery+staple", form},
		{"/api/v1/auth/register", `{"email":"nina@example.com","password":"tell nobody this"}`, nil},
	} {
		got := s.Ask(t, "nobody", "POST", row.path, row.body, row.header)
		if got.Status != http.StatusServiceUnavailable || got.Body != `{"detail":"Service Unavailable"}` || got.Header.Get("Retry-After") != "1" {
			t.Errorf("%s = %d %s, Retry-After: %s", row.path, got.Status, got.Body, got.Header.Get("Retry-After"))
		}
	}
}

// The cookie is Secure where the connection is, or where the operator says
// that it is.
func TestSecureCookie(t *testing.T) {
	for _, row := range []struct {
		scheme         string
		marked, secure bool
	}{{"http", false, false}, {"https", false, true}, {"http", true, true}} {
		s := set(t, directions{secure: row.marked})
		recorder := httptest.NewRecorder()
		req := httptest.NewRequest("POST", row.scheme+"://memberward.example/api/v1/auth/logout", nil)
		req.Header.Set("X-Api-Key", apitest.Key("olga"))
		s.Config.Handler.ServeHTTP(recorder, req)
		cookies := recorder.Result().Cookies()
		if len(cookies) != 1 || cookies[0].Secure != row.secure {
			t.Errorf("%+v: cookies %v", row, cookies)
		}
	}
}
