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

	mu     sync.Mutex
	timed  context.Context // nil: nobody has waited
	cancel context.CancelFunc
	ended  bool
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
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.timed != nil:
	case l.ended:
		l.timed, l.cancel = context.WithCancel(l.Context)
		l.cancel()
	default:
		l.timed, l.cancel = context.WithDeadline(l.Context, l.at)
	}
	return l.timed.Done()
}

// Err implements [context.Context].
func (l *limit) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timed != nil {
		return l.timed.Err()
	}
	err := l.Context.Err()
	switch {
	case err != nil:
		return err
	case l.ended:
		return context.Canceled
	case time.Until(l.at) <= 0:
		return context.DeadlineExceeded
	}
	return nil
}

// end ends it now, as [context.CancelFunc] does.
func (l *limit) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	if l.cancel != nil {
		l.cancel()
	}
}
