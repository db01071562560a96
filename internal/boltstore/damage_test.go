package boltstore

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

func number(n byte) (id [16]byte) { id[15] = n; return id }

// forge makes a store with one tenant, two memberships and a key, and alters
// it beneath the store.
func forge(t *testing.T, alter func(tx *bbolt.Tx) error) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.db")
	s, err := Open(path, Options{Clock: time.Now, InitialMapSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Update(t.Context(), func(tx gate.Tx) error {
		return errors.Join(
			tx.PutUser(tenancy.User{ID: number(1), Email: "a@example.org"}), tx.PutTenant(tenancy.Tenant{ID: number(1), Slug: "a"}),
			tx.PutMembership(tenancy.Membership{Tenant: number(1), User: number(1), Level: tenancy.LevelAdmin, Enabled: true}),
			tx.PutMembership(tenancy.Membership{Tenant: number(1), User: number(2), Level: tenancy.LevelViewer}),
			tx.PutKey(tenancy.Key{ID: number(1), User: number(1)}),
		)
	})
	if err := errors.Join(err, s.db.Update(alter), s.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func raw(tx *bbolt.Tx, b bucket) *bbolt.Bucket { return tx.Bucket(bucketNames[b]) }

func TestWhatWasAlteredBeneathTheStoreIsRefused(t *testing.T) {
	admin, viewer := pair(number(1), number(1)), pair(number(1), number(2))
	for name, row := range map[string]struct {
		alter func(tx *bbolt.Tx) error
		want  error
		words string
	}{
		"nothing": {func(*bbolt.Tx) error { return nil }, nil, ""},
		"a record copied to another key": {func(tx *bbolt.Tx) error {
			return raw(tx, bucketMemberships).Put(viewer[:], bytes.Clone(raw(tx, bucketMemberships).Get(admin[:])))
		}, ErrDamaged, "checksum"},
		"a record copied to another bucket": {func(tx *bbolt.Tx) error {
			return raw(tx, bucketTenants).Put(number1(), bytes.Clone(raw(tx, bucketUsers).Get(number1())))
		}, ErrDamaged, "checksum"},
		"a record removed":     {func(tx *bbolt.Tx) error { return raw(tx, bucketMemberships).Delete(viewer[:]) }, ErrDamaged, "memberships"},
		"a record cut off":     {func(tx *bbolt.Tx) error { return raw(tx, bucketUsers).Put(number1(), []byte{1, 2}) }, ErrDamaged, "cut off"},
		"a record made anew":   {func(tx *bbolt.Tx) error { return promote(tx, viewer[:]) }, ErrDamaged, "others than those"},
		"a bucket removed":     {func(tx *bbolt.Tx) error { return tx.DeleteBucket(bucketNames[bucketKeys]) }, ErrDamaged, "missing"},
		"the state removed":    {func(tx *bbolt.Tx) error { return raw(tx, bucketMeta).Delete(metaState) }, ErrDamaged, "missing"},
		"the tallies removed":  {func(tx *bbolt.Tx) error { return raw(tx, bucketMeta).Delete(metaTallies) }, ErrDamaged, "missing"},
		"the identity removed": {func(tx *bbolt.Tx) error { return raw(tx, bucketMeta).Delete(metaStore) }, ErrForeign, "choose another"},
		"the identity of another program": {
			func(tx *bbolt.Tx) error { return reidentify(tx, "other store", schemaVersion) }, ErrForeign, "choose another",
		},
		"a newer format":     {func(tx *bbolt.Tx) error { return reidentify(tx, magic, schemaVersion+1) }, ErrNewer, "use that version"},
		"a format before it": {func(tx *bbolt.Tx) error { return reidentify(tx, magic, 0) }, ErrDamaged, "never was"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Open(forge(t, row.alter), Options{Clock: time.Now})
			if err == nil {
				err = s.Close()
			}
			if !errors.Is(err, row.want) || (err != nil && !strings.Contains(err.Error(), row.words)) {
				t.Errorf("Open = %v; want %v, with %q", err, row.want, row.words)
			}
		})
	}
}

func number1() []byte { id := number(1); return id[:] }

func promote(tx *bbolt.Tx, key []byte) error {
	return raw(tx, bucketMemberships).Put(key, encodeMembership(tenancy.Membership{Level: tenancy.LevelOwner, Enabled: true}, key))
}

func reidentify(tx *bbolt.Tx, name string, schema uint64) error {
	return raw(tx, bucketMeta).Put(metaStore, encodeIdentity(identity{magic: name, schema: schema}))
}

// TestVerifyNamesTheFault plants what only records and indexes together show,
// past the tallies, and expects each to be named.
func TestVerifyNamesTheFault(t *testing.T) {
	admin := pair(number(1), number(1))
	for name, row := range map[string]struct {
		alter  func(tx *bbolt.Tx) error
		bucket bucket
	}{
		"a counter that is wrong": {func(tx *bbolt.Tx) error {
			return raw(tx, bucketCounters).Put(number1(), encodeCounters(tenancy.Counters{Members: 3, LastingAdmins: 1}, number(1)))
		}, bucketCounters},
		"a counter that is missing":    {func(tx *bbolt.Tx) error { return raw(tx, bucketCounters).Delete(number1()) }, bucketCounters},
		"a way back that is missing":   {func(tx *bbolt.Tx) error { return raw(tx, bucketUserTenants).Delete(admin[:]) }, bucketMemberships},
		"a way back to nothing":        {func(tx *bbolt.Tx) error { return raw(tx, bucketMemberships).Delete(admin[:]) }, bucketUserTenants},
		"an address that is missing":   {func(tx *bbolt.Tx) error { return raw(tx, bucketUserEmails).Delete([]byte("a@example.org")) }, bucketUsers},
		"an address of nobody":         {func(tx *bbolt.Tx) error { return raw(tx, bucketUsers).Delete(number1()) }, bucketUserEmails},
		"a slug of nothing":            {func(tx *bbolt.Tx) error { return raw(tx, bucketTenants).Delete(number1()) }, bucketTenantSlugs},
		"a slug that is missing":       {func(tx *bbolt.Tx) error { return raw(tx, bucketTenantSlugs).Delete([]byte("a")) }, bucketTenants},
		"a digest that is missing":     {func(tx *bbolt.Tx) error { return raw(tx, bucketKeyDigests).Delete(make([]byte, 32)) }, bucketKeys},
		"a key that is missing":        {func(tx *bbolt.Tx) error { return raw(tx, bucketKeys).Delete(number1()) }, bucketUserKeys},
		"a record of another's bucket": {func(tx *bbolt.Tx) error { return raw(tx, bucketUsers).Put([]byte("x"), []byte{1, 0, 0, 0, 0}) }, bucketUsers},
		"an audit record of nobody": {func(tx *bbolt.Tx) error {
			return raw(tx, bucketAudit).Put(auditKey(1), encodeAudit(auditKey(1), []byte(`{}`)))
		}, bucketAudit},
		"a tally that is wrong": {func(tx *bbolt.Tx) error {
			return raw(tx, bucketMeta).Put(metaTallies, encodeTallies(&tallies{}))
		}, bucketMemberships},
	} {
		t.Run(name, func(t *testing.T) {
			path := forge(t, func(*bbolt.Tx) error { return nil })
			s, err := Open(path, Options{Clock: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			if report, err := s.Verify(t.Context()); err != nil || len(report.Faults) > 0 {
				t.Fatalf("before: Verify = %+v, %v", report, err)
			}
			if err := s.db.Update(row.alter); err != nil {
				t.Fatal(err)
			}
			report, err := s.Verify(t.Context())
			named := false
			for _, f := range report.Faults {
				named = named || f.Bucket == row.bucket.String()
			}
			if err != nil || !named {
				t.Errorf("Verify = %v, %v; want a fault in %s", report.Faults, err, row.bucket)
			}
		})
	}
}

// TestDamageWhileServingStopsTheStore: what a read finds is never answered.
func TestDamageWhileServingStopsTheStore(t *testing.T) {
	s, err := Open(forge(t, func(*bbolt.Tx) error { return nil }), Options{Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	err = s.db.Update(func(tx *bbolt.Tx) error {
		frame := bytes.Clone(raw(tx, bucketUsers).Get(number1()))
		frame[len(frame)-1] ^= 1
		return raw(tx, bucketUsers).Put(number1(), frame)
	})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = s.UserByID(context.Background(), number(1))
	wantCode(t, "reading the damaged record", err, tenancy.CodeUnavailable)
	_, err = s.Update(context.Background(), func(gate.Tx) error { return nil })
	wantCode(t, "a change after that", err, tenancy.CodeUnavailable)
	if s.Err() == nil {
		t.Error("Err() = nil, want the damage")
	}
}

func wantCode(t *testing.T, what string, err error, want tenancy.Code) {
	t.Helper()
	var coded *tenancy.Error
	if !errors.As(err, &coded) || coded.Code != want {
		t.Errorf("%s: %v, want code %s", what, err, want)
	}
}

// TestABackupOfANewerProgramIsNotRestored: it says so, and leaves nothing.
func TestABackupOfANewerProgramIsNotRestored(t *testing.T) {
	newer := forge(t, func(tx *bbolt.Tx) error { return reidentify(tx, magic, schemaVersion+1) })
	from, err := os.Open(newer)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = from.Close() }()
	folder := t.TempDir()
	if _, err := Restore(t.Context(), from, filepath.Join(folder, "store.db"), nil); !errors.Is(err, ErrNewer) {
		t.Errorf("Restore = %v, want %v", err, ErrNewer)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
