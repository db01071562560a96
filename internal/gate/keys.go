package gate

import (
	"slices"

	"github.com/memberward/memberward/internal/tenancy"
)

type createKey struct {
	tenancy.CreateKey
	bound tenancy.TenantID // the tenant the key is bound to; set by gather
}

func (*createKey) action(tenancy.Actor) tenancy.Action { return tenancy.ActionKeyCreate }

func (s *createKey) about() (tenancy.TenantRef, tenancy.UserID) { return tenancy.TenantRef{}, s.User }

func (*createKey) before(*matter) any { return nil }

// gather resolves the tenant that the key is to be bound to. Only the
// platform and the key's own user learn whether it is there, and the user
// only of tenants that they belong to.
func (s *createKey) gather(tx Reader, m *matter) error {
	s.bound = tenancy.TenantID{}
	m.in.Resource = ResourceFacts{Type: "key", ID: s.ID.String(), Mine: m.in.Target.Self}
	if !s.ExpiresAt.IsZero() && !s.ExpiresAt.After(m.in.Now) {
		return &tenancy.Error{Code: tenancy.CodeInvalid, Msg: "the time is past"}
	}
	m.findTarget()
	if err := s.findCrowd(tx, m); err != nil {
		return err
	}
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

// findCrowd notes that the user has as many keys as are asked for at most.
func (s *createKey) findCrowd(tx Reader, m *matter) error {
	if s.Most == 0 {
		return nil
	}
	keys, err := tx.Keys(s.User, tenancy.KeyID{}, s.Most)
	if len(keys) == s.Most {
		m.find(tenancy.Finding{Code: tenancy.CodeConflict, Message: "the user has as many keys as may be"})
	}
	return err
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
// makes it. To ask what others may do is the platform's to hand out.
func (s *createKey) hold(m *matter) []tenancy.Finding {
	found := withinBinding(m, s.bound)
	wider := len(m.actor.Scopes) > 0 && len(s.Scopes) == 0
	wider = wider || (!m.until.IsZero() && (s.ExpiresAt.IsZero() || s.ExpiresAt.After(m.until)))
	for _, scope := range s.Scopes {
		wider = wider || !m.actor.InScope(scope) || scope == tenancy.ActionEvaluate && !m.actor.Platform
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
	key *tenancy.Key // nil: unknown to the actor; set by gather
}

func (*deleteKey) action(tenancy.Actor) tenancy.Action { return tenancy.ActionKeyDelete }

func (*deleteKey) about() (tenancy.TenantRef, tenancy.UserID) {
	return tenancy.TenantRef{}, tenancy.UserID{}
}

func (s *deleteKey) before(*matter) any {
	if s.key == nil {
		return nil
	}
	return tenancy.KeyView{Key: *s.key}
}

// gather finds the key. Other people's keys are as unknown as those that are
// not there, so that nobody learns of them; platform keys are the platform's,
// and a credential that is bound to a tenant knows only keys bound to it.
func (s *deleteKey) gather(tx Reader, m *matter) error {
	s.key = nil
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
	s.key = &key
	err = m.gatherTarget(tx, key.User)
	m.target, m.in.Resource.Mine = s.Key.String(), m.in.Target.Self
	return err
}

func (*deleteKey) hold(*matter) []tenancy.Finding { return nil }

func (s *deleteKey) perform(tx Tx, _ *matter) (any, error) { return nil, tx.DeleteKey(s.Key) }

// withinBinding: a credential that is bound to a tenant reaches nothing that
// is not bound to the same one.
func withinBinding(m *matter, reach tenancy.TenantID) []tenancy.Finding {
	if m.actor.Tenant.IsZero() || m.actor.Tenant == reach {
		return nil
	}
	return []tenancy.Finding{tenancy.Find(tenancy.CodeActionsExceeded)}
}

// rotateSigningKey is the platform's alone: whoever holds a signing key is
// everybody.
type rotateSigningKey struct{ tenancy.RotateSigningKey }

func (rotateSigningKey) action(tenancy.Actor) tenancy.Action { return tenancy.ActionSigningKeyRotate }

func (rotateSigningKey) about() (tenancy.TenantRef, tenancy.UserID) {
	return tenancy.TenantRef{}, tenancy.UserID{}
}

func (rotateSigningKey) before(*matter) any { return nil }

func (s rotateSigningKey) gather(_ Reader, m *matter) error {
	m.target = s.Key.ID.String()
	m.in.Resource = ResourceFacts{Type: "signing_key", ID: m.target}
	return nil
}

func (rotateSigningKey) hold(m *matter) []tenancy.Finding {
	if m.actor.Platform {
		return nil
	}
	return []tenancy.Finding{tenancy.Find(tenancy.CodeNotPermitted)}
}

func (s rotateSigningKey) perform(tx Tx, _ *matter) (any, error) {
	if s.Revoke {
		old, err := tx.SigningKeys()
		if err != nil {
			return nil, err
		}
		for _, key := range old {
			if err := tx.DeleteSigningKey(key.ID); err != nil {
				return nil, err
			}
		}
	}
	shown := tenancy.Key{ID: s.Key.ID, CreatedAt: s.Key.CreatedAt.UTC()} // never its seed: receipts hold the result
	return tenancy.KeyView{Key: shown}, tx.PutSigningKey(s.Key)
}
