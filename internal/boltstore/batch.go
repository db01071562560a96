package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"runtime/debug"

	"go.etcd.io/bbolt"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/tenancy"
)

// batch is what shares one transaction.
type batch struct {
	store   *Store
	calls   []*call
	bolt    *bbolt.Tx
	below   *mapped
	state   state
	tallies tallies
	applied int              // changes
	making  tenancy.Revision // of the change that is being written; 0: of none
	dirty   bool             // there is something to commit
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

// work runs the changes and commits them.
func (b *batch) work(own *call) (err error) {
	defer recoverDamage(&err)
	if err := b.store.Err(); err != nil {
		return unavailable("the store has stopped", err)
	}
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
	t := newTx(b.below, b.state)
	c.err = runSafely(c.fn, t)
	t.over.ended = true
	if c.err == nil {
		c.err = c.ctx.Err() // nobody waits for it any more
	}
	switch {
	case errors.Is(c.err, errDamaged): // nothing goes on top of damage
		return c.err
	case c.err != nil:
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

// apply writes an allowed overlay into the shared transaction: its state, the
// records of its decisions with the revision that it makes, its receipts, and
// what the change log keeps of it.
func (b *batch) apply(c *call, o *overlay) error {
	if o.empty() {
		return nil
	}
	at := b.state
	raised := o.wrote && !c.silent
	if raised {
		at.revision++
	}
	added, chain, err := recorded(o.records, at)
	if err != nil { // of this change alone: nothing is applied yet
		c.err = err
		return nil
	}
	at.chain = chain
	for _, r := range o.receipts {
		added = append(added, r.entries(at.revision)...)
	}
	if raised {
		b.making = at.revision
		defer func() { b.making = 0 }()
	}
	done, err := b.write(o)
	if err != nil {
		return err
	}
	if raised {
		added = append(added, done.entries(logged(o.records, at.revision))...)
	}
	for _, e := range added {
		if err := b.add(e); err != nil {
			return err
		}
	}
	b.state, b.dirty, c.revision = at, true, at.revision
	b.applied++
	return nil
}

// logged is what the change log says of a change, by the record of its
// decision; of a change without one, the revision alone.
func logged(records []audit.Record, made tenancy.Revision) tenancy.Commit {
	c := tenancy.Commit{Revision: made}
	if len(records) > 0 {
		r := records[0]
		c.At, c.Action = r.Time, tenancy.Action(r.Action)
		c.DecisionID, _ = decisionID(r.DecisionID)
	}
	return c
}

// write writes an overlay in the order of its keys, and notes what it did.
func (b *batch) write(o *overlay) (done noted, err error) {
	for to := bucketMeta + 1; to < bucketCount; to++ {
		for _, w := range o.within(to, nil, nil) {
			key := []byte(w.key)
			old, err := b.put(to, key, w.frame)
			if err != nil {
				return done, err
			}
			if bytes.Equal(old, w.frame) { // it ended as it began
				continue
			}
			if err := done.note(to, key, old, w.frame); err != nil {
				return done, err
			}
		}
	}
	return done, nil
}

// put writes one frame, keeps the tally, and gives the frame that was there
// before. A nil frame deletes.
func (b *batch) put(to bucket, key, frame []byte) (old []byte, err error) {
	if old, err = b.below.get(to, key); err != nil {
		return nil, err
	}
	if old != nil {
		if _, _, err := unframe(to, key, old); err != nil {
			return nil, err
		}
	}
	if old == nil && frame == nil {
		return nil, nil // written and deleted by the same change
	}
	b.tallies[to].remove(old)
	b.tallies[to].add(frame)
	return old, b.set(to, key, frame)
}

// add writes a record whose key was never used, so that nothing is looked up.
func (b *batch) add(e entry) error {
	b.tallies[e.to].add(e.frame)
	return b.set(e.to, e.key, e.frame)
}

// set puts one frame into the transaction; a nil one deletes.
func (b *batch) set(to bucket, key, frame []byte) error {
	if watch := b.store.opts.OnPut; watch != nil {
		watch(b.making, to.String(), key, frame)
	}
	if err := b.below.put(to, key, frame); err != nil {
		return fmt.Errorf("write %s: %w", to, err)
	}
	return nil
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
