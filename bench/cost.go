package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/memberward/memberward/internal/boltstore"
)

// sharing is how many writers share commits.
const sharing = 64

// measureBare compares durable, decided, audited writes with a bare group
// commit of bbolt that puts the same keys and values. It replays what was
// recorded last, so that both files grow alike.
func measureBare(ctx context.Context, p plan, dir string) ([]result, error) {
	recorded := &recorder{}
	real, err := openWritesOn(ctx, filepath.Join(dir, "recorded.db"), boltstore.Options{Clock: time.Now, OnPut: recorded.note}, leanness{})
	if err != nil {
		return nil, err
	}
	base, err := openBare(filepath.Join(dir, "bare.db"), recorded.take())
	if err != nil {
		return nil, err
	}
	var waiting []recording
	write := func() (float64, error) {
		rate, err := real.rate(ctx, sharing, p.window)
		waiting = append(waiting, recorded.take())
		return rate, err
	}
	replay := func() (float64, error) {
		next := waiting[0]
		waiting = waiting[1:]
		took, err := base.replay(ctx, next, sharing)
		return float64(len(next.changes)) / took.Seconds(), err
	}
	if _, err := write(); err != nil { // ahead by one window
		return nil, err
	}
	r, err := p.compare("writes, 64 writers / bare group commit", 0.4, write, replay)
	if err != nil {
		return nil, err
	}
	if err := base.close(); err != nil {
		return nil, err
	}
	return []result{r}, real.close()
}

// measureCost says what a write would gain by going without its record and its
// reasons, and what an Idempotency-Key costs it. It promises nothing.
func measureCost(ctx context.Context, p plan, dir string) ([]result, error) {
	variants := []struct {
		name    string
		keyed   bool
		without leanness
	}{
		{name: "whole"},
		{name: "writes with an Idempotency-Key / without", keyed: true},
		{name: "writes without audit / whole", without: leanness{audit: true}},
		{name: "writes without reasons and audit / whole", without: leanness{audit: true, reasons: true}},
	}
	sides := make([]side, len(variants))
	for i, v := range variants {
		b, err := openWritesOn(ctx, filepath.Join(dir, fmt.Sprintf("cost%d.db", i)), boltstore.Options{Clock: time.Now}, v.without)
		if err != nil {
			return nil, err
		}
		defer b.close()
		b.keyed = v.keyed
		sides[i] = func() (float64, error) { return b.rate(ctx, sharing, p.window) }
	}
	rates, err := inTurns(p.turns, sides...)
	if err != nil {
		return nil, err
	}
	var results []result
	for i, v := range variants[1:] {
		results = append(results, result{
			name: v.name, value: medianRatio(rates[i+1], rates[0]),
			note: fmt.Sprintf("%.0f/s against %.0f/s", median(rates[i+1]), median(rates[0])),
		})
	}
	return results, nil
}
