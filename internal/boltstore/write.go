package boltstore

import (
	"fmt"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// tx is one change on its overlay.
type tx struct {
	reader
	over *overlay
}

var _ gate.Tx = (*tx)(nil)

func newTx(below *mapped, at state) *tx {
	o := &overlay{below: below}
	return &tx{reader: reader{from: o, revision: at.revision, chain: &at.chain}, over: o}
}

// PutUser writes an account and moves its e-mail address in the index. An
// address of another account is refused.
func (t *tx) PutUser(u tenancy.User) error {
	if u.ID.IsZero() {
		return fmt.Errorf("put user: it has no id")
	}
	old, known, err := t.User(u.ID)
	if err == nil && (known && !old.Enabled) == u.Enabled {
		err = t.recount(u)
	}
	if err != nil {
		return fmt.Errorf("put user %s: %w", u.ID, err)
	}
	err = t.moveIndex(bucketUserEmails, []byte(tenancy.EmailKey(old.Email)), []byte(tenancy.EmailKey(u.Email)), u.ID)
	if err != nil {
		return fmt.Errorf("put user %s: %w", u.ID, err)
	}
	return t.over.put(bucketUsers, u.ID[:], encodeUser(u))
}

// recountChunk is how many tenants of a user one read takes.
const recountChunk = 100

// recount takes an account that is disabled out of the counts of lasting
// administrators in all its tenants, and puts one that is enabled back.
func (t *tx) recount(u tenancy.User) error {
	var after tenancy.TenantID
	for {
		tenants, err := t.TenantsOf(u.ID, after, recountChunk)
		if err != nil {
			return err
		}
		for _, after = range tenants {
			m, _, err := t.Membership(after, u.ID)
			if err != nil {
				return err
			}
			if err := t.count(after, weight(m, true, u.Enabled), weight(m, true, !u.Enabled)); err != nil {
				return err
			}
		}
		if len(tenants) < recountChunk {
			return nil
		}
	}
}

// disabled reports whether an account is there and disabled.
func (r *reader) disabled(id tenancy.UserID) (bool, error) {
	u, known, err := r.User(id)
	return known && !u.Enabled, err
}

// moveIndex lets the key to lead to id, and the key from no longer. Empty keys
// are not indexed. A key that leads to another id is refused.
func (t *tx) moveIndex(b bucket, from, to []byte, id [16]byte) error {
	if len(to) > 0 {
		holder, taken, err := lookup(t.from, b, to, decodeID)
		switch {
		case err != nil:
			return err
		case taken && holder != id:
			return fmt.Errorf("what %s would hold of it belongs to another", b)
		case taken:
			return nil // it stays where it is
		}
	}
	if len(from) > 0 {
		if err := t.over.put(b, from, nil); err != nil {
			return err
		}
	}
	if len(to) == 0 {
		return nil
	}
	return t.over.put(b, to, encodeID(b, to, id))
}

// link lets one id lead to another in an index over two.
func (t *tx) link(b bucket, from, to [16]byte) error {
	key := pair(from, to)
	return t.over.put(b, key[:], encodeNothing(b, key[:]))
}

func (t *tx) unlink(b bucket, from, to [16]byte) error {
	key := pair(from, to)
	return t.over.put(b, key[:], nil)
}

// doing says what an error came of; without one there is none.
func doing(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}

// steps runs them in their order, up to the first that fails.
func steps(all ...func() error) error {
	for _, step := range all {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// PutTenant writes a tenant and moves its slug and its place in its
// organization in the indexes. A slug of another tenant is refused.
func (t *tx) PutTenant(v tenancy.Tenant) error {
	if v.ID.IsZero() {
		return fmt.Errorf("put tenant: it has no id")
	}
	old, _, err := t.Tenant(v.ID)
	if err != nil {
		return fmt.Errorf("put tenant %s: %w", v.ID, err)
	}
	err = steps(
		func() error { return t.moveIndex(bucketTenantSlugs, []byte(old.Slug), []byte(v.Slug), v.ID) },
		func() error { return t.moveTenant(v.ID, old.Organization, v.Organization) },
		func() error { return t.over.put(bucketTenants, v.ID[:], encodeTenant(v)) },
	)
	return doing(err, "put tenant %s", v.ID)
}

// moveTenant moves a tenant from one organization's list to another's; a zero
// organization has none.
func (t *tx) moveTenant(id tenancy.TenantID, from, to tenancy.OrganizationID) error {
	if from == to {
		return nil
	}
	if !from.IsZero() {
		if err := t.unlink(bucketOrganizationTenants, from, id); err != nil {
			return err
		}
	}
	if to.IsZero() {
		return nil
	}
	return t.link(bucketOrganizationTenants, to, id)
}

// PutKey writes a key, its digest and its place in its user's list. A digest
// of another key is refused.
func (t *tx) PutKey(k tenancy.Key) error {
	if k.ID.IsZero() {
		return fmt.Errorf("put key: it has no id")
	}
	if k.Platform != k.User.IsZero() {
		return fmt.Errorf("put key %s: it belongs to a user or to the platform", k.ID)
	}
	old, existed, err := t.Key(k.ID)
	if err != nil {
		return fmt.Errorf("put key %s: %w", k.ID, err)
	}
	var from []byte
	if existed {
		from = old.Digest[:]
	}
	if err := t.moveIndex(bucketKeyDigests, from, k.Digest[:], k.ID); err != nil {
		return fmt.Errorf("put key %s: %w", k.ID, err)
	}
	if err := t.listKey(old, k); err != nil {
		return fmt.Errorf("put key %s: %w", k.ID, err)
	}
	return t.over.put(bucketKeys, k.ID[:], encodeKey(k))
}

// listKey moves a key from one user's list to another's; a zero user has none.
func (t *tx) listKey(old, k tenancy.Key) error {
	if old.User == k.User {
		return nil
	}
	if !old.User.IsZero() {
		if err := t.unlink(bucketUserKeys, old.User, old.ID); err != nil {
			return err
		}
	}
	if k.User.IsZero() {
		return nil
	}
	return t.link(bucketUserKeys, k.User, k.ID)
}

// DeleteKey deletes a key with all that leads to it. A key that is not there
// is an error.
func (t *tx) DeleteKey(id tenancy.KeyID) error {
	old, found, err := t.Key(id)
	if err == nil && !found {
		err = fmt.Errorf("there is no such key")
	}
	if err != nil {
		return fmt.Errorf("delete key %s: %w", id, err)
	}
	if err := t.listKey(old, tenancy.Key{}); err != nil {
		return fmt.Errorf("delete key %s: %w", id, err)
	}
	for _, gone := range []struct {
		b   bucket
		key []byte
	}{{bucketKeyDigests, old.Digest[:]}, {bucketLastUses, id[:]}, {bucketKeys, id[:]}} {
		if err := t.over.put(gone.b, gone.key, nil); err != nil {
			return fmt.Errorf("delete key %s: %w", id, err)
		}
	}
	return nil
}
