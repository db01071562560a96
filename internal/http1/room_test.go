package http1

import (
	"net/http"
	"testing"
	"time"
)

// A connection keeps little room, whatever was answered on it.
func TestTheRoomOfAConnection(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		w := response{header: http.Header{}}
		_, _ = w.Write(make([]byte, 1<<20))
		w.take(&http.Request{Method: method, ProtoMajor: 1, ProtoMinor: 1}, time.Now(), false)
		if kept := cap(w.body) + cap(w.text); kept > 2*keep {
			t.Errorf("%s: %d bytes are kept", method, kept)
		}
	}
}

// A deadline is set when it is needed, though the clock is set back.
func TestPostpone(t *testing.T) {
	now, by, sets := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), time.Time{}, 0
	for _, step := range []struct {
		by   time.Duration
		sets int
	}{{0, 1}, {0, 1}, {7 * time.Second, 1}, {4 * time.Second, 2}, {-time.Hour, 3}, {time.Second, 3}} {
		now = now.Add(step.by)
		err := postpone(&by, now, 80*time.Second, func(at time.Time) error {
			sets++
			return nil
		})
		if err != nil || sets != step.sets || by.Before(now.Add(69*time.Second)) || by.After(now.Add(80*time.Second)) {
			t.Errorf("after %v: set %d times, want %d; %v left", step.by, sets, step.sets, by.Sub(now))
		}
	}
}
