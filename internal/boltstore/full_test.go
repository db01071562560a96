//go:build linux

package boltstore

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// childEnv names the store that a child process of this test works on.
const childEnv = "MEMBERWARD_TEST_FULL_STORE"

// TestAFullDisk runs itself in a process whose files may not grow.
func TestAFullDisk(t *testing.T) {
	if path := os.Getenv(childEnv); path != "" {
		fillUp(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "store.db")
	child := exec.Command(os.Args[0], "-test.run=^TestAFullDisk$", "-test.v")
	child.Env = append(os.Environ(), childEnv+"="+path)
	out, err := child.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("filled up")) {
		t.Fatalf("%v\n%s", err, out)
	}
	s, err := Open(path, Options{Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	isWhole(t, s)
}

func limitFiles(t *testing.T, size uint64) {
	t.Helper()
	limit := syscall.Rlimit{}
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = size
	if size == 0 {
		limit.Cur = limit.Max
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
}

// fillUp writes until there is no room, shows that nothing of the failed
// change is left and that reads go on, makes room, and writes on.
func fillUp(t *testing.T, path string) {
	signal.Ignore(syscall.SIGXFSZ) // the error is enough
	s, err := Open(path, Options{Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	limitFiles(t, 20<<20)
	big := func(n uint16) tenancy.Tenant {
		return tenancy.Tenant{ID: tenancy.TenantID{1, byte(n >> 8), byte(n)}, Name: string(bytes.Repeat([]byte("x"), 500_000))}
	}
	n := uint16(0)
	for ; err == nil && n < 1000; n++ {
		_, err = s.Update(t.Context(), func(tx gate.Tx) error { return tx.PutTenant(big(n + 1)) })
	}
	wantCode(t, "the change for which there is no room", err, tenancy.CodeStoreFull)
	failed, revision := n, s.Revision()
	for range 3 {
		_, err = s.Update(t.Context(), func(tx gate.Tx) error {
			return errors.Join(tx.PutTenant(big(failed)), tx.PutReceipt(tenancy.Receipt{ID: tenancy.Digest{1}, At: time.Unix(1e9, 0)}))
		})
		wantCode(t, "it, again", err, tenancy.CodeStoreFull)
	}
	err = s.View(t.Context(), func(r gate.Reader) error {
		_, found, err := r.Tenant(big(failed).ID)
		_, kept, failure := r.Receipt(tenancy.Digest{1})
		if found || kept || r.Revision() != revision || uint64(revision) != uint64(failed)-1 {
			t.Errorf("after change %d failed: it is there: %v, its receipt: %v, revision %d", failed, found, kept, r.Revision())
		}
		return errors.Join(err, failure)
	})
	if err != nil || s.Err() != nil || s.Stats().Full != 4 {
		t.Errorf("View: %v, Err: %v, Stats: %+v", err, s.Err(), s.Stats())
	}
	isWhole(t, s)
	backsUpWithoutRoom(t, s)
	limitFiles(t, 0)
	for range 20 {
		failed++
		if r, err := s.Update(t.Context(), func(tx gate.Tx) error { return tx.PutTenant(big(failed)) }); err != nil || r <= revision {
			t.Fatalf("with room again: %d, %v", r, err)
		}
	}
	isWhole(t, s)
	if _, err := s.Backup(t.Context(), io.Discard); err != nil {
		t.Errorf("a backup with room again: %v", err)
	}
	if err := errors.Join(s.Err(), s.Close()); err != nil {
		t.Fatal(err)
	}
	t.Log("filled up")
}

// backsUpWithoutRoom takes a backup where there is no room for a copy: its
// client gets nothing, nothing is left of it, and the store goes on.
func backsUpWithoutRoom(t *testing.T, s *Store) {
	t.Helper()
	limitFiles(t, 1<<20)
	var got bytes.Buffer
	_, err := s.Backup(t.Context(), &got)
	wantCode(t, "a backup for which there is no room", err, tenancy.CodeStoreFull)
	beside, listed := os.ReadDir(filepath.Dir(s.db.Path()))
	if got.Len() > 0 || len(beside) != 1 || listed != nil || s.Err() != nil {
		t.Errorf("after it: the client got %d bytes, beside the store lie %v, Err() = %v", got.Len(), beside, s.Err())
	}
	isWhole(t, s)
}
