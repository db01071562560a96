package main

import (
	"context"
	"fmt"
	"time"
)

// How a delay is measured: so many connections at most, at so much of the
// rate that nginx with the check reaches.
const (
	delayConnections = 64
	delayRate        = 0.5
	delayTurns       = 5 // of the maximal rate
	delayRequests    = 1000
)

// checksBehindNginx sends requests through the real nginx to an application:
// with the check, without it, and through one nginx more, at half the rate that
// the first reaches at most. What the check adds to the 99th percentile is to
// stay below that of the requests which pass one nginx more. To tell what of it
// is Memberward's, the same is measured with an nginx in its place that allows
// everything, at half the rate of that.
func checksBehindNginx(ctx context.Context, p plan, dir, program, data string, who asker) ([]result, error) {
	binary, err := findNginx()
	if err != nil {
		fmt.Println("      behind nginx: not measured, nginx is missing: apt-get install nginx")
		return nil, nil
	}
	server, err := startSidecar(ctx, program, data, who)
	if err != nil {
		return nil, err
	}
	defer end(server.Cmd)
	servers := &nginxServers{binary: binary, dir: dir}
	defer servers.stop()
	w, err := servers.startWays(ctx, server, pathOf(who))
	if err != nil {
		return nil, err
	}
	rate := func(t target) side {
		return func() (float64, error) { return t.rate(ctx, connections, p.window) }
	}
	most, err := inTurns(delayTurns, rate(w.with), rate(w.without), rate(w.allowing))
	if err != nil {
		return nil, err
	}
	half := delayRate * median(most[0])
	judged, err := p.delays(ctx, w, w.with, half)
	if err != nil {
		return nil, err
	}
	if !judged.holds(p) {
		if judged, err = p.longer().delays(ctx, w, w.with, half); err != nil {
			return nil, err
		}
	}
	halfOfNginx := delayRate * median(most[2])
	nginx, err := p.delays(ctx, w, w.allowing, halfOfNginx)
	if err != nil {
		return nil, err
	}
	results := judged.results("with the check", half, judged.bound(p))
	results = append(results, nginx.results("with an nginx that allows everything", halfOfNginx, bound{})...)
	return append(results, result{
		name: "nginx with the check / without, maximal rate", value: medianRatio(most[0], most[1]),
		note: fmt.Sprintf("%.0f/s against %.0f/s", median(most[0]), median(most[1])),
	}), nil
}

// longer is a plan of three times as many turns.
func (p plan) longer() plan {
	p.turns *= 3
	return p
}

// delays are the 99th percentiles of each way in each turn, in milliseconds.
type delays struct{ without, checked, hop []float64 }

func (p plan) delays(ctx context.Context, w ways, checked target, rate float64) (delays, error) {
	window := max(p.window, min(time.Second, time.Duration(delayRequests/rate*float64(time.Second))))
	p99 := func(t target) side {
		return func() (float64, error) {
			took, err := t.openLoop(ctx, delayConnections, rate, window)
			if err != nil {
				return 0, err
			}
			return float64(percentile(took, 99)) / float64(time.Millisecond), nil
		}
	}
	found, err := inTurns(p.turns, p99(w.without), p99(checked), p99(w.hop))
	if err != nil {
		return delays{}, err
	}
	return delays{found[0], found[1], found[2]}, nil
}

// ratio says how what the check adds to the 99th percentile stands to that
// through one more nginx.
func (d delays) ratio() float64 { return medianRatio(differences(d.checked, d.without), d.hop) }

// bound is what is promised of the ratio. Short turns hold too few requests to
// tell what the slowest of them owe to the machine.
func (d delays) bound(p plan) bound { return atMost(p.hop) }

func (d delays) holds(p plan) bool { return d.bound(p).holds(d.ratio()) }

func (d delays) results(way string, rate float64, b bound) []result {
	added := func(way string, with []float64) result {
		return result{
			name: "added p99, " + way, value: median(differences(with, d.without)), unit: "ms",
			note: fmt.Sprintf("from %.2f to %.2f ms, at %.0f/s", median(d.without), median(with), rate),
		}
	}
	return []result{
		{name: "added p99 " + way + " / p99 with one more nginx", value: d.ratio(), bound: b},
		added(way, d.checked), added("one more nginx", d.hop),
	}
}

// differences gives the turns' differences a-b.
func differences(a, b []float64) []float64 {
	differences := make([]float64, len(a))
	for i := range a {
		differences[i] = a[i] - b[i]
	}
	return differences
}
