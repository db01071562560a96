package main

import "testing"

func TestAFigureKeepsItsPromiseOrNot(t *testing.T) {
	for _, row := range []struct {
		name  string
		bound bound
		value float64
		want  string
	}{
		{"nothing is promised", bound{}, 0, "    "},
		{"less than nothing, and nothing is promised", bound{}, -1, "    "},
		{"just reached", atLeast(0.25), 0.25, "ok  "},
		{"not reached", atLeast(0.25), 0.249, "FAIL"},
		{"at the limit", atMost(60), 60, "ok  "},
		{"over the limit", atMost(60), 60.1, "FAIL"},
	} {
		r := result{value: row.value, bound: row.bound}
		if got := r.verdict(); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
		if failed := report([]result{r}); (failed > 0) != (row.want == "FAIL") {
			t.Errorf("%s: %d count as failed", row.name, failed)
		}
	}
}

func TestEachSideTakesItsTurnToGoFirst(t *testing.T) {
	var order string
	sides := func(name string, rate float64) side {
		return func() (float64, error) { order += name; return rate, nil }
	}
	rates, err := inTurns(3, sides("a", 6), sides("b", 3))
	if err != nil || order != "abbaab" {
		t.Errorf("the order is %s, want abbaab; %v", order, err)
	}
	if got := medianRatio(rates[0], rates[1]); got != 2 {
		t.Errorf("the ratio is %v, want 2", got)
	}
}
