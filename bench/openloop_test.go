package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// stalled is how long the server of the test below answers nobody.
const stalled = 300 * time.Millisecond

// stalling answers requests, but nobody while it handles the hundredth.
func stalling(t *testing.T) target {
	var asked atomic.Int64
	var door sync.RWMutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 100 {
			door.Lock()
			time.Sleep(stalled)
			door.Unlock()
		}
		door.RLock()
		defer door.RUnlock()
		_, _ = w.Write([]byte("fine"))
	}))
	t.Cleanup(server.Close)
	return target{address: strings.TrimPrefix(server.URL, "http://"), path: "/", want: "fine"}
}

// TestAStallCountsForAllThatWereDue: a server that stalls is slow for every
// request that was due meanwhile, whether there was a connection for it or not.
// Who waits for answers before asking on sees one slow request for each
// connection: the fault that this shows.
func TestAStallCountsForAllThatWereDue(t *testing.T) {
	const rate, connections = 500, 4
	took, err := stalling(t).openLoop(t.Context(), connections, rate, time.Second)
	if err != nil || len(took) != rate {
		t.Fatalf("%d answers of %d, %v", len(took), rate, err)
	}
	late := 0
	for _, one := range took {
		if one > stalled/3 {
			late++
		}
	}
	if due := int(rate * stalled.Seconds() / 2); late < due { // two thirds of those due had more than a third to wait
		t.Errorf("%d were late, want at least %d", late, due)
	}
}

func TestAnAnswerThatIsNotWantedComesNever(t *testing.T) {
	asked := stalling(t)
	asked.want = "well"
	took, err := asked.openLoop(t.Context(), 2, 100, 100*time.Millisecond)
	if err != nil || len(took) != 10 || took[0] != never {
		t.Errorf("%v, %v; want ten times %v", took, err, never)
	}
}

func TestWhoDoesNotAnswerFailsTheMeasurement(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(server.Close)
	took, err := target{address: strings.TrimPrefix(server.URL, "http://"), path: "/"}.openLoop(t.Context(), 2, 100, 100*time.Millisecond)
	if err == nil {
		t.Errorf("%v without an error", took)
	}
}

func TestPercentile(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i+1))
	}
	for _, row := range []struct {
		of         []time.Duration
		hundredths int
		want       time.Duration
	}{
		{hundred, 99, 99}, {hundred, 50, 50}, {hundred, 100, 100}, {hundred[:10], 99, 10}, {hundred[:1], 1, 1},
	} {
		if got := percentile(row.of, row.hundredths); got != row.want {
			t.Errorf("%d of %d: %d, want %d", row.hundredths, len(row.of), got, row.want)
		}
	}
}
