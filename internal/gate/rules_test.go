package gate_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// echoing allows what the shipped rules allow, and answers every evaluation
// with the facts that it was given, or fails.
type echoing struct {
	gate.Decider
	err   error
	asked *int
}

// Evaluate implements gate.Decider.
func (e echoing) Evaluate(_ context.Context, in *gate.RuleInput) (tenancy.Value, error) {
	*e.asked++
	return tenancy.Value{JSON: in.Facts}, e.err
}

// Who may not ask gets a refusal, and the rules are never asked.
func TestEvaluateIsForWhoMayReadDecisions(t *testing.T) {
	asked := 0
	s := open(t, echoing{shipped(t), nil, &asked})
	about := func(ref tenancy.TenantRef, user tenancy.UserID) *tenancy.Place {
		return &tenancy.Place{Tenant: ref, User: user}
	}
	in, nowhere := tenancy.RefTo(acme), tenancy.RefTo(tenant(99))
	scoped := platform
	scoped.Scopes = []tenancy.Action{tenancy.ActionStoreRead}
	for _, row := range []struct {
		name  string
		actor tenancy.Actor
		about *tenancy.Place
		facts string // "-": refused
	}{
		{"the platform, about nobody", platform, nil, ""},
		{"the platform, about a member", platform, about(in, mary), `"level":"member"`},
		{"the platform, about a stranger", platform, about(in, sam), `"member":false,"level":"none"`},
		{"the platform, of a tenant that is not there", platform, about(nowhere, mary), `"member":false,"level":"none"`},
		{"an administrator, about a member", as(adam), about(in, vic), `"level":"viewer"`},
		{"an administrator, about a disabled member", as(adam), about(in, dora), `"active":false`},
		{"an administrator, about nobody", as(adam), nil, "-"},
		{"an administrator, of a tenant that is not there", as(adam), about(nowhere, vic), "-"},
		{"a member, about themself", as(mary), about(in, mary), "-"},
		{"a disabled administrator", as(dora), about(in, mary), "-"},
		{"a stranger", as(sam), about(in, mary), "-"},
		{"a platform key for something else", scoped, about(in, mary), "-"},
	} {
		before := asked
		got, err := s.EvaluateRule(t.Context(), row.actor, tenancy.RuleQuestion{Path: []string{"x"}, About: row.about})
		refused := row.facts == "-"
		if want := row.facts; !refused && (err != nil || asked != before+1 || !strings.Contains(string(got.JSON), want) || (got.JSON == nil) != (want == "")) {
			t.Errorf("%s: %s, %v; want %s", row.name, got.JSON, err, want)
		}
		if refused {
			s.want(row.name, s.codes(err), tenancy.CodeNotPermitted)
			if asked != before || got.JSON != nil {
				t.Errorf("%s: the rules were asked", row.name)
			}
		}
		if last := s.seen[len(s.seen)-1]; last.Allow == refused || last.Dialect != tenancy.DialectOPA {
			t.Errorf("%s: seen as %+v", row.name, last)
		}
	}
}

// Failures are errors beside no value, and are seen as such.
func TestEvaluateThatFails(t *testing.T) {
	asked := 0
	s := open(t, echoing{shipped(t), &tenancy.Error{Code: tenancy.CodePolicyTimeout}, &asked})
	q := tenancy.RuleQuestion{Path: []string{"x"}, About: &tenancy.Place{Tenant: tenancy.RefTo(acme), User: mary}}
	got, err := s.EvaluateRule(t.Context(), platform, q)
	var failed *tenancy.Error
	if !errors.As(err, &failed) || failed.Code != tenancy.CodePolicyTimeout || got.JSON != nil {
		t.Errorf("rules that fail: %s, %v", got.JSON, err)
	}
	if last := s.seen[len(s.seen)-1]; last.Allow || len(last.Outcome.Reasons) != 1 || last.Outcome.Reasons[0].Code != tenancy.CodePolicyTimeout {
		t.Errorf("seen as %+v", last)
	}
	for name, actor := range map[string]tenancy.Actor{"nobody": {}, "the operator": {Operator: true}} {
		if _, err := s.EvaluateRule(t.Context(), actor, q); !errors.As(err, &failed) || failed.Code != tenancy.CodeUnauthenticated {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.EvaluateRule(t.Context(), platform, tenancy.RuleQuestion{}); !errors.As(err, &failed) || failed.Code != tenancy.CodeInvalid {
		t.Errorf("no path: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := s.EvaluateRule(ctx, platform, q); err == nil || got.JSON != nil {
		t.Errorf("cancelled: %s, %v", got.JSON, err)
	}
}
