package app

import (
	"context"
	"math"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/memberward/memberward/internal/config"
)

// collectAt is the garbage collector's setting unless the operator has one of
// their own: 1.3 times as fast as the default, for 13 MB (design, "Why these
// choices").
const collectAt = 400

// What the program may take of memory before it collects more often than
// collectAt asks for, in bytes: RssAnon stays within 60 MiB, and rises by less than
// 32 MiB while a program at rest lists 10,000 members (docs/benchmarks).
// A program that has more to keep gets room for as much again, since a limit
// near what is alive would have it do nothing but collect.
const (
	memoryFloor = 57 << 20
	memoryAside = 8 << 20 // of the runtime and the stacks
)

// limitEvery is how often the limit follows what is alive.
const limitEvery = time.Second

// limitFor gives the limit for so many bytes that are alive.
func limitFor(live uint64) int64 {
	if live > math.MaxInt64/4 {
		return math.MaxInt64
	}
	return max(memoryFloor, 2*int64(live)+memoryAside)
}

// setCollector sets the garbage collector where the operator has not, by GOGC
// and GOMEMLIMIT, and gives what puts the limit back.
func setCollector(env config.Environment) (undo func()) {
	if _, set := env["GOGC"]; !set {
		debug.SetGCPercent(collectAt)
	}
	if _, set := env["GOMEMLIMIT"]; set {
		return func() {}
	}
	before := debug.SetMemoryLimit(memoryFloor)
	return func() { debug.SetMemoryLimit(before) }
}

// limitMemory lets the limit follow what is alive until ctx ends, unless the
// operator has set one.
func limitMemory(ctx context.Context, env config.Environment) error {
	if _, set := env["GOMEMLIMIT"]; set {
		return nil
	}
	tick := time.NewTicker(limitEvery)
	defer tick.Stop()
	for last := int64(memoryFloor); ; {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if limit := limitFor(liveBytes()); limit != last {
			debug.SetMemoryLimit(limit)
			last = limit
		}
	}
}

// liveBytes is what the last collection found alive.
func liveBytes() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}
