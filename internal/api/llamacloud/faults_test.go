package llamacloud_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/apitest"
	"github.com/memberward/memberward/internal/tenancy"
)

// A store that cannot write: 503 in this API's own body, nothing changed, and
// reading goes on (contracts/README.md, rule 15).
func TestFullDisk(t *testing.T) {
	s := set(t, directions{})
	before := s.Revision(t)
	s.Full.Store(true)
	for _, p := range places {
		if strings.HasSuffix(p.path, "/remove") {
			p.body = `[{"user_id":"{mary}"}]` // sam was not added
		}
		got := ask(t, s, p)
		if want := `{"detail":"Service Unavailable"}`; p.changes && (got.Status != http.StatusServiceUnavailable || got.Body != want) {
			t.Errorf("%s %s = %d %s, want 503 %s", p.method, p.path, got.Status, got.Body, want)
		}
		if !p.changes && got.Status != http.StatusOK {
			t.Errorf("%s %s = %d %s, want 200", p.method, p.path, got.Status, got.Body)
		}
	}
	s.Full.Store(false)
	if s.Revision(t) != before {
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

// Whatever goes wrong behind the gate is no success and comes without its
// cause; a denial is never 409 and never 5xx, whatever the finding.
func TestBrokenGate(t *testing.T) {
	const denied = `{"detail":"You are not permitted to do this in this organization"}`
	rows := []struct {
		name   string
		err    error
		status int
		body   string
	}{
		{"outcome unknown", &tenancy.Error{Code: tenancy.CodeOutcomeUnknown, Msg: "secret"}, 503, `{"detail":"It is unknown whether the change was made"}`},
		{"store full", &tenancy.Error{Code: tenancy.CodeStoreFull, Msg: "secret"}, 503, `{"detail":"The store is full; nothing was changed"}`},
		{"unavailable", &tenancy.Error{Code: tenancy.CodeUnavailable, Msg: "secret"}, 503, `{"detail":"Service Unavailable"}`},
		{"out of time", fmt.Errorf("wait: %w", context.DeadlineExceeded), 503, `{"detail":"Service Unavailable"}`},
		{"the state changes under it", &tenancy.Error{Code: tenancy.CodeConflict}, 503, `{"detail":"Service Unavailable"}`},
		{"an error of no kind", errors.New("secret"), 500, `{"detail":"Internal Server Error"}`},
		{"the key was revoked meanwhile", &tenancy.Error{Code: tenancy.CodeUnauthenticated}, 401, `{"detail":"Not authenticated"}`},
		{"invalid", &tenancy.Error{Code: tenancy.CodeInvalid, Msg: "no"}, 422, `{"detail":[{"type":"value_error","loc":["body"],"msg":"Value error, no"}]}`},
		{"policy error", refusal(tenancy.CodeOwnerPermanent, tenancy.CodePolicyError), 403, denied},
		{"policy undefined", refusal(tenancy.CodeTargetNotMember, tenancy.CodePolicyUndefined), 403, denied},
		{"policy timeout", refusal(tenancy.CodePolicyTimeout), 403, denied},
		{"facts incomplete", refusal(tenancy.CodeFactsIncomplete), 403, denied},
		{"a stranger, and more", refusal(tenancy.CodeNotAMember, tenancy.CodeNotPermitted, tenancy.CodeOwnerPermanent), 404, `{"detail":"Organization not found"}`},
		{"no right, and more", refusal(tenancy.CodeNotPermitted, tenancy.CodeOwnerPermanent), 403, denied},
		{"a name in use", refusal(tenancy.CodeNameTaken), 422, `{"detail":[{"type":"value_error","loc":["body"],"msg":"Value error, this name is in use"}]}`},
		{"already a member", refusal(tenancy.CodeAlreadyMember), 403, `{"detail":"the user is already a member of this tenant"}`},
		{"an operator's own rule", &tenancy.Refusal{Outcome: tenancy.Outcome{Reasons: []tenancy.Finding{{Code: "weekend", Message: "not on Sundays"}}}}, 403, `{"detail":"not on Sundays"}`},
		{"a refusal without a reason", refusal(), 403, `{"detail":"Forbidden"}`},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := set(t, directions{gate: func(real api.Gate) api.Gate { return broken{real, row.err} }})
			for _, p := range []place{
				{who: "olga", method: "DELETE", path: acme + "/users/mary@example.com"},
				{who: "olga", method: "GET", path: acme + "/users"},
				{who: "olga", method: "PUT", path: acme + "/users", body: `[{"user_id":"{mary}","project_ids":null}]`},
			} {
				if got := ask(t, s, p); got.Status != row.status || got.Body != row.body {
					t.Errorf("%s %s = %d %s, want %d %s", p.method, p.path, got.Status, got.Body, row.status, row.body)
				}
			}
		})
	}
}

