package boltstore_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// Stores that older programs wrote. Of format 1 (commit 56cd609): eight users
// with a key each, members of three tenants, the fifth disabled; eight changes,
// a refusal, times of use, and a signing key. Of format 2 (commit 280e0b8): six
// users likewise, the fourth disabled, each by a change with a receipt; then
// the first is made a viewer, and the second is removed.
const (
	format1 = "testdata/format1.db.gz"
	format2 = "testdata/format2.db.gz"
)

// unpacked gives the path of a store that an older program wrote.
func unpacked(t *testing.T, name string) string {
	t.Helper()
	packed, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = packed.Close() }()
	plain, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(plain)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, data, 0o600)
}

func TestAFileOfFormat1IsBroughtToFormat3(t *testing.T) {
	path := unpacked(t, format1)
	before, err := boltstore.CheckFile(t.Context(), path, nil)
	if err != nil || len(before.Faults) > 0 || before.Format != 1 || before.Revision != 8 || before.Audit != 9 {
		t.Fatalf("before: CheckFile = %+v, %v", before, err)
	}
	var log strings.Builder
	opts := boltstore.Options{Clock: time.Now, InitialMapSize: 1 << 20, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	s, err := boltstore.Open(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "from=1 to=3") {
		t.Errorf("the log does not tell of it: %s", log.String())
	}
	if err := s.View(t.Context(), holdsFormat1); err != nil {
		t.Error(err)
	}
	if report := whole(t, s); report.Format != 3 || report.Revision != 8 || report.Audit != 9 || report.Head != before.Head {
		t.Errorf("after: Verify = %+v; want format 3 at revision 8 with the same chain", report)
	}
	m := membership(1, 9)
	if _, err := s.Update(t.Context(), func(tx gate.Tx) error { return tx.PutMembership(m) }); err != nil {
		t.Fatal(err)
	}
	m.CreatedAt, m.UpdatedAt = m.CreatedAt.UTC(), m.UpdatedAt.UTC()
	want := []tenancy.Commit{{Revision: 9, Effects: []tenancy.Effect{{Kind: tenancy.EffectMembership, Tenant: m.Tenant, User: m.User, After: &m}}}}
	if got, err := changes(t, s, 8); err != nil || !cmp.Equal(got, want) {
		t.Errorf("changes after 8: %v, %v", cmp.Diff(want, got), err)
	}
	var coded *tenancy.Error
	if _, err := changes(t, s, 7); !errors.As(err, &coded) || coded.Code != tenancy.CodeInvalid || !strings.Contains(coded.Msg, "begins after revision 8") {
		t.Errorf("changes after 7, before the log begins: %v; want that it says where it begins", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole(t, openAt(t, path, boltstore.Options{}))
}

func changes(t *testing.T, s *boltstore.Store, after tenancy.Revision) (commits []tenancy.Commit, err error) {
	t.Helper()
	for c, err := range s.Changes(t.Context(), after) {
		if err != nil {
			return commits, err
		}
		commits = append(commits, c)
	}
	return commits, nil
}

// holdsFormat1 finds everything that the file of format 1 holds.
func holdsFormat1(r gate.Reader) error {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var wrong []error
	same := func(what string, got, want any, err error) {
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			wrong = append(wrong, errors.Join(errors.New(what+": "+diff), err))
		}
	}
	for n := range uint64(8) {
		u, _, err := r.User(number(n))
		same("the user", u, tenancy.User{
			ID: number(n), Email: u.Email, GivenName: "Únä", Kind: tenancy.KindHuman, SignedUp: true, Enabled: n != 4, PasswordHash: "$argon2id$", CreatedAt: at,
		}, err)
		id, _, err := r.UserByEmail(u.Email)
		same("the address", id, u.ID, err)
		keys, err := r.Keys(u.ID, tenancy.KeyID{}, 10)
		same("the keys", len(keys), 1, err)
		_, found, err := r.Membership(number(n%3), number(n))
		same("the membership", found, true, err)
	}
	c, err := r.Counters(number(1))
	same("the counters", c, tenancy.Counters{Members: 3, LastingAdmins: 2}, err)
	login, err := r.LastLogin(number(1))
	same("when user 1 signed in", login, at, err)
	use, err := r.LastUsed(number(2))
	same("when key 2 was used", use, at, err)
	keys, err := r.SigningKeys()
	same("the signing keys", keys, []tenancy.SigningKey{{ID: number(1), Seed: [32]byte{7}, CreatedAt: at}}, err)
	records, err := r.AuditOf(number(1), 0, 10)
	same("records of the second tenant", len(records), 4, err)
	last, _, err := audit.Decode(records[len(records)-1])
	same("the last of them", last.Verdict, audit.Refused, err)
	return errors.Join(wrong...)
}

func TestADamagedFileOfAnOlderFormatStaysAsItWas(t *testing.T) {
	for name, address := range map[string]string{format1: "u7@example.org", format2: "u6@example.org"} {
		path := unpacked(t, name)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		altered := bytes.ReplaceAll(data, []byte(address), []byte("uX@example.org"))
		if err := os.WriteFile(path, altered, 0o600); err != nil || bytes.Equal(altered, data) {
			t.Fatal(err, "or nothing was altered")
		}
		refuses(t, path, boltstore.ErrDamaged, "restore the latest copy")
	}
}
