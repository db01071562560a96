package boltstore

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// Group commit, without a goroutine of its own. A caller that finds nobody
// leading leads: it opens one transaction of bbolt, runs its own change and
// those that wait, each on an overlay, and commits them with one sync. Then it
// hands the lead to the oldest that still waits, so that nobody serves others
// for longer than one batch, and a lone writer waits for nobody.

// call is one waiting change.
type call struct {
	ctx    context.Context
	fn     func(*tx) error
	silent bool // raises no revision: what is no state that decisions read

	turn     chan turn // buffered: nobody waits to say that it is over
	revision tenancy.Revision
	err      error
	early    bool // failed before any neighbour was applied: shares no fate
}

// turn is what a waiting caller is woken for.
type turn bool

const (
	lead turn = true
	over turn = false
)

// Update runs fn in a serialisable transaction and gives the revision of the
// state it left. fn may run in another caller's goroutine. Errors of the store
// itself are *tenancy.Error: store_full (nothing is changed), outcome_unknown,
// unavailable, and internal when fn panicked; fn's own, and that of a context
// that ended before the commit began, come back as they are. A call that came
// to nothing after it had seen a neighbour's change shares that change's fate.
func (s *Store) Update(ctx context.Context, fn func(gate.Tx) error) (tenancy.Revision, error) {
	return s.update(&call{ctx: ctx, fn: func(t *tx) error { return fn(t) }})
}

func (s *Store) update(c *call) (tenancy.Revision, error) {
	c.turn = make(chan turn, 1)
	leads, err := s.enqueue(c)
	if err != nil {
		return 0, err
	}
	if !leads {
		leads, err = s.wait(c)
		if err != nil {
			return 0, err
		}
	}
	if leads {
		s.serve(c)
	}
	return c.revision, s.judged(c.err)
}

// enqueue reports whether the caller leads; else it waits for its turn.
func (s *Store) enqueue(c *call) (leads bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.Err() != nil:
		return false, unavailable("the store has stopped", s.Err())
	case s.closed && c.fn != nil: // the last flush still passes
		return false, unavailable("the store is closed", nil)
	case c.ctx.Err() != nil:
		return false, c.ctx.Err()
	case s.leading:
		s.queue = append(s.queue, c)
		return false, nil
	}
	s.leading = true
	return true, nil
}

// wait reports whether the caller is to lead, or its change is over. A caller
// whose context ends while nobody has taken its change leaves.
func (s *Store) wait(c *call) (leads bool, err error) {
	select {
	case t := <-c.turn:
		return t == lead, nil
	case <-c.ctx.Done():
	}
	s.mu.Lock()
	i := slices.Index(s.queue, c)
	if i >= 0 {
		s.queue = slices.Delete(s.queue, i, i+1)
	}
	s.mu.Unlock()
	if i >= 0 {
		return false, c.ctx.Err()
	}
	return <-c.turn == lead, nil // it is being run, or handed the lead
}

// take gives the oldest waiting change, or nil.
func (s *Store) take() *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return nil
	}
	c := s.queue[0]
	s.queue = slices.Delete(s.queue, 0, 1)
	return c
}

// batch is what shares one transaction.
type batch struct {
	store   *Store
	calls   []*call
	bolt    *bbolt.Tx
	below   *mapped
	state   state
	tallies tallies
	applied int  // changes
	dirty   bool // there is something to commit
	behind  *load
	settled bool
}

// serve runs one batch that begins with the leader's own change, tells the
// others, and hands the lead on.
func (s *Store) serve(own *call) {
	b := &batch{store: s, calls: []*call{own}, state: s.state, tallies: s.tallies}
	defer func() {
		if !b.settled { // a transaction function ended this goroutine
			b.settle(unavailable("the batch was abandoned", nil))
		}
		s.handOn()
		for _, c := range b.calls {
			if c != own {
				c.turn <- over
			}
		}
	}()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	b.settle(b.work(own))
}

// handOn gives the lead to the oldest that waits.
func (s *Store) handOn() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) > 0 {
		next := s.queue[0]
		s.queue = slices.Delete(s.queue, 0, 1)
		next.turn <- lead
		return
	}
	s.leading = false
	if s.idle != nil {
		close(s.idle)
		s.idle = nil
	}
}

// work runs the changes and commits them.
func (b *batch) work(own *call) error {
	if err := b.store.Err(); err != nil {
		return unavailable("the store has stopped", err)
	}
	var err error
	if b.bolt, err = b.store.begin(true); err != nil {
		return err
	}
	b.below = &mapped{tx: b.bolt}
	for c := own; c != nil; c = b.next() {
		if err := b.run(c); err != nil {
			return err
		}
	}
	if err := b.loadBehind(own); err != nil {
		return err
	}
	if !b.dirty {
		return nil
	}
	return b.commit()
}

func (b *batch) next() *call {
	if len(b.calls) >= b.store.opts.MaxBatch {
		return nil
	}
	c := b.store.take()
	if c != nil {
		b.calls = append(b.calls, c)
	}
	return c
}

// run runs one change on its overlay and applies it when it is allowed. Its
// own failure is noted in the call; an error of the batch is returned.
func (b *batch) run(c *call) error {
	c.early = b.applied == 0
	c.revision = b.state.revision
	if c.fn == nil {
		return nil
	}
	if c.err = c.ctx.Err(); c.err != nil { // we may have queued behind other writers
		return nil
	}
	t := newTx(b.below, b.state.revision)
	c.err = runSafely(c.fn, t)
	t.over.ended = true
	if c.err == nil {
		c.err = c.ctx.Err() // nobody waits for it any more
	}
	if c.err != nil {
		return nil
	}
	return b.apply(c, t.over)
}

