package gate

import (
	"slices"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

// cascadeChunk is how many of a user's keys one read of a cascade takes.
const cascadeChunk = 100

type addMember struct {
	tenancy.AddMember
	fresh tenancy.UserID // of the account that an unknown address reserves
	adds  tenancy.UserID // whom it adds; set by gather
}

func (*addMember) action(tenancy.Actor) tenancy.Action { return tenancy.ActionMemberAdd }

func (s *addMember) about() (tenancy.TenantRef, tenancy.UserID) { return s.Tenant, s.User }

func (s *addMember) before(*matter) any { return nil }

func (s *addMember) gather(tx Reader, m *matter) error {
	s.adds = s.User
	if s.User.IsZero() && s.Email != "" {
		if err := s.gatherByEmail(tx, m); err != nil {
			return err
		}
	}
	begins, err := period(s.NotBefore, s.ExpiresAt, m.in.Now)
	if err != nil {
		return err
	}
	s.NotBefore = begins
	m.in.Requested = RequestedFacts{
		Level: s.Level, Enabled: s.Enabled, Developer: s.Developer, Expires: !s.NotBefore.IsZero() || !s.ExpiresAt.IsZero(),
	}
	m.findTarget()
	if m.in.Target.Member {
		m.find(tenancy.Find(tenancy.CodeAlreadyMember))
	}
	return nil
}

// gatherByEmail finds the account with the address, or reserves one: it counts
// as existing, since the change makes it.
func (s *addMember) gatherByEmail(tx Reader, m *matter) error {
	holder, known, err := tx.UserByEmail(tenancy.EmailKey(s.Email))
	if err != nil {
		return err
	}
	if known {
		s.adds = holder
		return m.gatherTarget(tx, holder)
	}
	s.adds, m.target = s.fresh, s.fresh.String()
	m.in.Target = TargetFacts{User: s.fresh, Exists: true}
	m.account = tenancy.User{ID: s.fresh, Email: s.Email, Kind: tenancy.KindHuman, Enabled: true, CreatedAt: m.in.Now}
	return nil
}

func (s *addMember) hold(m *matter) []tenancy.Finding {
	return slices.Concat(aSeatIsFree(m), rankHolds(m, s.Level), noSecondOwner(m, s.Level))
}

func (s *addMember) perform(tx Tx, m *matter) (any, error) {
	if s.adds == s.fresh {
		if err := tx.PutUser(m.account); err != nil {
			return nil, err
		}
	}
	member := tenancy.Membership{
		Tenant: m.tenant.ID, User: s.adds, Level: s.Level, Developer: s.Developer,
		Pending: !m.account.SignedUp, Enabled: s.Enabled, NotBefore: s.NotBefore, ExpiresAt: s.ExpiresAt,
		InvitedBy: m.actor.User, CreatedAt: m.in.Now, UpdatedAt: m.in.Now,
	}
	return tenancy.Member{Membership: member, Email: m.account.Email}, tx.PutMembership(member)
}

// period gives when a membership begins: a time that is past is none at all
// (contracts/README.md, rule 3). One that ends before it begins is refused.
func period(notBefore, expiresAt, now time.Time) (time.Time, error) {
	if !expiresAt.IsZero() && !notBefore.Before(expiresAt) {
		return time.Time{}, &tenancy.Error{Code: tenancy.CodeInvalid, Msg: "expires_at has to be after not_before"}
	}
	if !notBefore.After(now) {
		return time.Time{}, nil
	}
	return notBefore, nil
}

type updateMember struct{ tenancy.UpdateMember }

func (updateMember) action(tenancy.Actor) tenancy.Action { return tenancy.ActionMemberUpdate }

func (s updateMember) about() (tenancy.TenantRef, tenancy.UserID) { return s.Tenant, s.User }

func (updateMember) before(m *matter) any { return m.member() }

func (s updateMember) gather(_ Reader, m *matter) error {
	after := s.after(m)
	if _, err := period(after.NotBefore, after.ExpiresAt, m.in.Now); err != nil {
		return err
	}
	m.in.Requested = RequestedFacts{
		Level: after.Level, Enabled: after.Enabled, Developer: after.Developer,
		Expires: !after.NotBefore.IsZero() || !after.ExpiresAt.IsZero(),
	}
	m.findMember()
	return nil
}

func (s updateMember) hold(m *matter) []tenancy.Finding {
	if !m.in.Target.Member {
		return nil
	}
	after := s.after(m)
	return slices.Concat(
		ownerStays(m, after), anAdministratorRemains(m, after), rankHolds(m, after.Level), noSecondOwner(m, after.Level))
}

func (s updateMember) perform(tx Tx, m *matter) (any, error) {
	after := s.after(m)
	after.UpdatedAt = m.in.Now
	return tenancy.Member{Membership: after, Email: m.account.Email}, tx.PutMembership(after)
}

// after is the whole membership as the change leaves it.
func (s updateMember) after(m *matter) tenancy.Membership {
	after := m.membership
	if s.Level != nil {
		after.Level = *s.Level
	}
	if s.Developer != nil {
		after.Developer = *s.Developer
	}
	if s.Enabled != nil {
		after.Enabled = *s.Enabled
	}
	if s.NotBefore != nil {
		after.NotBefore = *s.NotBefore
	}
	if s.ExpiresAt != nil {
		after.ExpiresAt = *s.ExpiresAt
	}
	if !after.NotBefore.After(m.in.Now) {
		after.NotBefore = time.Time{}
	}
	return after
}

type removeMember struct{ tenancy.RemoveMember }

func (s removeMember) action(actor tenancy.Actor) tenancy.Action {
	if !actor.User.IsZero() && actor.User == s.User {
		return tenancy.ActionMemberLeave
	}
	return tenancy.ActionMemberRemove
}

func (s removeMember) about() (tenancy.TenantRef, tenancy.UserID) { return s.Tenant, s.User }

func (removeMember) before(m *matter) any { return m.member() }

func (s removeMember) gather(_ Reader, m *matter) error {
	m.findMember()
	return nil
}

func (s removeMember) hold(m *matter) []tenancy.Finding {
	if !m.in.Target.Member {
		return nil
	}
	gone := tenancy.Membership{}
	return slices.Concat(ownerStays(m, gone), anAdministratorRemains(m, gone), rankHolds(m, tenancy.LevelNone))
}

func (s removeMember) perform(tx Tx, m *matter) (any, error) {
	return tenancy.Member{Membership: m.membership, Email: m.account.Email}, endMembership(tx, m.tenant.ID, s.User)
}

// endMembership removes a membership and what hangs on it: the keys bound to
// the tenant, and its selection (contracts/README.md, rule 5). Tokens bound to
// it die with it, see gatherBinding.
func endMembership(tx Tx, tenant tenancy.TenantID, user tenancy.UserID) error {
	if err := tx.DeleteMembership(tenant, user); err != nil {
		return err
	}
	if err := deleteKeys(tx, user, func(k tenancy.Key) bool { return k.Tenant == tenant }); err != nil {
		return err
	}
	return deselect(tx, user, tenant)
}

// deleteKeys revokes those keys of a user that are meant.
func deleteKeys(tx Tx, user tenancy.UserID, meant func(tenancy.Key) bool) error {
	var after tenancy.KeyID
	for {
		keys, err := tx.Keys(user, after, cascadeChunk)
		if err != nil {
			return err
		}
		for _, key := range keys {
			after = key.ID
			if !meant(key) {
				continue
			}
			if err := tx.DeleteKey(key.ID); err != nil {
				return err
			}
		}
		if len(keys) < cascadeChunk {
			return nil
		}
	}
}

// deselect clears a user's active tenant when it is this one.
func deselect(tx Tx, id tenancy.UserID, tenant tenancy.TenantID) error {
	user, known, err := tx.User(id)
	if err != nil || !known || user.ActiveTenant != tenant {
		return err
	}
	user.ActiveTenant = tenancy.TenantID{}
	return tx.PutUser(user)
}

// member gives the membership acted upon; nil when there is none.
func (m *matter) member() any {
	if !m.in.Target.Member {
		return nil
	}
	return tenancy.Member{Membership: m.membership, Email: m.account.Email}
}

// findTarget notes that the account does not exist.
func (m *matter) findTarget() {
	if !m.in.Target.Exists {
		m.find(tenancy.Find(tenancy.CodeUserUnknown))
	}
}

// findMember notes that the account does not exist, or is no member.
func (m *matter) findMember() {
	m.findTarget()
	if m.in.Target.Exists && !m.in.Target.Member && !m.tenantUnknown() {
		m.find(tenancy.Find(tenancy.CodeTargetNotMember))
	}
}
