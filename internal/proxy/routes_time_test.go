//go:build !race

package proxy

import (
	"fmt"
	"testing"
	"time"
)

// TestTenThousandRoutesCostWhatTenDo compares the best of many short rounds,
// one beside the other: whatever else the machine does only adds to others.
func TestTenThousandRoutesCostWhatTenDo(t *testing.T) {
	tables := []*Routes{table(t, wide(10)...), table(t, wide(10000)...)}
	least := []time.Duration{time.Hour, time.Hour}
	for range 300 {
		for i, r := range tables {
			least[i] = min(least[i], timed(t, r))
		}
	}
	if ratio := float64(least[1]) / float64(least[0]); ratio > 1.3 {
		t.Errorf("10,000 routes take %.2f times as long as 10", ratio)
	}
	begun := time.Now()
	slowly(tables[1].rows, []string{"v1", "tenants", "acme", "kind-4999", "42"})
	if took := time.Since(begun); took < least[0]/requests*13/10 {
		t.Errorf("comparing all 10,000 rows takes %v: the bound above proves nothing", took)
	}
}

// requests is how many are timed at once.
const requests = 200

// timed asks for ten routes again and again.
func timed(t *testing.T, r *Routes) time.Duration {
	begun := time.Now()
	for i := range requests {
		c, err := Canonicalise(fmt.Sprintf("/v1/tenants/acme/kind-%d/42", i%5))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.match("GET", "app.example.com", c.Segments); err != nil {
			t.Fatal(err)
		}
	}
	return time.Since(begun)
}
