package gate_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

func add(t tenancy.TenantID, u tenancy.UserID, l tenancy.Level) tenancy.AddMember {
	return tenancy.AddMember{Tenant: tenancy.RefTo(t), User: u, Level: l, Enabled: true}
}

func level(t tenancy.TenantID, u tenancy.UserID, l tenancy.Level) tenancy.UpdateMember {
	return tenancy.UpdateMember{Tenant: tenancy.RefTo(t), User: u, Adjustment: tenancy.Adjustment{Level: &l}}
}

func enable(t tenancy.TenantID, u tenancy.UserID, on bool) tenancy.UpdateMember {
	return tenancy.UpdateMember{Tenant: tenancy.RefTo(t), User: u, Adjustment: tenancy.Adjustment{Enabled: &on}}
}

func remove(t tenancy.TenantID, u tenancy.UserID) tenancy.RemoveMember {
	return tenancy.RemoveMember{Tenant: tenancy.RefTo(t), User: u}
}

// TestMembershipChanges holds the findings of each row against the rules of
// contracts/README.md (2, 3, 6) and levels.md, all findings returned.
func TestMembershipChanges(t *testing.T) {
	type codeList = []tenancy.Code
	rows := []struct {
		name   string
		actor  tenancy.Actor
		change tenancy.Change
		want   codeList
	}{
		{"the owner adds a member", as(olga), add(acme, sam, tenancy.LevelMember), nil},
		{"an administrator adds a viewer by slug", as(adam), tenancy.AddMember{Tenant: tenancy.TenantRef{Slug: "acme"}, User: sam, Level: tenancy.LevelViewer, Enabled: true}, nil},
		{"the platform adds an administrator", platform, add(acme, sam, tenancy.LevelAdmin), nil},
		{"a member adds", as(mary), add(acme, sam, tenancy.LevelViewer), codeList{"not_permitted"}},
		{"a viewer adds above her rank", as(vic), add(acme, sam, tenancy.LevelMember), codeList{"not_permitted", "rank_exceeded"}},
		{"a stranger adds herself", as(sam), add(acme, sam, tenancy.LevelOwner), codeList{"not_a_member", "not_permitted", "rank_exceeded", "owner_by_transfer_only"}},
		{"a disabled administrator adds", as(dora), add(acme, sam, tenancy.LevelViewer), codeList{"not_permitted"}},
		{"a pending administrator adds", as(pete), add(acme, sam, tenancy.LevelViewer), codeList{"not_permitted"}},
		{"an expired administrator adds", as(eve), add(acme, sam, tenancy.LevelViewer), codeList{"not_permitted"}},
		{"to an unknown tenant", as(olga), add(tenant(99), sam, tenancy.LevelMember), codeList{"tenant_unknown", "not_a_member", "not_permitted"}},
		{"an unknown user", as(olga), add(acme, user(99), tenancy.LevelMember), codeList{"user_unknown"}},
		{"an unknown user to an unknown tenant", as(olga), add(tenant(99), user(99), tenancy.LevelMember), codeList{"tenant_unknown", "not_a_member", "not_permitted", "user_unknown"}},
		{"somebody who is a member", as(olga), add(acme, mary, tenancy.LevelMember), codeList{"already_member"}},
		{"a second owner, by the owner", as(olga), add(acme, sam, tenancy.LevelOwner), codeList{"owner_by_transfer_only"}},
		{"a second owner, by the platform", platform, add(acme, sam, tenancy.LevelOwner), codeList{"owner_by_transfer_only"}},
		{"over the limit", as(adam), add(globex, sam, tenancy.LevelMember), codeList{"member_limit"}},
		{"over the limit, by the platform", platform, add(globex, sam, tenancy.LevelMember), codeList{"member_limit"}},

		{"an administrator promotes to her own rank", as(adam), level(acme, mary, tenancy.LevelAdmin), nil},
		{"an administrator demotes an administrator", as(adam), level(acme, pete, tenancy.LevelViewer), nil},
		{"an administrator promotes herself to owner", as(adam), level(acme, adam, tenancy.LevelOwner), codeList{"rank_exceeded", "owner_by_transfer_only"}},
		{"a member promotes herself", as(mary), level(acme, mary, tenancy.LevelAdmin), codeList{"not_permitted", "rank_exceeded"}},
		{"the owner demotes herself", as(olga), level(acme, olga, tenancy.LevelAdmin), codeList{"owner_permanent"}},
		{"the platform disables the owner", platform, enable(acme, olga, false), codeList{"owner_permanent"}},
		{"the platform updates the owner to what she is", platform, level(acme, olga, tenancy.LevelOwner), nil},
		{"an administrator disables the owner", as(adam), enable(acme, olga, false), codeList{"owner_permanent", "rank_exceeded"}},
		{"a member disables the owner learns nothing of her", as(mary), enable(acme, olga, false), codeList{"not_permitted", "owner_permanent", "rank_exceeded"}},
		{"somebody who is no member", as(olga), level(acme, sam, tenancy.LevelViewer), codeList{"target_not_member"}},
		{"somebody who is nobody", as(olga), level(acme, user(99), tenancy.LevelViewer), codeList{"user_unknown"}},

		{"the owner removes a member", as(olga), remove(acme, mary), nil},
		{"an administrator removes a disabled one", as(adam), remove(acme, dora), nil},
		{"a member leaves", as(mary), remove(acme, mary), nil},
		{"a viewer leaves", as(vic), remove(acme, vic), nil},
		{"a disabled member leaves", as(dora), remove(acme, dora), codeList{"not_permitted"}},
		{"a member removes", as(mary), remove(acme, vic), codeList{"not_permitted"}},
		{"the owner leaves", as(olga), remove(acme, olga), codeList{"owner_permanent"}},
		{"an administrator removes the owner", as(adam), remove(acme, olga), codeList{"owner_permanent", "rank_exceeded"}},
		{"the platform removes the owner", platform, remove(acme, olga), codeList{"owner_permanent"}},
		{"a stranger removes", as(sam), remove(acme, mary), codeList{"not_a_member", "not_permitted", "rank_exceeded"}},
		{"from an unknown tenant", as(sam), remove(tenant(99), mary), codeList{"tenant_unknown", "not_a_member", "not_permitted"}},
		{"an administrator of an ownerless tenant removes the other", as(gil), remove(guild, gus), nil},
	}
	decider := shipped(t)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := open(t, decider)
			before := s.revision()
			s.want(row.name, s.try(row.actor, row.change), row.want...)
			raised := s.revision() - before
			if want := tenancy.Revision(0); row.want == nil {
				want = 1
				if raised != want {
					t.Errorf("the revision rose by %d, want %d", raised, want)
				}
			} else if raised != 0 {
				t.Errorf("a refusal raised the revision by %d", raised)
			}
		})
	}
}

