package boltstore

import (
	"fmt"

	"github.com/memberward/memberward/internal/tenancy"
)

// The records of what belongs to a tenant begin with its id: the change log
// reads it there.

func encodeRole(v tenancy.Role) []byte {
	e := newEncoder(recordVersion, 128+len(v.Name)+len(v.Description))
	e.role(v)
	return e.seal(bucketRoles, v.ID[:])
}

func (e *encoder) role(v tenancy.Role) {
	e.raw(v.Tenant[:])
	e.string(v.Name)
	e.string(v.Description)
	encodeStrings(e, v.Actions)
	encodeStrings(e, v.Capabilities)
	e.time(v.CreatedAt)
	e.time(v.UpdatedAt)
}

func decodeRole(d *decoder) tenancy.Role {
	return tenancy.Role{
		Tenant: d.id(), Name: d.string(), Description: d.string(), Actions: decodeStrings[tenancy.Action](d),
		Capabilities: decodeStrings[tenancy.Capability](d), CreatedAt: d.time(), UpdatedAt: d.time(),
	}
}

// Role reads a custom role.
func (r *reader) Role(id tenancy.RoleID) (tenancy.Role, bool, error) {
	v, found, err := lookup(r.from, bucketRoles, r.id(id), decodeRole)
	if found {
		v.ID = id
	}
	return v, found, err
}

// RoleByName finds a role of a tenant by its name, letter by letter.
func (r *reader) RoleByName(tenant tenancy.TenantID, name string) (tenancy.RoleID, bool, error) {
	if name == "" {
		return tenancy.RoleID{}, false, nil
	}
	id, found, err := lookup(r.from, bucketRoleNames, within(tenant, name), decodeID)
	return id, found, err
}

// within is the key of a text that is unique in a tenant; of an empty one,
// none.
func within(tenant tenancy.TenantID, text string) []byte {
	if text == "" {
		return nil
	}
	return append(append(make([]byte, 0, len(tenant)+len(text)), tenant[:]...), text...)
}

// Roles lists a tenant's custom roles.
func (r *reader) Roles(tenant tenancy.TenantID, after tenancy.RoleID, limit int) ([]tenancy.Role, error) {
	return through(r, bucketTenantRoles, tenant, after, limit, r.Role)
}

// Holders lists the members that hold a role.
func (r *reader) Holders(role tenancy.RoleID, after tenancy.UserID, limit int) ([]tenancy.UserID, error) {
	return linked(r, bucketRoleHolders, role, after, limit)
}

// PutRole writes a custom role and moves its name in the index. A name of
// another role of the tenant is refused, and so is a move to another tenant.
func (t *tx) PutRole(v tenancy.Role) error {
	if v.ID.IsZero() || v.Tenant.IsZero() || v.Name == "" {
		return fmt.Errorf("put role: it lacks an id, a tenant or a name")
	}
	old, existed, err := t.Role(v.ID)
	if err != nil {
		return doing(err, "put role %s", v.ID)
	}
	err = steps(
		func() error { return t.enlist(bucketTenantRoles, v.ID, existed, old.Tenant, v.Tenant) },
		func() error {
			return t.moveIndex(bucketRoleNames, within(old.Tenant, old.Name), within(v.Tenant, v.Name), v.ID)
		},
		func() error { return t.over.put(bucketRoles, v.ID[:], encodeRole(v)) },
	)
	return doing(err, "put role %s", v.ID)
}

// enlist puts a new record into its tenant's list. One that is there already
// stays in its tenant.
func (t *tx) enlist(b bucket, id [16]byte, existed bool, in, tenant tenancy.TenantID) error {
	switch {
	case !existed:
		return t.link(b, tenant, id)
	case in != tenant:
		return fmt.Errorf("it belongs to another tenant")
	default:
		return nil
	}
}

// DeleteRole deletes a role and its name. One that is not there is an error,
// and so is one that somebody holds or that has a grant.
func (t *tx) DeleteRole(id tenancy.RoleID) error {
	old, found, err := t.Role(id)
	if err == nil && !found {
		err = fmt.Errorf("there is no such role")
	}
	if err != nil {
		return doing(err, "delete role %s", id)
	}
	err = steps(
		func() error { return t.nothingIn(bucketRoleHolders, id) },
		func() error { return t.grantedNothing(tenancy.RolePrincipal(id)) },
		func() error { return t.unlink(bucketTenantRoles, old.Tenant, id) },
		func() error { return t.moveIndex(bucketRoleNames, within(old.Tenant, old.Name), nil, id) },
		func() error { return t.over.put(bucketRoles, id[:], nil) },
	)
	return doing(err, "delete role %s", id)
}
