//go:build linux

package boltstore

import (
	"bytes"
	"errors"
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
		_, err = s.Update(t.Context(), func(tx gate.Tx) error { return tx.PutTenant(big(failed)) })
		wantCode(t, "it, again", err, tenancy.CodeStoreFull)
	}
	err = s.View(t.Context(), func(r gate.Reader) error {
		_, found, err := r.Tenant(big(failed).ID)
		if found || r.Revision() != revision || uint64(revision) != uint64(failed)-1 {
			t.Errorf("after change %d failed: it is there: %v, revision %d", failed, found, r.Revision())
		}
		return err
	})
	if err != nil || s.Err() != nil || s.Stats().Full != 4 {
		t.Errorf("View: %v, Err: %v, Stats: %+v", err, s.Err(), s.Stats())
	}
	isWhole(t, s)
	limitFiles(t, 0)
	for range 20 {
		failed++
		if r, err := s.Update(t.Context(), func(tx gate.Tx) error { return tx.PutTenant(big(failed)) }); err != nil || r <= revision {
			t.Fatalf("with room again: %d, %v", r, err)
		}
	}
	isWhole(t, s)
	if err := errors.Join(s.Err(), s.Close()); err != nil {
		t.Fatal(err)
	}
	t.Log("filled up")
}
