package gate

import (
	"cmp"
	"slices"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

type createUser struct {
	tenancy.CreateUser
	chosen   bool         // the caller chose the id
	reserved tenancy.User // the account that the address is reserved for; set by gather
}

func (*createUser) action(actor tenancy.Actor) tenancy.Action {
	if actor.Registering {
		return tenancy.ActionUserRegister
	}
	return tenancy.ActionUserCreate
}

func (s *createUser) about() (tenancy.TenantRef, tenancy.UserID) { return tenancy.TenantRef{}, s.ID }

// gather looks whether the address is free, or reserved: then the account
// that is there signs up, under its id (contracts/README.md, rule 6).
func (s *createUser) gather(tx Reader, m *matter) error {
	s.reserved = tenancy.User{}
	holder, taken, err := tx.UserByEmail(tenancy.EmailKey(s.Email))
	if err != nil {
		return err
	}
	if taken {
		account, _, err := tx.User(holder)
		if err != nil {
			return err
		}
		if !account.SignedUp && account.Enabled && (!s.chosen || s.ID == holder) {
			s.signUp(account, m)
			return nil
		}
		m.find(tenancy.Find(tenancy.CodeEmailTaken))
	}
	if m.in.Target.Exists {
		m.find(tenancy.Find(tenancy.CodeIDTaken))
	}
	return nil
}

// signUp makes the reserved account the one that the matter is about. Who
// registers acts as that account.
func (s *createUser) signUp(account tenancy.User, m *matter) {
	s.reserved = account
	if m.actor.Registering {
		m.actor.User, m.in.Actor.User = account.ID, account.ID
	}
	m.target = account.ID.String()
	m.in.Target = TargetFacts{User: account.ID, Exists: true, Self: account.ID == m.actor.User}
}

// hold: an account is made by the platform, or makes itself.
func (s *createUser) hold(m *matter) []tenancy.Finding {
	if m.actor.Platform || m.actor.Registering {
		return nil
	}
	return []tenancy.Finding{tenancy.Find(tenancy.CodeNotPermitted)}
}

func (s *createUser) perform(tx Tx, m *matter) (any, error) {
	user := s.reserved
	if user.ID.IsZero() {
		user = tenancy.User{ID: s.ID, Kind: tenancy.KindHuman, Enabled: true, CreatedAt: m.in.Now}
	}
	user.Email, user.PasswordHash, user.SignedUp = s.Email, s.PasswordHash, true
	user.GivenName, user.Surname = cmp.Or(s.GivenName, user.GivenName), cmp.Or(s.Surname, user.Surname)
	user.Kind = cmp.Or(s.Kind, user.Kind)
	if err := tx.PutUser(user); err != nil {
		return nil, err
	}
	return tenancy.UserView{User: user}, activate(tx, user.ID, m.in.Now)
}

// activate ends the waiting of the memberships that were reserved for an
// account.
func activate(tx Tx, user tenancy.UserID, now time.Time) error {
	var after tenancy.TenantID
	for {
		tenants, err := tx.TenantsOf(user, after, cascadeChunk)
		if err != nil {
			return err
		}
		for _, after = range tenants {
			if err := activateIn(tx, after, user, now); err != nil {
				return err
			}
		}
		if len(tenants) < cascadeChunk {
			return nil
		}
	}
}

func activateIn(tx Tx, tenant tenancy.TenantID, user tenancy.UserID, now time.Time) error {
	member, _, err := tx.Membership(tenant, user)
	if err != nil || !member.Pending {
		return err
	}
	member.Pending, member.UpdatedAt = false, now
	return tx.PutMembership(member)
}

type createKey struct {
	tenancy.CreateKey
	bound tenancy.TenantID // the tenant the key is bound to; set by gather
}

func (*createKey) action(tenancy.Actor) tenancy.Action { return tenancy.ActionKeyCreate }

func (s *createKey) about() (tenancy.TenantRef, tenancy.UserID) { return tenancy.TenantRef{}, s.User }

// gather resolves the tenant that the key is to be bound to. Only the
// platform and the key's own user learn whether it is there, and the user
// only of tenants that they belong to.
func (s *createKey) gather(tx Reader, m *matter) error {
	s.bound = tenancy.TenantID{}
	m.in.Resource = ResourceFacts{Type: "key", ID: s.ID.String(), Mine: m.in.Target.Self}
	m.findTarget()
	if s.Tenant.IsZero() || (!m.actor.Platform && !m.in.Target.Self) {
		return nil
	}
	tenant, known, err := resolve(tx, s.Tenant)
	if err != nil {
		return err
	}
	if !known {
		m.find(tenancy.Find(tenancy.CodeTenantUnknown))
		return nil
	}
	s.bound = tenant.ID
	if m.actor.Platform {
		return nil
	}
	return s.gatherOwn(tx, m)
}

// gatherOwn: in a tenant that the user does not belong to, or that the
// credential is not good for, the user is a stranger; a member who is not
// active gets nothing.
func (s *createKey) gatherOwn(tx Reader, m *matter) error {
	own, member, err := tx.Membership(s.bound, s.User)
	switch {
	case err != nil:
		return err
	case !member || !m.bindingHolds(s.bound):
		m.find(tenancy.Find(tenancy.CodeTenantUnknown))
	case !own.Active(m.in.Now):
		m.find(tenancy.Find(tenancy.CodeNotPermitted))
	}
	return nil
}

// hold: a key carries no more, and lasts no longer, than the credential that
// makes it.
func (s *createKey) hold(m *matter) []tenancy.Finding {
	found := withinBinding(m, s.bound)
	wider := len(m.actor.Scopes) > 0 && len(s.Scopes) == 0
	wider = wider || (!m.until.IsZero() && (s.ExpiresAt.IsZero() || s.ExpiresAt.After(m.until)))
	for _, scope := range s.Scopes {
		wider = wider || !m.actor.InScope(scope)
	}
	if wider {
		found = append(found, tenancy.Find(tenancy.CodeActionsExceeded))
	}
	return found
}

func (s *createKey) perform(tx Tx, m *matter) (any, error) {
	key := tenancy.Key{
		ID: s.ID, Label: s.Label, User: s.User, Tenant: s.bound, Scopes: slices.Clone(s.Scopes),
		Digest: s.Digest, CreatedAt: m.in.Now, ExpiresAt: s.ExpiresAt,
	}
	return tenancy.KeyView{Key: key}, tx.PutKey(key)
}

type deleteKey struct{ tenancy.DeleteKey }

func (deleteKey) action(tenancy.Actor) tenancy.Action { return tenancy.ActionKeyDelete }

func (deleteKey) about() (tenancy.TenantRef, tenancy.UserID) {
	return tenancy.TenantRef{}, tenancy.UserID{}
}

// gather finds the key. Other people's keys are as unknown as those that are
// not there, so that nobody learns of them; platform keys are the platform's,
// and a credential that is bound to a tenant knows only keys bound to it.
func (s deleteKey) gather(tx Reader, m *matter) error {
	m.target = s.Key.String()
	m.in.Resource = ResourceFacts{Type: "key", ID: s.Key.String()}
	key, known, err := tx.Key(s.Key)
	if err != nil {
		return err
	}
	theirs := key.Platform || key.User != m.actor.User || !m.bindingHolds(key.Tenant)
	if !known || (theirs && !m.actor.Platform) {
		m.find(tenancy.Find(tenancy.CodeKeyUnknown))
		return nil
	}
	err = m.gatherTarget(tx, key.User)
	m.target, m.in.Resource.Mine = s.Key.String(), m.in.Target.Self
	return err
}

func (deleteKey) hold(*matter) []tenancy.Finding { return nil }

func (s deleteKey) perform(tx Tx, _ *matter) (any, error) { return nil, tx.DeleteKey(s.Key) }

// withinBinding: a credential that is bound to a tenant reaches nothing that
// is not bound to the same one.
func withinBinding(m *matter, reach tenancy.TenantID) []tenancy.Finding {
	if m.actor.Tenant.IsZero() || m.actor.Tenant == reach {
		return nil
	}
	return []tenancy.Finding{tenancy.Find(tenancy.CodeActionsExceeded)}
}
