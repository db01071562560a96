package boltstore

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/memberward/memberward/internal/tenancy"
)

// membershipLimit is the longest record of a membership, in bytes: room for
// 16,000 roles and projects, and small enough that what a change left of two
// fits into one part of the change log.
const membershipLimit = recordLimit / 4

func encodeMembership(v tenancy.Membership, key []byte) []byte {
	return encodeMembershipAs(membershipVersion, v, key)
}

// encodeMembershipAs writes a membership as the program of that version did.
func encodeMembershipAs(version byte, v tenancy.Membership, key []byte) []byte {
	e := newEncoder(version, 72+16*(len(v.Roles)+len(v.Projects.IDs)))
	e.membership(v, version)
	return e.seal(bucketMemberships, key)
}

func (e *encoder) membership(v tenancy.Membership, version byte) {
	e.byte(byte(v.Level))
	e.flags(v.Developer, v.Pending, v.Enabled)
	e.time(v.NotBefore)
	e.time(v.ExpiresAt)
	e.raw(v.InvitedBy[:])
	e.time(v.CreatedAt)
	e.time(v.UpdatedAt)
	if version < 2 {
		return
	}
	e.byte(byte(v.LevelBefore))
	encodeIDs(e, v.Roles)
	encodeStrings(e, v.Capabilities)
	e.flags(v.Projects.Only)
	encodeIDs(e, v.Projects.IDs)
	e.uint(v.Epoch)
	e.string(v.LevelName)
}

func decodeMembership(d *decoder) tenancy.Membership { return d.membership(d.version) }

func (d *decoder) membership(version byte) (v tenancy.Membership) {
	v.Level = tenancy.Level(d.byte())
	if v.Level.Rank() == 0 {
		d.fail("the membership has no level")
	}
	d.flags(&v.Developer, &v.Pending, &v.Enabled)
	v.NotBefore, v.ExpiresAt, v.InvitedBy, v.CreatedAt, v.UpdatedAt = d.time(), d.time(), d.id(), d.time(), d.time()
	if version < 2 {
		return v
	}
	v.LevelBefore = tenancy.Level(d.byte())
	if v.LevelBefore != tenancy.LevelNone && v.LevelBefore.Rank() == 0 {
		d.fail("the membership had no level that this program knows")
	}
	v.Roles, v.Capabilities = decodeIDs[tenancy.RoleID](d), decodeStrings[tenancy.Capability](d)
	d.flags(&v.Projects.Only)
	v.Projects.IDs, v.Epoch, v.LevelName = decodeIDs[tenancy.ProjectID](d), d.uint(), d.string()
	return v
}

func encodeCounters(v tenancy.Counters, tenant tenancy.TenantID) []byte {
	e := newEncoder(countersVersion, 16)
	e.int(v.Members)
	e.int(v.LastingAdmins)
	e.int(v.Datasets)
	return e.seal(bucketCounters, tenant[:])
}

func decodeCounters(d *decoder) tenancy.Counters {
	v := tenancy.Counters{Members: d.int(), LastingAdmins: d.int()}
	if d.version >= 2 {
		v.Datasets = d.int()
	}
	return v
}

// PutMembership writes a membership, the ways back from its user, its roles
// and its projects, and the tenant's counters. A role or project that the
// tenant does not have is refused, and so are lists out of order.
func (t *tx) PutMembership(m tenancy.Membership) error {
	if m.Tenant.IsZero() || m.User.IsZero() || m.Level.Rank() == 0 {
		return fmt.Errorf("put membership: it lacks a tenant, a user or a level")
	}
	return doing(t.putMembership(m), "put membership %s in %s", m.User, m.Tenant)
}

func (t *tx) putMembership(m tenancy.Membership) error {
	if !inOrder(m.Roles) || !inOrder(m.Projects.IDs) || (!m.Projects.Only && len(m.Projects.IDs) > 0) {
		return fmt.Errorf("its roles and projects have to be in the order of their ids, each once, and projects only where it is limited to them")
	}
	key := pair(m.Tenant, m.User)
	frame := encodeMembership(m, key[:])
	if len(frame) > membershipLimit {
		return fmt.Errorf("it takes %d bytes; there is room for %d", len(frame), membershipLimit)
	}
	old, existed, err := t.Membership(m.Tenant, m.User)
	if err != nil {
		return err
	}
	disabled, err := t.disabled(m.User)
	if err != nil {
		return err
	}
	if err := t.count(m.Tenant, weight(m, true, !disabled), weight(old, existed, !disabled)); err != nil {
		return err
	}
	if err := t.assign(old, m); err != nil {
		return err
	}
	if !existed {
		if err := t.link(bucketUserTenants, m.User, m.Tenant); err != nil {
			return err
		}
	}
	return t.over.put(bucketMemberships, key[:], frame)
}

