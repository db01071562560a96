package boltstore

import (
	"context"
	"fmt"

	"github.com/memberward/memberward/internal/tenancy"
)

// What authentication asks, each in a snapshot of its own. Their errors are
// those of [Store.View].

// answer runs one lookup in a snapshot of its own.
func answer[T any](ctx context.Context, s *Store, ask func(*reader) (T, bool, error)) (v T, found bool, err error) {
	err = s.view(ctx, func(r *reader) error {
		var err error
		v, found, err = ask(r)
		return err
	})
	if err != nil {
		var none T
		return none, false, err
	}
	return v, found, nil
}

// Key finds a key by its id.
func (s *Store) Key(ctx context.Context, id tenancy.KeyID) (tenancy.Key, bool, error) {
	return answer(ctx, s, func(r *reader) (tenancy.Key, bool, error) { return r.Key(id) })
}

// KeyByDigest finds a key by the SHA-256 of its secret.
func (s *Store) KeyByDigest(ctx context.Context, digest tenancy.Digest) (tenancy.Key, bool, error) {
	return answer(ctx, s, func(r *reader) (tenancy.Key, bool, error) { return r.keyByDigest(digest) })
}

// UserByID finds an account by its id.
func (s *Store) UserByID(ctx context.Context, id tenancy.UserID) (tenancy.User, bool, error) {
	return answer(ctx, s, func(r *reader) (tenancy.User, bool, error) { return r.User(id) })
}

// UserByEmail finds an account by what tenancy.EmailKey gives of its address.
func (s *Store) UserByEmail(ctx context.Context, emailKey string) (tenancy.User, bool, error) {
	return answer(ctx, s, func(r *reader) (tenancy.User, bool, error) {
		id, found, err := r.UserByEmail(emailKey)
		if !found || err != nil {
			return tenancy.User{}, false, err
		}
		u, found, err := r.User(id)
		if err == nil && !found {
			err = damaged("an e-mail address leads to %s, which is missing", id)
		}
		return u, found, err
	})
}

// Member finds a membership.
func (s *Store) Member(ctx context.Context, tenant tenancy.TenantID, user tenancy.UserID) (tenancy.Membership, bool, error) {
	return answer(ctx, s, func(r *reader) (tenancy.Membership, bool, error) { return r.Membership(tenant, user) })
}

// ResolveTenant gives the id of the tenant that a reference points at, and
// whether there is such a tenant.
func (s *Store) ResolveTenant(ctx context.Context, ref tenancy.TenantRef) (tenancy.TenantID, bool, error) {
	return answer(ctx, s, func(r *reader) (tenancy.TenantID, bool, error) {
		if ref.ID.IsZero() {
			return r.TenantBySlug(ref.Slug)
		}
		_, found, err := r.Tenant(ref.ID)
		return ref.ID, found, err
	})
}

// HasUsers reports whether there is any account.
func (s *Store) HasUsers(ctx context.Context) (bool, error) {
	_, found, err := answer(ctx, s, func(r *reader) (struct{}, bool, error) {
		found := false
		err := r.from.scan(bucketUsers, nil, nil, func(key, frame []byte) (bool, error) {
			found = true
			_, err := decode(bucketUsers, key, frame, decodeUser)
			return false, err
		})
		return struct{}{}, found, err
	})
	return found, err
}

// SigningKeys lists the keys that sign tokens, in the order of their ids.
func (s *Store) SigningKeys(ctx context.Context) ([]tenancy.SigningKey, error) {
	keys, _, err := answer(ctx, s, func(r *reader) ([]tenancy.SigningKey, bool, error) {
		keys, err := r.SigningKeys()
		return keys, true, err
	})
	return keys, err
}

// AddSigningKey stores a key that signs tokens. No decision reads it, so it
// raises no revision. Errors are those of [Store.Update]; an id in use is one.
func (s *Store) AddSigningKey(ctx context.Context, k tenancy.SigningKey) error {
	_, err := s.update(&call{ctx: ctx, silent: true, fn: func(t *tx) error {
		_, found, err := lookup(t.from, bucketSigningKeys, k.ID[:], decodeSigningKey)
		if err == nil && (found || k.ID.IsZero()) {
			err = fmt.Errorf("add signing key: the id %s is in use, or none", k.ID)
		}
		if err != nil {
			return err
		}
		return t.over.put(bucketSigningKeys, k.ID[:], encodeSigningKey(k))
	}})
	return err
}

// DeleteSigningKey forgets a key that signs tokens; that there is none is no
// error. No decision reads it, so it raises no revision. Errors are those of
// [Store.Update].
func (s *Store) DeleteSigningKey(ctx context.Context, id tenancy.KeyID) error {
	_, err := s.update(&call{ctx: ctx, silent: true, fn: func(t *tx) error {
		_, found, err := lookup(t.from, bucketSigningKeys, id[:], decodeSigningKey)
		if err != nil || !found {
			return err
		}
		return t.DeleteSigningKey(id)
	}})
	return err
}
