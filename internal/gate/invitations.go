package gate

import (
	"cmp"
	"slices"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

type createInvitation struct {
	tenancy.CreateInvitation
	terms tenancy.Terms
	open  *tenancy.Invitation // the one that the address has already; set by gather
}

func (*createInvitation) action(tenancy.Actor) tenancy.Action { return tenancy.ActionInvitationCreate }

func (s *createInvitation) about() (tenancy.TenantRef, tenancy.UserID) {
	return s.Tenant, tenancy.UserID{}
}

func (*createInvitation) before(*matter) any { return nil }

func (s *createInvitation) gather(tx Reader, m *matter) error {
	m.aboutRecord("invitation", s.ID.String())
	s.Level = cmp.Or(s.Level, s.terms.DefaultLevel, tenancy.LevelViewer)
	latest := m.in.Now.Add(tenancy.InvitationLifetime)
	if s.ExpiresAt.IsZero() {
		s.ExpiresAt = latest
	}
	if !s.ExpiresAt.After(m.in.Now) || s.ExpiresAt.After(latest) {
		return &tenancy.Error{Code: tenancy.CodeInvalid, Msg: "an invitation ends in the future, within 30 days"}
	}
	if err := s.gatherAddress(tx, m); err != nil {
		return err
	}
	invited := tenancy.Membership{Level: s.Level, Enabled: true}
	_, err := m.gatherHeld(tx, &invited, tenancy.Adjustment{Roles: &s.Roles})
	s.Roles = invited.Roles
	return err
}

// gatherAddress looks what there is of the address in the tenant already.
func (s *createInvitation) gatherAddress(tx Reader, m *matter) error {
	s.open = nil
	holder, known, err := tx.UserByEmail(tenancy.EmailKey(s.Email))
	if err != nil {
		return err
	}
	if known {
		there, member, err := tx.Membership(m.tenant.ID, holder)
		if err != nil {
			return err
		}
		if member && !there.Pending { // one who waits may be sent a code
			m.find(tenancy.Find(tenancy.CodeAlreadyMember))
		}
	}
	id, pending, err := tx.PendingInvitation(m.tenant.ID, tenancy.EmailKey(s.Email))
	if err != nil || !pending {
		return err
	}
	open, _, err := tx.Invitation(id)
	s.open = &open
	return err
}

func (s *createInvitation) hold(m *matter) []tenancy.Finding {
	return slices.Concat(rankGives(m, s.Level), actionsHold(m), noSecondOwner(m, s.Level))
}

func (s *createInvitation) perform(tx Tx, m *matter) (any, error) {
	if s.open != nil && s.open.Open(m.in.Now) && s.terms.InviteAgain == tenancy.AgainKept {
		inviter, err := emailOf(tx, s.open.InvitedBy)
		return tenancy.InvitationView{Invitation: *s.open, Inviter: inviter}, err
	}
	if s.open != nil {
		if err := closeInvitation(tx, *s.open, tenancy.InvitationWithdrawn, m.in.Now); err != nil {
			return nil, err
		}
	}
	invitation := tenancy.Invitation{
		ID: s.ID, Tenant: m.tenant.ID, Email: s.Email, Level: s.Level, Roles: s.Roles, InvitedBy: m.actor.User, Code: s.Code,
		Status: tenancy.InvitationPending, CreatedAt: m.in.Now, ExpiresAt: s.ExpiresAt,
	}
	return tenancy.InvitationView{Invitation: invitation, Inviter: m.self.Email}, tx.PutInvitation(invitation)
}

func closeInvitation(tx Tx, invitation tenancy.Invitation, status tenancy.InvitationStatus, now time.Time) error {
	invitation.Status, invitation.ClosedAt = status, now
	return tx.PutInvitation(invitation)
}

// withdraw closes what is offered to an address in a tenant.
func withdraw(tx Tx, tenant tenancy.TenantID, email string, now time.Time) error {
	id, pending, err := tx.PendingInvitation(tenant, tenancy.EmailKey(email))
	if err != nil || !pending {
		return err
	}
	invitation, _, err := tx.Invitation(id)
	if err != nil {
		return err
	}
	return closeInvitation(tx, invitation, tenancy.InvitationWithdrawn, now)
}

type deleteInvitation struct {
	tenancy.DeleteInvitation
	invitation *tenancy.Invitation // nil: there is none open in the tenant; set by gather
}

func (*deleteInvitation) action(tenancy.Actor) tenancy.Action { return tenancy.ActionInvitationDelete }

func (s *deleteInvitation) about() (tenancy.TenantRef, tenancy.UserID) {
	return s.Tenant, tenancy.UserID{}
}

func (s *deleteInvitation) before(*matter) any {
	if s.invitation == nil {
		return nil
	}
	return tenancy.InvitationView{Invitation: *s.invitation}
}

func (s *deleteInvitation) gather(tx Reader, m *matter) error {
	s.invitation = nil
	id := s.Invitation
	if id.IsZero() {
		var err error
		if id, _, err = tx.PendingInvitation(m.tenant.ID, tenancy.EmailKey(s.Email)); err != nil {
			return err
		}
	}
	m.aboutRecord("invitation", id.String())
	invitation, known, err := tx.Invitation(id)
	if err != nil {
		return err
	}
	if !known || invitation.Tenant != m.tenant.ID || invitation.Status != tenancy.InvitationPending {
		m.find(tenancy.Find(tenancy.CodeInvitationUnknown))
		return nil
	}
	s.invitation = &invitation
	return nil
}

func (*deleteInvitation) hold(*matter) []tenancy.Finding { return nil }

func (s *deleteInvitation) perform(tx Tx, m *matter) (any, error) {
	return nil, closeInvitation(tx, *s.invitation, tenancy.InvitationWithdrawn, m.in.Now)
}

// answered is what accepting and declining share. Whoever holds the code acts
// as the account of the address (contracts/README.md, rule 6).
type answered struct {
	code       tenancy.Digest
	invitation *tenancy.Invitation // nil: there is none open; set by gather
}

func (*answered) about() (tenancy.TenantRef, tenancy.UserID) {
	return tenancy.TenantRef{}, tenancy.UserID{}
}

func (*answered) before(*matter) any { return nil }

func (s *answered) gather(tx Reader, m *matter) error {
	s.invitation = nil
	m.in.Resource = ResourceFacts{Type: "invitation"}
	m.in.Target.Self = m.actor.Registering
	id, known, err := tx.InvitationByCode(s.code)
	if err != nil {
		return err
	}
	invitation, _, err := tx.Invitation(id)
	if err != nil {
		return err
	}
	if !known || !invitation.Open(m.in.Now) {
		m.find(tenancy.Find(tenancy.CodeInvitationUnknown))
		return nil
	}
	s.invitation = &invitation
	m.aboutRecord("invitation", invitation.ID.String())
	tenant, known, err := tx.Tenant(invitation.Tenant)
	if err != nil || !known {
		return missing(err, "the tenant of invitation %s", invitation.ID)
	}
	if err := m.takeTenant(tx, tenant); err != nil {
		return err
	}
	return m.actAs(tx, invitation.Email)
}

// actAs makes the account with an address the actor and the target, if there is
// one.
func (m *matter) actAs(tx Reader, email string) error {
	holder, known, err := tx.UserByEmail(tenancy.EmailKey(email))
	if err != nil || !known {
		return err
	}
	about := m.target
	m.actor.User, m.in.Actor.User = holder, holder
	if err := m.gatherTarget(tx, holder); err != nil {
		return err
	}
	m.in.Actor.Active, m.target = m.account.Enabled, about
	return nil
}

// hold: nobody answers for another.
func (*answered) hold(m *matter) []tenancy.Finding {
	if m.actor.Registering {
		return nil
	}
	return []tenancy.Finding{tenancy.Find(tenancy.CodeNotPermitted)}
}

type acceptInvitation struct {
	answered
	tenancy.AcceptInvitation
	fresh tenancy.UserID // of the account that signs up, where there is none
	after tenancy.Membership
	held  []tenancy.Role
}

func (*acceptInvitation) action(tenancy.Actor) tenancy.Action { return tenancy.ActionInvitationAccept }

func (s *acceptInvitation) gather(tx Reader, m *matter) error {
	if err := s.answered.gather(tx, m); err != nil || s.invitation == nil {
		return err
	}
	if m.in.Target.User.IsZero() {
		s.reserve(m)
	}
	if m.account.SignedUp && s.PasswordHash != "" {
		m.find(tenancy.Finding{Code: tenancy.CodeConflict, Message: "the account has signed up already and keeps its password"})
	}
	s.after = m.membership
	if m.in.Target.Member && !m.membership.Pending {
		m.find(tenancy.Find(tenancy.CodeAlreadyMember))
	}
	if !m.in.Target.Member {
		s.after = tenancy.Membership{
			Tenant: m.tenant.ID, User: m.account.ID, Level: s.invitation.Level, Enabled: true, InvitedBy: s.invitation.InvitedBy,
			CreatedAt: m.in.Now,
		}
	}
	return s.gatherOffered(tx, m)
}

// reserve makes the account that the invitation creates. It acts from now on.
func (s *acceptInvitation) reserve(m *matter) {
	m.account = tenancy.User{
		ID: s.fresh, Email: s.invitation.Email, Kind: tenancy.KindHuman, Enabled: true,
		TokenEpoch: firstEpoch(m.in.Now), CreatedAt: m.in.Now,
	}
	m.actor.User, m.in.Actor.User = s.fresh, s.fresh
	m.in.Target = TargetFacts{User: s.fresh, Exists: true, Self: true, Active: true}
}

// gatherOffered reads the roles that the invitation offers; those that are gone
// by now are offered no longer.
func (s *acceptInvitation) gatherOffered(tx Reader, m *matter) error {
	offered := s.after.Roles
	for _, id := range s.invitation.Roles {
		_, known, err := m.roleHere(tx, id)
		if err != nil {
			return err
		}
		if known && !m.in.Target.Member {
			offered = append(offered, id)
		}
	}
	var err error
	s.held, err = m.gatherHeld(tx, &s.after, tenancy.Adjustment{Roles: &offered})
	m.in.Requested.Actions = nil // handed out by who invited, and judged then
	return err
}

func (s *acceptInvitation) hold(m *matter) []tenancy.Finding {
	found := s.answered.hold(m)
	if s.invitation == nil {
		return found
	}
	return slices.Concat(found, aSeatIsFree(m), noSecondOwner(m, s.after.Level))
}

func (s *acceptInvitation) perform(tx Tx, m *matter) (any, error) {
	if !m.account.SignedUp {
		m.account.SignedUp, m.account.Unverified = true, true
		m.account.PasswordHash = cmp.Or(s.PasswordHash, m.account.PasswordHash)
		m.account.GivenName, m.account.Surname = cmp.Or(s.GivenName, m.account.GivenName), cmp.Or(s.Surname, m.account.Surname)
		if err := tx.PutUser(m.account); err != nil {
			return nil, err
		}
	}
	s.after.Pending, s.after.UpdatedAt = false, m.in.Now
	if err := tx.PutMembership(s.after); err != nil {
		return nil, err
	}
	if err := closeInvitation(tx, *s.invitation, tenancy.InvitationAccepted, m.in.Now); err != nil {
		return nil, err
	}
	return m.viewOf(tx, s.after, s.held)
}

type declineInvitation struct{ answered }

func (*declineInvitation) action(tenancy.Actor) tenancy.Action {
	return tenancy.ActionInvitationDecline
}

func (s *declineInvitation) perform(tx Tx, m *matter) (any, error) {
	return nil, closeInvitation(tx, *s.invitation, tenancy.InvitationDeclined, m.in.Now)
}
