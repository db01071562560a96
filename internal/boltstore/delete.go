package boltstore

import (
	"fmt"

	"github.com/memberward/memberward/internal/tenancy"
)

// DeleteUser deletes an account with its address and when it last signed in.
// One that is not there is an error, and so is one that has a membership or a
// key left.
func (t *tx) DeleteUser(id tenancy.UserID) error {
	old, found, err := t.User(id)
	if err == nil && !found {
		err = fmt.Errorf("there is no such user")
	}
	if err == nil {
		err = t.holdsNothing(id)
	}
	if err == nil {
		err = t.moveIndex(bucketUserEmails, []byte(tenancy.EmailKey(old.Email)), nil, id)
	}
	for _, b := range []bucket{bucketLastLogins, bucketUsers} {
		if err == nil {
			err = t.over.put(b, id[:], nil)
		}
	}
	if err != nil {
		return fmt.Errorf("delete user %s: %w", id, err)
	}
	return nil
}

// holdsNothing refuses a user with memberships or keys.
func (t *tx) holdsNothing(id tenancy.UserID) error {
	tenants, err := t.TenantsOf(id, tenancy.TenantID{}, 1)
	if err != nil {
		return err
	}
	keys, err := t.Keys(id, tenancy.KeyID{}, 1)
	switch {
	case err != nil:
		return err
	case len(tenants) > 0:
		return fmt.Errorf("it is a member of %s", tenants[0])
	case len(keys) > 0:
		return fmt.Errorf("it has the key %s", keys[0].ID)
	}
	return nil
}

// DeleteTenant deletes a tenant and its slug. One that is not there is an
// error, and so is one that has a membership left.
func (t *tx) DeleteTenant(id tenancy.TenantID) error {
	old, found, err := t.Tenant(id)
	if err == nil && !found {
		err = fmt.Errorf("there is no such tenant")
	}
	var members []tenancy.Membership
	if err == nil {
		members, err = t.Members(id, tenancy.UserID{}, 1)
	}
	if err == nil && len(members) > 0 {
		err = fmt.Errorf("%s is a member of it", members[0].User)
	}
	if err == nil {
		err = t.moveIndex(bucketTenantSlugs, []byte(old.Slug), nil, id)
	}
	if err == nil {
		err = t.over.put(bucketTenants, id[:], nil)
	}
	if err != nil {
		return fmt.Errorf("delete tenant %s: %w", id, err)
	}
	return nil
}

// PutSigningKey writes a key that signs tokens.
func (t *tx) PutSigningKey(k tenancy.SigningKey) error {
	if k.ID.IsZero() {
		return fmt.Errorf("put signing key: it has no id")
	}
	return t.over.put(bucketSigningKeys, k.ID[:], encodeSigningKey(k))
}

// DeleteSigningKey deletes a key that signs tokens. One that is not there is
// an error.
func (t *tx) DeleteSigningKey(id tenancy.KeyID) error {
	_, found, err := lookup(t.from, bucketSigningKeys, id[:], decodeSigningKey)
	if err == nil && !found {
		err = fmt.Errorf("there is no such signing key")
	}
	if err != nil {
		return fmt.Errorf("delete signing key %s: %w", id, err)
	}
	return t.over.put(bucketSigningKeys, id[:], nil)
}
