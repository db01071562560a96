package cogniac_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/apitest"
	"github.com/memberward/memberward/internal/tenancy"
)

// Whoever is added twenty times at once is there once, and every answer is a
// success: a member who is there is no conflict.
func TestAddingTwentyTimesAtOnce(t *testing.T) {
	s := set(t, apitest.Directions{})
	before := s.Revision(t)
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			if got := s.Ask(t, "olga", "POST", fill("/1/tenants/{acme}/users"), fill(`{"user_id":"{sam}"}`), nil); got.Status != http.StatusOK {
				t.Errorf("= %d %s", got.Status, got.Body)
			}
		})
	}
	wait.Wait()
	if got := s.Ask(t, "sam", "GET", "/1/users/current/tenants", "", nil); got.Body != fill(`{"tenants":[{"tenant_id":"{acme}","name":"Acme","roles":["tenant_user"]}]}`) {
		t.Errorf("sam's tenants: %s", got.Body)
	}
	if after := s.Revision(t); after == before {
		t.Error("nothing was changed")
	}
}

// Two administrators of a tenant without owner who remove each other at once:
// exactly one succeeds (contracts/README.md, rule 3).
func TestAdministratorsRemoveEachOther(t *testing.T) {
	s := set(t, apitest.Directions{})
	var wait sync.WaitGroup
	var removed atomic.Int64
	for _, pair := range [][2]string{{"gil", "gus"}, {"gus", "gil"}} {
		wait.Go(func() {
			got := s.Ask(t, pair[0], "DELETE", fill("/1/tenants/{guild}/users?user_id={"+pair[1]+"}"), "", nil)
			switch got.Status {
			case http.StatusNoContent:
				removed.Add(1)
			case http.StatusForbidden, http.StatusNotFound: // the last one; or a stranger by then
			default:
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
	s := set(t, apitest.Directions{})
	before := s.Revision(t)
	s.Full.Store(true)
	for _, p := range places {
		got := s.Ask(t, p.who, p.method, fill(p.path), fill(p.body), nil)
		switch {
		case p.method == "GET" && got.Status != http.StatusOK:
			t.Errorf("reading %s = %d %s", p.path, got.Status, got.Body)
		case p.path == "/1/tenants/{acme}/users/role" || p.method == "DELETE" && p.path != "/1/tenants/{globex}":
			// what it would change is not there
		case p.method != "GET" && (got.Status != http.StatusServiceUnavailable || !errorBody.MatchString(got.Body)):
			t.Errorf("%s %s = %d %s, want 503", p.method, p.path, got.Status, got.Body)
		}
	}
	s.Full.Store(false)
	if after := s.Revision(t); after != before {
		t.Error("something was changed")
	}
}

// broken is a gate whose calls come to nothing, or fail with an error of the
// test's choice.
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

// A result that is not what was asked for is a mistake and no answer; an
// outcome that is unknown is said to be so.
func TestBrokenGate(t *testing.T) {
	for _, row := range []struct {
		err    error
		status int
	}{{nil, 500}, {&tenancy.Error{Code: tenancy.CodeOutcomeUnknown, Msg: "secret"}, 503}, {fmt.Errorf("wait: %w", context.DeadlineExceeded), 503}} {
		s := set(t, apitest.Directions{Gate: func(real api.Gate) api.Gate { return broken{real, row.err} }})
		for _, p := range places {
			if p.path == "/1/token?tenant_id={acme}" || (row.err == nil && p.status == http.StatusNoContent) {
				continue // asks no gate, or takes nothing from its answer
			}
			if got := s.Ask(t, p.who, p.method, fill(p.path), fill(p.body), nil); got.Status != row.status || !errorBody.MatchString(got.Body) {
				t.Errorf("%v: %s %s = %d %s, want %d", row.err, p.method, p.path, got.Status, got.Body, row.status)
			}
		}
	}
}

// crowd adds members to acme.
func crowd(n int) func(*tenancy.Seed) {
	return func(s *tenancy.Seed) {
		for i := range n {
			id := tenancy.UserID(uuid.MustParse(fmt.Sprintf("0190dddd-0000-7000-8000-%012x", i+1)))
			s.Users = append(s.Users, tenancy.User{
				ID: id, Email: fmt.Sprintf("member%d@example.com", i), GivenName: fmt.Sprint(n - i), Kind: tenancy.KindHuman, SignedUp: true, Enabled: true,
			})
			s.Memberships = append(s.Memberships, tenancy.Membership{Tenant: apitest.Tenant("acme"), User: id, Level: tenancy.LevelMember, Enabled: true})
		}
	}
}

func TestLongLists(t *testing.T) {
	for _, members := range []int{500, 501, 1203} { // around the pages' ends
		s := set(t, apitest.Directions{More: crowd(members - 6)}) // acme has six of its own
		got := s.Ask(t, "vic", "GET", fill("/1/tenants/{acme}/users"), "", nil)
		var users struct {
			Data []struct {
				ID string `json:"user_id"`
			}
		}
		if err := json.Unmarshal([]byte(got.Body), &users); err != nil || got.Status != http.StatusOK {
			t.Fatalf("= %d, %v", got.Status, err)
		}
		seen := map[string]bool{}
		for _, u := range users.Data {
			seen[u.ID] = true
		}
		if len(users.Data) != members || len(seen) != members {
			t.Errorf("%d users, %d different ones, want %d", len(users.Data), len(seen), members)
		}
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

// Who is removed while reading gets no list, whole or in part.
func TestRemovedWhileReading(t *testing.T) {
	var once sync.Once
	var s *apitest.Stage
	s = set(t, apitest.Directions{More: crowd(600), Gate: func(real api.Gate) api.Gate {
		return interrupted{real, func() {
			once.Do(func() {
				change := tenancy.RemoveMember{Tenant: tenancy.RefTo(apitest.Tenant("acme")), User: apitest.User("vic")}
				if _, err := s.Gate.Apply(t.Context(), apitest.As("olga"), change, tenancy.ApplyOptions{}); err != nil {
					t.Error(err)
				}
			})
		}}
	}})
	if got := s.Ask(t, "vic", "GET", fill("/1/tenants/{acme}/users"), "", nil); got.Status != http.StatusNotFound {
		t.Errorf("= %d %.100s, want 404", got.Status, got.Body)
	}
}
