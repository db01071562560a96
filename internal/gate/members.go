package gate

import (
	"slices"

	"github.com/memberward/memberward/internal/tenancy"
)

// cascadeChunk is how many of a user's keys one read of a cascade takes.
const cascadeChunk = 100

type addMember struct{ tenancy.AddMember }

func (addMember) action(tenancy.Actor) tenancy.Action { return tenancy.ActionMemberAdd }

func (s addMember) about() (tenancy.TenantRef, tenancy.UserID) { return s.Tenant, s.User }

func (s addMember) gather(_ Reader, m *matter) error {
	m.in.Requested = RequestedFacts{Level: s.Level, Enabled: s.Enabled, Developer: s.Developer}
	m.findTarget()
	if m.in.Target.Member {
		m.find(tenancy.Find(tenancy.CodeAlreadyMember))
	}
	return nil
}

func (s addMember) hold(m *matter) []tenancy.Finding {
	return slices.Concat(aSeatIsFree(m), rankHolds(m, s.Level), noSecondOwner(m, s.Level))
}

func (s addMember) perform(tx Tx, m *matter) (any, error) {
	member := tenancy.Membership{
		Tenant: m.tenant.ID, User: s.User, Level: s.Level, Developer: s.Developer,
		Pending: !m.account.SignedUp, Enabled: s.Enabled,
		InvitedBy: m.actor.User, CreatedAt: m.in.Now, UpdatedAt: m.in.Now,
	}
	return tenancy.Member{Membership: member, Email: m.account.Email}, tx.PutMembership(member)
}

type updateMember struct{ tenancy.UpdateMember }

func (updateMember) action(tenancy.Actor) tenancy.Action { return tenancy.ActionMemberUpdate }

func (s updateMember) about() (tenancy.TenantRef, tenancy.UserID) { return s.Tenant, s.User }

func (s updateMember) gather(_ Reader, m *matter) error {
	after := s.after(m)
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

// perform removes the membership and what hangs on it: the active-tenant
// selection and the keys bound to this tenant (contracts/README.md, rule 5).
// Tokens bound to it die with it, see bindingHolds.
func (s removeMember) perform(tx Tx, m *matter) (any, error) {
	if err := tx.DeleteMembership(m.tenant.ID, s.User); err != nil {
		return nil, err
	}
	if err := deleteBoundKeys(tx, s.User, m.tenant.ID); err != nil {
		return nil, err
	}
	if m.account.ActiveTenant == m.tenant.ID {
		m.account.ActiveTenant = tenancy.TenantID{}
		if err := tx.PutUser(m.account); err != nil {
			return nil, err
		}
	}
	return tenancy.Member{Membership: m.membership, Email: m.account.Email}, nil
}

func deleteBoundKeys(tx Tx, user tenancy.UserID, tenant tenancy.TenantID) error {
	var after tenancy.KeyID
	for {
		keys, err := tx.Keys(user, after, cascadeChunk)
		if err != nil {
			return err
		}
		for _, key := range keys {
			after = key.ID
			if key.Tenant != tenant {
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
