package gate_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// ruled answers every question with the same ruling.
type ruled struct {
	ruling gate.Ruling
	err    error
}

func (r ruled) Decide(context.Context, *gate.Input) (gate.Ruling, error) { return r.ruling, r.err }
func (r ruled) Allow(context.Context, *gate.Input) (gate.Ruling, error)  { return r.ruling, r.err }
func (r ruled) Explain(context.Context, *gate.Input) (tenancy.Explanation, error) {
	return tenancy.Explanation{}, r.err
}
func (ruled) Actions() []tenancy.Action { return nil }

func (r ruled) Evaluate(context.Context, *gate.RuleInput) (tenancy.Value, error) {
	return tenancy.Value{JSON: []byte("true")}, r.err
}
func (r ruled) Terms(dialect tenancy.Dialect) tenancy.Terms { return shippedTerms(dialect) }

var allowAll = ruled{ruling: gate.Ruling{Allow: true, Granted: true}}

// TestOnlyAWellFormedAllowAllows plants every other answer of a decider.
func TestOnlyAWellFormedAllowAllows(t *testing.T) {
	fault := func(code tenancy.Code) error { return &tenancy.Error{Code: code} }
	rows := map[string]struct {
		decider ruled
		want    []tenancy.Code
	}{
		"a well-formed allow":          {allowAll, nil},
		"nothing":                      {ruled{}, []tenancy.Code{"not_permitted"}},
		"granted, but not allowed":     {ruled{ruling: gate.Ruling{Granted: true}}, []tenancy.Code{"not_permitted"}},
		"allowed, but not granted":     {ruled{ruling: gate.Ruling{Allow: true}}, []tenancy.Code{"not_permitted"}},
		"allowed over an objection":    {ruled{ruling: gate.Ruling{Allow: true, Granted: true, Violations: []tenancy.Finding{{Code: "on_holiday"}}}}, []tenancy.Code{"on_holiday"}},
		"undefined":                    {ruled{allowAll.ruling, fault(tenancy.CodePolicyUndefined)}, []tenancy.Code{"policy_undefined"}},
		"a timeout":                    {ruled{allowAll.ruling, fault(tenancy.CodePolicyTimeout)}, []tenancy.Code{"policy_timeout"}},
		"an error":                     {ruled{allowAll.ruling, errors.New("broken")}, []tenancy.Code{"policy_error"}},
		"an error with a foreign code": {ruled{allowAll.ruling, fault("already_member")}, []tenancy.Code{"policy_error"}},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			s := open(t, row.decider)
			s.want("add", s.try(as(olga), add(acme, sam, tenancy.LevelViewer)), row.want...)
			if _, is := s.membership(acme, sam); is != (row.want == nil) {
				t.Errorf("a member: %v", is)
			}
			v, err := s.Check(t.Context(), as(olga), tenancy.Question{Action: tenancy.ActionResourceRead, Tenant: tenancy.RefTo(acme)})
			if allow := row.decider.ruling.Allow && row.decider.err == nil; err != nil || v.Allow != allow {
				t.Errorf("Check = %v, %v; want %v", v.Allow, err, allow)
			}
		})
	}
}

func TestAPolicyThatFailsGivesNothingAway(t *testing.T) {
	s := open(t, ruled{err: errors.New("broken")})
	s.want("the owner, by a member", s.try(as(mary), remove(acme, olga)), "policy_error")
	s.want("nobody, by a member", s.try(as(mary), remove(acme, user(99))), "policy_error")
	s.want("by a stranger", s.try(as(sam), remove(acme, olga)), "not_a_member", "policy_error")
	s.want("in an unknown tenant", s.try(as(sam), remove(tenant(99), olga)), "tenant_unknown", "not_a_member", "not_permitted")
}

