package boltstore

import (
	"bytes"

	"github.com/memberward/memberward/internal/tenancy"
)

func (v *verifier) invitations() error {
	err := each(v, bucketInvitations, 16, decodeInvitation, func(key []byte, i tenancy.Invitation) string {
		return firstOf(
			v.traced(tenancy.EffectInvitation, key),
			func() string { return v.leads(bucketTenantInvitations, i.Tenant, [16]byte(key)) },
			func() string {
				id, found, err := v.InvitationByCode(i.Code)
				return holds(found && id == tenancy.InvitationID(key), err)
			},
			func() string {
				if pendingKey(i) == nil {
					return ""
				}
				id, found, err := lookup(v.from, bucketPendingInvitations, pendingKey(i), decodeID)
				return holds(found && id == [16]byte(key), err)
			},
		)
	})
	if err != nil {
		return err
	}
	err = v.eachPair(bucketTenantInvitations, func(tenant, id [16]byte) (bool, error) {
		i, found, err := v.Invitation(id)
		return found && i.Tenant == tenant, err
	})
	if err != nil {
		return err
	}
	err = each(v, bucketInvitationCodes, 32, decodeID, func(key []byte, id [16]byte) string {
		i, found, err := v.Invitation(id)
		return holds(found && i.Code == tenancy.Digest(key), err)
	})
	if err != nil {
		return err
	}
	return each(v, bucketPendingInvitations, 0, decodeID, func(key []byte, id [16]byte) string {
		i, found, err := v.Invitation(id)
		return holds(found && bytes.Equal(pendingKey(i), key), err)
	})
}

func (v *verifier) organizations() error {
	err := each(v, bucketOrganizations, 16, decodeOrganization, func(key []byte, o tenancy.Organization) string {
		return firstOf(v.traced(tenancy.EffectOrganization, key), func() string {
			if o.ShortName == "" {
				return ""
			}
			id, found, err := v.OrganizationByName(o.ShortName)
			return holds(found && id == tenancy.OrganizationID(key), err)
		})
	})
	if err != nil {
		return err
	}
	err = each(v, bucketOrganizationNames, 0, decodeID, func(key []byte, id [16]byte) string {
		o, found, err := v.Organization(id)
		return holds(found && o.ShortName == string(key), err)
	})
	if err != nil {
		return err
	}
	return v.eachPair(bucketOrganizationTenants, func(id, tenant [16]byte) (bool, error) {
		t, found, err := v.Tenant(tenant)
		return found && t.Organization == id, err
	})
}

func (v *verifier) organizationMembers() error {
	err := each(v, bucketOrganizationMembers, 32, decodeOrganizationMember, func(key []byte, _ tenancy.OrganizationMember) string {
		return firstOf(
			v.traced(tenancy.EffectOrganizationMember, key),
			func() string { return v.leads(bucketUserOrganizations, [16]byte(key[16:]), [16]byte(key[:16])) },
		)
	})
	if err != nil {
		return err
	}
	return v.eachPair(bucketUserOrganizations, func(user, id [16]byte) (bool, error) {
		_, found, err := v.OrganizationMember(id, user)
		return found, err
	})
}
