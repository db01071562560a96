package proxy

import (
	"context"
	"sync"
	"time"
)

// limit is a context that ends at a time. It sets a timer only when somebody
// waits for its end: nearly every check is over by then, and a timer may wake
// another thread.
type limit struct {
	context.Context
	at time.Time

	waited sync.Once
	timed  context.Context // nil: nobody has waited
	cancel context.CancelFunc
}

// Deadline implements [context.Context].
func (l *limit) Deadline() (time.Time, bool) {
	if earlier, is := l.Context.Deadline(); is && earlier.Before(l.at) {
		return earlier, true
	}
	return l.at, true
}

// Done implements [context.Context].
func (l *limit) Done() <-chan struct{} {
	l.waited.Do(func() { l.timed, l.cancel = context.WithDeadline(l.Context, l.at) })
	return l.timed.Done()
}

// Err implements [context.Context].
func (l *limit) Err() error {
	if err := l.Context.Err(); err != nil {
		return err
	}
	if time.Until(l.at) <= 0 {
		return context.DeadlineExceeded
	}
	return nil
}

// end frees the timer. Nobody may wait any more.
func (l *limit) end() {
	if l.cancel != nil {
		l.cancel()
	}
}
