package gate_test

import (
	"errors"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

// Where a caller asks for a limit of keys, it holds in the transaction that
// makes one; who lacks the right is told that first.
func TestAUserHasNoMoreKeysThanAskedFor(t *testing.T) {
	s := open(t, shipped(t))
	key := func(n byte) tenancy.CreateKey {
		return tenancy.CreateKey{ID: tenancy.KeyID{n}, User: mary, Digest: tenancy.Digest{n}, Most: 2}
	}
	s.want("the first", s.try(as(mary), key(1)))
	s.want("the second", s.try(as(mary), key(2)))
	s.want("the third", s.try(as(mary), key(3)), "conflict")
	s.want("somebody else's third", s.try(as(olga), key(3)), "not_permitted", "conflict")
	s.want("the revocation", s.try(as(mary), tenancy.DeleteKey{Key: tenancy.KeyID{1}}))
	s.want("another second", s.try(as(mary), key(3)))
	unlimited := key(4)
	unlimited.Most = 0
	s.want("without a limit", s.try(as(mary), unlimited))
}

// A key that would have ended already is none; a retry of one that has ended
// meanwhile finds its outcome.
func TestAKeyEndsInTheFuture(t *testing.T) {
	s := open(t, shipped(t))
	ends := began.Add(25 * time.Hour) // an hour from now
	once := tenancy.ApplyOptions{Idempotency: tenancy.Idempotency{Key: "k"}}
	change := tenancy.CreateKey{ID: tenancy.KeyID{1}, User: mary, Digest: tenancy.Digest{1}, ExpiresAt: ends}
	if _, err := s.Apply(t.Context(), as(mary), change, once); err != nil {
		t.Fatal(err)
	}
	s.forward(2 * time.Hour)
	if out, err := s.Apply(t.Context(), as(mary), change, once); err != nil || !out.Replayed {
		t.Errorf("the retry: %+v, %v", out, err)
	}
	change.ID, change.Digest = tenancy.KeyID{2}, tenancy.Digest{2}
	var wrong *tenancy.Error
	if _, err := s.Apply(t.Context(), as(mary), change, tenancy.ApplyOptions{}); !errors.As(err, &wrong) || wrong.Code != tenancy.CodeInvalid {
		t.Errorf("a key that has ended: %v, want invalid", err)
	}
}

// The result of a rotation names the key and holds nothing to sign with.
func TestARotationShowsNoSeed(t *testing.T) {
	s := open(t, shipped(t))
	made := tenancy.SigningKey{ID: tenancy.KeyID{9}, Seed: [32]byte{1, 2, 3}, CreatedAt: time.Now()}
	out, err := s.Apply(t.Context(), platform, tenancy.RotateSigningKey{Key: made}, tenancy.ApplyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	shown, isKey := out.Result.(tenancy.KeyView)
	if !isKey || shown.ID != made.ID || !shown.CreatedAt.Equal(made.CreatedAt) || shown.Digest != (tenancy.Digest{}) {
		t.Errorf("the result is %+v", out.Result)
	}
}
