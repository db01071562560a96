package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// TestChangesOfLargeMembershipsAreKeptInParts: no record of the change log
// grows beyond the limit of records, however much the memberships hold.
func TestChangesOfLargeMembershipsAreKeptInParts(t *testing.T) {
	s := fresh(t, Options{})
	const roles, members = 15_000, 2
	held := make([]tenancy.RoleID, roles)
	for i := range held {
		binary.BigEndian.PutUint64(held[i][8:], uint64(i+1))
	}
	every := func(m tenancy.Membership) func(gate.Tx) error {
		return func(tx gate.Tx) error {
			for u := byte(1); u <= members; u++ {
				m.User = number(u)
				if err := tx.PutMembership(m); err != nil {
					return err
				}
			}
			return nil
		}
	}
	before := tenancy.Membership{Tenant: number(1), Level: tenancy.LevelMember, Enabled: true, Roles: held}
	after := before
	after.Level = tenancy.LevelAdmin
	for _, fn := range []func(gate.Tx) error{
		func(tx gate.Tx) error {
			for i, id := range held {
				if err := tx.PutRole(tenancy.Role{ID: id, Tenant: number(1), Name: fmt.Sprint(i)}); err != nil {
					return err
				}
			}
			return nil
		}, every(before), every(after),
	} {
		if _, err := s.Update(t.Context(), fn); err != nil {
			t.Fatal(err)
		}
	}
	largest := 0
	err := s.snapshot(func(r *reader) error {
		return r.from.scan(bucketChanges, nil, nil, func(_, frame []byte) (bool, error) {
			largest = max(largest, len(frame))
			return true, nil
		})
	})
	if err != nil || largest > recordLimit || largest < membershipLimit {
		t.Errorf("the largest part has %d bytes, %v; want up to %d", largest, err, recordLimit)
	}
	var last tenancy.Commit
	for c, err := range s.Changes(t.Context(), 2) {
		last = c
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(last.Effects) != members {
		t.Fatalf("the last change is told with %d effects, want %d", len(last.Effects), members)
	}
	for i, f := range last.Effects {
		want, was := after, before
		want.User, was.User = number(byte(i+1)), number(byte(i+1))
		if !cmp.Equal(f.After, &want) || !cmp.Equal(f.Before, &was) {
			t.Errorf("effect %d is on %s, and not as it was written", i, f.User)
		}
	}
	if report, err := s.Verify(t.Context()); err != nil || len(report.Faults) > 0 {
		t.Errorf("Verify = %v, %v", report.Faults, err)
	}
}

// TestAMembershipAloneWritesNothingMore: who holds no roles and projects pays
// nothing for them.
func TestAMembershipAloneWritesNothingMore(t *testing.T) {
	var written []string
	s := fresh(t, Options{OnPut: func(_ tenancy.Revision, bucket string, _, _ []byte) { written = append(written, bucket) }})
	m := tenancy.Membership{Tenant: number(1), User: number(1), Level: tenancy.LevelMember, Enabled: true}
	promoted := m
	promoted.Level = tenancy.LevelAdmin
	for _, row := range []struct {
		fn   func(gate.Tx) error
		want []string
	}{
		{func(tx gate.Tx) error { return tx.PutMembership(m) }, []string{"changes", "counters", "memberships", "meta", "meta", "tenant_changes", "user_tenants"}},
		{func(tx gate.Tx) error { return tx.PutMembership(promoted) }, []string{"changes", "counters", "memberships", "meta", "meta", "tenant_changes"}},
		{
			func(tx gate.Tx) error { return tx.DeleteMembership(number(1), number(1)) },
			[]string{"changes", "counters", "memberships", "meta", "meta", "tenant_changes", "user_tenants"},
		},
		{
			func(tx gate.Tx) error { // with a role, the way back is one more
				m.Roles = []tenancy.RoleID{number(1)}
				return errors.Join(tx.PutRole(tenancy.Role{ID: number(1), Tenant: number(1), Name: "r"}), tx.PutMembership(m))
			},
			[]string{
				"changes", "counters", "memberships", "meta", "meta", "role_holders", "role_names", "roles", "tenant_changes", "tenant_roles", "user_tenants",
			},
		},
	} {
		written = nil
		if _, err := s.Update(t.Context(), row.fn); err != nil {
			t.Fatal(err)
		}
		if slices.Sort(written); !slices.Equal(written, row.want) {
			t.Errorf("written: %v, want %v", written, row.want)
		}
	}
}
