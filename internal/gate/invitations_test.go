package gate_test

import (
	"testing"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

var invitee = tenancy.Actor{Registering: true, Via: tenancy.ViaNothing}

func invite(email string, l tenancy.Level, code byte) tenancy.CreateInvitation {
	return tenancy.CreateInvitation{Tenant: tenancy.RefTo(acme), Email: email, Level: l, Code: tenancy.Digest{code}}
}

func TestInvitations(t *testing.T) {
	s := open(t, shipped(t))
	s.want("by a member", s.try(as(mary), invite("new@example.com", tenancy.LevelViewer, 1)), "not_permitted")
	s.want("above her rank", s.try(as(adam), invite("new@example.com", tenancy.LevelOwner, 1)), "rank_exceeded", "owner_by_transfer_only")
	s.want("a member", s.try(as(adam), invite("mary@example.com", tenancy.LevelViewer, 1)), "already_member")
	late := invite("new@example.com", tenancy.LevelViewer, 1)
	late.ExpiresAt = began.AddDate(1, 0, 0)
	if _, err := s.Apply(t.Context(), as(adam), late, tenancy.ApplyOptions{}); err == nil {
		t.Error("an invitation for a year was made")
	}
	first := did[tenancy.InvitationView](s, as(adam), invite("New@example.com", tenancy.LevelViewer, 1))
	second := did[tenancy.InvitationView](s, as(adam), invite("new@example.com", tenancy.LevelAdmin, 2))
	if second.ID == first.ID || second.Inviter != "adam@example.com" {
		t.Errorf("the second: %+v", second)
	}
	kept := through[tenancy.InvitationView](s, tenancy.DialectCogniac, as(adam), invite("new@example.com", tenancy.LevelViewer, 3))
	if kept.ID != second.ID {
		t.Errorf("through Cogniac: %+v, want the one that is open", kept)
	}
	s.want("the code that was replaced", s.try(invitee, tenancy.AcceptInvitation{Code: tenancy.Digest{1}}), "invitation_unknown")
	s.want("no code of anybody", s.try(invitee, tenancy.AcceptInvitation{Code: tenancy.Digest{77}}), "invitation_unknown")
	if list := seen[[]tenancy.InvitationView](s, as(adam), tenancy.ListInvitations{Tenant: tenancy.RefTo(acme), Open: true, Limit: 10}); len(list) != 1 {
		t.Errorf("open: %v", list)
	}
	if list := seen[[]tenancy.InvitationView](s, as(adam), tenancy.ListInvitations{Tenant: tenancy.RefTo(acme), Limit: 10}); len(list) != 2 {
		t.Errorf("all: %v", list)
	}

	member := did[tenancy.Member](s, invitee, tenancy.AcceptInvitation{Code: tenancy.Digest{2}, GivenName: "Nora", PasswordHash: "hash"})
	account := s.user(member.User)
	if member.Level != tenancy.LevelAdmin || member.Pending || !account.SignedUp || account.PasswordHash != "hash" || account.GivenName != "Nora" {
		t.Errorf("accepted: %+v, %+v", member, account)
	}
	s.want("accepted twice", s.try(invitee, tenancy.AcceptInvitation{Code: tenancy.Digest{2}}), "invitation_unknown")
}

// TestAnInvitationIsForItsAddress: who has an account keeps its password, a
// reserved one signs up under its id, a disabled one stays out.
func TestAnInvitationIsForItsAddress(t *testing.T) {
	s := open(t, shipped(t))
	s.want("room", s.try(platform, tenancy.UpdateTenant{Tenant: tenancy.RefTo(acme), MemberLimit: new(int64(9))}))
	for n, email := range []string{"sam@example.com", "res@example.com", "off@example.com"} {
		s.want("invited "+email, s.try(as(olga), invite(email, tenancy.LevelViewer, byte(n+1))))
	}
	s.want("another password", s.try(invitee, tenancy.AcceptInvitation{Code: tenancy.Digest{1}, PasswordHash: "mine now"}), "conflict")
	if m := did[tenancy.Member](s, invitee, tenancy.AcceptInvitation{Code: tenancy.Digest{1}}); m.User != sam {
		t.Errorf("sam joined as %s", m.User)
	}
	if m := did[tenancy.Member](s, invitee, tenancy.AcceptInvitation{Code: tenancy.Digest{2}}); m.User != res || !s.user(res).SignedUp {
		t.Errorf("res joined as %s", m.User)
	}
	s.want("a disabled account", s.try(invitee, tenancy.AcceptInvitation{Code: tenancy.Digest{3}}), "not_permitted", "member_limit")
	s.want("for somebody else", s.try(as(mary), tenancy.AcceptInvitation{Code: tenancy.Digest{3}}), "not_permitted", "member_limit")
}

func TestInvitationsEnd(t *testing.T) {
	s := open(t, shipped(t))
	withdrawn := did[tenancy.InvitationView](s, as(olga), invite("one@example.com", tenancy.LevelViewer, 1))
	s.want("withdrawn", s.try(as(adam), tenancy.DeleteInvitation{Tenant: tenancy.RefTo(acme), Invitation: withdrawn.ID}))
	s.want("withdrawn twice", s.try(as(adam), tenancy.DeleteInvitation{Tenant: tenancy.RefTo(acme), Invitation: withdrawn.ID}), "invitation_unknown")
	s.want("accepted then", s.try(invitee, tenancy.AcceptInvitation{Code: tenancy.Digest{1}}), "invitation_unknown")
	did[tenancy.InvitationView](s, as(olga), invite("two@example.com", tenancy.LevelViewer, 2))
	s.want("declined", s.try(invitee, tenancy.DeclineInvitation{Code: tenancy.Digest{2}}))
	s.want("declined twice", s.try(invitee, tenancy.DeclineInvitation{Code: tenancy.Digest{2}}), "invitation_unknown")
	did[tenancy.InvitationView](s, as(olga), invite("three@example.com", tenancy.LevelViewer, 3))
	s.forward(31 * 24 * time.Hour)
	s.want("too late", s.try(invitee, tenancy.AcceptInvitation{Code: tenancy.Digest{3}}), "invitation_unknown")

	did[tenancy.InvitationView](s, as(olga), invite("sam@example.com", tenancy.LevelAdmin, 4))
	s.want("joined otherwise", s.try(as(olga), add(acme, sam, tenancy.LevelViewer)))
	s.want("and removed", s.try(as(olga), remove(acme, sam)))
	s.want("what was offered goes too", s.try(invitee, tenancy.AcceptInvitation{Code: tenancy.Digest{4}}), "invitation_unknown")
}

// TestACodeVouchesForItsTenantAlone: whoever makes an invitation has seen its
// code, so it opens nothing that others gave to the address.
func TestACodeVouchesForItsTenantAlone(t *testing.T) {
	s := open(t, shipped(t))
	const address = "victim@example.com"
	waiting := did[tenancy.AddedMember](s, as(olga), tenancy.AddMember{Tenant: tenancy.RefTo(acme), Email: address, Level: tenancy.LevelAdmin, Enabled: true})
	s.want("a place before signing up", s.try(as(olga), place(waiting.User, true, true)), "conflict")
	mine := did[tenancy.Tenant](s, as(sam), tenancy.CreateTenant{Name: "Sam's"})
	s.want("invited by sam", s.try(as(sam), tenancy.CreateInvitation{Tenant: tenancy.RefTo(mine.ID), Email: address, Code: tenancy.Digest{9}}))
	taken := did[tenancy.Member](s, invitee, tenancy.AcceptInvitation{Code: tenancy.Digest{9}, PasswordHash: "sam's"})
	if taken.User != waiting.User || taken.Pending {
		t.Fatalf("accepted: %+v", taken)
	}
	if m, _ := s.membership(acme, waiting.User); !m.Pending {
		t.Error("the membership in acme began")
	}
	key := tenancy.CreateKey{ID: tenancy.KeyID{9}, User: waiting.User, Digest: tenancy.Digest{9}}
	s.want("a key of whoever signed up", s.try(as(waiting.User), key))
	s.want("acts in acme", s.try(as(waiting.User), add(acme, gil, tenancy.LevelViewer)), "not_permitted", "member_limit")
	s.want("a place", s.try(as(olga), place(waiting.User, true, true)), "conflict")
	if later := did[tenancy.AddedMember](s, as(gil), add(guild, waiting.User, tenancy.LevelViewer)); !later.Pending {
		t.Error("what is added later does not wait")
	}
	s.want("registering", s.try(invitee, tenancy.CreateUser{Email: address, PasswordHash: "another's"}), "email_taken")

	made := did[tenancy.UserView](s, platform, tenancy.CreateUser{Email: address, PasswordHash: "hers"})
	account := s.user(made.ID)
	if made.ID != waiting.User || account.PasswordHash != "hers" || account.Unverified {
		t.Errorf("the platform made %+v", account)
	}
	if _, kept := s.key(key.ID); kept || account.TokenEpoch == 0 {
		t.Error("whoever signed up before can still sign in")
	}
	for _, tenant := range []tenancy.TenantID{acme, guild, mine.ID} {
		if m, _ := s.membership(tenant, made.ID); m.Pending {
			t.Errorf("in %s she waits still", tenant)
		}
	}
}

// TestWhoWaitsMayBeInvited: the tenant's own code ends the waiting there.
func TestWhoWaitsMayBeInvited(t *testing.T) {
	s := open(t, shipped(t))
	waiting := did[tenancy.AddedMember](s, as(olga), tenancy.AddMember{Tenant: tenancy.RefTo(acme), Email: "new@example.com", Level: tenancy.LevelMember, Enabled: true})
	s.want("invited", s.try(as(olga), invite("new@example.com", tenancy.LevelViewer, 1)))
	joined := did[tenancy.Member](s, invitee, tenancy.AcceptInvitation{Code: tenancy.Digest{1}})
	if joined.User != waiting.User || joined.Pending || joined.Level != tenancy.LevelMember {
		t.Errorf("joined as %+v", joined)
	}
}
