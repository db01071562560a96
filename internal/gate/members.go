package gate

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

type addMember struct {
	tenancy.AddMember
	terms tenancy.Terms
	fresh tenancy.UserID // of the account that an unknown address reserves

	// Set by gather.
	adds  tenancy.UserID // whom it adds
	there *updateMember  // what it is instead for a member who is there
	after tenancy.Membership
	held  []tenancy.Role // the roles that it gives
}

func (*addMember) action(tenancy.Actor) tenancy.Action { return tenancy.ActionMemberAdd }

func (s *addMember) about() (tenancy.TenantRef, tenancy.UserID) { return s.Tenant, s.User }

func (*addMember) before(*matter) any { return nil }

func (s *addMember) gather(tx Reader, m *matter) error {
	s.adds, s.there, s.held = s.User, nil, nil
	if s.Email != "" {
		if err := s.gatherByEmail(tx, m); err != nil {
			return err
		}
	}
	if m.in.Target.Member && s.terms.AddAgain == tenancy.AgainUpdated {
		return s.gatherThere(tx, m)
	}
	begins, err := period(s.NotBefore, s.ExpiresAt, m.in.Now)
	if err != nil {
		return err
	}
	m.findTarget()
	if m.in.Target.Member && s.terms.AddAgain != tenancy.AgainKept {
		m.find(tenancy.Find(tenancy.CodeAlreadyMember))
	}
	s.after = tenancy.Membership{
		Tenant: m.tenant.ID, User: s.adds, Level: cmp.Or(s.Level, s.terms.DefaultLevel, tenancy.LevelViewer), LevelName: s.LevelName, Developer: s.Developer,
		Pending: !m.account.Proven(), Enabled: s.Enabled, NotBefore: begins, ExpiresAt: s.ExpiresAt,
		InvitedBy: m.actor.User, CreatedAt: m.in.Now, UpdatedAt: m.in.Now,
	}
	return s.gatherGiven(tx, m)
}

// gatherGiven reads what the new membership comes with.
func (s *addMember) gatherGiven(tx Reader, m *matter) error {
	err := m.gatherProjects(tx, &s.after, tenancy.Adjustment{Projects: &s.Projects})
	if err != nil {
		return err
	}
	s.held, err = m.gatherHeld(tx, &s.after, tenancy.Adjustment{Roles: &s.Roles})
	return err
}

// gatherThere makes the change one of the membership that is there already.
func (s *addMember) gatherThere(tx Reader, m *matter) error {
	s.there = &updateMember{UpdateMember: tenancy.UpdateMember{Tenant: s.Tenant, User: s.adds, Adjustment: s.There}, asIs: true}
	m.in.Action = tenancy.ActionMemberUpdate
	return s.there.gather(tx, m)
}

// gatherByEmail finds the account with the address, or reserves one: it counts
// as existing, since the change makes it. Of an account that is named as well,
// it only has to be the address.
func (s *addMember) gatherByEmail(tx Reader, m *matter) error {
	holder, known, err := tx.UserByEmail(tenancy.EmailKey(s.Email))
	switch {
	case err != nil:
		return err
	case !s.User.IsZero():
		m.findHolder(holder)
		return nil
	case known:
		s.adds = holder
		return m.gatherTarget(tx, holder)
	}
	s.adds, m.target = s.fresh, s.fresh.String()
	m.in.Target = TargetFacts{User: s.fresh, Exists: true}
	m.account = tenancy.User{
		ID: s.fresh, Email: s.Email, GivenName: s.GivenName, Surname: s.Surname,
		Kind: tenancy.KindHuman, Enabled: true, CreatedAt: m.in.Now,
	}
	return nil
}

func (s *addMember) hold(m *matter) []tenancy.Finding {
	if s.there != nil {
		return s.there.hold(m)
	}
	return slices.Concat(aSeatIsFree(m), rankGives(m, s.after.Level), actionsHold(m), noSecondOwner(m, s.after.Level))
}

