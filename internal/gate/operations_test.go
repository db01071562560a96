//go:build !race

package gate_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

var operations = flag.Int("operations", 0, "how many random operations run beneath a policy that allows everything; 0: 100,000, and ten million with MEMBERWARD_FULL=1")

// operationsPerWorld is how long one world lives. Its store grows with every
// operation, and its people leave.
const operationsPerWorld = 500

// TestInvariantsHoldBeneathAPolicyThatAllowsEverything lets random people do
// random things through the real gate and store, with a policy that grants
// everything and objects to nothing, and looks at the whole state after each:
// no tenant is without its owner or its last administrator, none is over its
// limit, and nobody hands out or takes away more than they hold.
func TestInvariantsHoldBeneathAPolicyThatAllowsEverything(t *testing.T) {
	total := *operations
	full := os.Getenv("MEMBERWARD_FULL") != ""
	switch {
	case total > 0:
	case full:
		total = 10_000_000
	default:
		total = 100_000
	}
	worlds := (total + operationsPerWorld - 1) / operationsPerWorld
	var mu sync.Mutex
	applied, tried, ended := map[string]int{}, map[string]int{}, 0
	inWorlds(t, worlds, func(number uint64) {
		inWorld(t, number, allowAll, func(w *world) {
			life := live(w)
			mu.Lock()
			defer mu.Unlock()
			for name, n := range life.applied {
				applied[name] += n
			}
			for name, n := range life.tried {
				tried[name] += n
			}
			if ended++; full && ended*100/worlds > (ended-1)*100/worlds {
				fmt.Fprintf(os.Stderr, "%3d %% of %d operations\n", ended*100/worlds, total) // ten million take a while
			}
		})
	})
	var table strings.Builder
	sum := 0
	for _, r := range requests {
		fmt.Fprintf(&table, "%9d of %9d applied: %s\n", applied[r.name], tried[r.name], r.name)
		sum += applied[r.name]
		if applied[r.name] == 0 {
			t.Errorf("%s: never applied", r.name)
		}
	}
	t.Logf("%d operations in %d worlds, %d applied\n%s", worlds*operationsPerWorld, worlds, sum, table.String())
}

// life is what became of the operations in one world.
type life struct{ applied, tried map[string]int }

// live runs one world's operations, until one breaks something.
func live(w *world) life {
	l := life{map[string]int{}, map[string]int{}}
	before := w.census()
	for n := range operationsPerWorld {
		row, actor, change := w.draw()
		opts := w.options()
		opts.DryRun = w.oneIn(20)
		if w.oneIn(10) { // now and then a retry, or another request with the same key
			opts.Idempotency = tenancy.Idempotency{Key: pick(w, "a", "b", "c"), Request: tenancy.Digest{byte(w.rng.IntN(2))}}
		}
		l.tried[row.name]++
		outcome, err := w.Apply(w.t.Context(), actor, change, opts)
		said := fmt.Sprintf("world %d, operation %d: %s, by %+v: %+v, %+v", w.number, n, row.name, actor, change, opts)
		if _, _, fault := foundBy(err); fault != nil {
			w.t.Errorf("%s: %v", said, fault)
			return l
		}
		if err != nil || opts.DryRun || outcome.Replayed {
			if revision := w.revision(); revision != before.revision {
				w.t.Errorf("%s: the revision went from %d to %d", said, before.revision, revision)
				return l
			}
			continue
		}
		l.applied[row.name]++
		after := w.census()
		if problem := wrong(before, after, actor, opts.Dialect); problem != nil {
			w.t.Errorf("%s: %v", said, problem)
			return l
		}
		w.follow(change, outcome.Result)
		before = after
	}
	return l
}

// wrong looks at a state and the one before it. A world lives for some hours
// of its first day, and the times that matter in it are whole days.
func wrong(before, after census, actor tenancy.Actor, dialect tenancy.Dialect) error {
	if err := after.broken(before); err != nil {
		return err
	}
	return after.escalated(before, actor, dialect, began.Add(24*time.Hour))
}

func (w *world) census() (c census) {
	if err := w.store.View(w.t.Context(), func(r gate.Reader) (err error) { c, err = takeCensus(r); return err }); err != nil {
		w.t.Errorf("world %d: %v", w.number, err)
	}
	return c
}

func (w *world) revision() (revision tenancy.Revision) {
	if err := w.store.View(w.t.Context(), func(r gate.Reader) error { revision = r.Revision(); return nil }); err != nil {
		w.t.Errorf("world %d: %v", w.number, err)
	}
	return revision
}
