package boltstore

import (
	"bytes"
	"errors"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/memberward/memberward/internal/tenancy"
)

// dangling are the indexes since format 3, each with an entry of the small
// store and the bucket of the record that it leads to.
func dangling() []struct {
	index   bucket
	key     []byte
	records bucket
	record  []byte
} {
	id := number(1)
	one, alone := pair(id, id), id
	way := principalGrant(id, id, id)
	digest := tenancy.Digest{1}
	return []struct {
		index   bucket
		key     []byte
		records bucket
		record  []byte
	}{
		{bucketTenantRoles, one[:], bucketRoles, alone[:]},
		{bucketRoleNames, within(id, "role"), bucketRoles, alone[:]},
		{bucketRoleHolders, one[:], bucketMemberships, one[:]},
		{bucketTenantProjects, one[:], bucketProjects, alone[:]},
		{bucketProjectWorkers, one[:], bucketMemberships, one[:]},
		{bucketTenantDatasets, one[:], bucketDatasets, alone[:]},
		{bucketPrincipalGrants, way, bucketGrants, one[:]},
		{bucketTenantInvitations, one[:], bucketInvitations, alone[:]},
		{bucketInvitationCodes, digest[:], bucketInvitations, alone[:]},
		{bucketPendingInvitations, within(id, "guest@example.org"), bucketInvitations, alone[:]},
		{bucketOrganizationNames, []byte("o1"), bucketOrganizations, alone[:]},
		{bucketOrganizationTenants, one[:], bucketTenants, alone[:]},
		{bucketUserOrganizations, one[:], bucketOrganizationMembers, one[:]},
	}
}

// remove deletes a record, and makes the tally of its bucket fit.
func remove(tx *bbolt.Tx, b bucket, key []byte) error {
	old := bytes.Clone(raw(tx, b).Get(key))
	if old == nil {
		return errors.New("there is no such record")
	}
	stored, err := decode(bucketMeta, metaTallies, raw(tx, bucketMeta).Get(metaTallies), decodeTallies)
	if err != nil {
		return err
	}
	stored[b].remove(old)
	return errors.Join(raw(tx, b).Delete(key), raw(tx, bucketMeta).Put(metaTallies, encodeTallies(&stored)))
}

// TestIndexesAreCheckedBothWays removes an entry, so that its record is named,
// and a record, so that the entry is named.
func TestIndexesAreCheckedBothWays(t *testing.T) {
	path := small(t)
	for _, row := range dangling() {
		missing := beneath(t, path, func(tx *bbolt.Tx) error { return remove(tx, row.index, row.key) })
		if report, err := CheckFile(t.Context(), missing, nil); err != nil || !names(report, row.records, row.record) {
			t.Errorf("%s misses an entry: CheckFile = %v, %v; want a fault of %s", row.index, report.Faults, err, row.records)
		}
		leftover := beneath(t, path, func(tx *bbolt.Tx) error { return remove(tx, row.records, row.record) })
		if report, err := CheckFile(t.Context(), leftover, nil); err != nil || !names(report, row.index, row.key) {
			t.Errorf("an entry of %s leads nowhere: CheckFile = %v, %v; want that it is named", row.index, report.Faults, err)
		}
	}
}

// TestAnEntryThatLeadsNowhereIsDamage: a list never leaves out what is missing
// without a word.
func TestAnEntryThatLeadsNowhereIsDamage(t *testing.T) {
	one, way := pair(number(8), number(9)), principalGrant(number(8), number(1), number(9))
	s := fresh(t, Options{})
	err := s.db.Update(func(tx *bbolt.Tx) error {
		return errors.Join(
			raw(tx, bucketTenantRoles).Put(one[:], encodeNothing(bucketTenantRoles, one[:])),
			raw(tx, bucketPrincipalGrants).Put(way, encodeNothing(bucketPrincipalGrants, way)),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.snapshot(func(r *reader) error {
		_, roles := r.Roles(number(8), tenancy.RoleID{}, 10)
		_, grants := r.GrantsOf(number(8), number(1), tenancy.DatasetID{}, 10)
		if !errors.Is(roles, errDamaged) || !errors.Is(grants, errDamaged) {
			t.Errorf("Roles = %v, GrantsOf = %v; want damage", roles, grants)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
