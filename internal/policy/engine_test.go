package policy

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

// slow is a set whose decision would take hours.
func slow() book {
	return deciding(`decision := count([1 |
	some i in numbers.range(1, 10000)
	some j in numbers.range(1, 10000)
	i * j < 0
])`)
}

func TestASlowPolicyIsEnded(t *testing.T) {
	set := unchecked(t, slow(), Options{TimeLimit: 5 * time.Millisecond, Clock: time.Now})
	in := removalBy(adminFacts())
	ruling, err := NewEngine(set).Decide(context.Background(), &in)
	if codeOfError(t, err) != tenancy.CodePolicyTimeout || ruling.Allow || ruling.PolicyRevision != "unchecked" {
		t.Errorf("got %+v, %v, want policy_timeout", ruling, err)
	}
}

// TestTimeIsMeasuredByTheClock counts the looks at a made-up clock that moves
// a second at each: the evaluation ends at the first look past the limit.
func TestTimeIsMeasuredByTheClock(t *testing.T) {
	now, looks := probeTime(), 0
	clock := func() time.Time {
		looks++
		now = now.Add(time.Second)
		return now
	}
	set := unchecked(t, slow(), Options{TimeLimit: 5 * time.Second, Clock: clock})
	in := removalBy(adminFacts())
	_, err := NewEngine(set).Decide(context.Background(), &in)
	if codeOfError(t, err) != tenancy.CodePolicyTimeout || looks != 6 {
		t.Errorf("got %v after %d looks, want policy_timeout after 6", err, looks)
	}
}

func TestAnEndedContextEndsTheEvaluation(t *testing.T) {
	in := removalBy(adminFacts())
	t.Run("before it began", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		ruling, err := NewEngine(load(t, Embedded())).Decide(ctx, &in)
		if codeOfError(t, err) != tenancy.CodePolicyTimeout || !errors.Is(err, context.Canceled) || ruling.Allow {
			t.Errorf("got %+v, %v, want policy_timeout because of the context", ruling, err)
		}
	})
	t.Run("meanwhile", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		looks := 0
		clock := func() time.Time {
			if looks++; looks == 10 {
				cancel()
			}
			return probeTime()
		}
		set := unchecked(t, slow(), Options{TimeLimit: time.Hour, Clock: clock})
		_, err := NewEngine(set).Decide(ctx, &in)
		if codeOfError(t, err) != tenancy.CodePolicyTimeout || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want policy_timeout because of the context", err)
		}
	})
}

// TestNoGoroutineWatches looks from inside the evaluation, through its clock.
func TestNoGoroutineWatches(t *testing.T) {
	most, looks := 0, 0
	clock := func() time.Time {
		most = max(most, runtime.NumGoroutine())
		looks++
		return probeTime()
	}
	set, err := Load(context.Background(), withoutTests(t, nil), Options{Clock: clock, ShadowEvery: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background()) // one that could be watched
	defer cancel()
	most, looks = 0, 0
	before := runtime.NumGoroutine()
	for range 100 {
		in := removalBy(adminFacts())
		if _, err := NewEngine(set).Decide(ctx, &in); err != nil {
			t.Fatal(err)
		}
	}
	if looks < 200 || most > before {
		t.Errorf("%d goroutines before, up to %d during an evaluation (%d looks)", before, most, looks)
	}
}

func TestAPanicRefuses(t *testing.T) {
	looks := 0
	clock := func() time.Time {
		if looks++; looks == 2 {
			panic("planted")
		}
		return probeTime()
	}
	set := unchecked(t, deciding("decision := true"), Options{TimeLimit: time.Hour, Clock: clock})
	in := removalBy(adminFacts())
	ruling, err := NewEngine(set).Decide(context.Background(), &in)
	if codeOfError(t, err) != tenancy.CodePolicyError || ruling.Allow || ruling.PolicyRevision != "unchecked" {
		t.Errorf("got %+v, %v, want policy_error", ruling, err)
	}
}

func TestPoliciesSeeTheTransactionsTime(t *testing.T) {
	set := unchecked(t, deciding(`decision := {"allow": true, "granted": true, "violations": []} if time.now_ns() == 946684800000000000`),
		Options{TimeLimit: time.Minute, Clock: time.Now})
	in := removalBy(adminFacts()) // at probeTime
	if ruling, err := NewEngine(set).Decide(context.Background(), &in); err != nil || !ruling.Allow {
		t.Errorf("got %+v, %v, want the time of the input", ruling, err)
	}
	in.Now = time.Time{}
	if _, err := NewEngine(set).Decide(context.Background(), &in); codeOfError(t, err) != tenancy.CodePolicyError {
		t.Errorf("got %v, want policy_error without a time", err)
	}
}

// TestChangesNeverReachAccess: what is a change passes the objections, what is
// none never reaches them.
func TestChangesNeverReachAccess(t *testing.T) {
	engine := NewEngine(load(t, Embedded()))
	change, access := removalBy(adminFacts()), accessBy(adminFacts(), tenancy.ActionResourceRead)
	if ruling, err := engine.Allow(context.Background(), &change); codeOfError(t, err) != tenancy.CodePolicyError || ruling.Allow {
		t.Errorf("access judged a change: %+v, %v", ruling, err)
	}
	if ruling, err := engine.Decide(context.Background(), &access); codeOfError(t, err) != tenancy.CodePolicyError || ruling.Allow {
		t.Errorf("the decision judged an access: %+v, %v", ruling, err)
	}
}

// TestDecisionsAtOnce shares one set between many goroutines; the race
// detector watches.
func TestDecisionsAtOnce(t *testing.T) {
	engine := NewEngine(load(t, Embedded()))
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for _, in := range append(grantedChanges(), grantedAccesses()...) {
				ruling, err := engine.Active().rule(context.Background(), &in)
				if err != nil || !ruling.Allow {
					t.Errorf("%s: got %+v, %v, want it allowed", in.Action, ruling, err)
				}
			}
		})
	}
	workers.Wait()
}
