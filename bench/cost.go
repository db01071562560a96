package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/memberward/memberward/internal/boltstore"
)

// sharing is how many writers share commits.
const sharing = 64

// measureBare compares durable, decided, audited writes with a bare group
// commit of bbolt that puts the same keys and values: on this machine's disk,
// and with each sync slowed to what a slow disk takes.
func measureBare(ctx context.Context, p plan, dir string) ([]result, error) {
	var results []result
	for _, c := range []struct {
		name  string
		delay time.Duration
	}{
		{"writes, 64 writers / bare group commit", 0},
		{"the same, syncs of 10 ms", slowSync},
	} {
		path := filepath.Join(dir, fmt.Sprintf("bare%d", c.delay))
		b, err := openBeside(ctx, path, c.delay)
		if err != nil {
			return nil, err
		}
		r, err := p.compare(c.name, p.bare,
			func() (float64, error) { return b.write(ctx, p.window) },
			func() (float64, error) { return b.replay(ctx, p.window) })
		if err = errors.Join(err, b.close()); err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

// besideBare is a store whose writes are recorded, and a bare group commit
// that replays them. The replay runs one window late at most, so that both
// files grow alike whichever goes first.
type besideBare struct {
	store    *writeBench
	bare     *bare
	recorded *recorder
	waiting  []recording
}

func openBeside(ctx context.Context, path string, delay time.Duration) (*besideBare, error) {
	recorded := &recorder{}
	opts := boltstore.Options{Clock: time.Now, OnPut: recorded.note}
	if delay > 0 {
		opts.BeforeSync = func() error { time.Sleep(delay); return nil }
	}
	store, err := openWritesOn(ctx, path+"-store.db", opts, leanness{})
	if err != nil {
		return nil, err
	}
	base, err := openBare(path+".db", recorded.take())
	if err != nil {
		return nil, errors.Join(err, store.close())
	}
	base.delay = delay
	return &besideBare{store: store, bare: base, recorded: recorded}, nil
}

func (b *besideBare) close() error { return errors.Join(b.bare.close(), b.store.close()) }

// write lets the store write for a while, and keeps what it put.
func (b *besideBare) write(ctx context.Context, window time.Duration) (float64, error) {
	rate, err := b.store.rate(ctx, sharing, window)
	b.waiting = append(b.waiting, b.recorded.take())
	return rate, err
}

// replay commits what waits longest, and writes something first if nothing
// does.
func (b *besideBare) replay(ctx context.Context, window time.Duration) (float64, error) {
	if len(b.waiting) == 0 {
		if _, err := b.write(ctx, window); err != nil {
			return 0, err
		}
	}
	next := b.waiting[0]
	b.waiting = b.waiting[1:]
	took, err := b.bare.replay(ctx, next, sharing)
	return float64(len(next.changes)) / took.Seconds(), err
}

// measureCost says what a write would gain by going without its record and its
// reasons, what it gains by remembered rulings, and what an Idempotency-Key
// costs it. It promises nothing.
func measureCost(ctx context.Context, p plan, dir string) ([]result, error) {
	variants := []struct {
		name    string
		keyed   bool
		without leanness
	}{
		{name: "whole"},
		{name: "writes with an Idempotency-Key / without", keyed: true},
		{name: "writes, every ruling evaluated / whole", without: leanness{memory: true}},
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
