package boltstore

import (
	"fmt"

	"github.com/memberward/memberward/internal/tenancy"
)

// DeleteUser deletes an account with its address and when it last signed in.
// One that is not there is an error, and so is one that has a membership, a
// key, a place in an organization or a grant left.
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

// holdsNothing refuses a user with memberships, keys, places in organizations
// or grants.
func (t *tx) holdsNothing(id tenancy.UserID) error {
	return steps(
		func() error { return t.nothingIn(bucketUserTenants, id) },
		func() error { return t.nothingIn(bucketUserKeys, id) },
		func() error { return t.nothingIn(bucketUserOrganizations, id) },
		func() error { return t.grantedNothing(tenancy.UserPrincipal(id)) },
	)
}

// nothingIn refuses an id that leads to something in an index over two.
func (t *tx) nothingIn(b bucket, id [16]byte) error {
	left, err := linked(&t.reader, b, id, [16]byte{}, 1)
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("%s still holds %s of it", b, partID.name(left[0][:]))
	}
	return err
}

// DeleteTenant deletes a tenant with its slug, its place in its organization
// and its usage. One that is not there is an error, and so is one that has a
// membership, a role, a project, a dataset, an invitation or a grant left.
func (t *tx) DeleteTenant(id tenancy.TenantID) error {
	old, found, err := t.Tenant(id)
	if err == nil && !found {
		err = fmt.Errorf("there is no such tenant")
	}
	if err != nil {
		return doing(err, "delete tenant %s", id)
	}
	err = steps(
		func() error { return t.empty(id) },
		func() error { return t.moveIndex(bucketTenantSlugs, []byte(old.Slug), nil, id) },
		func() error { return t.moveTenant(id, old.Organization, tenancy.OrganizationID{}) },
		func() error { return t.over.put(bucketUsage, id[:], nil) },
		func() error { return t.over.put(bucketTenants, id[:], nil) },
	)
	return doing(err, "delete tenant %s", id)
}

// empty refuses a tenant that something belongs to, or that is granted
// something.
func (t *tx) empty(id tenancy.TenantID) error {
	members, err := t.Members(id, tenancy.UserID{}, 1)
	if err == nil && len(members) > 0 {
		err = fmt.Errorf("%s is a member of it", members[0].User)
	}
	for _, b := range []bucket{bucketTenantRoles, bucketTenantProjects, bucketTenantDatasets, bucketTenantInvitations} {
		if err == nil {
			err = t.nothingIn(b, id)
		}
	}
	if err != nil {
		return err
	}
	return t.grantedNothing(tenancy.TenantPrincipal(id))
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
