package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// openLoop sends requests at a fixed rate for a while, whether those before
// them are answered or not, as clients do that know nothing of each other. It
// gives how long each took, in the order of length.
//
// A request's time begins when it is due, not when a connection is free for
// it: what stalls the server is counted for every request that would have been
// sent meanwhile, and not for the few that were under way. One that is answered
// otherwise than it has to be, since the check was given up as too late, took
// [never].
func (t target) openLoop(ctx context.Context, connections int, rate float64, window time.Duration) ([]time.Duration, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	requests := max(1, int(rate*window.Seconds()))
	due := make(chan time.Time, requests) // has room for all: who is late delays nobody
	took, errs := make([][]time.Duration, connections), make([]error, connections)
	var wg sync.WaitGroup
	for i := range connections {
		wg.Go(func() {
			if took[i], errs[i] = t.asDue(ctx, due); errs[i] != nil {
				cancel()
			}
		})
	}
	every := time.Duration(float64(time.Second) / rate)
	for i, begin := 0, time.Now().Add(every); i < requests && ctx.Err() == nil; i++ {
		at := begin.Add(time.Duration(i) * every)
		pauseUntil(at)
		due <- at
	}
	close(due)
	wg.Wait()
	all := slices.Concat(took...)
	slices.Sort(all)
	return all, errors.Join(append(errs, ctx.Err())...)
}

// never is longer than anything that is measured.
const never = time.Hour

// asDue asks on one connection whenever it is free and a request is due.
func (t target) asDue(ctx context.Context, due <-chan time.Time) (took []time.Duration, err error) {
	err = t.onConnection(func(ask func(body string) error) error {
		for at := range due {
			if ctx.Err() != nil {
				return nil // somebody else has said why
			}
			err := ask(t.body)
			switch {
			case errors.As(err, new(*unwanted)):
				took = append(took, never)
			case err != nil:
				return err
			default:
				took = append(took, time.Since(at))
			}
		}
		return nil
	})
	return took, err
}

// percentile gives the value that so many hundredths of the sorted ones do
// not exceed.
func percentile(sorted []time.Duration, hundredths int) time.Duration {
	return sorted[max(0, (len(sorted)*hundredths+99)/100-1)]
}
