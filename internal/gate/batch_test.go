package gate_test

import (
	"errors"
	"testing"

	"github.com/memberward/memberward/internal/tenancy"
)

// TestABatchHappensOrNot: each change is decided in the state that those before
// it left, with a decision of its own; one that fails ends them all.
func TestABatchHappensOrNot(t *testing.T) {
	s := open(t, shipped(t))
	revision, records := s.revision(), s.records()
	outcomes := did[[]tenancy.Outcome](s, as(olga), tenancy.Batch{Changes: []tenancy.Change{
		add(acme, sam, tenancy.LevelViewer), level(acme, sam, tenancy.LevelMember), remove(acme, mary),
	}})
	if len(outcomes) != 3 || s.revision() != revision+1 || s.records() != records+3 {
		t.Fatalf("%d outcomes, revision %d after %d, %d records after %d", len(outcomes), s.revision(), revision, s.records(), records)
	}
	ids := map[tenancy.DecisionID]bool{}
	for _, o := range outcomes {
		ids[o.DecisionID] = true
	}
	if m, _ := s.membership(acme, sam); m.Level != tenancy.LevelMember || len(ids) != 3 {
		t.Errorf("sam is %s; %d decisions", m.Level, len(ids))
	}

	revision = s.revision()
	_, err := s.Apply(t.Context(), as(adam), tenancy.Batch{Changes: []tenancy.Change{
		remove(acme, vic), remove(acme, olga), add(acme, user(99), tenancy.LevelViewer), remove(acme, sam),
	}}, tenancy.ApplyOptions{})
	var refusal *tenancy.Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("a batch with the owner in it: %v", err)
	}
	items, _ := refusal.Result.([]tenancy.ItemRefusal)
	if len(items) != 2 || items[0].Index != 1 || items[1].Index != 2 || refusal.Reasons[0].Code != tenancy.CodeOwnerPermanent || refusal.DecisionID != items[0].DecisionID {
		t.Errorf("refused %+v", refusal)
	}
	if _, is := s.membership(acme, vic); !is || s.revision() != revision {
		t.Error("a part of a refused batch happened")
	}
}

// Whoever has left could do nothing more: a batch in which the actor is removed
// first does the rest as well, and its outcomes stay in their order.
func TestTheActorOfABatchLeavesLast(t *testing.T) {
	for name, own := range map[string]tenancy.RemoveMember{
		"by id":      {Tenant: tenancy.RefTo(acme), User: adam},
		"by address": {Tenant: tenancy.RefTo(acme), Email: " ADAM@example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, shipped(t))
			_, err := s.Apply(t.Context(), as(adam), tenancy.Batch{Changes: []tenancy.Change{own, remove(acme, olga), remove(acme, user(99))}}, tenancy.ApplyOptions{})
			var refusal *tenancy.Refusal
			if !errors.As(err, &refusal) || refusal.Reasons[0].Code != tenancy.CodeOwnerPermanent || len(refusal.Result.([]tenancy.ItemRefusal)) != 2 {
				t.Errorf("with the owner in it: %v", err)
			}
			outcome, err := s.Apply(t.Context(), as(adam), tenancy.Batch{Changes: []tenancy.Change{own, remove(acme, vic)}}, tenancy.ApplyOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range []tenancy.UserID{adam, vic} {
				if gone := outcome.Result.([]tenancy.Outcome)[i].Result.(tenancy.Member); gone.User != want {
					t.Errorf("outcome %d is of %s, want %s", i, gone.User, want)
				}
				if _, is := s.membership(acme, want); is {
					t.Errorf("%s is a member still", want)
				}
			}
		})
	}
}

