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

// What is still about when a check is over, it ends, whether somebody had
// waited before or not.
func TestALimitEndsWhatHangsOnIt(t *testing.T) {
	// Children are let go when all is over.
	for name, hang := range map[string]func(*testing.T, context.Context) context.Context{
		"itself": func(_ *testing.T, ctx context.Context) context.Context { return ctx },
		"a child": func(t *testing.T, ctx context.Context) context.Context {
			child, cancel := context.WithCancel(ctx)
			t.Cleanup(cancel)
			return child
		},
		"a timed child": func(t *testing.T, ctx context.Context) context.Context {
			child, cancel := context.WithTimeout(ctx, time.Hour)
			t.Cleanup(cancel)
			return child
		},
		"a value": func(_ *testing.T, ctx context.Context) context.Context { return context.WithValue(ctx, unusedKey{}, 1) },
	} {
		for _, late := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				l := &limit{Context: t.Context(), at: time.Now().Add(time.Hour)}
				if late {
					l.end()
				}
				ctx := hang(t, l)
				l.end()
				<-ctx.Done()
				if err := ctx.Err(); !errors.Is(err, context.Canceled) {
					t.Errorf("ended: %v", err)
				}
			})
		}
	}
}

type unusedKey struct{}

// The library watches a context that is not its own on a goroutine that may see
// the end of both at once, and panics where an end has no error.
func TestALimitThatEndsWithItsChildren(t *testing.T) {
	for range 20_000 {
		l := &limit{Context: t.Context(), at: time.Now().Add(time.Hour)}
		ctx, cancel := context.WithTimeout(l, time.Minute)
		stop := context.AfterFunc(l, func() {})
		go func() { <-l.Done() }()
		_ = ctx.Err()
		stop()
		cancel()
		l.end()
	}
}
