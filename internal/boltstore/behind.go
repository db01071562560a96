package boltstore

import (
	"context"
	"sync"
	"time"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/tenancy"
)

// Refusals and uses of credentials are written behind the answer: with the
// next commit, or after a second.
const (
	behindDelay   = time.Second
	behindRecords = 1024    // queued at once; further ones are dropped and counted
	behindInputs  = 4 << 20 // bytes of the inputs queued with them
	behindTouches = 4096    // credentials; a later use of a queued one replaces it
)

// load is what is written behind in one commit.
type load struct {
	records []audit.Record
	inputs  int // bytes
	logins  map[tenancy.UserID]time.Time
	uses    map[tenancy.KeyID]time.Time
}

func newLoad() *load {
	return &load{logins: make(map[tenancy.UserID]time.Time), uses: make(map[tenancy.KeyID]time.Time)}
}

func (l *load) empty() bool { return len(l.records)+len(l.logins)+len(l.uses) == 0 }

// add queues a record if there is room.
func (l *load) add(r audit.Record) (kept bool) {
	if len(l.records) >= behindRecords || l.inputs+len(r.Input) > behindInputs {
		return false
	}
	l.records = append(l.records, r)
	l.inputs += len(r.Input)
	return true
}

// touch keeps the later time of each credential, of so many as there is room for.
func (l *load) touch(t tenancy.Touch) (kept bool) {
	room := len(l.logins)+len(l.uses) < behindTouches
	if t.Key.IsZero() {
		return keepLater(l.logins, t.User, t.At, room)
	}
	return keepLater(l.uses, t.Key, t.At, room)
}

func keepLater[K comparable](m map[K]time.Time, id K, at time.Time, room bool) bool {
	last, queued := m[id]
	if !queued && !room {
		return false
	}
	if at.After(last) {
		m[id] = at
	}
	return true
}

// behind queues what is written behind. Its timer runs only while something is
// queued.
type behind struct {
	counts *counts
	flush  func() error

	mu      sync.Mutex
	queued  *load
	timer   *time.Timer // nil: not running
	running sync.WaitGroup
	stopped bool
}

// Append queues the record of a refusal: it joins the chain with the next
// commit, or within about a second, and raises no revision. When the queue is
// full the record is dropped and counted (Stats). The error is unavailable, or
// the context's, or that the record cannot be encoded. The store keeps the
// record's input, which must not be altered afterwards.
func (s *Store) Append(ctx context.Context, r audit.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.Err(); err != nil {
		return unavailable("the store has stopped", err)
	}
	if err := checkInput(r); err != nil {
		return err
	}
	if _, _, err := audit.Encode(r); err != nil {
		return err // now, and not in a commit that it would spoil
	}
	return s.behind.add(func(l *load) {
		if !l.add(r) {
			s.counts.droppedRecords.Add(1)
		}
	})
}

// Touch queues that a credential was used. Of a credential that is touched
// again before the next flush, the later time stays. What finds no room is
// dropped and counted (Stats).
func (s *Store) Touch(t tenancy.Touch) {
	if t.Key.IsZero() && t.User.IsZero() {
		return
	}
	err := s.behind.add(func(l *load) {
		if !l.touch(t) {
			s.counts.droppedTouches.Add(1)
		}
	})
	if err != nil {
		s.counts.droppedTouches.Add(1)
	}
}

func (b *behind) add(put func(*load)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped {
		return unavailable("the store is closed", nil)
	}
	put(b.queued)
	b.arm()
	return nil
}

// arm starts the timer unless it runs. The caller holds the lock.
func (b *behind) arm() {
	if b.timer != nil || b.stopped || b.queued.empty() {
		return
	}
	b.running.Add(1)
	b.timer = time.AfterFunc(behindDelay, func() {
		defer b.running.Done()
		b.mu.Lock()
		b.timer = nil
		b.mu.Unlock()
		_ = b.flush() // what could not be written is queued again, and counted
	})
}

// take gives what is queued, or nil.
func (b *behind) take() *load {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.queued.empty() {
		return nil
	}
	l := b.queued
	b.queued = newLoad()
	return l
}

// settle forgets a load that was written, and queues one again that was not,
// before what came since.
func (b *behind) settle(l *load, failed error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if failed == nil {
		b.counts.appended.Add(uint64(len(l.records)))
		return
	}
	since := b.queued
	b.queued = l
	for _, r := range since.records {
		if !l.add(r) {
			b.counts.droppedRecords.Add(1)
		}
	}
	for id, at := range since.logins {
		l.touch(tenancy.Touch{User: id, At: at})
	}
	for id, at := range since.uses {
		l.touch(tenancy.Touch{Key: id, At: at})
	}
	b.arm()
}

// stop lets nothing more in and waits for a flush that runs.
func (b *behind) stop() {
	b.mu.Lock()
	b.stopped = true
	if b.timer != nil && b.timer.Stop() {
		b.running.Done()
	}
	b.timer = nil
	b.mu.Unlock()
	b.running.Wait()
}

// flush commits what is queued.
func (s *Store) flush() error {
	_, err := s.update(&call{ctx: context.Background()})
	return err
}

// loadBehind puts what is queued into a batch that commits anyway, or that was
// made for it.
func (b *batch) loadBehind(own *call) error {
	flushes := false
	for _, c := range b.calls {
		flushes = flushes || c.fn == nil
	}
	if !b.dirty && !flushes {
		return nil
	}
	if b.behind = b.store.behind.take(); b.behind == nil {
		return nil
	}
	t := newTx(b.below, b.state)
	if err := t.refused(b.behind.records); err != nil {
		return err
	}
	if err := t.touched(b.behind); err != nil {
		return err
	}
	c := &call{silent: true}
	if err := b.apply(c, t.over); err != nil {
		return err
	}
	b.applied-- // it is no change
	return c.err
}

// touched writes the times of use of credentials that still exist.
func (t *tx) touched(l *load) error {
	for id, at := range l.logins {
		if err := t.touch(bucketUsers, bucketLastLogins, id, at); err != nil {
			return err
		}
	}
	for id, at := range l.uses {
		if err := t.touch(bucketKeys, bucketLastUses, id, at); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) touch(of, to bucket, id [16]byte, at time.Time) error {
	holder, err := t.over.get(of, id[:])
	if holder == nil || err != nil {
		return err
	}
	last, _, err := lookup(t.from, to, id[:], decodeTime)
	if err != nil || !at.After(last) {
		return err
	}
	return t.over.put(to, id[:], encodeTime(to, id[:], at))
}
