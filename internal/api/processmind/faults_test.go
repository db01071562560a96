package processmind_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/apitest"
	"github.com/memberward/memberward/internal/tenancy"
)

// Adding the same person twenty times at once, in different spellings, gives
// one account and one membership, and the same id each time.
func TestAddingTwentyTimesAtOnce(t *testing.T) {
	s := set(t)
	var wait sync.WaitGroup
	answers := make([]string, 20)
	for i := range answers {
		email := "nina@example.com"
		if i%2 == 0 {
			email = " NINA@Example.COM"
		}
		wait.Go(func() {
			answers[i] = s.Ask(t, "olga", "POST", fill("/tenant/{acme}/users"), `{"email":"`+email+`"}`, nil).Body
		})
	}
	wait.Wait()
	for i := range answers {
		if answers[i] != answers[0] || !strings.Contains(answers[i], "User added to tenant.") {
			t.Errorf("%s, want the same as %s", answers[i], answers[0])
		}
	}
	if got := s.Ask(t, "olga", "GET", fill("/tenant/{acme}/statistics"), "", nil); !strings.Contains(got.Body, `"userCount":7`) {
		t.Errorf("%s, want 7 users", got.Body)
	}
}

// Two administrators of a tenant without owner who remove each other at once:
// exactly one succeeds (contracts/README.md, rule 3).
func TestAdministratorsRemoveEachOther(t *testing.T) {
	s := set(t)
	var wait sync.WaitGroup
	var removed atomic.Int64
	for _, pair := range [][2]string{{"gil", "gus"}, {"gus", "gil"}} {
		wait.Go(func() {
			got := s.Ask(t, pair[0], "DELETE", fill("/tenant/{guild}/users"), fill(`{"userId":"{`+pair[1]+`}","tenantId":"{guild}"}`), nil)
			if got.Status == http.StatusOK {
				removed.Add(1)
			} else if got.Status != http.StatusForbidden && got.Status != http.StatusNotFound { // refused, or a stranger by now
				t.Errorf("= %d %s", got.Status, got.Body)
			}
		})
	}
	wait.Wait()
	if removed.Load() != 1 {
		t.Errorf("%d of two succeeded", removed.Load())
	}
}