func TestTheLastAdministratorOfAnOwnerlessTenantStays(t *testing.T) {
	s := open(t, shipped(t))
	s.want("the first leaves", s.try(as(gil), remove(guild, gil)))
	for name, change := range map[string]tenancy.Change{
		"leaves": remove(guild, gus), "is demoted": level(guild, gus, tenancy.LevelMember), "is disabled": enable(guild, gus, false),
	} {
		s.want("the last one "+name, s.try(platform, change), "last_administrator")
	}
	s.want("the last one leaves herself", s.try(as(gus), remove(guild, gus)), "last_administrator")
}

func TestTwoAdministratorsRemoveEachOtherAtOnce(t *testing.T) {
	decider := shipped(t)
	for range 20 {
		s := open(t, decider)
		var wg sync.WaitGroup
		refused := make([][]tenancy.Code, 2)
		for i, change := range []tenancy.RemoveMember{remove(guild, gus), remove(guild, gil)} {
			actor := as([]tenancy.UserID{gil, gus}[i])
			wg.Go(func() { refused[i] = s.try(actor, change) })
		}
		wg.Wait()
		if (refused[0] == nil) == (refused[1] == nil) {
			t.Fatalf("refused: %v; exactly one must succeed", refused)
		}
	}
}

func TestRemovalTakesAllThatHangsOnTheMembership(t *testing.T) {
	s := open(t, shipped(t))
	bound := tenancy.CreateKey{ID: tenancy.KeyID{1}, User: mary, Tenant: tenancy.RefTo(acme), Digest: tenancy.Digest{1}}
	free := tenancy.CreateKey{ID: tenancy.KeyID{2}, User: mary, Digest: tenancy.Digest{2}}
	s.want("a key bound to the tenant", s.try(as(mary), bound))
	s.want("a key that is not", s.try(as(mary), free))
	s.want("the selection", s.try(as(mary), tenancy.SelectTenant{Tenant: tenancy.RefTo(acme)}))
	was, _ := s.membership(acme, mary)
	token := as(mary)
	token.Tenant, token.TenantSince = acme, was.CreatedAt
	read := tenancy.Question{Action: tenancy.ActionResourceRead, Tenant: tenancy.RefTo(acme)}
	if v, err := s.Check(t.Context(), token, read); err != nil || !v.Allow {
		t.Fatalf("Check with a bound token = %v, %v", v, err)
	}

	s.want("the removal", s.try(as(olga), remove(acme, mary)))
	s.want("the return", s.try(as(olga), add(acme, mary, tenancy.LevelMember)))

	s.view(func(r gate.Reader) error {
		if _, there, _ := r.Key(bound.ID); there {
			t.Error("the bound key outlived the membership")
		}
		if _, there, _ := r.Key(free.ID); !there {
			t.Error("a key that is not bound went with the membership")
		}
		if account, _, _ := r.User(mary); !account.ActiveTenant.IsZero() {
			t.Error("the active tenant outlived the membership")
		}
		return nil
	})
	s.wantUnauthenticated("the token of the ended membership", token)
}

