package boltstore

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// small makes a store with a record in every bucket, closes it, and gives its
// path.
func small(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.db")
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s, err := Open(path, Options{Clock: time.Now, InitialMapSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	for n := byte(1); n <= 3; n++ {
		_, err := s.Update(t.Context(), func(tx gate.Tx) error {
			decision := tenancy.DecisionID{9, n}
			return errors.Join(
				tx.PutUser(tenancy.User{ID: number(n), Email: fmt.Sprintf("u%d@example.org", n), GivenName: "N", Enabled: true, CreatedAt: at}),
				tx.PutTenant(tenancy.Tenant{ID: number(n), Slug: fmt.Sprintf("t%d", n), Name: "T", Organization: number(n), CreatedAt: at}),
				tx.PutRole(tenancy.Role{ID: number(n), Tenant: number(n), Name: "role", CreatedAt: at}),
				tx.PutProject(tenancy.Project{ID: number(n), Tenant: number(n), Name: "project", CreatedAt: at}),
				tx.PutKey(tenancy.Key{ID: number(n), User: number(n), Label: "k", Digest: tenancy.Digest{n}, CreatedAt: at}),
				tx.PutMembership(tenancy.Membership{
					Tenant: number(n), User: number(n), Level: tenancy.LevelAdmin, Enabled: true, CreatedAt: at, UpdatedAt: at,
					Roles: []tenancy.RoleID{number(n)}, Projects: tenancy.NewProjectAccess([]tenancy.ProjectID{number(n)}),
				}),
				resources(tx, n, at),
				tx.PutReceipt(tenancy.Receipt{ID: tenancy.Digest{n}, At: at, Outcome: tenancy.Outcome{DecisionID: decision, Result: tenancy.Left(1)}}),
				tx.Record(audit.Record{
					ID: fmt.Sprint(n), Time: at, Action: "member.add", Tenant: tenancy.TenantID(number(n)).String(), DecisionID: decision.String(),
					Verdict: audit.Allowed, Input: []byte(`{"input":1}`),
				}),
			)
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Touch(tenancy.Touch{User: number(n), At: at})
		s.Touch(tenancy.Touch{Key: number(n), At: at})
		if err := s.AddSigningKey(t.Context(), tenancy.SigningKey{ID: number(n), Seed: [32]byte{n}, CreatedAt: at}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// resources puts one of each further kind of record, each with the number n.
func resources(tx gate.Tx, n byte, at time.Time) error {
	invitation := tenancy.Invitation{
		ID: number(n), Tenant: number(n), Email: "guest@example.org", Level: tenancy.LevelMember, Code: tenancy.Digest{n},
		Status: tenancy.InvitationPending, CreatedAt: at, ExpiresAt: at,
	}
	return errors.Join(
		tx.PutDataset(tenancy.Dataset{ID: number(n), Tenant: number(n), Owner: number(n), Name: "dataset", CreatedAt: at}),
		tx.PutGrant(tenancy.Grant{
			Dataset: number(n), Tenant: number(n), Principal: tenancy.UserPrincipal(number(n)), Permissions: tenancy.PermissionRead | tenancy.PermissionShare,
		}),
		tx.PutInvitation(invitation),
		tx.PutOrganization(tenancy.Organization{ID: number(n), Name: "O", ShortName: fmt.Sprintf("o%d", n), CreatedAt: at}),
		tx.PutOrganizationMember(tenancy.OrganizationMember{Organization: number(n), User: number(n), Admin: true, Enabled: true, CreatedAt: at}),
		tx.PutUsage(number(n), tenancy.Usage{Processes: 3, ReportedAt: at}),
		tx.PutEntity(tenancy.Entity{
			EntityRef: tenancy.EntityRef{Type: "record", ID: fmt.Sprint(n)}, Owner: "alice", Properties: `{"a":1}`, CreatedAt: at, UpdatedAt: at,
		}),
	)
}

// beneath alters a copy of a file past the store, and gives the copy's path.
func beneath(t *testing.T, path string, alter func(*bbolt.Tx) error) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "store.db")
	if err := os.WriteFile(copied, data, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(copied, 0o600, &bbolt.Options{FreelistType: bbolt.FreelistArrayType, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(alter), db.Close()); err != nil {
		t.Fatal(err)
	}
	return copied
}

// untold are the buckets whose records nothing else tells of, so that one with
// a forged checksum and forged tallies passes.
func untold(b bucket) bool {
	return b == bucketLastLogins || b == bucketLastUses || b == bucketSigningKeys || b == bucketReceipts
}

// alterings are the ways in which a record's payload is altered.
type altering struct {
	name            string
	forged, tallied bool // its checksum, and the tallies, are made to fit
}

// apply alters the last byte of a record's payload, or adds one to an empty
// one.
func (a altering) apply(tx *bbolt.Tx, b bucket, key []byte) error {
	old := bytes.Clone(raw(tx, b).Get(key))
	frame := bytes.Clone(old)
	if len(frame) == frameHeader {
		frame = append(frame, 1)
	} else {
		frame[len(frame)-1] ^= 1
	}
	if a.forged {
		binary.LittleEndian.PutUint32(frame[1:], checksum(b, key, frame[:1], frame[frameHeader:]))
	}
	if err := raw(tx, b).Put(key, frame); err != nil || !a.tallied {
		return err
	}
	stored, err := decode(bucketMeta, metaTallies, raw(tx, bucketMeta).Get(metaTallies), decodeTallies)
	if err != nil {
		return err
	}
	stored[b].remove(old)
	stored[b].add(frame)
	return raw(tx, bucketMeta).Put(metaTallies, encodeTallies(&stored))
}

// names reports whether a report has a fault of this record.
func names(r Report, b bucket, key []byte) bool {
	return slices.ContainsFunc(r.Faults, func(f Fault) bool { return f.Bucket == b.String() && f.Key == keyName(b, key) })
}

// TestEachAlteredRecordIsNamed alters each record of a small store in turn.
func TestEachAlteredRecordIsNamed(t *testing.T) {
	path := small(t)
	if report, err := CheckFile(t.Context(), path, nil); err != nil || len(report.Faults) > 0 {
		t.Fatalf("before: CheckFile = %+v, %v", report, err)
	}
	records := make(map[bucket][][]byte)
	beneath(t, path, func(tx *bbolt.Tx) error {
		for b := bucketMeta + 1; b < bucketCount; b++ {
			_ = raw(tx, b).ForEach(func(key, _ []byte) error {
				records[b] = append(records[b], bytes.Clone(key))
				return nil
			})
		}
		return nil
	})
	for _, a := range []altering{
		{"the payload", false, false},
		{"the payload and the tallies", false, true},
		{"the payload and its checksum", true, false},
		{"the payload, its checksum and the tallies", true, true},
	} {
		t.Run(a.name, func(t *testing.T) {
			for b := bucketMeta + 1; b < bucketCount; b++ {
				if len(records[b]) == 0 {
					t.Errorf("there is no record in %s", b)
				}
				for _, key := range records[b] {
					altered := beneath(t, path, func(tx *bbolt.Tx) error { return a.apply(tx, b, key) })
					report, err := CheckFile(t.Context(), altered, nil)
					switch {
					case err != nil:
						t.Errorf("%s %s: CheckFile: %v", b, keyName(b, key), err)
					case names(report, b, key):
					case !a.forged || !untold(b):
						t.Errorf("%s %s is not named: %v", b, keyName(b, key), report.Faults)
					case !a.tallied && !names(report, b, nil):
						t.Errorf("%s is not named: %v", b, report.Faults)
					}
				}
			}
		})
	}
}

// TestAllFaultsAreReported alters two records, and removes a third.
func TestAllFaultsAreReported(t *testing.T) {
	one, two := number(1), number(2)
	altered := beneath(t, small(t), func(tx *bbolt.Tx) error {
		return errors.Join(
			altering{}.apply(tx, bucketUsers, one[:]), altering{}.apply(tx, bucketTenants, two[:]), raw(tx, bucketKeys).Delete(two[:]),
		)
	})
	report, err := CheckFile(t.Context(), altered, nil)
	if err != nil || !names(report, bucketUsers, one[:]) || !names(report, bucketTenants, two[:]) || !names(report, bucketKeys, two[:]) {
		t.Errorf("CheckFile = %v, %v; want a user, a tenant and a key", report.Faults, err)
	}
	told, err := json.Marshal(report)
	if want := `{"bucket":"users","key":"00000000-0000-0000-0000-000000000001","what":`; err != nil || !bytes.Contains(told, []byte(want)) {
		t.Errorf("as JSON: %s, %v; want %s", told, err, want)
	}
}

// TestDamagedPagesAreNamed overwrites two leaf pages of a store.
func TestDamagedPagesAreNamed(t *testing.T) {
	path := small(t)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var leaves []Fault
	for id := 2; id < len(data)/4096 && len(leaves) < 2; id++ {
		page := data[id*4096:][:4096]
		if binary.NativeEndian.Uint64(page) == uint64(id) && holdsRecords(page) && inUse(t, path, uint64(id)) {
			page[8] = 0
			leaves = append(leaves, Fault{Page: uint64(id), What: "it is neither leaf nor branch"})
		}
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	report, err := CheckFile(t.Context(), path, nil)
	slices.SortFunc(report.Faults, func(a, b Fault) int { return int(a.Page) - int(b.Page) })
	if err != nil || len(leaves) == 0 || !slices.Equal(report.Faults, leaves) {
		t.Errorf("CheckFile = %v, %v; want %v", report.Faults, err, leaves)
	}
}

// holdsRecords reports whether a page is a leaf with nothing below it, whose
// damage hides no other.
func holdsRecords(page []byte) bool {
	if binary.NativeEndian.Uint16(page[8:]) != flagLeaf {
		return false
	}
	found, err := elements(page, nil, nil, leafElement, parseLeaf)
	return err == nil && len(found) > 0 && !slices.ContainsFunc(found, func(e element) bool { return e.flags != 0 })
}

// inUse reports whether a page of a sound file is part of its tree below the
// root, so that it can be damaged beside others.
func inUse(t *testing.T, path string, id uint64) bool {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	meta, err := newestMeta(file)
	if err != nil {
		t.Fatal(err)
	}
	c := &pageCheck{file: file, meta: meta, seen: make([]bool, meta.pages)}
	c.tree(meta.root, nil, nil, 0)
	return id != meta.root && id < meta.pages && c.seen[id]
}
