package boltstore

import (
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// attempt is a change that leaves a receipt, as a request with an
// Idempotency-Key does.
func attempt(n byte) func(gate.Tx) error {
	return func(tx gate.Tx) error {
		_, done, err := tx.Receipt(tenancy.Digest{n})
		if done || err != nil {
			return err // it is answered by the receipt
		}
		return errors.Join(putUser(n)(tx), tx.PutReceipt(tenancy.Receipt{ID: tenancy.Digest{n}, At: time.Unix(1e9, 0)}))
	}
}

// settled reads whether an attempt has happened, by its receipt and by what it
// changed.
func settled(t *testing.T, s *Store, n byte) (receipt tenancy.Receipt, kept, changed bool) {
	t.Helper()
	err := s.View(t.Context(), func(r gate.Reader) (err error) {
		if receipt, kept, err = r.Receipt(tenancy.Digest{n}); err != nil {
			return err
		}
		_, changed, err = r.User(number(n))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return receipt, kept, changed
}

// TestAnUnknownOutcomeIsSettledByTheReceipt lets the disk fail under many
// writers at once, on either side of the meta page, and settles each of them
// after the store is opened again.
func TestAnUnknownOutcomeIsSettledByTheReceipt(t *testing.T) {
	const writers = 40
	for name, fails := range map[string]func(*bbolt.Tx) error{
		"the disk fails before the meta page":      func(tx *bbolt.Tx) error { return errors.Join(tx.Rollback(), syscall.EIO) },
		"the last sync fails":                      func(tx *bbolt.Tx) error { return errors.Join(tx.Commit(), syscall.EIO) },
		"the last sync says that there is no room": func(tx *bbolt.Tx) error { return errors.Join(tx.Commit(), syscall.ENOSPC) },
		"bbolt panics after the last sync": func(tx *bbolt.Tx) error {
			_ = tx.Commit()
			panic("planted")
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store.db")
			s, err := Open(path, Options{Clock: time.Now, MaxBatch: 4, InitialMapSize: 1 << 20})
			if err != nil {
				t.Fatal(err)
			}
			var commits atomic.Int32
			s.commit = func(tx *bbolt.Tx) error {
				if commits.Add(1) == 4 {
					return fails(tx)
				}
				return tx.Commit()
			}
			revisions, errs := make([]tenancy.Revision, writers), make([]error, writers)
			var all sync.WaitGroup
			for n := range writers {
				all.Go(func() { revisions[n], errs[n] = s.Update(t.Context(), attempt(byte(n+1))) })
			}
			all.Wait()
			if s.Err() == nil {
				t.Error("the store goes on after the failure")
			}
			_ = s.Close() // what is queued behind could not be written
			settleAll(t, path, revisions, errs)
		})
	}
}

// settleAll opens the store again: what was answered is there, what is there
// has its receipt, and a retry makes the rest, so that each happens once.
func settleAll(t *testing.T, path string, revisions []tenancy.Revision, errs []error) {
	t.Helper()
	s, err := Open(path, Options{Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	isWhole(t, s)
	unknown := 0
	for i, err := range errs {
		receipt, kept, changed := settled(t, s, byte(i+1))
		if kept != changed {
			t.Errorf("attempt %d = %v: its receipt is there: %v, its change: %v", i, err, kept, changed)
		}
		if err == nil && (!kept || receipt.Outcome.Revision != revisions[i]) {
			t.Errorf("attempt %d was answered with revision %d; the receipt is there: %v, of revision %d", i, revisions[i], kept, receipt.Outcome.Revision)
		}
		if err == nil {
			continue
		}
		var coded *tenancy.Error
		if !errors.As(err, &coded) || (coded.Code != tenancy.CodeOutcomeUnknown && coded.Code != tenancy.CodeUnavailable) {
			t.Errorf("attempt %d: %v; want outcome_unknown or unavailable", i, err)
		} else if coded.Code == tenancy.CodeOutcomeUnknown {
			unknown++
		}
		if coded.Code == tenancy.CodeUnavailable && changed {
			t.Errorf("attempt %d never began, and its change is there", i)
		}
	}
	if unknown == 0 {
		t.Error("nobody's outcome was unknown")
	}
	for i := range errs {
		if _, err := s.Update(t.Context(), attempt(byte(i+1))); err != nil {
			t.Errorf("attempt %d again: %v", i, err)
		}
	}
	if s.Revision() != tenancy.Revision(len(errs)) {
		t.Errorf("after all retries the revision is %d, want %d: each once", s.Revision(), len(errs))
	}
	isWhole(t, s)
}
