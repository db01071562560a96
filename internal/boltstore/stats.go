package boltstore

import "sync/atomic"

// Stats counts since the store was opened.
type Stats struct {
	Commits        uint64 // transactions of bbolt, each with its syncs
	Changes        uint64 // that the commits carried
	Appended       uint64 // records of refusals written
	DroppedRecords uint64 // records of refusals that found no room
	DroppedTouches uint64 // uses of credentials that found no room
	LongReads      uint64 // reading transactions of more than a second
	Full           uint64 // commits that found no room on the disk
}

type counts struct {
	commits, changes, appended, droppedRecords, droppedTouches, longReads, full atomic.Uint64
}

// Stats gives the counts so far.
func (s *Store) Stats() Stats {
	return Stats{
		Commits: s.counts.commits.Load(), Changes: s.counts.changes.Load(), Appended: s.counts.appended.Load(),
		DroppedRecords: s.counts.droppedRecords.Load(), DroppedTouches: s.counts.droppedTouches.Load(),
		LongReads: s.counts.longReads.Load(), Full: s.counts.full.Load(),
	}
}
