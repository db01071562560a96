package cli

import (
	"testing"

	"github.com/memberward/memberward/internal/policy"
)

// TestVerdict: the built-in rules have to be covered whole, an operator's need
// not be.
func TestVerdict(t *testing.T) {
	for _, row := range []struct {
		name    string
		result  policy.Result
		builtIn bool
		want    int
	}{
		{"all well", policy.Result{Passed: 1, Coverage: 100}, true, exitOK},
		{"a line of the built-in set is not covered", policy.Result{Passed: 1, Coverage: 99.9}, true, exitFailed},
		{"a line of one's own set is not covered", policy.Result{Passed: 1, Coverage: 99.9}, false, exitOK},
		{"one's own set has no tests", policy.Result{}, false, exitOK},
		{"a test of the built-in set failed", policy.Result{Failed: 1, Coverage: 100}, true, exitFailed},
		{"a test of one's own set failed", policy.Result{Failed: 1, Coverage: 100}, false, exitFailed},
	} {
		if got := exitCode(verdict(row.result, row.builtIn)); got != row.want {
			t.Errorf("%s: got exit code %d, want %d", row.name, got, row.want)
		}
	}
}
