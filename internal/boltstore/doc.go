// Package boltstore keeps the state in one bbolt file: users, tenants,
// memberships, keys, their indexes and counters, the revision and the audit
// chain. It is a [gate.Store].
//
// Four things are its own, beneath bbolt's transactions:
//
//   - Group commit: waiting changes share one sync. Each runs on an overlay of
//     the shared transaction, so that a refused one costs its neighbours
//     nothing (queue.go, batch.go, overlay.go).
//   - Framing: every record carries a format version and a checksum over its
//     bucket, key and payload, so that no altered or misplaced record is ever
//     read (codec.go). A tally over all records of a bucket, committed with
//     each change, shows at the next start whether one is missing or stale.
//   - Damage is refused: the pages are checked before bbolt maps them
//     (pages.go), and a fault while reading is an error, never a crash.
//   - What a failed commit left behind is known or said to be unknown
//     (commit.go).
package boltstore
