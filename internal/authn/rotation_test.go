package authn

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

const month = 30 * 24 * time.Hour

func (s *scene) byToken(t *testing.T, text string) error {
	t.Helper()
	_, err := s.Authenticate(t.Context(), Source{}, with("Authorization", "Bearer "+text))
	return err
}

func (s *scene) stored() int {
	s.dir.mu.Lock()
	defer s.dir.mu.Unlock()
	return len(s.dir.signing)
}

func (s *scene) rotate(t *testing.T) Rotation {
	t.Helper()
	done, err := s.RotateIfOlder(t.Context(), month)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func TestSigningKeysRotateByAge(t *testing.T) {
	s := newScene(t)
	start, first := s.clock.now, s.newestKey()
	for _, step := range []struct {
		name           string
		at             time.Duration // since the first key
		added, dropped int
		stored         int
	}{
		{"a new key", 0, 0, 0, 1},
		{"a moment before its time", month - 1, 0, 0, 1},
		{"its time has come", month, 1, 0, 2},
		{"at once again", month, 0, 0, 2},
		{"its last token may still be used", month + time.Hour + outlive, 0, 0, 2},
		{"its last token has expired", month + time.Hour + outlive + 1, 0, 1, 1},
		{"nothing is left to do", month + time.Hour + outlive + 1, 0, 0, 1},
		{"after a long time without a run", 10 * month, 1, 0, 2},
		{"the clock was set back", -month, 0, 0, 2},
	} {
		s.clock.now = start.Add(step.at)
		done := s.rotate(t)
		if got := done.Added != (tenancy.KeyID{}); got != (step.added == 1) || len(done.Dropped) != step.dropped || s.stored() != step.stored {
			t.Fatalf("%s: %+v, %d stored; want %d added, %d dropped, %d stored", step.name, done, s.stored(), step.added, step.dropped, step.stored)
		}
		if step.added == 1 && s.newestKey() != done.Added {
			t.Fatalf("%s: the new key does not sign", step.name)
		}
		if step.dropped == 1 && done.Dropped[0] != first {
			t.Fatalf("%s: dropped %v, want the first key, %v", step.name, done.Dropped, first)
		}
	}
}

func TestATokenOutlivesTheRotationOfItsKey(t *testing.T) {
	s := newScene(t)
	s.clock.now = s.clock.now.Add(month - time.Second)
	old := s.token(t, tenancy.TenantRef{})
	s.clock.now = s.clock.now.Add(time.Second)
	s.rotate(t)
	rotated := s.clock.now
	for age, want := range map[time.Duration]bool{0: true, time.Hour - time.Second - 1: true, time.Hour - time.Second: false} {
		s.clock.now = rotated.Add(age)
		if err := s.byToken(t, old); (err == nil) != want {
			t.Errorf("%v after the rotation: %v, want accepted %v", age, err, want)
		}
	}
	if fresh := s.token(t, tenancy.TenantRef{}); s.byToken(t, fresh) != nil {
		t.Error("a token of the new key is refused")
	}
}

// The planted fault: a key that is dropped too early takes good tokens along.
func TestADroppedKeyRefusesItsTokens(t *testing.T) {
	s := newScene(t)
	old := s.token(t, tenancy.TenantRef{})
	s.clock.now = s.clock.now.Add(time.Minute)
	if _, err := s.RotateIfOlder(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	s.dir.signing = s.dir.signing[1:]
	if err := s.byToken(t, old); err != nil {
		t.Fatalf("the keys were not read again, and yet: %v", err)
	}
	if err := s.ReloadSigningKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	actor, err := s.Authenticate(t.Context(), Source{}, with("Authorization", "Bearer "+old))
	wantRefused(t, actor, err)
}

func TestARevokedKeyEndsEveryTokenAtOnce(t *testing.T) {
	s := newScene(t)
	old := s.token(t, tenancy.TenantRef{})
	next, err := s.NewSigningKey()
	if err != nil {
		t.Fatal(err)
	}
	s.dir.signing = []tenancy.SigningKey{next} // what the gate's RotateSigningKey with Revoke leaves
	if err := s.ReloadSigningKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	actor, err := s.Authenticate(t.Context(), Source{}, with("Authorization", "Bearer "+old))
	wantRefused(t, actor, err)
	if err := s.byToken(t, s.token(t, tenancy.TenantRef{})); err != nil || s.newestKey() != next.ID {
		t.Errorf("a token of the same second, by the new key: %v", err)
	}
}

func TestANewKeySignsEvenAfterTheClockWasSetBack(t *testing.T) {
	s := newScene(t)
	first := s.keys.Load().newest
	s.clock.now = s.clock.now.Add(-time.Hour)
	next, err := s.NewSigningKey()
	if err != nil || !next.CreatedAt.After(first.CreatedAt) {
		t.Fatalf("made at %v, %v; want after %v", next.CreatedAt, err, first.CreatedAt)
	}
	s.dir.signing = []tenancy.SigningKey{next, first} // in the order of their ids, not of their age
	if err := s.ReloadSigningKeys(t.Context()); err != nil || s.newestKey() != next.ID {
		t.Errorf("%v signs (%v), want %v", s.newestKey(), err, next.ID)
	}
}

func TestKeysThatCannotBeReadAreNotInForce(t *testing.T) {
	s := newScene(t)
	token := s.token(t, tenancy.TenantRef{})
	s.dir.broken = &tenancy.Error{Code: tenancy.CodeUnavailable}
	if got := codeOf(t, s.ReloadSigningKeys(t.Context())); got != tenancy.CodeUnavailable {
		t.Errorf("reload: code = %q, want unavailable", got)
	}
	if got := codeOf(t, s.byToken(t, token)); got != tenancy.CodeUnavailable {
		t.Errorf("meanwhile a token is answered with %q, want unavailable", got)
	}
	if _, err := s.issue(t.Context(), claims{}); codeOf(t, err) != tenancy.CodeUnavailable {
		t.Errorf("meanwhile a token is issued: %v", err)
	}
	s.dir.broken = nil
	if err := s.byToken(t, token); err != nil {
		t.Errorf("the next request reads them: %v", err)
	}
}

func TestARotationThatFailsChangesNothing(t *testing.T) {
	full := errors.New("disk full")
	s := newScene(t)
	token, first := s.token(t, tenancy.TenantRef{}), s.newestKey()
	s.dir.full = full
	if done, err := s.RotateIfOlder(t.Context(), 0); !errors.Is(err, full) || !done.Added.IsZero() {
		t.Errorf("no room for a new key: %+v, %v", done, err)
	}
	if err := s.byToken(t, token); err != nil || s.newestKey() != first {
		t.Errorf("tokens are still good and signed by the key before: %v", err)
	}
	s.dir.full, s.clock.now = nil, s.clock.now.Add(month)
	s.rotate(t)
	s.dir.full, s.clock.now = full, s.clock.now.Add(2*time.Hour)
	if done, err := s.RotateIfOlder(t.Context(), month); !errors.Is(err, full) || len(done.Dropped) != 0 {
		t.Errorf("a key that cannot be dropped: %+v, %v", done, err)
	}
	s.dir.full, s.dir.broken = nil, full
	if _, err := s.RotateIfOlder(t.Context(), month); !errors.Is(err, full) {
		t.Errorf("keys that cannot be read: %v", err)
	}
}

// An unknown key id makes nobody read the keys again: a caller could buy work
// with it, and no key comes into force but through this process.
func TestAnUnknownKeyIsNotLookedFor(t *testing.T) {
	s := newScene(t)
	next, err := s.NewSigningKey()
	if err != nil {
		t.Fatal(err)
	}
	s.dir.signing = append(s.dir.signing, next) // stored behind our back
	f := s.forger()
	f.header["kid"] = next.ID.String()
	before := s.keys.Load()
	actor, err := s.Authenticate(t.Context(), Source{}, with("Authorization", "Bearer "+f.token(t)))
	wantRefused(t, actor, err)
	if s.keys.Load() != before {
		t.Error("the keys were read again")
	}
}

func TestSigningVerifyingAndRotatingAtOnce(t *testing.T) {
	s := newScene(t) // its clock stands still, so each new key is dated ahead of it
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for range 50 {
				switch worker {
				case 0:
					if _, err := s.RotateIfOlder(context.Background(), -time.Hour); err != nil {
						t.Error(err)
					}
				case 1:
					if err := s.ReloadSigningKeys(context.Background()); err != nil {
						t.Error(err)
					}
				default:
					if err := s.byToken(t, s.token(t, tenancy.TenantRef{})); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Wait()
	if got := s.stored(); got != 51 {
		t.Errorf("%d keys are stored, want the first and one of each rotation", got)
	}
}

// Whoever waits for the keys may hold a snapshot of the store that their change
// waits for: the end of the request ends the wait.
func TestWaitingForTheKeysEndsWithTheRequest(t *testing.T) {
	s := newScene(t)
	if err := s.lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.keys.Store(nil)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := s.signer(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the keys that another one holds: %v, want %v", err, context.DeadlineExceeded)
	}
	s.unlock()
	if _, err := s.signer(t.Context()); err != nil {
		t.Errorf("the keys that nobody holds: %v", err)
	}
}