func TestABatchNamesNobodyTwice(t *testing.T) {
	s := open(t, shipped(t))
	twice := tenancy.Batch{Once: true, Changes: []tenancy.Change{
		add(acme, sam, tenancy.LevelViewer), tenancy.AddMember{Tenant: tenancy.RefTo(acme), Email: " SAM@example.com", Enabled: true},
	}}
	for _, dialect := range []tenancy.Dialect{tenancy.DialectNative, tenancy.DialectLlamaCloud} {
		_, err := s.Apply(t.Context(), as(olga), twice, tenancy.ApplyOptions{Dialect: dialect})
		var item *tenancy.ItemError
		var failure *tenancy.Error
		var refusal *tenancy.Refusal
		named := errors.As(err, &item) && item.Index == 1 && errors.As(err, &failure) && failure.Code == tenancy.CodeInvalid
		if !named && !(dialect == tenancy.DialectNative && errors.As(err, &refusal)) {
			t.Errorf("%s: %v", dialect, err)
		}
		if _, is := s.membership(acme, sam); is {
			t.Errorf("%s: added", dialect)
		}
	}
	reserved := tenancy.Batch{Once: true, Changes: []tenancy.Change{
		tenancy.AddMember{Tenant: tenancy.RefTo(acme), Email: "two@example.com", Enabled: true},
		tenancy.AddMember{Tenant: tenancy.RefTo(acme), Email: "Two@example.com ", Enabled: true},
	}}
	if _, err := s.Apply(t.Context(), as(olga), reserved, tenancy.ApplyOptions{Dialect: tenancy.DialectLlamaCloud}); err == nil {
		t.Error("one address in two spellings was added twice")
	}
	twice = tenancy.Batch{Once: true, Changes: []tenancy.Change{
		tenancy.RemoveMember{Tenant: tenancy.RefTo(acme), User: mary},
		tenancy.RemoveMember{Tenant: tenancy.RefTo(acme), Email: "mary@example.com"},
	}}
	_, err := s.Apply(t.Context(), as(olga), twice, tenancy.ApplyOptions{Dialect: tenancy.DialectLlamaCloud})
	if item := (*tenancy.ItemError)(nil); !errors.As(err, &item) || item.Index != 1 {
		t.Errorf("who is removed twice: %v", err)
	}
	for name, batch := range map[string]tenancy.Batch{
		"empty":                  {},
		"too long":               {Changes: make([]tenancy.Change, 1001)},
		"a batch in it":          {Changes: []tenancy.Change{tenancy.Batch{}}},
		"an account's end in it": {Changes: []tenancy.Change{tenancy.DeleteUser{User: sam}}},
	} {
		if _, err := s.Apply(t.Context(), platform, batch, tenancy.ApplyOptions{}); err == nil {
			t.Errorf("%s: applied", name)
		}
	}
}

// TestAddingAgain: what adding a member who is there does, per dialect
// (policies/dialects/data.yaml).
func TestAddingAgain(t *testing.T) {
	s := open(t, shipped(t))
	again := add(acme, mary, tenancy.LevelViewer)
	again.There = tenancy.Adjustment{Level: new(tenancy.LevelViewer)}
	s.want("natively", s.try(as(olga), again), "already_member")
	before, _ := s.membership(acme, mary)
	for _, dialect := range []tenancy.Dialect{tenancy.DialectCogniac, tenancy.DialectProcessMind} {
		there := through[tenancy.AddedMember](s, dialect, as(olga), again)
		if after, _ := s.membership(acme, mary); !there.There || tenancy.VersionOf(tenancy.Member{Membership: after}) != tenancy.VersionOf(tenancy.Member{Membership: before}) {
			t.Errorf("%s: %+v became %+v", dialect, before, after)
		}
	}
	there := through[tenancy.AddedMember](s, tenancy.DialectLlamaCloud, as(olga), again)
	if after, _ := s.membership(acme, mary); !there.There || after.Level != tenancy.LevelViewer || !after.CreatedAt.Equal(before.CreatedAt) {
		t.Errorf("through LlamaCloud: %+v", after)
	}
	s.want("by a member", s.tryThrough(tenancy.DialectCogniac, as(vic), again), "not_permitted")
	owner := add(acme, olga, tenancy.LevelViewer)
	owner.There = again.There
	s.want("the owner", s.tryThrough(tenancy.DialectLlamaCloud, as(adam), owner), "owner_permanent", "rank_exceeded")
	s.want("full", s.try(platform, tenancy.UpdateTenant{Tenant: tenancy.RefTo(acme), MemberLimit: new(int64(7))}))
	s.want("there in a full tenant", s.tryThrough(tenancy.DialectCogniac, as(olga), again))
}

// TestLevelName: a level keeps the name that it was given by, until it is set
// again or changes.
func TestLevelName(t *testing.T) {
	s := open(t, shipped(t))
	named := func(want string, change tenancy.Adjustment) {
		t.Helper()
		s.want("set to "+want, s.try(as(olga), tenancy.UpdateMember{Tenant: tenancy.RefTo(acme), User: mary, Adjustment: change}))
		if after, _ := s.membership(acme, mary); after.LevelName != want {
			t.Errorf("the level's name is %q, want %q", after.LevelName, want)
		}
	}
	named("Viewer", tenancy.Adjustment{Level: new(tenancy.LevelViewer), LevelName: "Viewer"})
	named("Viewer", tenancy.Adjustment{Developer: new(true)})
	named("", tenancy.Adjustment{Level: new(tenancy.LevelViewer)})
	named("Viewer", tenancy.Adjustment{Level: new(tenancy.LevelViewer), LevelName: "Viewer"})
	named("", tenancy.Adjustment{Administrator: new(true)})
}

// TestTerms: the terms that tests beneath other policies use are the shipped
// ones.
func TestTerms(t *testing.T) {
	engine := shipped(t)
	for _, dialect := range tenancy.Dialects() {
		if got, want := engine.Terms(dialect), shippedTerms(dialect); got != want {
			t.Errorf("%s: %+v, want %+v", dialect, got, want)
		}
	}
}
