package gate

import "github.com/memberward/memberward/internal/tenancy"

// ownAccount is what all changes to an account share: the platform makes them
// to anybody, people to themselves, with a credential that is bound to no
// tenant.
type ownAccount struct{ user tenancy.UserID }

func (s ownAccount) about() (tenancy.TenantRef, tenancy.UserID) { return tenancy.TenantRef{}, s.user }

func (ownAccount) before(m *matter) any {
	if !m.in.Target.Exists {
		return nil
	}
	return tenancy.UserView{User: m.account}
}

func (ownAccount) gather(_ Reader, m *matter) error {
	m.in.Resource = ResourceFacts{Type: "user", ID: m.target, Mine: m.in.Target.Self}
	m.findTarget()
	return nil
}

func (ownAccount) hold(m *matter) []tenancy.Finding {
	found := withinBinding(m, tenancy.TenantID{})
	if !m.actor.Platform && !m.in.Target.Self {
		found = append(found, tenancy.Find(tenancy.CodeNotPermitted))
	}
	return found
}

type updateUser struct {
	ownAccount
	tenancy.UpdateUser
}

func (updateUser) action(tenancy.Actor) tenancy.Action { return tenancy.ActionUserUpdate }

// hold: nobody disables or enables an account but the platform.
func (s updateUser) hold(m *matter) []tenancy.Finding {
	found := s.ownAccount.hold(m)
	if s.Enabled != nil && !m.actor.Platform {
		found = append(found, tenancy.Find(tenancy.CodeNotPermitted))
	}
	return found
}

// part: an account that is disabled is judged in each tenant like one that is
// removed.
func (s updateUser) part(tenant tenancy.TenantID, user tenancy.UserID) part {
	if s.Enabled == nil || *s.Enabled {
		return part{}
	}
	return part{step: removal(tenant, user), judged: true, rightful: true}
}

func (s updateUser) perform(tx Tx, m *matter) (any, error) {
	user := m.account
	if s.GivenName != nil {
		user.GivenName = *s.GivenName
	}
	if s.Surname != nil {
		user.Surname = *s.Surname
	}
	if s.Enabled != nil {
		user.Enabled = *s.Enabled
	}
	if err := tx.PutUser(user); err != nil {
		return nil, err
	}
	last, err := tx.LastLogin(user.ID)
	return tenancy.UserView{User: user, LastLoginAt: last}, err
}

type deleteUser struct{ ownAccount }

func (deleteUser) action(tenancy.Actor) tenancy.Action { return tenancy.ActionUserDelete }

func (deleteUser) part(tenant tenancy.TenantID, user tenancy.UserID) part {
	return part{step: endOfAccount{removal(tenant, user)}, rightful: true}
}

func (s deleteUser) perform(tx Tx, _ *matter) (any, error) {
	if err := deleteKeys(tx, s.user, func(tenancy.Key) bool { return true }); err != nil {
		return nil, err
	}
	if err := leaveOrganizations(tx, s.user); err != nil {
		return nil, err
	}
	if err := endOwnDatasets(tx, s.user); err != nil {
		return nil, err
	}
	return nil, tx.DeleteUser(s.user)
}

// endOfAccount is the removal of somebody whose account ends. That an owner
// cannot be removed is a conflict then, which a transfer resolves
// (contracts/README.md, rule 2).
type endOfAccount struct{ removeMember }

func (s endOfAccount) gather(tx Reader, m *matter) error {
	if m.in.Target.User == m.tenant.Owner {
		m.find(tenancy.Finding{Code: tenancy.CodeConflict, Message: "the account owns the tenant: transfer or delete it first"})
	}
	return s.removeMember.gather(tx, m)
}

type leaveAll struct{ ownAccount }

func (leaveAll) action(tenancy.Actor) tenancy.Action { return tenancy.ActionUserLeave }

func (leaveAll) part(tenant tenancy.TenantID, user tenancy.UserID) part {
	return part{step: removal(tenant, user)}
}

// perform: the memberships have ended; with them goes every place in an
// organization, which would let the user into its tenants all the same.
func (s leaveAll) perform(tx Tx, m *matter) (any, error) {
	return tenancy.Left(m.parts), leaveOrganizations(tx, s.user)
}

type setPassword struct {
	ownAccount
	tenancy.SetPassword
}

func (setPassword) action(tenancy.Actor) tenancy.Action { return tenancy.ActionUserPassword }

// hold: who has a password changes it by proving that they know it. The proof
// was made against a stored hash, which must be the one that is stored still.
func (s setPassword) hold(m *matter) []tenancy.Finding {
	found := s.ownAccount.hold(m)
	if !m.actor.Platform && m.account.PasswordHash != "" && s.Against != m.account.PasswordHash {
		found = append(found, tenancy.Finding{Code: tenancy.CodeNotPermitted, Message: "the current password is missing or wrong"})
	}
	return found
}

func (s setPassword) perform(tx Tx, m *matter) (any, error) {
	user := m.account
	user.PasswordHash = s.PasswordHash
	user.TokenEpoch = nextEpoch(user.TokenEpoch, m.in.Now)
	return nil, tx.PutUser(user)
}

type revokeTokens struct{ ownAccount }

func (revokeTokens) action(tenancy.Actor) tenancy.Action { return tenancy.ActionUserRevoke }

func (revokeTokens) perform(tx Tx, m *matter) (any, error) {
	user := m.account
	user.TokenEpoch = nextEpoch(user.TokenEpoch, m.in.Now)
	return nil, tx.PutUser(user)
}

func removal(tenant tenancy.TenantID, user tenancy.UserID) removeMember {
	return removeMember{tenancy.RemoveMember{Tenant: tenancy.RefTo(tenant), User: user}}
}
