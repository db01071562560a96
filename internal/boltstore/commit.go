package boltstore

import (
	"errors"

	"go.etcd.io/bbolt"
)

// commit makes everything of the batch durable, or nothing.
func (b *batch) commit() error {
	s := b.store
	if err := b.set(bucketMeta, metaState, encodeState(b.state)); err != nil {
		return err
	}
	if err := b.set(bucketMeta, metaTallies, encodeTallies(&b.tallies)); err != nil {
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
	s.last.Store(&point{txid: id, revision: b.state.revision})
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