func TestACredentialIsJudgedAgainInTheTransaction(t *testing.T) {
	s := open(t, allowAll)
	key := tenancy.CreateKey{ID: tenancy.KeyID{1}, User: adam, Digest: tenancy.Digest{1}}
	s.want("the key", s.try(as(adam), key))
	holder := tenancy.Actor{User: adam, Key: key.ID, Via: tenancy.ViaAPIKey}
	s.want("with the key", s.try(holder, add(acme, sam, tenancy.LevelViewer)))
	s.want("the revocation", s.try(as(adam), tenancy.DeleteKey{Key: key.ID}))
	for name, ask := range map[string]func() error{
		"Apply": func() error {
			_, err := s.Apply(t.Context(), holder, remove(acme, sam), tenancy.ApplyOptions{})
			return err
		},
		"Check": func() error {
			_, err := s.Check(t.Context(), holder, tenancy.Question{Action: "resource.read", Tenant: tenancy.RefTo(acme)})
			return err
		},
		"Read": func() error {
			_, err := s.Read(t.Context(), holder, tenancy.GetUser{User: adam}, tenancy.ApplyOptions{})
			return err
		},
	} {
		var failure *tenancy.Error
		if err := ask(); !errors.As(err, &failure) || failure.Code != tenancy.CodeUnauthenticated {
			t.Errorf("%s with a revoked key: %v, want unauthenticated", name, err)
		}
	}
}

func TestNobodyIsRefusedEverywhere(t *testing.T) {
	s := open(t, allowAll)
	for _, actor := range []tenancy.Actor{{}, {Operator: true}} {
		_, applied := s.Apply(t.Context(), actor, add(acme, sam, tenancy.LevelViewer), tenancy.ApplyOptions{})
		_, checked := s.Check(t.Context(), actor, tenancy.Question{Action: "resource.read", Tenant: tenancy.RefTo(acme)})
		_, read := s.Read(t.Context(), actor, tenancy.GetUser{User: adam}, tenancy.ApplyOptions{})
		for _, err := range []error{applied, checked, read} {
			var failure *tenancy.Error
			if !errors.As(err, &failure) || failure.Code != tenancy.CodeUnauthenticated {
				t.Errorf("%+v: %v, want unauthenticated", actor, err)
			}
		}
	}
}

func TestACancelledRequestChangesNothing(t *testing.T) {
	s := open(t, allowAll)
	before := s.revision()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Apply(ctx, as(olga), add(acme, sam, tenancy.LevelViewer), tenancy.ApplyOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Apply = %v, want context.Canceled", err)
	}
	if after := s.revision(); after != before {
		t.Errorf("the revision went from %d to %d", before, after)
	}
}

