package boltstore

import (
	"fmt"

	"github.com/memberward/memberward/internal/tenancy"
)

func encodeOrganization(v tenancy.Organization) []byte {
	e := newEncoder(recordVersion, 64+len(v.Name)+len(v.ShortName))
	e.organization(v)
	return e.seal(bucketOrganizations, v.ID[:])
}

func (e *encoder) organization(v tenancy.Organization) {
	e.string(v.Name)
	e.string(v.ShortName)
	e.raw(v.Own[:])
	e.time(v.CreatedAt)
	e.time(v.UpdatedAt)
}

func decodeOrganization(d *decoder) tenancy.Organization {
	return tenancy.Organization{Name: d.string(), ShortName: d.string(), Own: d.id(), CreatedAt: d.time(), UpdatedAt: d.time()}
}

func encodeOrganizationMember(v tenancy.OrganizationMember, key []byte) []byte {
	e := newEncoder(recordVersion, 24)
	e.organizationMember(v)
	return e.seal(bucketOrganizationMembers, key)
}

func (e *encoder) organizationMember(v tenancy.OrganizationMember) {
	e.flags(v.Admin, v.Enabled)
	e.time(v.CreatedAt)
	e.time(v.UpdatedAt)
}

func decodeOrganizationMember(d *decoder) (v tenancy.OrganizationMember) {
	d.flags(&v.Admin, &v.Enabled)
	v.CreatedAt, v.UpdatedAt = d.time(), d.time()
	return v
}

// Organization reads an organization.
func (r *reader) Organization(id tenancy.OrganizationID) (tenancy.Organization, bool, error) {
	v, found, err := lookup(r.from, bucketOrganizations, r.id(id), decodeOrganization)
	if found {
		v.ID = id
	}
	return v, found, err
}

// OrganizationByName finds an organization by its short name.
func (r *reader) OrganizationByName(short string) (tenancy.OrganizationID, bool, error) {
	if short == "" {
		return tenancy.OrganizationID{}, false, nil
	}
	id, found, err := lookup(r.from, bucketOrganizationNames, []byte(short), decodeID)
	return id, found, err
}

// Organizations lists all organizations.
func (r *reader) Organizations(after tenancy.OrganizationID, limit int) ([]tenancy.Organization, error) {
	return list(r.from, bucketOrganizations, nil, after[:], limit, func(key, frame []byte) (tenancy.Organization, error) {
		v, err := decode(bucketOrganizations, key, frame, decodeOrganization)
		if err == nil && len(key) != len(v.ID) {
			err = damaged("the key of an organization has %d bytes", len(key))
		}
		copy(v.ID[:], key)
		return v, err
	})
}

// OrganizationMember reads the place of a user in an organization.
func (r *reader) OrganizationMember(id tenancy.OrganizationID, user tenancy.UserID) (tenancy.OrganizationMember, bool, error) {
	v, found, err := lookup(r.from, bucketOrganizationMembers, r.pair(id, user), decodeOrganizationMember)
	if found {
		v.Organization, v.User = id, user
	}
	return v, found, err
}

// OrganizationMembers lists who belongs to an organization.
func (r *reader) OrganizationMembers(
	id tenancy.OrganizationID, after tenancy.UserID, limit int,
) ([]tenancy.OrganizationMember, error) {
	from := pair(id, after)
	return list(r.from, bucketOrganizationMembers, id[:], from[:], limit, func(key, frame []byte) (tenancy.OrganizationMember, error) {
		v, err := decode(bucketOrganizationMembers, key, frame, decodeOrganizationMember)
		if err == nil && len(key) != 32 {
			err = damaged("the key of an organization's member has %d bytes", len(key))
		}
		if err != nil {
			return tenancy.OrganizationMember{}, err
		}
		v.Organization, v.User = tenancy.OrganizationID(key[:16]), tenancy.UserID(key[16:])
		return v, nil
	})
}

// OrganizationsOf lists the organizations that a user belongs to.
func (r *reader) OrganizationsOf(user tenancy.UserID, after tenancy.OrganizationID, limit int) ([]tenancy.OrganizationID, error) {
	return linked(r, bucketUserOrganizations, user, after, limit)
}

// OrganizationTenants lists the tenants that belong to an organization.
func (r *reader) OrganizationTenants(id tenancy.OrganizationID, after tenancy.TenantID, limit int) ([]tenancy.TenantID, error) {
	return linked(r, bucketOrganizationTenants, id, after, limit)
}

// PutOrganization writes an organization and moves its short name in the
// index. A short name of another is refused.
func (t *tx) PutOrganization(v tenancy.Organization) error {
	if v.ID.IsZero() {
		return fmt.Errorf("put organization: it has no id")
	}
	old, _, err := t.Organization(v.ID)
	if err == nil {
		err = t.moveIndex(bucketOrganizationNames, []byte(old.ShortName), []byte(v.ShortName), v.ID)
	}
	if err == nil {
		err = t.over.put(bucketOrganizations, v.ID[:], encodeOrganization(v))
	}
	return doing(err, "put organization %s", v.ID)
}

// DeleteOrganization deletes an organization and its short name. One that is
// not there is an error, and so is one that has a member or a tenant left.
func (t *tx) DeleteOrganization(id tenancy.OrganizationID) error {
	old, found, err := t.Organization(id)
	if err == nil && !found {
		err = fmt.Errorf("there is no such organization")
	}
	if err != nil {
		return doing(err, "delete organization %s", id)
	}
	err = steps(
		func() error { return t.nothingIn(bucketOrganizationTenants, id) },
		func() error { return t.withoutMembers(id) },
		func() error { return t.moveIndex(bucketOrganizationNames, []byte(old.ShortName), nil, id) },
		func() error { return t.over.put(bucketOrganizations, id[:], nil) },
	)
	return doing(err, "delete organization %s", id)
}

// withoutMembers refuses an organization that somebody belongs to.
func (t *tx) withoutMembers(id tenancy.OrganizationID) error {
	members, err := t.OrganizationMembers(id, tenancy.UserID{}, 1)
	if err == nil && len(members) > 0 {
		err = fmt.Errorf("%s belongs to it", members[0].User)
	}
	return err
}

// PutOrganizationMember writes a user's place in an organization and the way
// back from the user.
func (t *tx) PutOrganizationMember(v tenancy.OrganizationMember) error {
	if v.Organization.IsZero() || v.User.IsZero() {
		return fmt.Errorf("put member of an organization: it lacks an organization or a user")
	}
	_, existed, err := t.OrganizationMember(v.Organization, v.User)
	if err == nil && !existed {
		err = t.link(bucketUserOrganizations, v.User, v.Organization)
	}
	if err == nil {
		key := pair(v.Organization, v.User)
		err = t.over.put(bucketOrganizationMembers, key[:], encodeOrganizationMember(v, key[:]))
	}
	return doing(err, "put member %s of organization %s", v.User, v.Organization)
}

// DeleteOrganizationMember deletes a user's place in an organization and the
// way back. One that is not there is an error.
func (t *tx) DeleteOrganizationMember(id tenancy.OrganizationID, user tenancy.UserID) error {
	_, found, err := t.OrganizationMember(id, user)
	if err == nil && !found {
		err = fmt.Errorf("there is no such member")
	}
	if err == nil {
		err = t.unlink(bucketUserOrganizations, user, id)
	}
	if err == nil {
		err = t.unlink(bucketOrganizationMembers, id, user)
	}
	return doing(err, "delete member %s of organization %s", user, id)
}