// A store that cannot write: 503 in this API's body, nothing changed, and
// reading goes on (contracts/README.md, rule 15).
func TestFullDisk(t *testing.T) {
	s := set(t)
	before := s.Revision(t)
	s.Full.Store(true)
	for _, p := range places {
		got := s.Ask(t, p.who, p.method, fill(p.path), fill(p.body), nil)
		if p.method == "GET" {
			if got.Status != http.StatusOK {
				t.Errorf("reading %s = %d %s", p.path, got.Status, got.Body)
			}
		} else if got.Status != http.StatusServiceUnavailable || !own(got) {
			t.Errorf("%s %s = %d %s, want 503", p.method, p.path, got.Status, got.Body)
		}
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

func refusal(codes ...tenancy.Code) error {
	r := &tenancy.Refusal{}
	for _, code := range codes {
		r.Reasons = append(r.Reasons, tenancy.Find(code))
	}
	return r
}

// Whatever goes wrong behind the gate is never a success and never shows its
// cause; a policy without a ruling denies and gives away nothing else.
func TestBrokenGate(t *testing.T) {
	const denied = "You do not have permission to do this."
	rows := []struct {
		name    string
		err     error
		status  int
		message string
	}{
		{"store full", &tenancy.Error{Code: tenancy.CodeStoreFull, Msg: "secret"}, 503, "The store cannot answer now. Nothing was changed."},
		{"outcome unknown", &tenancy.Error{Code: tenancy.CodeOutcomeUnknown, Msg: "secret"}, 503, "It is not known whether the change was made."},
		{"unavailable", &tenancy.Error{Code: tenancy.CodeUnavailable, Msg: "secret"}, 503, "The store cannot answer now. Nothing was changed."},
		{"conflict", &tenancy.Error{Code: tenancy.CodeConflict, Msg: "secret"}, 503, "The store cannot answer now. Nothing was changed."},
		{"out of time", fmt.Errorf("wait: %w", context.DeadlineExceeded), 503, "The request took too long."},
		{"an error of no kind", errors.New("secret"), 500, "Internal Server Error"},
		{"the key was revoked meanwhile", &tenancy.Error{Code: tenancy.CodeUnauthenticated}, 401, "Unauthorized"},
		{"asked too often", &tenancy.Error{Code: tenancy.CodeRateLimited}, 429, "Too Many Requests"},
		{"policy error", refusal(tenancy.CodeOwnerPermanent, tenancy.CodePolicyError), 403, denied},
		{"policy undefined", refusal(tenancy.CodeTargetNotMember, tenancy.CodePolicyUndefined), 403, denied},
		{"policy timeout", refusal(tenancy.CodePolicyTimeout), 403, denied},
		{"facts incomplete", refusal(tenancy.CodeUserUnknown, tenancy.CodeFactsIncomplete), 403, denied},
		{"a stranger, and a policy error", refusal(tenancy.CodeNotAMember, tenancy.CodePolicyError), 404, "Tenant not found."},
		{"an operator's own rule", &tenancy.Refusal{Outcome: tenancy.Outcome{Reasons: []tenancy.Finding{{Code: "weekend", Message: "not on Sundays"}}}}, 403, "not on Sundays"},
		{"a refusal without a reason", refusal(), 403, "Forbidden"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := behind(t, func(real api.Gate) api.Gate { return broken{real, row.err} })
			for _, p := range places {
				got := s.Ask(t, p.who, p.method, fill(p.path), fill(p.body), nil)
				if got.Status != row.status || got.Body != `{"message":"`+row.message+`"}` {
					t.Errorf("%s %s = %d %s, want %d %s", p.method, p.path, got.Status, got.Body, row.status, row.message)
				}
			}
		})
	}
}

// A result that is not what was asked for is a mistake and no answer.
func TestUnexpectedResults(t *testing.T) {
	s := behind(t, func(real api.Gate) api.Gate { return broken{real, nil} })
	for _, p := range places {
		got := s.Ask(t, p.who, p.method, fill(p.path), fill(p.body), nil)
		saysSo := p.method == "DELETE" || p.method == "PUT" && p.path != "/tenant/{acme}" // answers with a message alone
		if !saysSo && (got.Status != http.StatusInternalServerError || got.Body != `{"message":"Internal Server Error"}`) {
			t.Errorf("%s %s = %d %s, want 500", p.method, p.path, got.Status, got.Body)
		}
	}
}

// crowd adds members to acme, and tenants to its organization.
func crowd(members, tenants int) func(*tenancy.Seed) {
	return func(s *tenancy.Seed) {
		raise(s)
		for i := range members {
			member := tenancy.UserID(uuid.MustParse(fmt.Sprintf("0190dddd-0000-7000-8000-%012x", i+1)))
			s.Users = append(s.Users, tenancy.User{ID: member, Email: fmt.Sprintf("member%d@example.com", i), Kind: tenancy.KindHuman, SignedUp: true, Enabled: true})
			s.Memberships = append(s.Memberships, tenancy.Membership{Tenant: tenant("acme").ID, User: member, Level: tenancy.LevelMember, Enabled: true})
		}
		for i := range tenants {
			one := tenancy.TenantID(uuid.MustParse(fmt.Sprintf("0190dddd-0000-7000-9000-%012x", i+1)))
			s.Tenants = append(s.Tenants, tenancy.Tenant{
				ID: one, Slug: fmt.Sprintf("tenant-%d", i), Name: "one of many", Owner: user("orla"), MemberLimit: tenancy.Unlimited,
				Organization: tenancy.OrganizationID(id("group")),
			})
		}
	}
}

// Lists and sums are whole, around the ends of their pages.
func TestLongLists(t *testing.T) {
	for _, n := range []int{api.PageSize - 1, api.PageSize, api.PageSize + 1, 2*api.PageSize + 3} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			with := directions()
			with.More = crowd(n-6, n-2) // acme has six members of its own, group two tenants
			s := apitest.Set(t, with)
			if got := rows(t, s, "vic", "/tenant/{acme}/users"); got != n {
				t.Errorf("%d users, want %d", got, n)
			}
			if got := rows(t, s, "orla", "/tenant/{branch}/organization/tenants"); got != n {
				t.Errorf("%d tenants, want %d", got, n)
			}
			want := fmt.Sprintf(`{"tenantCount":%d,"totalProcessCount":0,"totalDatasetCount":0,"totalUserCount":%d,"totalStorageUsedBytes":0}`, n, n+n-1)
			if got := s.Ask(t, "orla", "GET", fill("/tenant/{branch}/organization/statistics"), "", nil); got.Body != want {
				t.Errorf("%s, want %s", got.Body, want)
			}
		})
	}
}

// rows counts the different elements of a list.
func rows(t *testing.T, s *apitest.Stage, who, path string) int {
	t.Helper()
	got := s.Ask(t, who, "GET", fill(path), "", nil)
	var list []struct{ ID string }
	if err := json.Unmarshal([]byte(got.Body), &list); err != nil || got.Status != http.StatusOK {
		t.Fatalf("= %d, %v", got.Status, err)
	}
	seen := map[string]bool{}
	for _, row := range list {
		seen[row.ID] = true
	}
	if len(seen) != len(list) {
		t.Errorf("%s: %d rows, %d different ones", path, len(list), len(seen))
	}
	return len(list)
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
	with := directions()
	with.More = crowd(3000, 0)
	with.Gate = func(real api.Gate) api.Gate {
		return interrupted{real, func() {
			once.Do(func() { do(t, s, apitest.As("olga"), tenancy.RemoveMember{Tenant: tenant("acme"), User: user("vic")}) })
		}}
	}
	s = apitest.Set(t, with)
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+fill("/tenant/{acme}/users"), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Api-Key", apitest.Key("vic"))
	res, err := http.DefaultTransport.RoundTrip(req)
	if err == nil {
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err == nil || json.Valid(body) {
			t.Errorf("vic read %d bytes to the end: %v", len(body), err)
		}
	}
	if got := s.Ask(t, "vic", "GET", fill("/tenant/{acme}/users"), "", nil); got.Status != http.StatusNotFound {
		t.Errorf("the next request = %d %s, want 404", got.Status, got.Body)
	}
}
