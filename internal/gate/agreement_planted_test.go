//go:build !race

package gate_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/policy"
	"github.com/memberward/memberward/internal/tenancy"
	"github.com/memberward/memberward/policies"
)

// TestEachObjectionIsStatedTwice: no rule of membership.forbid is without its
// invariant.
func TestEachObjectionIsStatedTwice(t *testing.T) {
	set, err := policy.Load(t.Context(), policy.Embedded(), policy.Options{Clock: time.Now, TimeLimit: time.Minute, ShadowEvery: 1})
	if err != nil {
		t.Fatal(err)
	}
	objections := map[tenancy.Code]bool{}
	for _, rule := range set.Catalogue() {
		objections[tenancy.Code(rule.Code)] = true
	}
	known := append([]tenancy.Code{"", tenancy.CodeNotPermitted, tenancy.CodeFactsIncomplete}, statedTwice...) // Go's facts are never missing
	for code := range objections {
		if !slices.Contains(known, code) {
			t.Errorf("Go has no invariant for %s", code)
		}
	}
	for _, code := range statedTwice {
		if !objections[code] {
			t.Errorf("Rego has no rule for %s", code)
		}
	}
}

// TestDisagreementsAreFound plants them: an invariant that is skipped, a rule
// that is gone, a rule that objects to more.
func TestDisagreementsAreFound(t *testing.T) {
	engine := shipped(t)
	var all []compared
	for number := range uint64(15) {
		all = append(all, compareIn(t, number, engine)...)
	}
	disagree := func(spoil func(*compared)) bool {
		return slices.ContainsFunc(all, func(c compared) bool {
			c.asked = slices.Clone(c.asked)
			spoil(&c)
			return c.disagreement() != ""
		})
	}
	if disagree(func(*compared) {}) {
		t.Fatal("they disagree before anything is planted")
	}
	for _, code := range append([]tenancy.Code{tenancy.CodeNotPermitted}, statedTwice...) {
		if !disagree(func(c *compared) {
			c.found = slices.DeleteFunc(slices.Clone(c.found), func(found tenancy.Code) bool { return found == code })
		}) {
			t.Errorf("Go's %s is skipped: not found", code)
		}
		if !disagree(func(c *compared) {
			for i := range c.asked {
				c.asked[i].ruling.Violations = slices.DeleteFunc(slices.Clone(c.asked[i].ruling.Violations),
					func(v tenancy.Finding) bool { return v.Code == code })
			}
		}) {
			t.Errorf("Rego's %s is gone: not found", code)
		}
	}
	for _, code := range []tenancy.Code{tenancy.CodeMemberLimit, tenancy.CodeFactsIncomplete, "own"} {
		if !disagree(func(c *compared) {
			if len(c.asked) > 0 {
				c.asked[0].ruling.Violations = append(slices.Clone(c.asked[0].ruling.Violations), tenancy.Find(code))
			}
		}) {
			t.Errorf("Rego says %s more often: not found", code)
		}
	}
}

// TestAMissingRuleIsFound takes a rule's file away and loads what is left.
func TestAMissingRuleIsFound(t *testing.T) {
	folder := t.TempDir()
	if err := os.CopyFS(folder, policies.Files); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"seats_are_limited.rego", "seats_are_limited_test.rego"} {
		if err := os.Remove(filepath.Join(folder, "membership", "forbid", name)); err != nil {
			t.Fatal(err)
		}
	}
	set, err := policy.Load(t.Context(), policy.Dir(folder), policy.Options{Clock: time.Now, TimeLimit: time.Minute, ShadowEvery: 1})
	if err != nil {
		t.Fatal(err)
	}
	engine := policy.NewEngine(set)
	for number := range uint64(15) {
		if slices.ContainsFunc(compareIn(t, number, engine), func(c compared) bool { return c.disagreement() != "" }) {
			return
		}
	}
	t.Error("nobody noticed that a rule is gone")
}
