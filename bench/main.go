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
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// plan says how long and how large the run is.
type plan struct {
	memberships int           // in the store of the check
	large       int           // memberships in the store that is copied, and whose program's memory is read
	starts      []int         // memberships in the stores that are opened
	requests    int           // of a phase of work
	backups     int           // how often backups are measured
	settling    time.Duration // what a program gets to give memory back
	window      time.Duration // of one measurement
	connections int           // idle ones whose memory is read
	turns       int           // how often each side is measured
	slack       float64       // the share of a promised ratio that short turns may fall short by
	bare        float64       // what writes are to reach of a bare group commit; 0: it is only reported
	hop         float64       // what a check may add to the slowest requests, of what they take through one more nginx; 0: it is only reported
}

// whole is the plan whose figures stand in docs/benchmarks/.
func whole() plan {
	return plan{
		memberships: 1_000_000, large: 1_000_000, starts: []int{10_000, 1_000_000}, requests: 50_000, backups: 5,
		settling: 3 * time.Second, window: time.Second, connections: 5_000, turns: 21, bare: 0.4, hop: 1,
	}
}

// quick is the plan of ./check.
func quick() plan {
	return plan{
		memberships: 10_000, large: 100_000, starts: []int{10_000}, requests: 20_000, backups: 5,
		settling: time.Second, window: 200 * time.Millisecond, connections: 2_000, turns: 15, slack: 0.2,
	}
}

// collectAt is the garbage collector's setting, for both sides: the program
// sets the same (internal/app).
const collectAt = 400

func main() {
	short := flag.Bool("quick", false, "smaller stores and fewer, shorter turns: for ./check")
	only := flag.String("only", "", "run these measurements, of writes,bare,cost,start,memory,check,backup,dialects,proxies,envoy")
	flag.Parse()
	p := whole()
	if *short {
		p = quick()
	}
	debug.SetGCPercent(collectAt)
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
	}{
		{"writes", measureWrites},
		{"bare", measureBare},
		{"cost", measureCost},
		{"start", measureStart},
		{"memory", measureMemory},
		{"check", measureCheck},
		{"backup", measureBackup},
		{"dialects", measureDialects},
		{"proxies", measureProxies},
		{"envoy", measureEnvoy},
	}
	failed := 0
	for _, m := range measurements {
		if only != "" && !slices.Contains(strings.Split(only, ","), m.name) {
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

// side measures one thing once, in whatever is done per second.
type side func() (float64, error)

// compare measures a against b. A ratio below what must be reached is measured
// again, three times as long, before it is believed: a machine that is busy
// for a moment is no finding.
func (p plan) compare(name string, want float64, a, b side) (result, error) {
	want *= 1 - p.slack
	rates, err := inTurns(p.turns, a, b)
	if err != nil {
		return result{}, err
	}
	note, ratio := "", medianRatio(rates[0], rates[1])
	if ratio < want {
		note = fmt.Sprintf(", measured again after %.2f x", ratio)
		if rates, err = inTurns(3*p.turns, a, b); err != nil {
			return result{}, err
		}
		ratio = medianRatio(rates[0], rates[1])
	}
	note = fmt.Sprintf("%.0f/s against %.0f/s%s", median(rates[0]), median(rates[1]), note)
	return result{name: name, value: ratio, bound: atLeast(want), note: note}, nil
}

// inTurns measures the sides in short turns, each turn another one first, so
// that all see the same machine, and gives what each measured in each turn.
func inTurns(turns int, sides ...side) ([][]float64, error) {
	rates := make([][]float64, len(sides))
	for turn := range turns {
		for i := range sides {
			which := (turn + i) % len(sides)
			rate, err := sides[which]()
			if err != nil {
				return nil, err
			}
			rates[which] = append(rates[which], rate)
		}
	}
	return rates, nil
}

// medianRatio gives the median of the turns' ratios a/b.
func medianRatio(a, b []float64) float64 {
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = a[i] / b[i]
	}
	return median(ratios)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
