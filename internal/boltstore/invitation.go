package boltstore

import (
	"fmt"

	"github.com/memberward/memberward/internal/tenancy"
)

func encodeInvitation(v tenancy.Invitation) []byte {
	e := newEncoder(recordVersion, 160+len(v.Email)+16*len(v.Roles))
	e.invitation(v)
	return e.seal(bucketInvitations, v.ID[:])
}

func (e *encoder) invitation(v tenancy.Invitation) {
	e.raw(v.Tenant[:])
	e.string(v.Email)
	e.byte(byte(v.Level))
	encodeIDs(e, v.Roles)
	e.raw(v.InvitedBy[:])
	e.raw(v.Code[:])
	e.byte(byte(v.Status))
	e.time(v.CreatedAt)
	e.time(v.ExpiresAt)
	e.time(v.ClosedAt)
}

func decodeInvitation(d *decoder) tenancy.Invitation {
	v := tenancy.Invitation{
		Tenant: d.id(), Email: d.string(), Level: tenancy.Level(d.byte()), Roles: decodeIDs[tenancy.RoleID](d), InvitedBy: d.id(), Code: d.hash(),
		Status: tenancy.InvitationStatus(d.byte()), CreatedAt: d.time(), ExpiresAt: d.time(), ClosedAt: d.time(),
	}
	if !invites(v) {
		d.fail("the invitation has no level or no status that this program knows")
	}
	return v
}

// invites reports whether an invitation has a level and a status.
func invites(v tenancy.Invitation) bool {
	return v.Level.Rank() > 0 && v.Status >= tenancy.InvitationPending && v.Status <= tenancy.InvitationWithdrawn
}

// pendingKey is where a pending invitation is found; any other is not.
func pendingKey(v tenancy.Invitation) []byte {
	if v.Status != tenancy.InvitationPending {
		return nil
	}
	return within(v.Tenant, tenancy.EmailKey(v.Email))
}

// Invitation reads an invitation.
func (r *reader) Invitation(id tenancy.InvitationID) (tenancy.Invitation, bool, error) {
	v, found, err := lookup(r.from, bucketInvitations, r.id(id), decodeInvitation)
	if found {
		v.ID = id
	}
	return v, found, err
}

// InvitationByCode finds an invitation by the SHA-256 of its code.
func (r *reader) InvitationByCode(code tenancy.Digest) (tenancy.InvitationID, bool, error) {
	id, found, err := lookup(r.from, bucketInvitationCodes, code[:], decodeID)
	return id, found, err
}

// PendingInvitation finds the pending one of a tenant by what tenancy.EmailKey
// gives of the address.
func (r *reader) PendingInvitation(tenant tenancy.TenantID, emailKey string) (tenancy.InvitationID, bool, error) {
	if emailKey == "" {
		return tenancy.InvitationID{}, false, nil
	}
	id, found, err := lookup(r.from, bucketPendingInvitations, within(tenant, emailKey), decodeID)
	return id, found, err
}

// Invitations lists a tenant's invitations.
func (r *reader) Invitations(tenant tenancy.TenantID, after tenancy.InvitationID, limit int) ([]tenancy.Invitation, error) {
	return through(r, bucketTenantInvitations, tenant, after, limit, r.Invitation)
}

// PutInvitation writes an invitation and what finds it. Refused are the code
// of another, a second pending one to an address, and a move to another
// tenant.
func (t *tx) PutInvitation(v tenancy.Invitation) error {
	if v.ID.IsZero() || v.Tenant.IsZero() || v.Code == (tenancy.Digest{}) || tenancy.EmailKey(v.Email) == "" || !invites(v) {
		return fmt.Errorf("put invitation: it lacks an id, a tenant, an address, a level, a code or a status")
	}
	old, existed, err := t.Invitation(v.ID)
	if err != nil {
		return doing(err, "put invitation %s", v.ID)
	}
	var code []byte
	if existed {
		code = old.Code[:]
	}
	err = steps(
		func() error { return t.enlist(bucketTenantInvitations, v.ID, existed, old.Tenant, v.Tenant) },
		func() error { return t.moveIndex(bucketInvitationCodes, code, v.Code[:], v.ID) },
		func() error { return t.moveIndex(bucketPendingInvitations, pendingKey(old), pendingKey(v), v.ID) },
		func() error { return t.over.put(bucketInvitations, v.ID[:], encodeInvitation(v)) },
	)
	return doing(err, "put invitation %s", v.ID)
}

// DeleteInvitation deletes an invitation with what finds it. One that is not
// there is an error.
func (t *tx) DeleteInvitation(id tenancy.InvitationID) error {
	old, found, err := t.Invitation(id)
	if err == nil && !found {
		err = fmt.Errorf("there is no such invitation")
	}
	if err != nil {
		return doing(err, "delete invitation %s", id)
	}
	err = steps(
		func() error { return t.moveIndex(bucketPendingInvitations, pendingKey(old), nil, id) },
		func() error { return t.moveIndex(bucketInvitationCodes, old.Code[:], nil, id) },
		func() error { return t.unlink(bucketTenantInvitations, old.Tenant, id) },
		func() error { return t.over.put(bucketInvitations, id[:], nil) },
	)
	return doing(err, "delete invitation %s", id)
}
