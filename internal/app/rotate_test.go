package app

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/authn"
	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/telemetry"
)

// keysOf is a program of a store, a clock that is moved, and a log.
func keysOf(t *testing.T, now *time.Time, log *outlet) *program {
	t.Helper()
	logger, err := telemetry.NewLogger(log, "text", "info")
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return *now }
	store, err := boltstore.Open(filepath.Join(t.TempDir(), storeFile), boltstore.Options{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() }) // a test may have closed it
	service, err := authn.New(t.Context(), store, authn.Options{Clock: clock, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	return &program{parts: parts{logger: logger, store: store}, authn: service}
}

func TestSigningKeysRotateWhileTheProgramRuns(t *testing.T) {
	now, log := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC), new(outlet)
	p := keysOf(t, &now, log)
	for _, step := range []struct {
		name  string
		after time.Duration
		logs  string
		keys  int
	}{
		{"nothing is due", signingKeyAge - time.Hour, "", 1},
		{"a month has passed", time.Hour, "the signing key was rotated", 2},
		{"an hour later", time.Hour, "", 2},
		{"two hours later", time.Hour, "a signing key was dropped: its tokens have expired", 1},
	} {
		before := log.String()
		now = now.Add(step.after)
		p.rotate(t.Context())
		keys, err := p.store.SigningKeys(t.Context())
		if err != nil || len(keys) != step.keys {
			t.Errorf("%s: %d keys, %v; want %d", step.name, len(keys), err, step.keys)
		}
		if logged := strings.TrimPrefix(log.String(), before); !strings.Contains(logged, step.logs) || (logged == "") != (step.logs == "") {
			t.Errorf("%s: logs %q, want %q", step.name, logged, step.logs)
		}
	}
}

func TestAFailedRotationIsReportedAndTriedAgain(t *testing.T) {
	now, log := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC), new(outlet)
	p := keysOf(t, &now, log)
	if err := p.store.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	due, ended := make(chan time.Time), make(chan error, 1)
	go func() { ended <- p.rotateAt(ctx, due) }()
	due <- now // taken once the look at the start is over
	due <- now
	if got := strings.Count(log.String(), `level=ERROR msg="the signing key could not be rotated"`); got < 2 {
		t.Errorf("%d failures are reported, want 2 at least: %s", got, log)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("it ends with %v", err)
	}
}

// Who starts a program that has stood still for a month gets a new key at once.
func TestAStartRotatesAnOldKey(t *testing.T) {
	cfg := settings(t.TempDir())
	launch(t, cfg).stop(t)
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{ended: make(chan error, 1), cancel: cancel}
	go func() {
		r.ended <- Serve(ctx, Options{
			Config: cfg, Stdout: &r.stdout, Stderr: &r.stderr, Random: rand.Reader,
			Clock: func() time.Time { return time.Now().Add(signingKeyAge) },
		})
	}()
	for !strings.Contains(r.stderr.String(), "the signing key was rotated") {
		select {
		case err := <-r.ended:
			t.Fatalf("Serve ended: %v\n%s", err, &r.stderr)
		case <-time.After(5 * time.Millisecond):
		}
	}
	r.stop(t)
}
