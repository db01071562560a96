// Package boltstore keeps the state in one bbolt file: users, tenants,
// memberships, keys, roles, projects, datasets and their grants, invitations,
// organizations, entities, their indexes and counters, the revision, the audit chain and
// the change log. It is a [gate.Store].
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
//
// A check authenticates and decides in one snapshot (together.go).
//
// With each change commit its audit record with the input of its decision
// (trail.go), what it did, for the change log (changelog.go), and its receipt
// for retries (receipt.go). A copy is taken while changes go on (backup.go),
// and becomes a store only when it is whole (restore.go, checkfile.go). Files
// of older formats are brought to the newest before they serve (migrate.go).
package boltstore
