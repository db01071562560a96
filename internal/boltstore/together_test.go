package boltstore

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

func TestTogetherIsOneMoment(t *testing.T) {
	s := fresh(t, Options{})
	user := tenancy.User{ID: tenancy.UserID{1}, Email: "olga@acme.example", Enabled: true}
	put := func() {
		t.Helper()
		if _, err := s.Update(t.Context(), func(tx gate.Tx) error { return tx.PutUser(user) }); err != nil {
			t.Fatal(err)
		}
	}
	put()
	var seen []bool
	see := func(ctx context.Context) {
		u, _, err := s.UserByID(ctx, user.ID)
		if err != nil {
			t.Error(err)
		}
		err = s.View(ctx, func(r gate.Reader) error {
			again, _, err := r.User(user.ID)
			seen = append(seen, u.Enabled, again.Enabled)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	var kept context.Context
	err := s.Together(t.Context(), func(ctx context.Context) {
		see(ctx)
		user.Enabled = false
		put() // by another caller
		see(ctx)
		see(t.Context())
		kept = ctx
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []bool{true, true, true, true, false, false}
	for i := range want {
		if i >= len(seen) || seen[i] != want[i] {
			t.Fatalf("saw %v, want %v: what was there, twice, and outside what is there now", seen, want)
		}
	}
	if _, _, err := s.UserByID(kept, user.ID); !errors.Is(err, errTxOver) {
		t.Errorf("after the end: %v, want %v", err, errTxOver)
	}
}

func TestNothingIsChangedTogether(t *testing.T) {
	s := fresh(t, Options{})
	err := s.Together(t.Context(), func(ctx context.Context) {
		_, err := s.Update(ctx, func(gate.Tx) error { return nil })
		if !errors.Is(err, errTogether) {
			t.Errorf("Update: %v, want %v", err, errTogether)
		}
		if err := s.AddSigningKey(ctx, tenancy.SigningKey{ID: tenancy.KeyID{1}, CreatedAt: time.Now()}); !errors.Is(err, errTogether) {
			t.Errorf("AddSigningKey: %v, want %v", err, errTogether)
		}
		other := fresh(t, Options{})
		if _, err := other.Update(ctx, func(gate.Tx) error { return nil }); err != nil {
			t.Errorf("another store's Update: %v", err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTogetherAnswersTheErrorsOfAView(t *testing.T) {
	s := fresh(t, Options{})
	var failed *tenancy.Error
	if err := s.Together(t.Context(), func(context.Context) { panic("a secret") }); !errors.As(err, &failed) || failed.Code != tenancy.CodeInternal ||
		err.Error() != "internal: a transaction failed: panic: string" {
		t.Errorf("after a panic: %v, want an internal error that does not quote it", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Together(ended, func(context.Context) { t.Error("it runs although nobody waits") }); !errors.Is(err, context.Canceled) {
		t.Errorf("without anybody who waits: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Together(t.Context(), func(context.Context) { t.Error("it runs on a closed store") }); !errors.As(err, &failed) || failed.Code != tenancy.CodeUnavailable {
		t.Errorf("on a closed store: %v", err)
	}
}
