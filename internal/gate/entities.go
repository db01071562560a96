package gate

import (
	"errors"
	"fmt"

	"github.com/memberward/memberward/internal/tenancy"
)

// putEntity makes an entity of the registry, or puts another in its place.
type putEntity struct {
	tenancy.PutEntity
	entity *tenancy.Entity // as it is; nil: there is none; set by gather
}

func (*putEntity) action(tenancy.Actor) tenancy.Action { return tenancy.ActionEntityPut }

func (*putEntity) about() (tenancy.TenantRef, tenancy.UserID) {
	return tenancy.TenantRef{}, tenancy.UserID{}
}

func (s *putEntity) before(*matter) any { return versioned(s.entity) }

func (s *putEntity) gather(tx Reader, m *matter) (err error) {
	if err := (tenancy.Entity{EntityRef: s.EntityRef, Owner: s.Owner, Properties: s.Properties}).Check(); err != nil {
		return &tenancy.Error{Code: tenancy.CodeInvalid, Msg: err.Error()}
	}
	s.entity, err = m.gatherEntity(tx, s.EntityRef)
	return err
}

// hold: what the registry says of subjects and resources is what rules go by,
// so nobody whose credential is bound to a tenant writes it.
func (s *putEntity) hold(m *matter) []tenancy.Finding { return ofPlatform(m) }

func (s *putEntity) perform(tx Tx, m *matter) (any, error) {
	entity := tenancy.Entity{
		EntityRef: s.EntityRef, Owner: s.Owner, Properties: s.Properties, CreatedAt: m.in.Now, UpdatedAt: m.in.Now,
	}
	if s.entity != nil {
		entity.CreatedAt = s.entity.CreatedAt
	}
	return entity, tx.PutEntity(entity)
}

// deleteEntity takes an entity out of the registry.
type deleteEntity struct {
	ref    tenancy.EntityRef
	entity *tenancy.Entity // nil: there is none; set by gather
}

func (*deleteEntity) action(tenancy.Actor) tenancy.Action { return tenancy.ActionEntityDelete }

func (*deleteEntity) about() (tenancy.TenantRef, tenancy.UserID) {
	return tenancy.TenantRef{}, tenancy.UserID{}
}

func (s *deleteEntity) before(*matter) any { return versioned(s.entity) }

func (s *deleteEntity) gather(tx Reader, m *matter) (err error) {
	if s.entity, err = m.gatherEntity(tx, s.ref); err == nil && s.entity == nil {
		m.find(tenancy.Find(tenancy.CodeEntityUnknown))
	}
	return err
}

func (*deleteEntity) hold(m *matter) []tenancy.Finding { return ofPlatform(m) }

func (s *deleteEntity) perform(tx Tx, _ *matter) (any, error) { return nil, tx.DeleteEntity(s.ref) }

// ofPlatform: the registry is of no tenant, so no tenant's people write it.
func ofPlatform(m *matter) []tenancy.Finding {
	if m.actor.Platform {
		return nil
	}
	return []tenancy.Finding{tenancy.Find(tenancy.CodeNotPermitted)}
}

// versioned gives the record that a change acts upon, as step.before does.
func versioned(e *tenancy.Entity) any {
	if e == nil {
		return nil
	}
	return *e
}

// gatherEntity makes an entity what the matter is about; nil: there is none.
func (m *matter) gatherEntity(tx Reader, ref tenancy.EntityRef) (*tenancy.Entity, error) {
	m.aboutRecord("entity", ref.Type+"/"+ref.ID)
	entity, known, err := tx.Entity(ref)
	if err != nil || !known {
		return nil, err
	}
	return &entity, nil
}

func aboutEntity(ref tenancy.EntityRef) func(Reader, *matter) error {
	return func(_ Reader, m *matter) error {
		m.aboutRecord("entity", ref.Type+"/"+ref.ID)
		return nil
	}
}

func entityRow(q tenancy.GetEntity) func(Reader, *matter) (any, error) {
	return func(tx Reader, m *matter) (any, error) {
		entity, known, err := tx.Entity(q.EntityRef)
		if err != nil || known {
			return entity, err
		}
		m.find(tenancy.Find(tenancy.CodeEntityUnknown))
		return nil, nil
	}
}

func entityRows(q tenancy.ListEntities) func(Reader, *matter) (any, error) {
	return func(tx Reader, _ *matter) (any, error) {
		ids, err := tx.Entities(q.Type, q.After, q.Limit)
		if err != nil {
			return nil, err
		}
		rows := make([]tenancy.Entity, 0, len(ids))
		for _, id := range ids {
			entity, known, err := tx.Entity(tenancy.EntityRef{Type: q.Type, ID: id})
			if err != nil || !known {
				return nil, errors.Join(err, fmt.Errorf("the entity %s %s is listed: there is one: %t", q.Type, id, known))
			}
			rows = append(rows, entity)
		}
		return rows, nil
	}
}
