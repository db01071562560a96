package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/tester"

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
			[]string{"warning: the set has no tests\n", "coverage is below 100 %: no test reaches the ", "0 passed, 0 failed, 0 skipped, coverage 0.0 %\n", "not covered: access/access.rego:"},
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
			Result{Passed: 1, Failed: 1},
			[]string{"FAIL membership/own_test.rego:5: data.membership_test.test_own [second]\n", "1 passed, 1 failed"},
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

// TestTestCountsAsOPA prints the number that opa test prints.
func TestTestCountsAsOPA(t *testing.T) {
	source := withoutTests(t, tested(`
test_plain if true

test_table[name] if {
	some name, n in {"first": 1, "second": 2, "third": 1}
	n == 1
}

test_tables[outer][inner] if {
	some outer in ["one", "two"]
	some inner in ["red", "blue"]
	outer == "one"
}

test_empty[name] if {
	some name in []
	true
}

test_wrong if false

todo_test_later if false`))
	l, err := begin(source)
	if err != nil {
		t.Fatal(err)
	}
	l.read()
	l.parse()
	result, err := l.runTests(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	results, err := tester.NewRunner().SetModules(l.all).RunTests(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := (tester.PrettyReporter{Output: &out}).Report(results); err != nil {
		t.Fatal(err)
	}
	total := result.Passed + result.Failed + result.Skipped
	for _, want := range []string{
		fmt.Sprintf("PASS: %d/%d\n", result.Passed, total), fmt.Sprintf("FAIL: %d/%d\n", result.Failed, total), fmt.Sprintf("SKIPPED: %d/%d\n", result.Skipped, total),
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("opa test printed\n%s\nwant %q", out.String(), want)
		}
	}
	if result.Passed < 5 || result.Failed < 4 || result.Skipped != 1 || len(result.Failures) != 3 {
		t.Errorf("got %+v: a case is missing", result)
	}
}

func TestCountFailsClosed(t *testing.T) {
	table := &tester.Result{Fail: true, Location: &ast.Location{}, SubResults: tester.SubResultMap{"case": {Name: "case"}}}
	var result Result
	if result.count(table); result.Failed != 1 || len(result.Failures) != 1 {
		t.Errorf("got %+v: a table that failed has no failure", result)
	}
}

// TestPrintRoundsDown: what is not covered whole does not read as if it were.
func TestPrintRoundsDown(t *testing.T) {
	var out strings.Builder
	if err := (Result{Passed: 1, Coverage: 99.99}).print(&out); err != nil || !strings.HasSuffix(out.String(), "coverage 99.9 %\n") {
		t.Errorf("got %q, %v", out.String(), err)
	}
}

// TestTestCoversTheRules: each line that no test reaches stands there once, and
// what a test does not reach of itself does not count.
func TestTestCoversTheRules(t *testing.T) {
	changes := tested("test_own if count({1 | 1 == 2; 2 == 2}) == 0\n\n_unused if 1 == 1")
	changes["membership/forbid/own.rego"] = module("membership.forbid", `violation contains {"code": "own", "message": "own"} if {input.tenant.members == 3; input.tenant.limit == 4}`)
	result, err := Test(t.Context(), withoutTests(t, changes), &strings.Builder{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, at := range result.Uncovered {
		if found[at]++; found[at] > 1 || strings.Contains(at, "_test.rego") {
			t.Errorf("%s is listed", at)
		}
	}
	if found["membership/forbid/own.rego:5"] != 1 || result.Coverage != 0 {
		t.Errorf("got coverage %.1f, uncovered %v", result.Coverage, result.Uncovered)
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
