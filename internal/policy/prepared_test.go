package policy

import (
	"fmt"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// References stay prepared, few of them, and never answer for each other.
func TestReferencesStayPrepared(t *testing.T) {
	set := guest(t, book{"gateway/gateway.rego": gateway})
	ask := func(path ...string) string {
		got, err := set.evaluateRule(t.Context(), &gate.RuleInput{RuleQuestion: tenancy.RuleQuestion{Path: path, Input: []byte(`{"n":7}`)}, Now: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		return string(got.JSON)
	}
	for range 2 {
		for _, row := range [][]string{{"7", "gateway", "number"}, {"false", "gateway", "allow"}, {`1`, "gateway", "table", "a/b"}, {`2`, "gateway", "table", "a", "b"}} {
			if got := ask(row[1:]...); got != row[0] {
				t.Errorf("%v: %s", row, got)
			}
		}
	}
	if n := len(set.asked.ready); n != 4 {
		t.Errorf("%d references are prepared, want 4", n)
	}
	for i := range 2 * preparedAtMost {
		if got := ask("nothing", fmt.Sprint("rule", i)); got != "" {
			t.Errorf("an undefined rule: %s", got)
		}
	}
	if n := len(set.asked.ready); n > preparedAtMost {
		t.Errorf("%d references are prepared", n)
	}
}

func TestDefines(t *testing.T) {
	set := guest(t, book{"gateway/gateway.rego": gateway})
	for path, want := range map[string]bool{"allow": true, "never": true, "things": true, "nothing": false, "": false} {
		if got := set.Defines([]string{"gateway", path}); got != want {
			t.Errorf("gateway/%s: %t", path, got)
		}
	}
	if set.Defines(nil) || set.Defines([]string{"roles", "access"}) {
		t.Error("what no rule makes up is defined")
	}
}