// DeleteMembership deletes a membership, the ways back from its user, its
// roles and its projects, and its share of the tenant's counters. One that is
// not there is an error.
func (t *tx) DeleteMembership(tenant tenancy.TenantID, user tenancy.UserID) error {
	return doing(t.deleteMembership(tenant, user), "delete membership %s in %s", user, tenant)
}

func (t *tx) deleteMembership(tenant tenancy.TenantID, user tenancy.UserID) error {
	old, found, err := t.Membership(tenant, user)
	if err == nil && !found {
		err = fmt.Errorf("there is no such membership")
	}
	if err != nil {
		return err
	}
	disabled, err := t.disabled(user)
	if err != nil {
		return err
	}
	return steps(
		func() error { return t.count(tenant, tenancy.Counters{}, weight(old, true, !disabled)) },
		func() error { return t.assign(old, tenancy.Membership{Tenant: tenant, User: user}) },
		func() error { return t.unlink(bucketUserTenants, user, tenant) },
		func() error { return t.unlink(bucketMemberships, tenant, user) },
	)
}

// assign moves a member from the roles and projects of old to those of m.
func (t *tx) assign(old, m tenancy.Membership) error {
	err := relink(t, bucketRoleHolders, m.User, old.Roles, m.Roles, func(id tenancy.RoleID) (bool, error) {
		role, found, err := t.Role(id)
		return found && role.Tenant == m.Tenant, err
	})
	if err != nil {
		return err
	}
	return relink(t, bucketProjectWorkers, m.User, old.Projects.IDs, m.Projects.IDs, func(id tenancy.ProjectID) (bool, error) {
		project, found, err := t.Project(id)
		return found && project.Tenant == m.Tenant, err
	})
}

// relink lets the ids of one list lead to a user no longer, and those of
// another from now on; has says whether the tenant has what an id names.
func relink[Kind any](t *tx, b bucket, user tenancy.UserID, from, to []tenancy.ID[Kind], has func(tenancy.ID[Kind]) (bool, error)) error {
	for _, id := range from {
		if contains(to, id) {
			continue
		}
		if err := t.unlink(b, id, user); err != nil {
			return err
		}
	}
	for _, id := range to {
		if contains(from, id) {
			continue
		}
		switch known, err := has(id); {
		case err != nil:
			return err
		case !known:
			return fmt.Errorf("%s would hold %s, which the tenant does not have", b, id)
		}
		if err := t.link(b, id, user); err != nil {
			return err
		}
	}
	return nil
}

func compareIDs[Kind any](a, b tenancy.ID[Kind]) int { return bytes.Compare(a[:], b[:]) }

// contains looks for an id in a list that is in order.
func contains[Kind any](list []tenancy.ID[Kind], id tenancy.ID[Kind]) bool {
	_, found := slices.BinarySearchFunc(list, id, compareIDs[Kind])
	return found
}

// inOrder reports whether a list is in order and holds each id once.
func inOrder[Kind any](list []tenancy.ID[Kind]) bool {
	for i := 1; i < len(list); i++ {
		if compareIDs(list[i-1], list[i]) >= 0 {
			return false
		}
	}
	return true
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

// sum adds counters.
func sum(a, b tenancy.Counters) tenancy.Counters {
	return tenancy.Counters{Members: a.Members + b.Members, LastingAdmins: a.LastingAdmins + b.LastingAdmins, Datasets: a.Datasets + b.Datasets}
}

// count adds one weight to a tenant's counters and takes another away.
func (t *tx) count(tenant tenancy.TenantID, added, removed tenancy.Counters) error {
	c, err := t.Counters(tenant)
	if err != nil || added == removed {
		return err
	}
	c = sum(c, added)
	c.Members, c.LastingAdmins, c.Datasets = c.Members-removed.Members, c.LastingAdmins-removed.LastingAdmins, c.Datasets-removed.Datasets
	if c.Members < 0 || c.LastingAdmins < 0 || c.LastingAdmins > c.Members || c.Datasets < 0 {
		return damaged("the tenant's counters came to %d members, %d lasting administrators and %d datasets", c.Members, c.LastingAdmins, c.Datasets)
	}
	if c == (tenancy.Counters{}) {
		return t.over.put(bucketCounters, tenant[:], nil)
	}
	return t.over.put(bucketCounters, tenant[:], encodeCounters(c, tenant))
}
