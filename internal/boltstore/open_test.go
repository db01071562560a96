package boltstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// filled makes a store with some of everything, closes it and gives its path.
func filled(t *testing.T, members int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.db")
	s := openAt(t, path, boltstore.Options{InitialMapSize: 1 << 20})
	for n := range uint64(members) {
		_, err := s.Update(t.Context(), func(tx gate.Tx) error {
			return errors.Join(
				tx.PutUser(tenancy.User{ID: number(n), Email: fmt.Sprintf("u%d@example.org", n), Kind: tenancy.KindHuman, Enabled: true}),
				tx.PutTenant(tenancy.Tenant{ID: number(n), Slug: fmt.Sprint(n), Name: "T", MemberLimit: 5}),
				tx.PutKey(tenancy.Key{ID: number(n), User: number(n), Digest: tenancy.Digest{byte(n), 1, byte(n >> 8)}}),
				tx.PutMembership(membership(n%5, n)), tx.Record(decision(fmt.Sprint(n))),
			)
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Touch(tenancy.Touch{User: number(n), At: time.Unix(int64(n), 0)})
	}
	if err := s.AddSigningKey(t.Context(), tenancy.SigningKey{ID: number(1), Seed: [32]byte{7}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// dump reads all that a store shows.
func dump(s *boltstore.Store, members int) (string, error) {
	var b strings.Builder
	err := s.View(context.Background(), func(r gate.Reader) error {
		fmt.Fprintln(&b, r.Revision())
		trail, failed := r.Audit(0, 1000)
		fmt.Fprintf(&b, "%s", trail)
		tenants, err := r.Tenants(tenancy.TenantID{}, 1000)
		err = errors.Join(err, failed)
		fmt.Fprintln(&b, tenants)
		for n := range uint64(members) {
			u, _, uErr := r.User(number(n))
			k, kErr := r.Keys(number(n), tenancy.KeyID{}, 10)
			m, mErr := r.Members(number(n), tenancy.UserID{}, 1000)
			of, oErr := r.TenantsOf(number(n), tenancy.TenantID{}, 1000)
			at, aErr := r.LastLogin(number(n))
			id, _, iErr := r.UserByEmail(u.Email)
			c, cErr := r.Counters(number(n))
			fmt.Fprintln(&b, u, k, m, of, at, id, c)
			err = errors.Join(err, uErr, kErr, mErr, oErr, aErr, iErr, cErr)
		}
		return err
	})
	keys, keysErr := s.SigningKeys(context.Background())
	fmt.Fprintln(&b, keys)
	return b.String(), errors.Join(err, keysErr)
}

func dumpAt(t *testing.T, path string, members int) (string, error) {
	t.Helper()
	s, err := boltstore.Open(path, boltstore.Options{Clock: time.Now, InitialMapSize: 1 << 16})
	if err != nil {
		return "", err
	}
	text, err := dump(s, members)
	return text, errors.Join(err, s.Close())
}

func TestReopeningKeepsEverything(t *testing.T) {
	path := filled(t, 30)
	want, err := dumpAt(t, path, 30)
	if err != nil {
		t.Fatal(err)
	}
	s := openAt(t, path, boltstore.Options{})
	got, err := dump(s, 30)
	if err != nil || got != want {
		t.Errorf("reopened: %v\ngot  %s\nwant %s", err, got, want)
	}
	if report := whole(t, s); report.Revision != 30 || report.Audit != 30 || s.Revision() != 30 {
		t.Errorf("Verify = %+v, Revision = %d; want revision 30 and 30 records", report, s.Revision())
	}
}

func TestANewFileIsItsOwnersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	openAt(t, path, boltstore.Options{})
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
}

func refuses(t *testing.T, path string, want error, words string) {
	t.Helper()
	before, _ := os.ReadFile(path)
	s, err := boltstore.Open(path, boltstore.Options{Clock: time.Now})
	if err == nil {
		_ = s.Close()
	}
	if !errors.Is(err, want) || !strings.Contains(fmt.Sprint(err), words) {
		t.Errorf("Open = %v; want %v, with %q", err, want, words)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("the refused file was changed")
	}
}

func write(t *testing.T, data []byte, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.db")
	if err := os.WriteFile(path, data, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpenRefuses(t *testing.T) {
	t.Run("a file that others may read", func(t *testing.T) {
		path := filled(t, 1)
		if err := os.Chmod(path, 0o640); err != nil {
			t.Fatal(err)
		}
		refuses(t, path, boltstore.ErrExposed, "chmod 600")
	})
	t.Run("a file that lost everything", func(t *testing.T) {
		path := filled(t, 1)
		if err := os.Truncate(path, 0); err != nil {
			t.Fatal(err)
		}
		refuses(t, path, boltstore.ErrEmpty, "restore the latest copy")
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := boltstore.CheckFile(t.Context(), path, nil); !errors.Is(err, boltstore.ErrEmpty) {
			t.Errorf("CheckFile of one that others may read = %v, want %v", err, boltstore.ErrEmpty)
		}
	})
	t.Run("a file that somebody uses", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "store.db")
		s := openAt(t, path, boltstore.Options{})
		refuses(t, path, boltstore.ErrLocked, "stop the memberward")
		whole(t, s)
	})
	t.Run("text", func(t *testing.T) {
		refuses(t, write(t, bytes.Repeat([]byte("tenants: []\n"), 2000), 0o600), boltstore.ErrForeign, "choose another path")
	})
	t.Run("one byte", func(t *testing.T) {
		refuses(t, write(t, []byte("x"), 0o600), boltstore.ErrForeign, "choose another path")
	})
	t.Run("zeros", func(t *testing.T) {
		refuses(t, write(t, make([]byte, 1<<16), 0o600), boltstore.ErrForeign, "choose another path")
	})
	t.Run("a folder", func(t *testing.T) {
		refuses(t, t.TempDir(), boltstore.ErrForeign, "no regular file")
	})
	t.Run("a folder that is not there", func(t *testing.T) {
		refuses(t, filepath.Join(t.TempDir(), "no", "store.db"), os.ErrNotExist, "no such file")
	})
	t.Run("another program's bbolt file", func(t *testing.T) {
		refuses(t, foreign(t, "jobs"), boltstore.ErrForeign, "choose another path")
	})
	t.Run("another program's bbolt file with a bucket named as ours", func(t *testing.T) {
		refuses(t, foreign(t, "meta"), boltstore.ErrForeign, "choose another path")
	})
	t.Run("no clock", func(t *testing.T) {
		if _, err := boltstore.Open(filepath.Join(t.TempDir(), "store.db"), boltstore.Options{}); err == nil {
			t.Error("Open without a clock: no error")
		}
	})
}

func foreign(t *testing.T, bucket string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.db")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte(bucket))
		if err != nil {
			return err
		}
		return b.Put([]byte("a"), []byte("b"))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAFileThatIsCutOffIsRefused(t *testing.T) {
	data, err := os.ReadFile(filled(t, 40))
	if err != nil {
		t.Fatal(err)
	}
	last := len(bytes.TrimRight(data, "\x00")) // the file is longer than what it holds
	for _, size := range []int{20, 100, 4095, 4096, 4097, 8192, 8193, 16384, last / 2, last / 4 * 3, last - 4096} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			refuses(t, write(t, data[:size], 0o600), boltstore.ErrDamaged, "restore the latest copy")
		})
	}
}

// TestFlippedBitsAreRefusedOrHarmless flips bits all over the file: either it
// is refused as damaged, or it reads as before.
func TestFlippedBitsAreRefusedOrHarmless(t *testing.T) {
	const members = 40
	path := filled(t, members)
	want, err := dumpAt(t, path, members)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data = data[:(len(bytes.TrimRight(data, "\x00"))+4095)/4096*4096]
	if len(data) < 4*4096 {
		t.Fatalf("the file holds only %d bytes", len(data))
	}
	flipped := filepath.Join(t.TempDir(), "store.db")
	refused, harmless := 0, 0
	for at := 3; at < len(data); at += step(at) {
		altered := bytes.Clone(data)
		altered[at] ^= 1 << (at % 8)
		if err := os.WriteFile(flipped, altered, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := dumpAt(t, flipped, members)
		switch {
		case err == nil && got == want:
			harmless++
		case err == nil:
			t.Errorf("byte %d: it opens and reads otherwise", at)
		case !errors.Is(err, boltstore.ErrDamaged) && !errors.Is(err, boltstore.ErrForeign):
			t.Errorf("byte %d: %v; want that it is refused as damaged", at, err)
		default:
			refused++
		}
	}
	t.Logf("%d flips were refused, %d were harmless", refused, harmless)
	if refused < harmless/20 {
		t.Errorf("only %d flips of %d were refused", refused, refused+harmless)
	}
}

// step goes finely through the first bytes of each page, which say how the
// rest is to be read, and coarsely through the rest.
func step(at int) int {
	if at%4096 < 96 {
		return 7
	}
	return 193
}

// TestProgressIsTold opens a store and is told how many records it holds.
func TestProgressIsTold(t *testing.T) {
	path := filled(t, 3)
	var told uint64
	s := openAt(t, path, boltstore.Options{Progress: func(records uint64) { told = records }})
	if report := whole(t, s); told == 0 || told != report.Records {
		t.Errorf("told of %d records, Verify counts %d", told, report.Records)
	}
}