// A result that is not what was asked for is a mistake and no answer.
func TestUnexpectedResults(t *testing.T) {
	s := set(t, directions{gate: func(real api.Gate) api.Gate { return broken{real, nil} }})
	for _, p := range places {
		if p.method == "DELETE" || strings.HasSuffix(p.path, "/users/remove") || strings.Contains(p.path, "/projects?project_id=") {
			continue // answer without a result
		}
		if got := ask(t, s, p); got.Status != http.StatusInternalServerError || got.Body != `{"detail":"Internal Server Error"}` {
			t.Errorf("%s %s = %d %s, want 500", p.method, p.path, got.Status, got.Body)
		}
	}
}

// Twenty requests at once that add the same person: each is answered 200 with
// the same membership, and there is one.
func TestAddingAtOnce(t *testing.T) {
	s := set(t, directions{})
	ids := make([]string, 20)
	var wait sync.WaitGroup
	for i := range ids {
		wait.Go(func() {
			got := ask(t, s, place{who: "olga", method: "PUT", path: acme + "/users", body: `[{"email":"nina@example.com","project_ids":null}]`})
			var shown []struct{ ID string }
			if err := json.Unmarshal([]byte(got.Body), &shown); err != nil || got.Status != http.StatusOK || len(shown) != 1 {
				t.Errorf("= %d %s", got.Status, got.Body)
				return
			}
			ids[i] = shown[0].ID
		})
	}
	wait.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("the membership has the ids %s and %s", ids[0], id)
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
			got := ask(t, s, place{who: pair[0], method: "DELETE", path: organizations + "/{guild}/users/{" + pair[1] + "}"})
			switch got.Status {
			case http.StatusNoContent:
				removed.Add(1)
			case http.StatusNotFound, http.StatusForbidden: // a stranger by now
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

// A thousand at once are one commit.
func TestAThousandAtOnce(t *testing.T) {
	s := set(t, directions{})
	body := make([]string, 1000)
	for i := range body {
		body[i] = fmt.Sprintf(`{"email":"member%d@example.com","project_ids":null}`, i)
	}
	before := s.Revision(t)
	got := ask(t, s, place{who: "olga", method: "PUT", path: acme + "/users", body: "[" + strings.Join(body, ",") + "]"})
	var shown []struct{ Email string }
	if err := json.Unmarshal([]byte(got.Body), &shown); err != nil || got.Status != http.StatusOK || len(shown) != 1000 {
		t.Fatalf("= %d %.200s", got.Status, got.Body)
	}
	for i, one := range shown {
		if one.Email != fmt.Sprintf("member%d@example.com", i) {
			t.Fatalf("answer %d is about %s", i, one.Email)
		}
	}
	if after := s.Revision(t); after != before+1 {
		t.Errorf("it took %d commits", after-before)
	}
	listed := ask(t, s, place{who: "vic", method: "GET", path: acme + "/users"})
	if err := json.Unmarshal([]byte(listed.Body), &shown); err != nil || len(shown) != 1006 {
		t.Errorf("%d users are listed, %v, want 1006", len(shown), err)
	}
}

// membership is what the tests read of one.
type membership struct {
	ID        string `json:"id"`
	CreatedAt string `json:"created_at"`
	UpdatedAt string `json:"updated_at"`
	UserID    string `json:"user_id"`
	Pending   bool   `json:"pending"`
	Roles     []struct {
		UserID string `json:"user_id"`
	}
}

// Signing up with the reserved address turns pending off under the same id and
// created_at, with user_id set and a later updated_at.
func TestSigningUp(t *testing.T) {
	s := set(t, directions{})
	add := place{who: "olga", method: "PUT", path: acme + "/users", body: `[{"email":"Nina@example.com","project_ids":null}]`}
	var before, after []membership
	if err := json.Unmarshal([]byte(ask(t, s, add).Body), &before); err != nil || !before[0].Pending {
		t.Fatalf("before: %+v, %v", before, err)
	}
	if _, err := s.Gate.Apply(t.Context(), apitest.Platform(), tenancy.CreateUser{Email: "nina@example.com", Kind: tenancy.KindHuman}, tenancy.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(ask(t, s, add).Body), &after); err != nil {
		t.Fatal(err)
	}
	b, a := before[0], after[0]
	if a.Pending || a.ID != b.ID || a.CreatedAt != b.CreatedAt || a.UpdatedAt <= b.UpdatedAt || a.UserID != b.Roles[0].UserID || b.UserID != "" {
		t.Errorf("before %+v\nafter %+v", b, a)
	}
}
