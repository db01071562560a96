package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/config"
)

// told is a service manager that notes what it is told.
func told(states *[]string, watchdog time.Duration) *manager {
	return &manager{logger: slog.New(slog.DiscardHandler), watchdog: watchdog, send: func(state string) error {
		*states = append(*states, state)
		return nil
	}}
}

// A stopped store gives no sign of life, so that the manager starts the
// program again; it says why.
func TestAStoppedStoreGivesNoSignOfLife(t *testing.T) {
	store, err := boltstore.Open(filepath.Join(t.TempDir(), "s.db"), boltstore.Options{Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	p := &program{parts: parts{store: store}}
	var states []string
	m := told(&states, time.Hour)
	m.beat(t.Context(), p.alive)
	if diff := cmp.Diff([]string{"WATCHDOG=1\nSTATUS=Serving"}, states); diff != "" {
		t.Errorf("while it serves (-want +got)\n%s", diff)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	states = nil
	m.beat(t.Context(), p.alive)
	if len(states) != 1 || strings.Contains(states[0], "WATCHDOG") || !strings.HasPrefix(states[0], "STATUS=Not serving: ") {
		t.Errorf("after it stopped: %q", states)
	}
}

func TestSignsOfLife(t *testing.T) {
	const patience = time.Hour
	for _, tc := range []struct {
		name  string
		alive func(context.Context) error
		want  string
	}{
		{"it answers", func(context.Context) error { return nil }, aliveState},
		{"it has failed", func(context.Context) error { return errors.New("the store\nfailed") }, failedState + "the store; failed"},
		{"it is asked for half the time", func(ctx context.Context) error {
			if deadline, bound := ctx.Deadline(); !bound || time.Until(deadline) > patience/2 {
				return errors.New("unbound")
			}
			return nil
		}, aliveState},
	} {
		var states []string
		told(&states, patience).beat(t.Context(), tc.alive)
		if diff := cmp.Diff([]string{tc.want}, states); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
	}
}

func TestWithoutAWatchdogNothingIsSent(t *testing.T) {
	var states []string
	if err := told(&states, 0).watch(t.Context(), nil); err != nil || states != nil {
		t.Errorf("%q, %v", states, err)
	}
}

func TestTheServiceManagerOfTheEnvironment(t *testing.T) {
	socket := filepath.Join(socketFolder(t), "n.sock")
	listening, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer listening.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	t.Setenv("WATCHDOG_PID", "")
	t.Setenv("WATCHDOG_USEC", "5000000")
	m, err := findManager(slog.New(slog.DiscardHandler))
	if err != nil || m.watchdog != 5*time.Second {
		t.Fatalf("%+v, %v", m, err)
	}
	m.tell(readyState)
	got := make([]byte, 100)
	if n, err := listening.Read(got); err != nil || string(got[:n]) != readyState {
		t.Errorf("it was told %q, %v", got[:n], err)
	}
	for _, wrong := range []string{"soon", "0", "-5"} {
		t.Setenv("WATCHDOG_USEC", wrong)
		if _, err := findManager(nil); !errors.As(err, new(*config.Invalid)) || !strings.Contains(err.Error(), "WATCHDOG_USEC") {
			t.Errorf("WATCHDOG_USEC=%s: %v", wrong, err)
		}
	}
	t.Setenv("WATCHDOG_USEC", "5000000")
	t.Setenv("WATCHDOG_PID", "1")
	if m, err := findManager(nil); err != nil || m.watchdog != 0 {
		t.Errorf("a watchdog over another process: %+v, %v", m, err)
	}
	var log outlet
	t.Setenv("NOTIFY_SOCKET", filepath.Join(filepath.Dir(socket), "nobody"))
	m.logger = slog.New(slog.NewTextHandler(&log, nil))
	m.tell(readyState)
	if !strings.Contains(log.String(), "the service manager cannot be told") {
		t.Errorf("the log holds %q", &log)
	}
}
