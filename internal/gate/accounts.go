package gate

import (
	"slices"

	"github.com/memberward/memberward/internal/tenancy"
)

type createUser struct{ tenancy.CreateUser }

func (createUser) action(actor tenancy.Actor) tenancy.Action {
	if actor.Registering {
		return tenancy.ActionUserRegister
	}
	return tenancy.ActionUserCreate
}

func (s createUser) about() (tenancy.TenantRef, tenancy.UserID) { return tenancy.TenantRef{}, s.ID }

func (s createUser) gather(tx Reader, m *matter) error {
	if m.in.Target.Exists {
		m.find(tenancy.Find(tenancy.CodeIDTaken))
	}
	_, taken, err := tx.UserByEmail(tenancy.EmailKey(s.Email))
	if taken {
		m.find(tenancy.Find(tenancy.CodeEmailTaken))
	}
	return err
}

// hold: an account is made by the platform, or makes itself.
func (createUser) hold(m *matter) []tenancy.Finding {
	if m.actor.Platform || m.actor.Registering {
		return nil
	}
	return []tenancy.Finding{tenancy.Find(tenancy.CodeNotPermitted)}
}

func (s createUser) perform(tx Tx, m *matter) (any, error) {
	user := tenancy.User{
		ID: s.ID, Email: s.Email, GivenName: s.GivenName, Surname: s.Surname, Kind: s.Kind,
		SignedUp: true, Enabled: true, PasswordHash: s.PasswordHash, CreatedAt: m.in.Now,
	}
	if user.Kind == "" {
		user.Kind = tenancy.KindHuman
	}
	return tenancy.UserView{User: user}, tx.PutUser(user)
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
	if known && !m.actor.Platform {
		if _, known, err = tx.Membership(tenant.ID, s.User); err != nil {
			return err
		}
	}
	if !known {
		m.find(tenancy.Find(tenancy.CodeTenantUnknown))
		return nil
	}
	s.bound = tenant.ID
	return nil
}

// hold: a credential reaches no further than its scopes and its tenant.
func (s *createKey) hold(m *matter) []tenancy.Finding {
	found := withinBinding(m, s.bound)
	wider := len(m.actor.Scopes) > 0 && len(s.Scopes) == 0
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

type deleteKey struct {
	tenancy.DeleteKey
	bound tenancy.TenantID // the tenant the key is bound to; set by gather
}

func (*deleteKey) action(tenancy.Actor) tenancy.Action { return tenancy.ActionKeyDelete }

func (*deleteKey) about() (tenancy.TenantRef, tenancy.UserID) {
	return tenancy.TenantRef{}, tenancy.UserID{}
}

// gather finds the key. Other people's keys are as unknown as those that are
// not there, so that nobody learns of them; platform keys are the platform's.
func (s *deleteKey) gather(tx Reader, m *matter) error {
	m.target = s.Key.String()
	m.in.Resource = ResourceFacts{Type: "key", ID: s.Key.String()}
	key, known, err := tx.Key(s.Key)
	if err != nil {
		return err
	}
	if !known || (!m.actor.Platform && (key.Platform || key.User != m.actor.User)) {
		m.find(tenancy.Find(tenancy.CodeKeyUnknown))
		return nil
	}
	s.bound = key.Tenant
	err = m.gatherTarget(tx, key.User)
	m.target, m.in.Resource.Mine = s.Key.String(), m.in.Target.Self
	return err
}

func (s *deleteKey) hold(m *matter) []tenancy.Finding { return withinBinding(m, s.bound) }

func (s *deleteKey) perform(tx Tx, _ *matter) (any, error) { return nil, tx.DeleteKey(s.Key) }

// withinBinding: a credential that is bound to a tenant reaches nothing that
// is not bound to the same one.
func withinBinding(m *matter, reach tenancy.TenantID) []tenancy.Finding {
	if m.actor.Tenant.IsZero() || m.actor.Tenant == reach {
		return nil
	}
	return []tenancy.Finding{tenancy.Find(tenancy.CodeActionsExceeded)}
}