// runSafely makes an error of a panic.
func runSafely(fn func(*tx) error, t *tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = callerFault(p)
		}
	}()
	return fn(t)
}

// apply writes an allowed overlay into the shared transaction: the records of
// its decisions with the revision that it makes, then its state.
func (b *batch) apply(c *call, o *overlay) error {
	if !o.wrote && len(o.records) == 0 {
		return nil
	}
	at := b.state
	if o.wrote && !c.silent {
		at.revision++
	}
	frames := make([]written, 0, len(o.records))
	for _, r := range o.records {
		r.Revision = at.revision
		canonical, chain, err := at.chain.Append(r)
		if err != nil { // of this change alone: nothing is applied yet
			c.err = err
			return nil
		}
		at.chain = chain
		key := auditKey(chain.Seq)
		frames = append(frames, written{string(key), encodeAudit(key, canonical)})
	}
	for name, writes := range o.writes {
		for key, frame := range writes {
			if err := b.put(bucket(name), []byte(key), frame); err != nil {
				return err
			}
		}
	}
	for _, w := range frames {
		if err := b.put(bucketAudit, []byte(w.key), w.frame); err != nil {
			return err
		}
	}
	b.state, b.dirty, c.revision = at, true, at.revision
	b.applied++
	return nil
}

// put writes one frame and keeps the tally. A nil frame deletes.
func (b *batch) put(to bucket, key, frame []byte) error {
	old, err := b.below.get(to, key)
	if err != nil {
		return err
	}
	if old != nil {
		if _, _, err := unframe(to, key, old); err != nil {
			return err
		}
	}
	if old == nil && frame == nil {
		return nil // written and deleted by the same change
	}
	b.tallies[to].remove(old)
	b.tallies[to].add(frame)
	if err := b.below.put(to, key, frame); err != nil {
		return fmt.Errorf("write %s: %w", to, err)
	}
	return nil
}

// commit makes everything of the batch durable, or nothing.
func (b *batch) commit() error {
	s := b.store
	if err := b.below.put(bucketMeta, metaState, encodeState(b.state)); err != nil {
		return err
	}
	if err := b.below.put(bucketMeta, metaTallies, encodeTallies(&b.tallies)); err != nil {
		return err
	}
	if s.opts.BeforeSync != nil {
		if err := s.opts.BeforeSync(); err != nil {
			return s.refused(err)
		}
	}
	id := b.bolt.ID()
	if err := commitSafely(s.commit, b.bolt); err != nil {
		return s.outcome(err, id)
	}
	s.state, s.tallies = b.state, b.tallies
	s.revision.Store(uint64(b.state.revision))
	s.counts.commits.Add(1)
	s.counts.changes.Add(uint64(b.applied))
	return nil
}

// refused is the error of a commit that never reached bbolt.
func (s *Store) refused(cause error) error {
	if full(cause) {
		s.counts.full.Add(1)
		return storeFull(cause)
	}
	return unavailable("the change was not committed; nothing was changed", cause)
}

func commitSafely(commit func(*bbolt.Tx) error, bolt *bbolt.Tx) (err error) {
	defer recoverDamage(&err)
	return commit(bolt)
}

// outcome tells what a failed commit of bbolt (v1.5.0, tx.go) left behind.
//
// Its steps are: allocate pages (may grow the map), grow the file, write the
// pages, sync, write the meta page, sync. Up to the first sync, only pages that
// the last state does not use are touched, and bbolt reloads its list of free
// pages from that state: nothing is changed, and it goes on working. From the
// meta page on, its map shows the new state whatever the disk holds: even
// ENOSPC from the last sync does not say that nothing happened. Whether the
// meta page was reached shows in the transaction id that a reader finds.
//
// So a full disk before the meta page is store_full and the store goes on. All
// else stops it: a disk that fails in any other way is not to be trusted about
// what it holds.
func (s *Store) outcome(cause error, id int) error {
	reached := true
	if reading, err := s.begin(false); err == nil {
		reached = reading.ID() >= id
		_ = reading.Rollback() // of a reading transaction: it only lets go
	}
	if !reached && full(cause) && !errors.Is(cause, errDamaged) {
		s.counts.full.Add(1)
		return storeFull(cause)
	}
	err := outcomeUnknown(cause)
	s.fail(err)
	return err
}

// settle ends the transaction and gives each call its answer. With an error,
// nothing was committed, or nobody knows: all share it that were applied, or
// that judged by what a neighbour had written.
func (b *batch) settle(failed error) {
	b.settled = true
	if b.below != nil {
		b.below.over = true
		b.rollback()
	}
	if b.behind != nil {
		b.store.behind.settle(b.behind, failed)
	}
	for _, c := range b.calls {
		if failed != nil && (c.err == nil || !c.early) {
			c.revision, c.err = 0, failed
		}
		if c.err != nil {
			c.revision = 0
		}
	}
}

// rollback lets go of the transaction. After a commit it does nothing.
func (b *batch) rollback() {
	var err error
	defer func() {
		if err != nil {
			b.store.fail(err)
		}
	}()
	defer recoverDamage(&err)
	_ = b.bolt.Rollback() // its only error says that the transaction is over
}