func TestADisabledAccountAdministersNothing(t *testing.T) {
	s := open(t, shipped(t))
	s.want("a disabled account becomes an administrator", s.try(as(gil), add(guild, off, tenancy.LevelAdmin)))
	s.want("one of the others leaves", s.try(as(gus), remove(guild, gus)))
	s.want("the last who can act leaves", s.try(as(gil), remove(guild, gil)), "last_administrator")
	s.want("the last who can act is demoted", s.try(platform, level(guild, gil, tenancy.LevelViewer)), "last_administrator")
	s.want("the disabled one goes", s.try(as(gil), remove(guild, off)))
	if report, err := s.store.Verify(t.Context()); err != nil || len(report.Faults) > 0 {
		t.Errorf("Verify = %+v, %v", report, err)
	}
}

func TestAccountsThatChangeSidesAreCountedAgain(t *testing.T) {
	s := open(t, shipped(t))
	enable := func(on bool) {
		t.Helper()
		_, err := s.store.Update(t.Context(), func(tx gate.Tx) error {
			account, _, err := tx.User(gus)
			if err != nil {
				return err
			}
			account.Enabled = on
			return tx.PutUser(account)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	enable(false)
	s.want("without the disabled one", s.try(as(gil), remove(guild, gil)), "last_administrator")
	enable(true)
	enable(true)
	if report, err := s.store.Verify(t.Context()); err != nil || len(report.Faults) > 0 {
		t.Errorf("Verify = %+v, %v", report, err)
	}
	s.want("once she is enabled again", s.try(as(gil), remove(guild, gil)))
}

// wantUnauthenticated tries every door with a credential that is over.
func (s *scene) wantUnauthenticated(what string, actor tenancy.Actor) {
	s.t.Helper()
	_, applied := s.Apply(s.t.Context(), actor, tenancy.CreateKey{ID: tenancy.KeyID{99}, User: actor.User, Tenant: tenancy.RefTo(acme)}, tenancy.ApplyOptions{})
	_, checked := s.Check(s.t.Context(), actor, tenancy.Question{Action: "resource.read", Tenant: tenancy.RefTo(acme)})
	_, read := s.Read(s.t.Context(), actor, tenancy.GetUser{User: actor.User}, tenancy.ApplyOptions{})
	for _, err := range []error{applied, checked, read} {
		var failure *tenancy.Error
		if !errors.As(err, &failure) || failure.Code != tenancy.CodeUnauthenticated {
			s.t.Errorf("%s: %v, want unauthenticated", what, err)
		}
	}
}
