package policy

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
)

// testTimeLimit is how long one test of a set may take.
const testTimeLimit = time.Minute

// Result is what the tests of a set came to. Each case of a table counts, as
// it does for opa test.
type Result struct {
	Passed, Failed, Skipped int
	Failures                []string // one for each test, with file and line
	Coverage                float64  // percent of the lines of the rules
	Uncovered               []string // file:line of what no test reached
	Warnings                []string // what should be mended; see [Set.Warnings]
}

// Test runs the tests of a set as opa test would, with coverage, once it is
// sure that the set keeps the contract; a set that does not is a *LoadError.
// It writes a line for each failure, each warning and each line that no test
// reached, and a summary. Failing tests and missing coverage are no error.
func Test(ctx context.Context, source Source, w io.Writer) (Result, error) {
	loading, err := begin(source)
	if err != nil {
		return Result{}, fmt.Errorf("test the policies in %s: %w", source, err)
	}
	still := Options{TimeLimit: DefaultTimeLimit, Clock: func() time.Time { return probeTime() }}
	set := loading.verify(ctx, still)
	if len(loading.problems) > 0 {
		return Result{}, &LoadError{Source: source.String(), Problems: loading.problems}
	}
	result, err := loading.runTests(ctx, cover.New())
	if err != nil {
		return result, fmt.Errorf("test the policies in %s: %w", source, err)
	}
	result.Warnings = slices.Concat(set.warnings, result.untested())
	return result, result.print(w)
}

func (r Result) print(w io.Writer) error {
	var text strings.Builder
	for _, failure := range r.Failures {
		fmt.Fprintf(&text, "FAIL %s\n", failure)
	}
	for _, warning := range r.Warnings {
		fmt.Fprintf(&text, "warning: %s\n", warning)
	}
	for _, line := range r.Uncovered {
		fmt.Fprintf(&text, "not covered: %s\n", line)
	}
	if len(r.Uncovered) > 0 {
		fmt.Fprintf(&text, "coverage is below 100 %%: no test reaches the %d lines above\n", len(r.Uncovered))
	}
	fmt.Fprintf(&text, "%d passed, %d failed, %d skipped, coverage %.1f %%\n", r.Passed, r.Failed, r.Skipped, math.Floor(10*r.Coverage)/10)
	_, err := io.WriteString(w, text.String())
	return err
}

// untested warns of a set that nothing tests.
func (r Result) untested() []string {
	if r.Passed+r.Failed > 0 {
		return nil
	}
	return []string{"the set has no tests"}
}

// runTests runs every test of the set; coverage may be nil.
func (l *loading) runTests(ctx context.Context, coverage *cover.Cover) (Result, error) {
	var result Result
	err := l.eachTest(ctx, coverage, result.count)
	slices.Sort(result.Failures)
	if coverage != nil {
		result.cover(coverage.Report(l.all), l.shipped)
	}
	return result, err
}

// eachTest runs every test of the set and hands over what each came to. Once
// the context ends, the rest is not run.
func (l *loading) eachTest(ctx context.Context, coverage *cover.Cover, take func(*tester.Result)) error {
	store := inmem.NewFromASTObject(l.document)
	runner := tester.NewRunner().
		SetCompiler(l.newCompiler(nil).WithEnablePrintStatements(true)).
		SetStore(store).
		SetModules(l.all).
		SetTimeout(testTimeLimit).
		SetCoverageRuns(nil).
		RaiseBuiltinErrors(true).
		CapturePrintOutput(true)
	if coverage != nil {
		runner.SetCoverageQueryTracer(coverage)
	}
	return storage.Txn(ctx, store, storage.TransactionParams{}, func(txn storage.Transaction) error {
		results, err := runner.RunTests(ctx, txn)
		if err != nil {
			return err
		}
		for one := range results {
			take(one)
		}
		return ctx.Err()
	})
}

// count takes over what one test came to.
func (r *Result) count(one *tester.Result) {
	if one.Error != nil || one.Fail {
		r.Failures = append(r.Failures, describe(one))
	}
	switch {
	case one.Skip:
		r.Skipped++
	case one.Error != nil:
		r.Failed++
	case len(one.SubResults) > 0:
		r.countCases(one)
	default:
		r.countCase(one.Fail)
	}
}

// countCases counts the innermost cases of a table. A table that failed never
// counts as passed, whatever its cases say.
func (r *Result) countCases(table *tester.Result) {
	before := r.Failed
	for _, one := range table.SubResults.Iter {
		if len(one.SubResults) == 0 {
			r.countCase(one.Fail)
		}
	}
	if table.Fail && r.Failed == before {
		r.Failed++
	}
}

func (r *Result) countCase(failed bool) {
	if failed {
		r.Failed++
	} else {
		r.Passed++
	}
}

// describe names a failing test, the cases of it that failed, and why.
func describe(one *tester.Result) string {
	text := fmt.Sprintf("%s:%d: %s.%s", one.Location.File, one.Location.Row, one.Package, one.Name)
	for names, sub := range one.SubResults.Iter {
		if sub.Fail {
			text += fmt.Sprintf(" [%s]", strings.Join(names, "/"))
		}
	}
	if one.Error != nil {
		text += ": " + one.Error.Error()
	}
	if output := strings.TrimSpace(string(one.Output)); output != "" {
		text += ": " + output
	}
	return text
}

// cover takes over how much of the rules was reached. How much of their tests
// was does not count.
func (r *Result) cover(report cover.Report, rules map[string]*ast.Module) {
	covered, lines := 0, 0
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		found := report.Files[name]
		covered += found.CoveredLines
		lines += found.CoveredLines + found.NotCoveredLines
		for _, gap := range found.NotCovered {
			r.Uncovered = append(r.Uncovered, fmt.Sprintf("%s:%d", name, gap.Start.Row))
		}
	}
	r.Uncovered = slices.Compact(r.Uncovered)
	if lines > 0 {
		r.Coverage = 100 * float64(covered) / float64(lines)
	}
}
