package boltstore

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// longRead is how long a reading transaction may take before it is counted:
// an open one keeps the file from reusing pages.
const longRead = time.Second

// Store is one open file. Its methods may be called at once from many
// goroutines. A transaction inside another one may wait forever.
type Store struct {
	db     *bbolt.DB
	opts   Options
	commit func(*bbolt.Tx) error // bbolt's; a test puts a failing disk here

	mu      sync.Mutex // guards what follows
	queue   []*call    // waiting changes, the oldest first
	leading bool       // somebody runs a batch
	closed  bool       // no further changes
	idle    chan struct{}

	behind  behind
	copying atomic.Bool // a backup is being made
	failed  atomic.Pointer[failure]
	last    atomic.Pointer[point]
	counts  counts

	// Of the leader alone.
	state   state
	tallies tallies
}

var _ gate.Store = (*Store)(nil)

// point is a commit: bbolt's number of it, and the revision that it left. A
// snapshot with the same number need not read its revision.
type point struct {
	txid     int
	revision tenancy.Revision
}

// failure is why the store stopped.
type failure struct{ cause error }

// Err is why the store stopped, or nil while it serves. A store that stopped
// answers unavailable until the file is opened again.
func (s *Store) Err() error {
	if f := s.failed.Load(); f != nil {
		return f.cause
	}
	return nil
}

// fail stops the store for good; the first cause stays.
func (s *Store) fail(cause error) {
	if s.failed.CompareAndSwap(nil, &failure{cause: cause}) && s.opts.OnFault != nil {
		s.opts.OnFault(cause)
	}
}

// Revision is that of the last commit.
func (s *Store) Revision() tenancy.Revision { return s.last.Load().revision }

// View runs fn on one consistent snapshot. Errors of the store itself are
// *tenancy.Error: unavailable, and internal when fn panicked; fn's own come
// back as they are. What fn reads is a copy, good after the transaction.
func (s *Store) View(ctx context.Context, fn func(gate.Reader) error) error {
	return s.view(ctx, func(r *reader) error { return fn(r) })
}

func (s *Store) view(ctx context.Context, fn func(*reader) error) error {
	if err := s.Err(); err != nil {
		return unavailable("the store has stopped", err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if r, isShared := s.shared(ctx); isShared {
		return s.judged(fn(r))
	}
	began := s.opts.Clock()
	err := s.snapshot(fn)
	if s.opts.Clock().Sub(began) > longRead {
		s.counts.longReads.Add(1)
	}
	return s.judged(err)
}

// judged passes an error on, and stops the store when it shows damage.
func (s *Store) judged(err error) error {
	if err == nil || !errors.Is(err, errDamaged) {
		return err
	}
	var coded *tenancy.Error
	if errors.As(err, &coded) && coded.Code == tenancy.CodeOutcomeUnknown { // damage that a commit met: the store has stopped
		return err
	}
	s.fail(err)
	return unavailable("the store is damaged", err)
}

func (s *Store) snapshot(fn func(*reader) error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	bolt, err := s.begin(false)
	if err != nil {
		return err
	}
	from := &mapped{tx: bolt}
	defer func() {
		if p := recover(); p != nil {
			err = callerFault(p)
		}
		from.over = true
		_ = bolt.Rollback() // of a reading transaction: it only lets go
	}()
	revision, err := s.revisionOf(from)
	if err != nil {
		return err
	}
	return fn(&reader{from: from, revision: revision})
}

func (s *Store) revisionOf(from *mapped) (tenancy.Revision, error) {
	if last := s.last.Load(); last.txid == from.tx.ID() {
		return last.revision, nil
	}
	at, err := required(from, metaState, decodeState)
	return at.revision, err
}

// begin opens a transaction of bbolt.
func (s *Store) begin(writable bool) (bolt *bbolt.Tx, err error) {
	defer recoverDamage(&err)
	bolt, err = s.db.Begin(writable)
	if err != nil {
		return nil, unavailable("the store is closed", err)
	}
	return bolt, nil
}

// Close waits for the changes in flight, writes what is queued behind them,
// and closes the file. Later calls answer unavailable; closing again is no
// error.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.behind.stop()
	flushed := s.flush()
	s.drain()
	return errors.Join(flushed, s.db.Close())
}

// drain waits until nobody leads and nobody waits.
func (s *Store) drain() {
	s.mu.Lock()
	if !s.leading {
		s.mu.Unlock()
		return
	}
	s.idle = make(chan struct{})
	s.mu.Unlock()
	<-s.idle
}