// perform: one who is a member already and gets here stays as they are.
func (s *addMember) perform(tx Tx, m *matter) (any, error) {
	if m.in.Target.Member && s.there == nil {
		member, err := newViewer(tx, m.tenant).member(m.membership, m.account)
		return tenancy.AddedMember{Member: member, There: true}, err
	}
	if s.there != nil {
		member, err := s.there.perform(tx, m)
		return tenancy.AddedMember{Member: member.(tenancy.Member), There: true}, err
	}
	if s.adds == s.fresh {
		if err := tx.PutUser(m.account); err != nil {
			return nil, err
		}
	}
	if err := tx.PutMembership(s.after); err != nil {
		return nil, err
	}
	member, err := m.viewOf(tx, s.after, s.held)
	return tenancy.AddedMember{Member: member}, err
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

type updateMember struct {
	tenancy.UpdateMember
	asIs  bool               // where it changes nothing, nothing is written
	after tenancy.Membership // the whole membership as the change leaves it; set by gather
	held  []tenancy.Role     // its roles; set by gather
}

func (*updateMember) action(tenancy.Actor) tenancy.Action { return tenancy.ActionMemberUpdate }

func (s *updateMember) about() (tenancy.TenantRef, tenancy.UserID) { return s.Tenant, s.User }

func (*updateMember) before(m *matter) any { return m.member() }

func (s *updateMember) gather(tx Reader, m *matter) error {
	if s.Tenant.IsZero() {
		if err := m.gatherByRole(tx, slices.Concat(s.AddRoles, s.DropRoles), s.User); err != nil {
			return err
		}
	}
	if err := m.gatherHolder(tx, s.User, s.Email); err != nil {
		return err
	}
	m.findMember()
	var err error
	s.after, s.held, err = m.adjusted(tx, s.Adjustment)
	return err
}

func (s *updateMember) hold(m *matter) []tenancy.Finding {
	if !m.in.Target.Member {
		return nil
	}
	return slices.Concat(
		ownerStays(m, s.after), anAdministratorRemains(m, s.after),
		rankHolds(m, s.after.Level), actionsHold(m), noSecondOwner(m, s.after.Level))
}

func (s *updateMember) perform(tx Tx, m *matter) (any, error) {
	if s.asIs && reflect.DeepEqual(s.after, m.membership) {
		return m.viewOf(tx, s.after, s.held)
	}
	s.after.UpdatedAt = m.in.Now
	if err := tx.PutMembership(s.after); err != nil {
		return nil, err
	}
	return m.viewOf(tx, s.after, s.held)
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

// isOf reports whether the removal names an account.
func (s removeMember) isOf(account tenancy.User) bool {
	if s.User.IsZero() {
		return s.Email != "" && tenancy.EmailKey(s.Email) == tenancy.EmailKey(account.Email)
	}
	return s.User == account.ID
}

func (s removeMember) gather(tx Reader, m *matter) error {
	if err := m.gatherHolder(tx, s.User, s.Email); err != nil {
		return err
	}
	if m.in.Target.Self {
		m.in.Action = tenancy.ActionMemberLeave
	}
	m.findMember()
	return nil
}

// hold: whether cognee's user managers remove people above them is a matter of
// the policies (contracts/levels.md).
func (s removeMember) hold(m *matter) []tenancy.Finding {
	if !m.in.Target.Member {
		return nil
	}
	gone := tenancy.Membership{}
	found := slices.Concat(ownerStays(m, gone), anAdministratorRemains(m, gone))
	if m.in.Dialect == tenancy.DialectCognee {
		return found
	}
	return append(found, rankHolds(m, tenancy.LevelNone)...)
}

func (s removeMember) perform(tx Tx, m *matter) (any, error) {
	member, err := m.viewOf(tx, m.membership, nil)
	if err != nil {
		return nil, err
	}
	return member, endMembership(tx, m.tenant.ID, m.account, m.in.Now)
}

// endMembership removes a membership and what hangs on it: grants on the
// tenant's datasets, the keys bound to the tenant, its selection, and what was
// offered to the address (contracts/README.md, rule 5). Roles, projects and
// capabilities are part of it, and tokens bound to it die with it, see
// gatherBinding.
func endMembership(tx Tx, tenant tenancy.TenantID, user tenancy.User, now time.Time) error {
	if err := tx.DeleteMembership(tenant, user.ID); err != nil {
		return err
	}
	if err := dropGrants(tx, tenancy.PrincipalID(user.ID), tenant); err != nil {
		return err
	}
	if err := deleteKeys(tx, user.ID, func(k tenancy.Key) bool { return k.Tenant == tenant }); err != nil {
		return err
	}
	if err := withdraw(tx, tenant, user.Email, now); err != nil {
		return err
	}
	return deselect(tx, user.ID, tenant)
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

// gatherHolder makes the account with an address the target; nobody's address
// is an unknown user. Of an account that is named as well, it only has to be
// the address.
func (m *matter) gatherHolder(tx Reader, named tenancy.UserID, email string) error {
	if email == "" {
		return nil
	}
	holder, known, err := tx.UserByEmail(tenancy.EmailKey(email))
	switch {
	case err != nil:
		return err
	case !named.IsZero():
		m.findHolder(holder)
		return nil
	case !known:
		return nil
	}
	return m.gatherTarget(tx, holder)
}

// findHolder notes that the holder of the address that a change names is not
// the account that it names.
func (m *matter) findHolder(holder tenancy.UserID) {
	if m.in.Target.Exists && holder != m.in.Target.User {
		m.find(tenancy.Finding{Code: tenancy.CodeConflict, Message: "the user has another e-mail address"})
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
