// Package storetest holds the contract that every store passes: what the gate
// relies on in [gate.Store]. A store's own test calls [Run]; each case is a
// function that returns what is wrong, so that the package's own tests can
// show that it finds a fault that was planted.
package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/gate"
)

// Case is one sentence of the contract. Check gets an empty store and returns
// what contradicts the sentence.
type Case struct {
	Sentence string
	Check    func(ctx context.Context, store gate.Store) error
}

// patience is how long a case may take before it counts as stuck.
const patience = time.Minute

// Cases are the contract.
func Cases() []Case {
	return []Case{
		{"two administrators who remove each other at once: exactly one succeeds", mutualRemoval},
		{"the last administrator stays, however many remove at once", lastAdministrator},
		{"a member limit holds against many that add at once", memberLimit},
		{"a request that was cancelled before it began changes nothing", cancelledBefore},
		{"a request that is cancelled after it wrote rolls back", cancelledAfterWriting},
		{"a cancelled request does not wait behind a slow one", cancelledWhileWaiting},
		{"a change that fails after writing leaves nothing and costs its neighbours nothing", failingNeighbours},
		{"a change that panics leaves nothing and is an error", panickingNeighbour},
		{"a change sees its own writes", ownWrites},
		{"a change sees its own writes and deletes in its lists", ownWritesInLists},
		{"revisions of changes at once are consecutive", consecutiveRevisions},
		{"what changes no state raises no revision", revisionStays},
		{"a reader sees all of a change or nothing of it", wholeChanges},
		{"a list holds its own and nothing of its neighbours", neighbouringRanges},
		{"a list is as long as its limit, and goes on where it ended", limitedLists},
		{"the store keeps its indexes", indexes},
		{"what is taken by another is refused", takenIndexes},
		{"deleting what is not there is an error", deletingNothing},
		{"what belongs to a tenant is kept as it was written, and listed", resources},
		{"a member's roles and projects lead back to the member", assignments},
		{"a role or project that the tenant does not have cannot be held", foreignAssignments},
		{"a role's name is its own in its tenant", roleNames},
		{"grants are found by dataset and by principal, and go with their last permission", grants},
		{"datasets are counted", datasetsCounted},
		{"what something hangs on is not deleted", hanging},
		{"an invitation is found by its code, and by its address while it is pending", invitations},
		{"an organization is found by its name, and its tenants and members lead back to it", organizations},
		{"usage is kept with its tenant and goes with it", usageOf},
		{"an entity is found by its type and its id, whatever they hold, and listed by its type", entities},
		{"what cannot be an entity is refused", noEntities},
		{"every kind of record is told of", everyEffect},
		{"records are chained in the order of the revisions", chainedRecords},
		{"a record of a change that failed is not in the chain", failedRecord},
		{"a queued record appears with the next commit", appendedWithCommit},
		{"a queued record appears without another commit", appendedAlone},
		{"a stalled reader of a list delays no write", stalledReader},
		{"every committed change is told of once and in order", committedOnce},
		{"a refused change is never told of", refusedIsUntold},
		{"a change tells what it did in the end, and nothing of what ended as it began", netEffects},
		{"a change of any size is told of whole", largeChange},
		{"a stalled reader of the changes delays no write, and sees none that began later", stalledHistory},
		{"changes and records of a tenant are its own", tenantsOwn},
		{"a decision is found with its record and its input", foundDecisions},
		{"a receipt commits with its change or not at all, and has its revision", receiptsWithChanges},
		{"a receipt holds every kind of result, without what is secret", results},
		{"receipts that are too old are forgotten", oldReceipts},
		{"what still holds something is not deleted", deletions},
		{"signing keys are kept as any change", signingKeys},
		{"a backup names the revision of its beginning", namedBackup},
		{"a stalled backup client delays no write and swells nothing", stalledBackup},
		{"one backup is made at a time", oneBackup},
		{"a backup that ends early is an error and costs nothing", endedBackup},
	}
}

// Run holds a store against the contract. open gives an empty store, and
// closes it when its test ends.
func Run(t *testing.T, open func(t *testing.T) gate.Store) {
	t.Helper()
	for _, c := range Cases() {
		t.Run(c.Sentence, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if err := c.Check(ctx, open(t)); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("after any sequence of changes the store holds what a model holds", func(t *testing.T) { anySequence(t, open) })
}
