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
