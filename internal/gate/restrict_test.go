package gate_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// saying decides as the shipped rules, and answers every evaluation with the
// same value.
type saying struct {
	gate.Decider
	value string
	err   error
	asked []*gate.RuleInput
}

// Evaluate implements gate.Decider.
func (s *saying) Evaluate(_ context.Context, in *gate.RuleInput) (tenancy.Value, error) {
	s.asked = append(s.asked, in)
	return tenancy.Value{JSON: []byte(s.value)}, s.err
}

// What a rule says narrows what the book allows, whatever it says and whoever
// asks; it is never asked about what the book denies.
func TestARestrictionOnlyNarrows(t *testing.T) {
	read := tenancy.Question{Action: tenancy.ActionResourceRead, Tenant: tenancy.RefTo(acme)}
	write := tenancy.Question{Action: tenancy.ActionResourceWrite, Tenant: tenancy.RefTo(acme)}
	elsewhere := tenancy.Question{Action: tenancy.ActionResourceRead, Tenant: tenancy.RefTo(tenant(99))}
	for _, row := range []struct {
		name   string
		actor  tenancy.Actor
		q      tenancy.Question
		public bool
		value  string
		err    error
		allow  bool
		asked  int
		object bool
	}{
		{"both allow", as(vic), read, false, `true`, nil, true, 1, false},
		{"both allow, as an object", as(vic), read, false, `{"allowed":true}`, nil, true, 1, true},
		{"the rule denies", as(vic), read, false, `false`, nil, false, 1, false},
		{"the rule denies the owner", as(olga), write, false, `{"allowed":false}`, nil, false, 1, true},
		{"the book denies", as(vic), write, false, `true`, nil, false, 0, false},
		{"the book denies a stranger", as(sam), read, false, `{"allowed":true}`, nil, false, 0, false},
		{"the book denies what is not there", as(olga), elsewhere, false, `true`, nil, false, 0, false},
		{"undefined", as(vic), read, false, ``, nil, false, 1, false},
		{"null", as(vic), read, false, `null`, nil, false, 1, false},
		{"a number", as(vic), read, false, `1`, nil, false, 1, false},
		{"a text", as(vic), read, false, `"true"`, nil, false, 1, false},
		{"a list", as(vic), read, false, `[true]`, nil, false, 1, false},
		{"an object without it", as(vic), read, false, `{"allow":true}`, nil, false, 1, false},
		{"in capitals", as(vic), read, false, `{"Allowed":true}`, nil, false, 1, false},
		{"allowed is no boolean", as(vic), read, false, `{"allowed":"true"}`, nil, false, 1, false},
		{"the rule fails", as(vic), read, false, `true`, errors.New("broken"), false, 1, false},
		{"public, allowed", tenancy.Actor{}, read, true, `true`, nil, true, 1, false},
		{"public, denied", tenancy.Actor{}, read, true, `false`, nil, false, 1, false},
		{"public, undefined", tenancy.Actor{}, read, true, ``, nil, false, 1, false},
	} {
		rule := &saying{Decider: shipped(t), value: row.value, err: row.err}
		s := open(t, rule)
		got, err := s.CheckRestricted(t.Context(), row.actor, row.q, tenancy.Restriction{Rule: []string{"x", "y"}, Public: row.public})
		if err != nil || got.Allow != row.allow || len(rule.asked) != row.asked || (got.Rule != nil) != row.object || got.DecisionID.IsZero() {
			t.Errorf("%s: %+v, %v, asked %d times", row.name, got, err, len(rule.asked))
		}
		if last := s.seen[len(s.seen)-1]; last.Allow != row.allow || (len(last.Outcome.Reasons) == 0) != row.allow {
			t.Errorf("%s: seen as %+v", row.name, last)
		}
	}
}

// The rule sees the decision's input with what came beside it, and the place;
// in public nobody's.
func TestWhatARestrictionSees(t *testing.T) {
	rule := &saying{Decider: shipped(t), value: "true"}
	s := open(t, rule)
	r := tenancy.Restriction{Rule: []string{"x"}, Beside: []tenancy.JSONMember{{Name: "version", Value: `{"a":1}`}, {Name: "attributes", Value: `{}`}}}
	q := tenancy.Question{Action: tenancy.ActionResourceRead, Tenant: tenancy.RefTo(acme)}
	if _, err := s.CheckRestricted(t.Context(), as(vic), q, r); err != nil {
		t.Fatal(err)
	}
	in := rule.asked[0]
	for _, want := range []string{`"version":{"a":1}`, `"attributes":{}`, `"level":"viewer"`, `"action":{"name":"resource.read"`} {
		if strings.Count(string(in.Input), want) != 1 {
			t.Errorf("the input lacks %s: %s", want, in.Input)
		}
	}
	if strings.Count(string(in.Input), `"version":`) != 1 || !strings.Contains(string(in.Facts), `"level":"viewer"`) || in.Now.IsZero() {
		t.Errorf("asked with %s, %s, %v", in.Input, in.Facts, in.Now)
	}
	r.Public = true
	if _, err := s.CheckRestricted(t.Context(), tenancy.Actor{}, q, r); err != nil {
		t.Fatal(err)
	}
	if facts := string(rule.asked[1].Facts); !strings.Contains(facts, `"member":false,"level":"none"`) || !strings.Contains(facts, `"active":false`) {
		t.Errorf("in public: %s", facts)
	}
	var failed *tenancy.Error
	for name, tt := range map[string]struct {
		actor tenancy.Actor
		r     tenancy.Restriction
	}{
		"nobody":             {tenancy.Actor{}, tenancy.Restriction{Rule: []string{"x"}}},
		"the operator":       {tenancy.Actor{Operator: true}, r},
		"no rule":            {as(vic), tenancy.Restriction{}},
		"nobody and no rule": {tenancy.Actor{}, tenancy.Restriction{Public: true}},
	} {
		if got, err := s.CheckRestricted(t.Context(), tt.actor, q, tt.r); !errors.As(err, &failed) || got.Allow {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := s.CheckRestricted(ctx, as(vic), q, r); err == nil || got.Allow {
		t.Errorf("cancelled: %+v, %v", got, err)
	}
}
