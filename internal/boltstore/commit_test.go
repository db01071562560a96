package boltstore

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

func fresh(t *testing.T, opts Options) *Store {
	t.Helper()
	opts.Clock, opts.InitialMapSize = time.Now, 1<<24
	s, err := Open(filepath.Join(t.TempDir(), "store.db"), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // a planted fault may have stopped it
	return s
}

func putUser(n byte) func(gate.Tx) error {
	return func(tx gate.Tx) error {
		return tx.PutUser(tenancy.User{ID: number(n), Email: fmt.Sprintf("%d@example.org", n)})
	}
}

func hasUser(t *testing.T, s *Store, n byte) bool {
	t.Helper()
	_, found, err := s.UserByID(t.Context(), number(n))
	if err != nil {
		t.Fatalf("UserByID(%d): %v", n, err)
	}
	return found
}

func isWhole(t *testing.T, s *Store) {
	t.Helper()
	if report, err := s.Verify(t.Context()); err != nil || len(report.Faults) > 0 {
		t.Errorf("Verify = %v, %v", report.Faults, err)
	}
}

// auditOf reads audit records in a snapshot of their own.
func auditOf(ctx context.Context, s *Store, after uint64, limit int) (records [][]byte, err error) {
	err = s.View(ctx, func(r gate.Reader) error {
		var err error
		records, err = r.Audit(after, limit)
		return err
	})
	return records, err
}

func TestWritersAtOnceShareSyncs(t *testing.T) {
	const writers = 64
	for batch, want := range map[int]string{0: "fewer", 1: "as many"} {
		t.Run(fmt.Sprintf("%s syncs than writers", want), func(t *testing.T) {
			var syncs atomic.Int64
			s := fresh(t, Options{MaxBatch: batch, BeforeSync: func() error {
				syncs.Add(1)
				time.Sleep(time.Millisecond) // a disk on which to wait for
				return nil
			}})
			var all sync.WaitGroup
			for n := range byte(writers) {
				all.Go(func() {
					if _, err := s.Update(t.Context(), putUser(n+1)); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if got := syncs.Load(); (got < writers/2) != (batch == 0) || got > writers {
				t.Errorf("%d syncs for %d writers, want %s", got, writers, want)
			}
			if stats := s.Stats(); stats.Changes != writers || stats.Commits != uint64(syncs.Load()) {
				t.Errorf("Stats = %+v after %d syncs", stats, syncs.Load())
			}
			isWhole(t, s)
		})
	}
}

// TestABatchHoldsNoMoreThanItsLimit also shows that one caller leads at a time
// and that nobody leads forever: with batches of four, leaders change.
func TestABatchHoldsNoMoreThanItsLimit(t *testing.T) {
	var leading, most atomic.Int64
	var last uint64
	var s *Store
	s = fresh(t, Options{MaxBatch: 4, BeforeSync: func() error {
		if leading.Add(1) != 1 {
			t.Error("two callers lead")
		}
		defer leading.Add(-1)
		changes := s.Stats().Changes
		most.Store(max(most.Load(), int64(changes-last)))
		last = changes
		time.Sleep(100 * time.Microsecond)
		return nil
	}})
	var all sync.WaitGroup
	for w := range byte(16) {
		all.Go(func() {
			for range 10 {
				if _, err := s.Update(t.Context(), putUser(w+1)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if most.Load() > 4 || most.Load() < 2 {
		t.Errorf("a batch held %d changes, want 2 to 4", most.Load())
	}
}

// TestANeighbourOfAFailedCommitIsNotAnswered: what was judged on a state that
// never came to be is no answer either.
func TestANeighbourOfAFailedCommitIsNotAnswered(t *testing.T) {
	var broken atomic.Bool
	s := fresh(t, Options{BeforeSync: func() error {
		if broken.Load() {
			return errors.New("planted")
		}
		return nil
	}})
	taken := errors.New("taken")
	entered, proceed := make(chan struct{}), make(chan struct{})
	broken.Store(true)
	errs := make([]error, 2)
	var all sync.WaitGroup
	all.Go(func() {
		_, errs[0] = s.Update(t.Context(), func(tx gate.Tx) error {
			close(entered)
			<-proceed
			return putUser(1)(tx)
		})
	})
	<-entered
	all.Go(func() {
		_, errs[1] = s.Update(t.Context(), func(tx gate.Tx) error {
			if _, found, err := tx.User(number(1)); found || err != nil {
				return errors.Join(taken, err)
			}
			return nil
		})
	})
	for s.waiting() == 0 {
		runtime.Gosched()
	}
	close(proceed)
	all.Wait()
	wantCode(t, "the change", errs[0], tenancy.CodeUnavailable)
	wantCode(t, "its neighbour", errs[1], tenancy.CodeUnavailable)
	if errors.Is(errs[1], taken) {
		t.Error("the neighbour was answered from a state that never was")
	}
	broken.Store(false)
	if hasUser(t, s, 1) {
		t.Error("the change is there although its commit failed")
	}
	if r, err := s.Update(t.Context(), putUser(2)); err != nil || r != 1 {
		t.Errorf("the next change = %d, %v; want revision 1", r, err)
	}
	isWhole(t, s)
}

func (s *Store) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue)
}

func TestWhatAFailedCommitLeaves(t *testing.T) {
	for name, row := range map[string]struct {
		commit func(*bbolt.Tx) error
		code   tenancy.Code
		serves bool
	}{
		"no room for the pages": {
			func(tx *bbolt.Tx) error { return errors.Join(tx.Rollback(), fmt.Errorf("write: %w", syscall.ENOSPC)) }, tenancy.CodeStoreFull, true,
		},
		"no room to grow the file (bbolt keeps the text only)": {
			func(tx *bbolt.Tx) error {
				return errors.Join(tx.Rollback(), errors.New("file resize error: truncate: "+syscall.EFBIG.Error()))
			}, tenancy.CodeStoreFull, true,
		},
		"the disk fails before the meta page": {
			func(tx *bbolt.Tx) error { return errors.Join(tx.Rollback(), syscall.EIO) }, tenancy.CodeOutcomeUnknown, false,
		},
		"the last sync fails": {
			func(tx *bbolt.Tx) error { return errors.Join(tx.Commit(), syscall.EIO) }, tenancy.CodeOutcomeUnknown, false,
		},
		"the last sync finds no room": {
			func(tx *bbolt.Tx) error { return errors.Join(tx.Commit(), syscall.ENOSPC) }, tenancy.CodeOutcomeUnknown, false,
		},
		"bbolt panics": {func(*bbolt.Tx) error { panic("planted") }, tenancy.CodeOutcomeUnknown, false},
	} {
		t.Run(name, func(t *testing.T) {
			told := 0
			s := fresh(t, Options{OnFault: func(error) { told++ }})
			if _, err := s.Update(t.Context(), putUser(1)); err != nil {
				t.Fatal(err)
			}
			s.commit = row.commit
			_, err := s.Update(t.Context(), putUser(2))
			wantCode(t, "the change", err, row.code)
			s.commit = (*bbolt.Tx).Commit
			r, err := s.Update(t.Context(), putUser(3))
			if row.serves {
				if err != nil || r != 2 || s.Err() != nil || told != 0 || hasUser(t, s, 2) {
					t.Errorf("afterwards: Update = %d, %v; Err() = %v; want revision 2 and no trace of the failed change", r, err, s.Err())
				}
				isWhole(t, s)
				return
			}
			wantCode(t, "a change afterwards", err, tenancy.CodeUnavailable)
			wantCode(t, "a read afterwards", s.View(t.Context(), func(gate.Reader) error { return nil }), tenancy.CodeUnavailable)
			wantCode(t, "a refusal afterwards", s.Append(t.Context(), audit.Record{}), tenancy.CodeUnavailable)
			if s.Err() == nil || told != 1 {
				t.Errorf("Err() = %v, told %d times; want the cause, once", s.Err(), told)
			}
		})
	}
}

func TestAFaultBeforeTheSyncChangesNothing(t *testing.T) {
	for name, row := range map[string]struct {
		fault error
		code  tenancy.Code
	}{"any": {errors.New("planted"), tenancy.CodeUnavailable}, "a full disk": {syscall.ENOSPC, tenancy.CodeStoreFull}} {
		t.Run(name, func(t *testing.T) {
			fault := row.fault
			s := fresh(t, Options{BeforeSync: func() error { return fault }})
			_, err := s.Update(t.Context(), putUser(1))
			wantCode(t, "the change", err, row.code)
			fault = nil
			if hasUser(t, s, 1) || s.Revision() != 0 {
				t.Error("the failed change left something")
			}
			if r, err := s.Update(t.Context(), putUser(1)); err != nil || r != 1 {
				t.Errorf("the next change = %d, %v; want revision 1", r, err)
			}
			isWhole(t, s)
		})
	}
}

func TestATransactionIsOverWhenItsFunctionReturns(t *testing.T) {
	s := fresh(t, Options{})
	var r gate.Reader
	var tx gate.Tx
	err := s.View(t.Context(), func(given gate.Reader) error { r = given; return nil })
	if _, failed := s.Update(t.Context(), func(given gate.Tx) error { tx = given; return nil }); err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	_, _, read := r.User(number(1))
	_, _, readTx := tx.User(number(1))
	_, list := r.Tenants(tenancy.TenantID{}, 10)
	for what, err := range map[string]error{
		"read": read, "read in a change": readTx, "list": list, "write": putUser(1)(tx), "record": tx.Record(audit.Record{}),
	} {
		if !errors.Is(err, errTxOver) {
			t.Errorf("%s after the end = %v, want %v", what, err, errTxOver)
		}
	}
	if s.Err() != nil {
		t.Errorf("Err() = %v: a caller's mistake stopped the store", s.Err())
	}
}

func TestAReadThatPanicsIsAnError(t *testing.T) {
	s := fresh(t, Options{})
	wantCode(t, "View", s.View(t.Context(), func(gate.Reader) error { panic("planted") }), tenancy.CodeInternal)
	if _, err := s.Update(t.Context(), putUser(1)); err != nil || s.Err() != nil {
		t.Errorf("afterwards: %v, %v", err, s.Err())
	}
}

// TestAFunctionThatEndsItsGoroutineLetsOthersOn: t.Fatal and runtime.Goexit
// end the goroutine that leads.
func TestAFunctionThatEndsItsGoroutineLetsOthersOn(t *testing.T) {
	s := fresh(t, Options{})
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = s.Update(context.Background(), func(tx gate.Tx) error {
			runtime.Goexit()
			return nil
		})
	}()
	<-gone
	if r, err := s.Update(t.Context(), putUser(1)); err != nil || r != 1 {
		t.Errorf("the next change = %d, %v; want revision 1", r, err)
	}
	isWhole(t, s)
}

func TestAClosedStoreIsUnavailable(t *testing.T) {
	s := fresh(t, Options{})
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	_, err := s.Update(t.Context(), putUser(1))
	wantCode(t, "Update", err, tenancy.CodeUnavailable)
	wantCode(t, "View", s.View(t.Context(), func(gate.Reader) error { return nil }), tenancy.CodeUnavailable)
	wantCode(t, "Append", s.Append(t.Context(), audit.Record{}), tenancy.CodeUnavailable)
}

func TestCloseWaitsForChangesInFlight(t *testing.T) {
	s := fresh(t, Options{BeforeSync: func() error { time.Sleep(time.Millisecond); return nil }})
	var done, refused atomic.Int64
	var all sync.WaitGroup
	for n := range byte(32) {
		all.Go(func() {
			switch _, err := s.Update(context.Background(), putUser(n+1)); {
			case err == nil:
				done.Add(1)
			default:
				wantCode(t, "Update", err, tenancy.CodeUnavailable)
				refused.Add(1)
			}
		})
	}
	for s.Stats().Commits == 0 {
		runtime.Gosched()
	}
	path := s.db.Path()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	again, err := Open(path, Options{Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	if got := int64(again.Revision()); got != done.Load() || got+refused.Load() != 32 {
		t.Errorf("revision %d after %d acknowledged and %d refused changes", got, done.Load(), refused.Load())
	}
}

func TestAStalledReadDelaysNoWrite(t *testing.T) {
	s := fresh(t, Options{})
	err := s.View(t.Context(), func(r gate.Reader) error {
		for n := range byte(100) {
			if _, err := s.Update(t.Context(), putUser(n+1)); err != nil {
				return err
			}
		}
		if _, found, err := r.User(number(1)); found || err != nil || r.Revision() != 0 {
			return fmt.Errorf("the snapshot moved: %v, %w, revision %d", found, err, r.Revision())
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestACopyMadeWhileServingOpens: what the advice to restore a copy rests on.
func TestACopyMadeWhileServingOpens(t *testing.T) {
	s := fresh(t, Options{})
	copied := filepath.Join(t.TempDir(), "copy.db")
	var enough atomic.Bool
	var all sync.WaitGroup
	for n := range byte(8) {
		all.Go(func() {
			for !enough.Load() {
				if _, err := s.Update(t.Context(), putUser(n+1)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for s.Stats().Commits < 2 && !t.Failed() {
		runtime.Gosched()
	}
	err := s.db.View(func(tx *bbolt.Tx) error { return tx.CopyFile(copied, 0o600) })
	enough.Store(true)
	all.Wait()
	if err != nil || t.Failed() {
		t.Fatal(err)
	}
	opened, err := Open(copied, Options{Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = opened.Close() }()
	if opened.Revision() == 0 {
		t.Error("the copy is empty")
	}
	isWhole(t, opened)
}
