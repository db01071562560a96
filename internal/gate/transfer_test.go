package gate_test

import (
	"testing"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

func transfer(t tenancy.TenantID, to tenancy.UserID) tenancy.TransferOwnership {
	return tenancy.TransferOwnership{Tenant: tenancy.RefTo(t), To: to}
}

func TestTransferOfOwnership(t *testing.T) {
	type codeList = []tenancy.Code
	rows := []struct {
		name   string
		actor  tenancy.Actor
		change tenancy.Change
		want   codeList
	}{
		{"the owner transfers to an administrator", as(olga), transfer(acme, adam), nil},
		{"the owner transfers to a viewer", as(olga), transfer(acme, vic), nil},
		{"the platform transfers", platform, transfer(acme, mary), nil},
		{"the platform gives a tenant without owner one", platform, transfer(guild, gil), nil},
		{"an administrator transfers to herself", as(adam), transfer(acme, adam), codeList{"not_permitted", "rank_exceeded"}},
		{"an administrator of a tenant without owner makes herself one", as(gil), transfer(guild, gil), codeList{"not_permitted", "rank_exceeded"}},
		{"a member transfers", as(mary), transfer(acme, mary), codeList{"not_permitted", "rank_exceeded"}},
		{"a stranger transfers", as(sam), transfer(acme, sam), codeList{"not_a_member", "not_permitted", "target_not_member", "rank_exceeded"}},
		{"of an unknown tenant", as(olga), transfer(tenant(99), mary), codeList{"tenant_unknown", "not_a_member", "not_permitted"}},
		{"to a stranger", as(olga), transfer(acme, sam), codeList{"target_not_member"}},
		{"to nobody", as(olga), transfer(acme, user(99)), codeList{"user_unknown"}},
		{"to a pending member", as(olga), transfer(acme, pete), codeList{"conflict", "owner_permanent"}},
		{"to a disabled member", as(olga), transfer(acme, dora), codeList{"conflict", "owner_permanent"}},
		{"to an expired member", as(olga), transfer(acme, eve), codeList{"conflict", "owner_permanent"}},
		{"to oneself", as(olga), transfer(acme, olga), codeList{"conflict"}},
		{"to the owner, by the platform", platform, transfer(acme, olga), codeList{"conflict"}},
	}
	decider := shipped(t)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := open(t, decider)
			s.want(row.name, s.try(row.actor, row.change), row.want...)
			s.ownersAreWhole()
		})
	}
}

// ownersAreWhole: every tenant's owner is its one member of that level, and
// lasts.
func (s *scene) ownersAreWhole() {
	s.t.Helper()
	for _, id := range []tenancy.TenantID{acme, guild, globex} {
		of, owners := s.tenant(id), 0
		for _, m := range s.members(id) {
			if m.Level != tenancy.LevelOwner {
				continue
			}
			if owners++; m.User != of.Owner || !m.LastingAdmin() {
				s.t.Errorf("%s: %+v is an owner, but the tenant's is %s", of.Slug, m, of.Owner)
			}
		}
		if want := map[bool]int{true: 0, false: 1}[of.Owner.IsZero()]; owners != want {
			s.t.Errorf("%s has %d owners, want %d", of.Slug, owners, want)
		}
	}
}

func TestAfterATransfer(t *testing.T) {
	s := open(t, shipped(t))
	later := began.Add(30 * 24 * time.Hour)
	s.want("mary is to leave in a month", s.try(as(olga), tenancy.UpdateMember{Tenant: tenancy.RefTo(acme), User: mary, Adjustment: tenancy.Adjustment{ExpiresAt: &later}}))
	s.want("transfer", s.try(as(olga), transfer(acme, mary)))
	if m, _ := s.membership(acme, mary); m.Level != tenancy.LevelOwner || !m.ExpiresAt.IsZero() {
		t.Errorf("the new owner is %+v; want an owner for good", m)
	}
	if m, _ := s.membership(acme, olga); m.Level != tenancy.LevelAdmin || !m.LastingAdmin() {
		t.Errorf("the owner before is %+v; want a lasting administrator", m)
	}
	s.want("the owner before is removed", s.try(as(mary), remove(acme, olga)))
	s.want("the owner before transfers", s.try(as(olga), transfer(acme, adam)), "not_a_member", "not_permitted", "rank_exceeded")
	s.want("the new owner stays", s.try(platform, remove(acme, mary)), "owner_permanent")
	s.ownersAreWhole()
}

