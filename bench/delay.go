package main

import (
	"context"
	"fmt"
	"os/exec"
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
// with the check, without it, through one nginx more, and with an empty server
// in Memberward's place. All go at half the rate that the first reaches at most.
// What the check adds to the 99th percentile is to stay below that of the
// requests which pass one nginx more.
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
	empty, address, err := startEmpty(ctx, dir, server.check)
	if err != nil {
		return nil, err
	}
	defer end(empty)
	servers := &nginxServers{binary: binary, dir: dir}
	defer servers.stop()
	w, err := servers.startWays(ctx, server, address, pathOf(who))
	if err != nil {
		return nil, err
	}
	most, err := inTurns(delayTurns, func() (float64, error) { return w.with.rate(ctx, connections, p.window) },
		func() (float64, error) { return w.without.rate(ctx, connections, p.window) })
	if err != nil {
		return nil, err
	}
	rate := delayRate * median(most[0])
	delays, err := p.delays(ctx, w, rate)
	if err != nil {
		return nil, err
	}
	if !delays.holds(p) {
		if delays, err = p.longer().delays(ctx, w, rate); err != nil {
			return nil, err
		}
	}
	return append(delays.results(p, rate), result{
		name: "nginx with the check / without, maximal rate", value: medianRatio(most[0], most[1]),
		note: fmt.Sprintf("%.0f/s against %.0f/s", median(most[0]), median(most[1])),
	}), nil
}

// startEmpty starts the baseline server, which gives every request the head of
// an answer to the check.
func startEmpty(ctx context.Context, dir string, check target) (*exec.Cmd, string, error) {
	program, err := build(ctx, dir, "./bench/baseline")
	if err != nil {
		return nil, "", err
	}
	head, err := headOf(check)
	if err != nil {
		return nil, "", err
	}
	return startBaseline(ctx, program, "", head...)
}

// longer is a plan of three times as many turns.
func (p plan) longer() plan {
	p.turns *= 3
	return p
}

// delays are the 99th percentiles of each way in each turn, in milliseconds.
type delays struct{ without, with, hop, empty []float64 }

func (p plan) delays(ctx context.Context, w ways, rate float64) (delays, error) {
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
	found, err := inTurns(p.turns, p99(w.without), p99(w.with), p99(w.hop), p99(w.empty))
	if err != nil {
		return delays{}, err
	}
	return delays{found[0], found[1], found[2], found[3]}, nil
}

// ratio says how what the check adds to the 99th percentile stands to that
// through one more nginx.
func (d delays) ratio() float64 { return medianRatio(differences(d.with, d.without), d.hop) }

// bound is what is promised of the ratio. Short turns hold too few requests to
// tell what the slowest of them owe to the machine.
func (d delays) bound(p plan) bound { return atMost(p.hop) }

func (d delays) holds(p plan) bool { return d.bound(p).holds(d.ratio()) }

func (d delays) results(p plan, rate float64) []result {
	added := func(name string, with []float64) result {
		return result{
			name: name, value: median(differences(with, d.without)), unit: "ms",
			note: fmt.Sprintf("from %.2f to %.2f ms, at %.0f/s", median(d.without), median(with), rate),
		}
	}
	return []result{
		added("added p99, nginx with the check", d.with),
		added("added p99, nginx with an empty server", d.empty),
		added("added p99, one more nginx", d.hop),
		{name: "added p99 with the check / p99 with one more nginx", value: d.ratio(), bound: d.bound(p)},
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
