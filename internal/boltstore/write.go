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

// PutTenant writes a tenant and moves its slug in the index. A slug of another
// tenant is refused.
func (t *tx) PutTenant(v tenancy.Tenant) error {
	if v.ID.IsZero() {
		return fmt.Errorf("put tenant: it has no id")
	}
	old, _, err := t.Tenant(v.ID)
	if err != nil {
		return fmt.Errorf("put tenant %s: %w", v.ID, err)
	}
	if err := t.moveIndex(bucketTenantSlugs, []byte(old.Slug), []byte(v.Slug), v.ID); err != nil {
		return fmt.Errorf("put tenant %s: %w", v.ID, err)
	}
	return t.over.put(bucketTenants, v.ID[:], encodeTenant(v))
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
		key := pair(old.User, old.ID)
		if err := t.over.put(bucketUserKeys, key[:], nil); err != nil {
			return err
		}
	}
	if k.User.IsZero() {
		return nil
	}
	key := pair(k.User, k.ID)
	return t.over.put(bucketUserKeys, key[:], encodeNothing(bucketUserKeys, key[:]))
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

// PutMembership writes a membership, the way back from its user, and the
// tenant's counters.
func (t *tx) PutMembership(m tenancy.Membership) error {
	if m.Tenant.IsZero() || m.User.IsZero() || m.Level.Rank() == 0 {
		return fmt.Errorf("put membership: it lacks a tenant, a user or a level")
	}
	old, existed, err := t.Membership(m.Tenant, m.User)
	if err != nil {
		return fmt.Errorf("put membership %s in %s: %w", m.User, m.Tenant, err)
	}
	disabled, err := t.disabled(m.User)
	if err != nil {
		return fmt.Errorf("put membership %s in %s: %w", m.User, m.Tenant, err)
	}
	if err := t.count(m.Tenant, weight(m, true, !disabled), weight(old, existed, !disabled)); err != nil {
		return fmt.Errorf("put membership %s in %s: %w", m.User, m.Tenant, err)
	}
	if !existed {
		back := pair(m.User, m.Tenant)
		if err := t.over.put(bucketUserTenants, back[:], encodeNothing(bucketUserTenants, back[:])); err != nil {
			return err
		}
	}
	key := pair(m.Tenant, m.User)
	return t.over.put(bucketMemberships, key[:], encodeMembership(m, key[:]))
}

// DeleteMembership deletes a membership, the way back from its user, and its
// share of the tenant's counters. One that is not there is an error.
func (t *tx) DeleteMembership(tenant tenancy.TenantID, user tenancy.UserID) error {
	old, found, err := t.Membership(tenant, user)
	if err == nil && !found {
		err = fmt.Errorf("there is no such membership")
	}
	var disabled bool
	if err == nil {
		disabled, err = t.disabled(user)
	}
	if err == nil {
		err = t.count(tenant, tenancy.Counters{}, weight(old, true, !disabled))
	}
	if err != nil {
		return fmt.Errorf("delete membership %s in %s: %w", user, tenant, err)
	}
	back := pair(user, tenant)
	if err := t.over.put(bucketUserTenants, back[:], nil); err != nil {
		return err
	}
	key := pair(tenant, user)
	return t.over.put(bucketMemberships, key[:], nil)
}

// weight is what one membership adds to its tenant's counters. An account
// that is disabled administers nothing.
func weight(m tenancy.Membership, exists, enabled bool) tenancy.Counters {
	var c tenancy.Counters
	if exists {
		c.Members = 1
	}
	if exists && enabled && m.LastingAdmin() {
		c.LastingAdmins = 1
	}
	return c
}

// count adds one weight to a tenant's counters and takes another away.
func (t *tx) count(tenant tenancy.TenantID, added, removed tenancy.Counters) error {
	c, err := t.Counters(tenant)
	if err != nil || added == removed {
		return err
	}
	c.Members += added.Members - removed.Members
	c.LastingAdmins += added.LastingAdmins - removed.LastingAdmins
	if c.Members < 0 || c.LastingAdmins < 0 || c.LastingAdmins > c.Members {
		return damaged("the tenant's counters came to %d members and %d lasting administrators", c.Members, c.LastingAdmins)
	}
	if c == (tenancy.Counters{}) {
		return t.over.put(bucketCounters, tenant[:], nil)
	}
	return t.over.put(bucketCounters, tenant[:], encodeCounters(c, tenant))
}
