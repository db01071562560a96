package policy

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/tenancy"
)

// tested is a test file with the given rules.
func tested(rules string) book {
	return book{"membership/own_test.rego": "package membership_test\n\n" + header + rules + "\n"}
}

func TestTest(t *testing.T) {
	for _, row := range []struct {
		name   string
		source Source
		want   Result // coverage apart
		prints []string
	}{
		{
			"no tests", withoutTests(t, nil),
			Result{},
			[]string{"warning: the set has no tests\n", "0 passed, 0 failed, 0 skipped, coverage 0.0 %\n", "not covered: access/access.rego:"},
		},
		{"one passes", withoutTests(t, tested("test_own if true")), Result{Passed: 1}, []string{"1 passed, 0 failed, 0 skipped"}},
		{
			"one fails", withoutTests(t, tested("test_own if true\n\ntest_other if {\n\tprint(\"why\", 7)\n\tfalse\n}")),
			Result{Passed: 1, Failed: 1},
			[]string{"FAIL membership/own_test.rego:7: data.membership_test.test_other: why 7\n", "1 passed, 1 failed, 0 skipped"},
		},
		{
			"a case fails",
			withoutTests(t, tested("test_own[name] if {\n\tsome name, tc in {\"first\": 1, \"second\": 2}\n\n\ttc == 1\n}")),
			Result{Failed: 1},
			[]string{"FAIL membership/own_test.rego:5: data.membership_test.test_own [second]\n"},
		},
		{
			"a function fails", withoutTests(t, tested("test_own if to_number(\"x\") == 1")),
			Result{Failed: 1},
			[]string{"FAIL membership/own_test.rego:5: data.membership_test.test_own: ", "to_number"},
		},
		{"one is set aside", withoutTests(t, tested("todo_test_own if false\n\ntest_own if true")), Result{Passed: 1, Skipped: 1}, []string{"1 skipped"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			got, err := Test(context.Background(), row.source, &out)
			if err != nil {
				t.Fatal(err)
			}
			if got.Passed != row.want.Passed || got.Failed != row.want.Failed || got.Skipped != row.want.Skipped || len(got.Failures) != row.want.Failed {
				t.Errorf("got %+v, want %+v", got, row.want)
			}
			if got.Coverage == 100 || !slices.ContainsFunc(got.Uncovered, func(at string) bool { return strings.HasPrefix(at, "access/access.rego:") }) {
				t.Errorf("got coverage %.1f, uncovered %v, want access.rego among them", got.Coverage, got.Uncovered)
			}
			for _, part := range row.prints {
				if !strings.Contains(out.String(), part) {
					t.Errorf("printed\n%s\nwant %q", out.String(), part)
				}
			}
		})
	}
}

func TestTestOfABrokenSet(t *testing.T) {
	var refusal *LoadError
	for name, source := range map[string]Source{
		"it does not compile": withoutTests(t, book{"membership/decision.rego": "package membership\n\nimport rego.v2\n\ndecision := x\n"}),
		"it fails a probe":    withoutTests(t, book{"membership/decision.rego": allowAll}),
	} {
		result, err := Test(context.Background(), source, &strings.Builder{})
		if !errors.As(err, &refusal) || result.Passed+result.Failed > 0 {
			t.Errorf("%s: got %+v, %v, want a *LoadError", name, result, err)
		}
	}
}

func TestTestIsEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Test(ctx, Embedded(), &strings.Builder{}); err == nil {
		t.Error("a run that was cut short is no result")
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken") }

func TestTestSaysWhenItCannotPrint(t *testing.T) {
	if _, err := Test(context.Background(), withoutTests(t, nil), brokenWriter{}); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("got %v", err)
	}
}

// TestProbesCatch plants, for each probe, a set that allows just that.
func TestProbesCatch(t *testing.T) {
	set := unchecked(t, book{
		"membership/decision.rego": allowAll,
		"access/access.rego":       "package access\n\n" + header + "allow := true\n",
	}, Options{TimeLimit: DefaultTimeLimit, Clock: probeTime})
	names := map[string]bool{}
	for _, p := range probes() {
		if err := set.withstands(context.Background(), p); err == nil {
			t.Errorf("%s: a set that allows everything withstands it", p.says)
		}
		if names[p.says] {
			t.Errorf("%s: there are two probes of that name", p.says)
		}
		names[p.says] = true
	}
	good := load(t, Embedded())
	for _, in := range []struct {
		name string
		probe
	}{
		{"a removal", probe{in: removalBy(adminFacts())}},
		{"a reading", probe{in: accessBy(adminFacts(), tenancy.ActionResourceRead)}},
	} {
		if err := good.withstands(context.Background(), in.probe); err == nil {
			t.Errorf("%s that is fine is taken for refused", in.name)
		}
	}
}