func TestACredentialReachesNoFurtherThanItsBinding(t *testing.T) {
	s := open(t, shipped(t))
	bound, scoped := as(adam), as(adam)
	bound.Tenant = acme
	scoped.Scopes = []tenancy.Action{tenancy.ActionMemberRemove, tenancy.ActionKeyCreate}
	s.want("in its tenant", s.try(bound, add(acme, sam, tenancy.LevelViewer)))
	s.want("in another", s.try(bound, add(globex, sam, tenancy.LevelViewer)), "not_a_member", "not_permitted", "member_limit", "rank_exceeded")
	s.want("makes a tenant", s.try(bound, tenancy.CreateTenant{Name: "New"}), "actions_exceeded")
	was, _ := s.membership(acme, adam)
	signedIn := as(adam)
	signedIn.Tenant, signedIn.TenantSince, signedIn.MemberEpoch = acme, was.CreatedAt, was.Epoch+1
	made := did[tenancy.Tenant](s, signedIn, tenancy.CreateTenant{Name: "New"})
	s.want("makes one where every token names a tenant, and is a stranger there", s.try(signedIn, add(made.ID, sam, tenancy.LevelViewer)),
		"not_a_member", "not_permitted", "rank_exceeded")
	s.want("makes one and selects it", s.try(signedIn, tenancy.CreateTenant{Name: "New", Select: true}), "actions_exceeded")
	s.want("makes one in an organization", s.try(signedIn, tenancy.CreateTenant{Name: "New", Organization: tenancy.OrganizationRef{ID: made.Organization}}),
		"organization_unknown", "not_permitted", "actions_exceeded")
	s.want("a key bound to the tenant", s.try(as(adam), tenancy.CreateKey{ID: tenancy.KeyID{7}, Digest: tenancy.Digest{7}, User: adam, Tenant: tenancy.RefTo(acme)}))
	signedIn.Key = tenancy.KeyID{7}
	s.want("a token got with it makes a tenant", s.try(signedIn, tenancy.CreateTenant{Name: "New"}), "actions_exceeded")
	s.want("makes an unbound key", s.try(bound, tenancy.CreateKey{ID: tenancy.KeyID{1}, Digest: tenancy.Digest{1}, User: adam}), "actions_exceeded")
	s.want("makes a key for another tenant of its user's", s.try(bound, tenancy.CreateKey{ID: tenancy.KeyID{1}, Digest: tenancy.Digest{1}, User: adam, Tenant: tenancy.RefTo(globex)}),
		"tenant_unknown", "not_permitted")
	s.want("makes a key for no tenant at all", s.try(bound, tenancy.CreateKey{ID: tenancy.KeyID{1}, Digest: tenancy.Digest{1}, User: adam, Tenant: tenancy.RefTo(tenant(99))}),
		"tenant_unknown", "not_permitted")
	s.want("clears the selection", s.try(bound, tenancy.SelectTenant{}), "actions_exceeded")
	s.want("a key without a binding", s.try(as(adam), tenancy.CreateKey{ID: tenancy.KeyID{8}, Digest: tenancy.Digest{8}, User: adam}))
	s.want("revokes it", s.try(bound, tenancy.DeleteKey{Key: tenancy.KeyID{8}}), "key_unknown", "not_permitted")
	s.want("within its scopes", s.try(scoped, remove(acme, sam)))
	s.want("out of its scopes", s.try(scoped, add(acme, sam, tenancy.LevelViewer)), "not_permitted")
	s.want("makes a wider key", s.try(scoped, tenancy.CreateKey{ID: tenancy.KeyID{2}, Digest: tenancy.Digest{2}, User: adam}), "actions_exceeded")
	s.want("makes a narrower key", s.try(scoped, tenancy.CreateKey{
		ID: tenancy.KeyID{3}, Digest: tenancy.Digest{3}, User: adam, Scopes: []tenancy.Action{tenancy.ActionMemberRemove},
	}))
	list, err := s.Read(t.Context(), bound, tenancy.ListTenants{User: adam, Limit: 10}, tenancy.ApplyOptions{})
	if err != nil || len(list.Result.([]tenancy.Tenant)) != 1 {
		t.Errorf("ListTenants with a bound credential = %v, %v; want acme alone", list.Result, err)
	}
}

func TestAKeyMakesNoneThatOutlivesIt(t *testing.T) {
	s := open(t, shipped(t))
	soon := began.AddDate(1, 0, 0)
	s.want("a key with an end", s.try(as(adam), tenancy.CreateKey{ID: tenancy.KeyID{1}, Digest: tenancy.Digest{1}, User: adam, ExpiresAt: soon}))
	holder := tenancy.Actor{User: adam, Key: tenancy.KeyID{1}, Via: tenancy.ViaAPIKey}
	s.want("makes one without", s.try(holder, tenancy.CreateKey{ID: tenancy.KeyID{2}, Digest: tenancy.Digest{2}, User: adam}), "actions_exceeded")
	s.want("makes one with a later end", s.try(holder, tenancy.CreateKey{ID: tenancy.KeyID{2}, Digest: tenancy.Digest{2}, User: adam, ExpiresAt: soon.Add(1)}), "actions_exceeded")
	s.want("makes one with the same", s.try(holder, tenancy.CreateKey{ID: tenancy.KeyID{2}, Digest: tenancy.Digest{2}, User: adam, ExpiresAt: soon}))
}

func TestRefusalsOfOneActorDoNotFillTheAudit(t *testing.T) {
	now := began
	store := open(t, allowAll).store
	g := gate.New(store, ruled{}, gate.Options{Clock: func() time.Time { return now }, NewID: newID})
	refuse := func(times int) {
		for range times {
			if _, err := g.Apply(t.Context(), as(olga), add(acme, sam, tenancy.LevelViewer), tenancy.ApplyOptions{}); err == nil {
				t.Fatal("allowed")
			}
		}
	}
	refuse(50)
	now = now.Add(time.Minute)
	refuse(1)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if got := store.Stats().Appended; got != 21 {
		t.Errorf("%d refusals recorded, want 21", got)
	}
}