func TestTenantsAreUpdatedAndDeleted(t *testing.T) {
	type codeList = []tenancy.Code
	ref := tenancy.RefTo(acme)
	text := func(s string) *string { return &s }
	limit := func(n int64) *int64 { return &n }
	rows := []struct {
		name   string
		actor  tenancy.Actor
		change tenancy.Change
		want   codeList
	}{
		{"an administrator renames it", as(adam), tenancy.UpdateTenant{Tenant: ref, Name: text("New"), Slug: text("new"), Plan: text("gold")}, nil},
		{"to its own slug", as(adam), tenancy.UpdateTenant{Tenant: ref, Slug: text("acme")}, nil},
		{"to a slug that is taken", as(adam), tenancy.UpdateTenant{Tenant: ref, Slug: text("guild")}, codeList{"slug_taken"}},
		{"a member learns no slugs", as(mary), tenancy.UpdateTenant{Tenant: ref, Slug: text("guild")}, codeList{"not_permitted", "slug_taken"}},
		{"a limit of as many as there are", as(olga), tenancy.UpdateTenant{Tenant: ref, MemberLimit: limit(7)}, nil},
		{"a limit below what there are", as(olga), tenancy.UpdateTenant{Tenant: ref, MemberLimit: limit(6)}, codeList{"member_limit"}},
		{"a limit below what there are, by the platform", platform, tenancy.UpdateTenant{Tenant: ref, MemberLimit: limit(6)}, codeList{"member_limit"}},
		{"a stranger renames it", as(sam), tenancy.UpdateTenant{Tenant: ref, Name: text("New")}, codeList{"not_a_member", "not_permitted"}},
		{"an unknown one", as(olga), tenancy.UpdateTenant{Tenant: tenancy.RefTo(tenant(99)), Slug: text("guild")}, codeList{"tenant_unknown", "not_a_member", "not_permitted"}},

		{"the owner deletes it", as(olga), tenancy.DeleteTenant{Tenant: ref}, nil},
		{"the platform deletes it", platform, tenancy.DeleteTenant{Tenant: ref}, nil},
		{"an administrator deletes it", as(adam), tenancy.DeleteTenant{Tenant: ref}, codeList{"not_permitted", "rank_exceeded"}},
		{"an administrator of one without owner deletes it", as(gil), tenancy.DeleteTenant{Tenant: tenancy.RefTo(guild)}, codeList{"not_permitted", "rank_exceeded"}},
		{"a stranger deletes it", as(sam), tenancy.DeleteTenant{Tenant: ref}, codeList{"not_a_member", "not_permitted", "rank_exceeded"}},
	}
	decider := shipped(t)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := open(t, decider)
			s.want(row.name, s.try(row.actor, row.change), row.want...)
		})
	}
}

func TestATenantIsDeletedWithAllThatBelongsToIt(t *testing.T) {
	s := open(t, shipped(t))
	bound := tenancy.CreateKey{ID: tenancy.KeyID{1}, User: mary, Tenant: tenancy.RefTo(acme), Digest: tenancy.Digest{1}}
	free := tenancy.CreateKey{ID: tenancy.KeyID{2}, User: mary, Digest: tenancy.Digest{2}}
	s.want("a key for it", s.try(as(mary), bound))
	s.want("a key for anything", s.try(as(mary), free))
	s.want("selected", s.try(as(mary), tenancy.SelectTenant{Tenant: tenancy.RefTo(acme)}))
	before := s.revision()
	s.want("deleted", s.try(as(olga), tenancy.DeleteTenant{Tenant: tenancy.RefTo(acme)}))
	if got := s.revision(); got != before+1 {
		t.Errorf("the deletion took %d revisions, want 1", got-before)
	}
	if got := s.members(acme); len(got) != 0 {
		t.Errorf("members of what is gone: %v", got)
	}
	if u := s.user(mary); !u.ActiveTenant.IsZero() {
		t.Errorf("mary's active tenant is still %s", u.ActiveTenant)
	}
	if _, left := s.key(tenancy.KeyID{1}); left {
		t.Error("the key that was bound to it is left")
	}
	if _, left := s.key(tenancy.KeyID{2}); !left {
		t.Error("a key that was bound to nothing is gone")
	}
	s.want("made again under its id", s.try(platform, tenancy.CreateTenant{ID: acme, Slug: "acme", Name: "Acme", Owner: sam}))
	if got := s.members(acme); len(got) != 1 || got[0].User != sam {
		t.Errorf("the new tenant has %v; want sam alone", got)
	}
}
