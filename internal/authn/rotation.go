package authn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

// outlive is how long a key is kept beyond the life of the last token that it
// can have signed: longer than any request that still signs with it takes.
const outlive = 10 * time.Minute

// NewSigningKey makes a key that may sign tokens once it is stored. It is
// newer than the one that signs now, even when the clock was set back.
func (s *Service) NewSigningKey() (tenancy.SigningKey, error) {
	if err := s.lock(context.Background()); err != nil {
		return tenancy.SigningKey{}, err
	}
	defer s.unlock()
	var newest time.Time
	if inForce := s.keys.Load(); inForce != nil {
		newest = inForce.newest.CreatedAt
	}
	return s.makeKey(newest)
}

// makeKey makes a key that is newer than a time.
func (s *Service) makeKey(newest time.Time) (tenancy.SigningKey, error) {
	id, err := uuid.NewRandomFromReader(s.random)
	if err != nil {
		return tenancy.SigningKey{}, fmt.Errorf("make a signing key: %w", err)
	}
	key := tenancy.SigningKey{ID: tenancy.KeyID(id), CreatedAt: s.clock().Truncate(time.Microsecond)}
	if !key.CreatedAt.After(newest) {
		key.CreatedAt = newest.Add(time.Microsecond)
	}
	if _, err := io.ReadFull(s.random, key.Seed[:]); err != nil {
		return tenancy.SigningKey{}, fmt.Errorf("make a signing key: %w", err)
	}
	return key, nil
}

// lock waits until nobody else reads or changes the keys. It gives up when ctx
// ends: the keys are changed in the store, which may have to wait until whoever
// waits here has ended its snapshot.
func (s *Service) lock(ctx context.Context) error {
	if err := s.rotation.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("wait for the keys that sign tokens: %w", err)
	}
	return nil
}

func (s *Service) unlock() { s.rotation.Release(1) }

// Rotation is what RotateIfOlder did.
type Rotation struct {
	Added   tenancy.KeyID   // signs from now on; zero: the key before still does
	Dropped []tenancy.KeyID // verify no longer: every token they signed has expired
}

// RotateIfOlder adds a signing key when the newest one has reached an age,
// and drops the keys that no token needs any more. A rotation is what it came
// to, also beside an error; errors are those of the store.
func (s *Service) RotateIfOlder(ctx context.Context, age time.Duration) (done Rotation, err error) {
	if err := s.lock(ctx); err != nil {
		return done, err
	}
	defer s.unlock()
	keys, err := s.dir.SigningKeys(ctx)
	if err != nil {
		return done, fmt.Errorf("rotate the signing key: %w", err)
	}
	keys = byAge(keys)
	if len(keys) == 0 || s.clock().Sub(keys[len(keys)-1].CreatedAt) >= age {
		if keys, err = s.addKey(ctx, keys); err != nil {
			return done, fmt.Errorf("rotate the signing key: %w", err)
		}
		done.Added = keys[len(keys)-1].ID
	}
	done.Dropped, err = s.dropKeys(ctx, keys)
	if !done.Added.IsZero() || len(done.Dropped) > 0 {
		_, read := s.readKeys(ctx)
		err = errors.Join(err, read)
	}
	return done, err
}

// addKey stores another key after those, which are in the order of [byAge].
func (s *Service) addKey(ctx context.Context, keys []tenancy.SigningKey) ([]tenancy.SigningKey, error) {
	var newest time.Time
	if len(keys) > 0 {
		newest = keys[len(keys)-1].CreatedAt
	}
	key, err := s.makeKey(newest)
	if err != nil {
		return nil, err
	}
	return append(keys, key), s.dir.AddSigningKey(ctx, key)
}

// dropKeys deletes each key whose successor has signed for longer than a
// token lives.
func (s *Service) dropKeys(ctx context.Context, keys []tenancy.SigningKey) (dropped []tenancy.KeyID, err error) {
	for i := range len(keys) - 1 {
		if s.clock().Sub(keys[i+1].CreatedAt) <= s.lifetime+outlive {
			continue
		}
		if err := s.dir.DeleteSigningKey(ctx, keys[i].ID); err != nil {
			return dropped, fmt.Errorf("drop a signing key: %w", err)
		}
		dropped = append(dropped, keys[i].ID)
	}
	return dropped, nil
}

// byAge sorts the keys so that the last one is the one that signs.
func byAge(keys []tenancy.SigningKey) []tenancy.SigningKey {
	return slices.SortedStableFunc(slices.Values(keys), func(a, b tenancy.SigningKey) int {
		return a.CreatedAt.Compare(b.CreatedAt)
	})
}
