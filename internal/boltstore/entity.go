package boltstore

import (
	"bytes"
	"fmt"

	"github.com/memberward/memberward/internal/tenancy"
)

// Entities are named by texts, and the change log tells of records by ids of
// one length: an entity's is made of its name.

// entityName is the key of an entity's name. Neither part holds NUL.
func entityName(ref tenancy.EntityRef) []byte { return append(entitiesOf(ref.Type), ref.ID...) }

// entitiesOf is what the names of all entities of a type begin with.
func entitiesOf(kind string) []byte { return append([]byte(kind), 0) }

func encodeEntity(v tenancy.Entity, key []byte) []byte {
	e := newEncoder(recordVersion, 32+len(v.Type)+len(v.ID)+len(v.Owner)+len(v.Properties))
	e.entity(v)
	return e.seal(bucketEntities, key)
}

func (e *encoder) entity(v tenancy.Entity) {
	e.string(v.Type)
	e.string(v.ID)
	e.string(v.Owner)
	e.string(string(v.Properties))
	e.time(v.CreatedAt)
	e.time(v.UpdatedAt)
}

func decodeEntity(d *decoder) tenancy.Entity {
	return tenancy.Entity{
		EntityRef: tenancy.EntityRef{Type: d.string(), ID: d.string()}, Owner: d.string(), Properties: tenancy.Properties(d.string()),
		CreatedAt: d.time(), UpdatedAt: d.time(),
	}
}

// Entity reads an entity of the registry.
func (r *reader) Entity(ref tenancy.EntityRef) (tenancy.Entity, bool, error) {
	v, found, err := lookup(r.from, bucketEntities, r.id(ref.Record()), decodeEntity)
	if err == nil && found && v.EntityRef != ref {
		return tenancy.Entity{}, false, damaged("the entity %s %s holds another", ref.Type, ref.ID)
	}
	return v, found, err
}

// Entities lists the ids of a type's entities, byte by byte.
func (r *reader) Entities(kind, after string, limit int) ([]string, error) {
	prefix := entitiesOf(kind)
	from := entityName(tenancy.EntityRef{Type: kind, ID: after})
	return list(r.from, bucketEntityNames, prefix, from, limit, func(key, frame []byte) (string, error) {
		_, err := decode(bucketEntityNames, key, frame, decodeID)
		return string(key[len(prefix):]), err
	})
}

// PutEntity writes an entity and lists its name. A name that cannot be an
// entity's is refused.
func (t *tx) PutEntity(v tenancy.Entity) error {
	if err := v.Check(); err != nil {
		return fmt.Errorf("put entity: %w", err)
	}
	id, name := v.EntityRef.Record(), entityName(v.EntityRef)
	_, existed, err := t.Entity(v.EntityRef)
	if err != nil {
		return doing(err, "put entity %s", id)
	}
	err = steps(
		func() error { return t.over.put(bucketEntities, id[:], encodeEntity(v, id[:])) },
		func() error {
			if existed {
				return nil
			}
			return t.moveIndex(bucketEntityNames, nil, name, id)
		},
	)
	return doing(err, "put entity %s", id)
}

// DeleteEntity deletes an entity and its name. One that is not there is an
// error.
func (t *tx) DeleteEntity(ref tenancy.EntityRef) error {
	id := ref.Record()
	_, found, err := t.Entity(ref)
	if err == nil && !found {
		err = fmt.Errorf("there is no such entity")
	}
	if err != nil {
		return doing(err, "delete entity %s", id)
	}
	err = steps(
		func() error { return t.moveIndex(bucketEntityNames, entityName(ref), nil, id) },
		func() error { return t.over.put(bucketEntities, id[:], nil) },
	)
	return doing(err, "delete entity %s", id)
}

// entities holds each entity against its key and its name, in both directions.
func (v *verifier) entities() error {
	err := each(v, bucketEntities, 16, decodeEntity, func(key []byte, e tenancy.Entity) string {
		return firstOf(
			v.traced(tenancy.EffectEntity, key),
			func() string {
				if id := e.EntityRef.Record(); !bytes.Equal(id[:], key) {
					return "its key is not made of its name"
				}
				return ""
			},
			func() string {
				id, found, err := lookup(v.from, bucketEntityNames, entityName(e.EntityRef), decodeID)
				return holds(found && bytes.Equal(id[:], key), err)
			},
		)
	})
	if err != nil {
		return err
	}
	return each(v, bucketEntityNames, 0, decodeID, func(key []byte, id [16]byte) string {
		e, found, err := lookup(v.from, bucketEntities, v.id(id), decodeEntity)
		return holds(found && bytes.Equal(entityName(e.EntityRef), key), err)
	})
}
