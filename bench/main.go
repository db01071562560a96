// Command bench measures what the project promises as ratios: each figure is
// taken side by side with its baseline, in turns, in one run. It exits with 1
// when a ratio is below what must be reached. docs/benchmarks/ says more.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"time"
)

// plan says how long and how large the run is.
type plan struct {
	memberships int           // in the store of the check
	window      time.Duration // of one measurement
	turns       int           // how often each side is measured
}

// result is one promise and what came of it.
type result struct {
	name  string
	ratio float64
	want  float64
	note  string
}

func main() {
	quick := flag.Bool("quick", false, "a hundredth of the store and fewer, shorter turns: for ./check")
	only := flag.String("only", "", "run one measurement: check or writes")
	flag.Parse()
	p := plan{memberships: 1_000_000, window: time.Second, turns: 21}
	if *quick {
		p = plan{memberships: 10_000, window: 200 * time.Millisecond, turns: 15}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	code, err := run(ctx, p, *only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func run(ctx context.Context, p plan, only string) (int, error) {
	fmt.Printf("%s %s/%s, %d CPUs; %d memberships, %d turns of %v\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), p.memberships, p.turns, p.window)
	dir, err := os.MkdirTemp("", "memberward-bench-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	measurements := []struct {
		name string
		take func(context.Context, plan, string) ([]result, error)
	}{{"writes", measureWrites}, {"check", measureCheck}}
	failed := 0
	for _, m := range measurements {
		if only != "" && only != m.name {
			continue
		}
		results, err := m.take(ctx, p, dir)
		if err != nil {
			return 1, fmt.Errorf("%s: %w", m.name, err)
		}
		failed += report(results)
	}
	return min(failed, 1), nil
}

// report prints the results and counts those below what must be reached.
func report(results []result) (failed int) {
	for _, r := range results {
		verdict := "ok  "
		if r.ratio < r.want {
			verdict = "FAIL"
			failed++
		}
		fmt.Printf("%s  %-44s %6.2f x  (must reach %.2f)  %s\n", verdict, r.name, r.ratio, r.want, r.note)
	}
	return failed
}

// compare measures a against b. A ratio below what must be reached is measured
// again, three times as long, before it is believed: a machine that is busy
// for a moment is no finding.
func (p plan) compare(name string, want float64, a, b func() (float64, error)) (result, error) {
	ratio, rateA, rateB, err := inTurns(p.turns, a, b)
	note := ""
	if err == nil && ratio < want {
		note = fmt.Sprintf(", measured again after %.2f x", ratio)
		ratio, rateA, rateB, err = inTurns(3*p.turns, a, b)
	}
	return result{name, ratio, want, fmt.Sprintf("%.0f/s against %.0f/s%s", rateA, rateB, note)}, err
}

// inTurns measures a and b in short turns, every other time b first, so that
// both see the same machine, and gives the median of the ratios a/b of each
// turn, and both medians.
func inTurns(turns int, a, b func() (float64, error)) (ratio, medianA, medianB float64, err error) {
	var ratios, as, bs []float64
	for turn := range turns {
		first, second := a, b
		if turn%2 == 1 {
			first, second = b, a
		}
		rateA, err := first()
		if err != nil {
			return 0, 0, 0, err
		}
		rateB, err := second()
		if err != nil {
			return 0, 0, 0, err
		}
		if turn%2 == 1 {
			rateA, rateB = rateB, rateA
		}
		ratios, as, bs = append(ratios, rateA/rateB), append(as, rateA), append(bs, rateB)
	}
	return median(ratios), median(as), median(bs), nil
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
