package policy

import (
	"context"
	"fmt"
	"testing"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// The most allocations of one decision, the building of its input included.
const (
	decideBudget = 450
	allowBudget  = 130
)

func TestAllocations(t *testing.T) {
	engine := NewEngine(load(t, Embedded()))
	for _, row := range decisions() {
		budget := allowBudget
		if row.in.Action.Changes() {
			budget = decideBudget
		}
		if raceDetector {
			budget += budget / 2
		}
		got := testing.AllocsPerRun(20, func() {
			if _, err := engine.Active().rule(context.Background(), &row.in); err != nil {
				t.Fatal(err)
			}
		})
		t.Logf("%-45s %4.0f allocations", row.name, got)
		if got > float64(budget) {
			t.Errorf("%s: %.0f allocations, at most %d", row.name, got, budget)
		}
	}
}

func BenchmarkDecide(b *testing.B) { benchmark(b, true) }

func BenchmarkAllow(b *testing.B) { benchmark(b, false) }

func benchmark(b *testing.B, changes bool) {
	set := load(b, Embedded())
	for _, row := range decisions() {
		if row.in.Action.Changes() != changes {
			continue
		}
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := set.rule(context.Background(), &row.in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRecall measures the same requests as Decide and Allow, remembered.
func BenchmarkRecall(b *testing.B) {
	set := load(b, Embedded())
	for _, row := range decisions() {
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := set.recall(context.Background(), &row.in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// decision is a request with a name for a table.
type decision struct {
	name string
	in   gate.Input
}

// decisions are the requests that are measured: all that are granted, and
// those refused ones that have the most to say.
func decisions() []decision {
	var found []decision
	for _, in := range append(grantedChanges(), grantedAccesses()...) {
		name := fmt.Sprintf("%s/allowed", in.Action)
		if in.Actor.Platform {
			name += "/platform"
		}
		if len(in.Actor.Scopes) > 0 {
			name += "/scoped"
		}
		if in.Tenant.ID.IsZero() {
			name += "/outside"
		}
		found = append(found, decision{name, in})
	}
	stranger := gate.ActorFacts{User: probeActor}
	outOfScope := accessBy(adminFacts(), tenancy.ActionResourceRead)
	outOfScope.Actor.Scopes = []tenancy.Action{tenancy.ActionMemberList}
	proxied := accessBy(adminFacts(), tenancy.ActionResourceRead)
	return append(
		found,
		decision{"member.update/every objection", ownerAsTarget(updateBy(stranger, gate.RequestedFacts{Level: tenancy.LevelAdmin}))},
		decision{"member.remove/owner", ownerAsTarget(removalBy(adminFacts()))},
		decision{"resource.read/stranger", accessBy(stranger, tenancy.ActionResourceRead)},
		decision{"resource.read/out of scope", outOfScope},
		decision{"user.find/refused", selfInput(tenancy.ActionUserFind)},
		decision{"own.action/refused", accessBy(adminFacts(), "own.action")},
		decision{"resource.read/allowed/admin", proxied},
	)
}
