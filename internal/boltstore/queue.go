package boltstore

import (
	"context"
	"slices"

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
	if _, reading := s.shared(c.ctx); reading {
		return 0, errTogether
	}
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
