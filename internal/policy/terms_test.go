package policy

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

// TestTerms holds the shipped data against the contracts of the dialects.
func TestTerms(t *testing.T) {
	engine := NewEngine(load(t, Embedded()))
	for dialect, want := range map[tenancy.Dialect]tenancy.Terms{
		tenancy.DialectNative:      {DefaultLevel: tenancy.LevelMember, AddAgain: tenancy.AgainRefused},
		tenancy.DialectCognee:      {DefaultLevel: tenancy.LevelMember, AddAgain: tenancy.AgainRefused},
		tenancy.DialectLlamaCloud:  {DefaultLevel: tenancy.LevelViewer, AddAgain: tenancy.AgainUpdated, AddsPerMinute: 600},
		tenancy.DialectCogniac:     {DefaultLevel: tenancy.LevelMember, AddAgain: tenancy.AgainKept, InviteAgain: tenancy.AgainKept},
		tenancy.DialectProcessMind: {DefaultLevel: tenancy.LevelMember, AddAgain: tenancy.AgainKept},
		tenancy.DialectProxy:       {},
		"unheard of":               {},
	} {
		if got := engine.Terms(dialect); got != want {
			t.Errorf("Terms(%s): got %+v, want %+v", dialect, got, want)
		}
	}
}

func TestTermsOfAnOperator(t *testing.T) {
	for _, row := range []struct {
		name, content string
		want          tenancy.Terms
	}{
		{"none", "", tenancy.Terms{}},
		{"another dialect's", "cognee: {default_level: viewer}", tenancy.Terms{}},
		{"nothing said", "native: {}", tenancy.Terms{}},
		{"everything", "native: {default_level: admin, add_again: updated, invite_again: replaced, adds_per_minute: 0}", tenancy.Terms{
			DefaultLevel: tenancy.LevelAdmin, AddAgain: tenancy.AgainUpdated, InviteAgain: "replaced",
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			engine := NewEngine(load(t, withoutTests(t, book{termsFile: row.content})))
			if got := engine.Terms(tenancy.DialectNative); got != row.want {
				t.Errorf("got %+v, want %+v", got, row.want)
			}
		})
	}
}

// TestTermsThatAreRefused: whatever is misspelt or of another type keeps the
// whole set from being loaded, and the message names file and place.
func TestTermsThatAreRefused(t *testing.T) {
	for content, place := range map[string]string{
		"natve: {default_level: member}":      "natve: there is no such dialect",
		"native: member":                      "native: the terms of a dialect are an object",
		"native: null":                        "native: the terms of a dialect are an object",
		"native: {defaultlevel: member}":      "native.defaultlevel: there is no such term",
		"native: {default_level: owner}":      "native.default_level: only a transfer",
		"native: {default_level: emperor}":    "native.default_level: unknown level",
		"native: {default_level: none}":       "native.default_level: unknown level",
		"native: {default_level: 20}":         "native.default_level: unknown level",
		"native: {add_again: replaced}":       "native.add_again: replaced is none of",
		"native: {add_again: true}":           "native.add_again: true is none of",
		"native: {add_again: null}":           "native.add_again: <nil> is none of",
		"native: {invite_again: updated}":     "native.invite_again: updated is none of",
		"native: {invite_again: refused}":     "native.invite_again: refused is none of",
		"native: {adds_per_minute: -1}":       "native.adds_per_minute: -1 is no whole number",
		"native: {adds_per_minute: 1.5}":      "native.adds_per_minute: 1.5 is no whole number",
		"native: {adds_per_minute: '600'}":    "native.adds_per_minute: 600 is no whole number",
		"native: {adds_per_minute: 10000000}": "native.adds_per_minute: 10000000 is no whole number",
		"native: {adds_per_minute: 1e400}":    "native.adds_per_minute: ",
	} {
		t.Run(content, func(t *testing.T) {
			_, err := Load(context.Background(), withoutTests(t, book{termsFile: content}), Options{TimeLimit: time.Minute, Clock: time.Now})
			var refused *LoadError
			if !errors.As(err, &refused) || !strings.Contains(strings.Join(refused.Problems, "\n"), termsFile+": "+place) {
				t.Errorf("got %v, want a problem at %s", err, place)
			}
		})
	}
	t.Run("dialects is a list", func(t *testing.T) {
		_, err := Load(context.Background(), withoutTests(t, book{termsFile: "", "data.yaml": "dialects: [native]"}),
			Options{TimeLimit: time.Minute, Clock: time.Now})
		if err == nil || !strings.Contains(err.Error(), "dialects is no object") {
			t.Errorf("got %v", err)
		}
	})
}
