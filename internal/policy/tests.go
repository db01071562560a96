package policy

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
)

// testTimeLimit is how long one test of a set may take.
const testTimeLimit = time.Minute

// Result is what the tests of a set came to.
type Result struct {
	Passed, Failed, Skipped int
	Failures                []string // one each, with file and line
	Coverage                float64  // percent of the lines of rules and tests
	Uncovered               []string // file:line of what no test reached
}

// Test runs the tests of a set as opa test would, with coverage, once it is
// sure that the set keeps the contract; a set that does not is a *LoadError.
// It writes a line for each failure and each line that no test reached, and a
// summary. Failing tests are no error.
func Test(ctx context.Context, source Source, w io.Writer) (Result, error) {
	loading, err := begin(source)
	if err != nil {
		return Result{}, fmt.Errorf("test the policies in %s: %w", source, err)
	}
	still := Options{TimeLimit: DefaultTimeLimit, Clock: func() time.Time { return probeTime() }}
	if loading.verify(ctx, still); len(loading.problems) > 0 {
		return Result{}, &LoadError{Source: source.String(), Problems: loading.problems}
	}
	result, err := loading.runTests(ctx, cover.New())
	if err != nil {
		return result, fmt.Errorf("test the policies in %s: %w", source, err)
	}
	return result, result.print(w)
}

func (r Result) print(w io.Writer) error {
	var text strings.Builder
	for _, failure := range r.Failures {
		fmt.Fprintf(&text, "FAIL %s\n", failure)
	}
	for _, line := range r.Uncovered {
		fmt.Fprintf(&text, "not covered: %s\n", line)
	}
	if r.Passed+r.Failed == 0 {
		fmt.Fprintln(&text, "warning: the set has no tests")
	}
	fmt.Fprintf(&text, "%d passed, %d failed, %d skipped, coverage %.1f %%\n", r.Passed, r.Failed, r.Skipped, r.Coverage)
	_, err := io.WriteString(w, text.String())
	return err
}

// runTests runs every test of the set; coverage may be nil.
func (l *loading) runTests(ctx context.Context, coverage *cover.Cover) (Result, error) {
	store := inmem.NewFromASTObject(l.document)
	runner := tester.NewRunner().
		SetCompiler(l.newCompiler().WithEnablePrintStatements(true)).
		SetStore(store).
		SetModules(l.all).
		SetTimeout(testTimeLimit).
		SetCoverageRuns(nil).
		RaiseBuiltinErrors(true).
		CapturePrintOutput(true)
	if coverage != nil {
		runner.SetCoverageQueryTracer(coverage)
	}
	var result Result
	err := storage.Txn(ctx, store, storage.TransactionParams{}, func(txn storage.Transaction) error {
		results, err := runner.RunTests(ctx, txn)
		if err != nil {
			return err
		}
		for one := range results {
			result.count(one)
		}
		return ctx.Err()
	})
	slices.Sort(result.Failures)
	if coverage != nil {
		result.cover(coverage.Report(l.all))
	}
	return result, err
}

// count takes over what one test came to.
func (r *Result) count(one *tester.Result) {
	switch {
	case one.Skip:
		r.Skipped++
	case one.Pass():
		r.Passed++
	default:
		r.Failed++
		r.Failures = append(r.Failures, describe(one))
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

func (r *Result) cover(report cover.Report) {
	r.Coverage = report.Coverage
	for _, name := range slices.SortedFunc(maps.Keys(report.Files), cmp.Compare[string]) {
		for _, gap := range report.Files[name].NotCovered {
			r.Uncovered = append(r.Uncovered, fmt.Sprintf("%s:%d", name, gap.Start.Row))
		}
	}
}
