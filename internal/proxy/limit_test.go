package proxy

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A limit is a context like the library's own: whatever that says of the end
// of a time, it says as well.
func TestALimitIsLikeTheLibrarys(t *testing.T) {
	type state struct {
		Err  error
		Done bool
	}
	stateOf := func(ctx context.Context) state {
		select {
		case <-ctx.Done():
			return state{ctx.Err(), true}
		default:
			return state{ctx.Err(), false}
		}
	}
	for name, parent := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"no end of its own": context.WithCancel,
		"an earlier end": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		},
		"a later end": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Minute)
		},
	} {
		for _, cancelled := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := parent(t.Context())
					defer cancel()
					at := time.Now().Add(10 * time.Second)
					theirs, free := context.WithDeadline(ctx, at)
					defer free()
					ours := &limit{Context: ctx, at: at}
					defer ours.end()
					child, free := context.WithCancel(ours)
					defer free()
					for _, step := range []time.Duration{0, time.Second, 8 * time.Second, time.Second, time.Hour} {
						time.Sleep(step)
						synctest.Wait()
						ourEnd, _ := ours.Deadline()
						theirEnd, _ := theirs.Deadline()
						if !ourEnd.Equal(theirEnd) {
							t.Errorf("after %v: ends at %v, want %v", step, ourEnd, theirEnd)
						}
						if got, want := stateOf(ours), stateOf(theirs); got != want {
							t.Errorf("after %v: %v, want %v", step, got, want)
						}
						if got, want := stateOf(child), stateOf(theirs); got != want {
							t.Errorf("its child, after %v: %v, want %v", step, got, want)
						}
						if cancelled {
							cancel()
						}
					}
				})
			})
		}
	}
}

// Nobody has to wait for the end to be told that it has come.
func TestALimitEndsUnwatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &limit{Context: t.Context(), at: time.Now().Add(time.Second)}
		if err := l.Err(); err != nil {
			t.Errorf("before: %v", err)
		}
		time.Sleep(time.Second)
		if err := l.Err(); !errors.Is(err, context.DeadlineExceeded) || l.timed != nil {
			t.Errorf("after: %v, with a timer: %t", err, l.timed != nil)
		}
		l.end()
	})
}
