package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// same compares what was read with what was written.
func same[T any](what string, got T, found bool, err error, want T) error {
	switch diff := cmp.Diff(want, got); {
	case err != nil:
		return fmt.Errorf("%s: %w", what, err)
	case !found:
		return fmt.Errorf("%s is not there", what)
	case diff != "":
		return fmt.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
	return nil
}

func ownWrites(ctx context.Context, s gate.Store) error {
	writes := func(tx gate.Tx) error {
		return errors.Join(
			tx.PutUser(user(1)), tx.PutTenant(tenant(1)), tx.PutKey(key(1, userID(1))), tx.PutKey(key(2, tenancy.UserID{})),
			tx.PutMembership(member(1, 1, tenancy.LevelOwner)),
		)
	}
	_, err := update(ctx, s, func(tx gate.Tx) error {
		if err := writes(tx); err != nil {
			return err
		}
		return holdsTheCast(tx)
	})
	if err != nil {
		return fmt.Errorf("within the change: %w", err)
	}
	if err := s.View(ctx, holdsTheCast); err != nil {
		return fmt.Errorf("after it: %w", err)
	}
	return nil
}

func holdsTheCast(r gate.Reader) error {
	u, uFound, uErr := r.User(userID(1))
	t, tFound, tErr := r.Tenant(tenantID(1))
	k, kFound, kErr := r.Key(keyID(1))
	p, pFound, pErr := r.Key(keyID(2))
	m, mFound, mErr := r.Membership(tenantID(1), userID(1))
	c, cErr := r.Counters(tenantID(1))
	id, iFound, iErr := r.UserByEmail("u1@example.org")
	slug, sFound, sErr := r.TenantBySlug("tenant-1")
	return errors.Join(
		same("the user", u, uFound, uErr, user(1)),
		same("the tenant", t, tFound, tErr, tenant(1)),
		same("the key", k, kFound, kErr, key(1, userID(1))),
		same("the platform key", p, pFound, pErr, key(2, tenancy.UserID{})),
		same("the membership", m, mFound, mErr, member(1, 1, tenancy.LevelOwner)),
		same("the counters", c, true, cErr, tenancy.Counters{Members: 1, LastingAdmins: 1}),
		same("the address", id, iFound, iErr, userID(1)),
		same("the slug", slug, sFound, sErr, tenantID(1)),
	)
}

// members lists a tenant's members by number.
func members(r gate.Reader, t, after, limit int) ([]int, error) {
	list, err := r.Members(tenantID(t), userID(after), limit)
	var numbers []int
	for _, m := range list {
		numbers = append(numbers, int(m.User[14])<<8|int(m.User[15]))
	}
	return numbers, err
}

func lists(r gate.Reader, t, after, limit int, want ...int) error {
	got, err := members(r, t, after, limit)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		return fmt.Errorf("members of %d after %d, at most %d: %v, %w; want %v", t, after, limit, got, err, want)
	}
	return nil
}

func ownWritesInLists(ctx context.Context, s gate.Store) error {
	if err := put(ctx, s, member(1, 2, tenancy.LevelMember), member(1, 4, tenancy.LevelMember), member(1, 6, tenancy.LevelMember)); err != nil {
		return err
	}
	_, err := update(ctx, s, func(tx gate.Tx) error {
		err := errors.Join(
			lists(tx, 1, 0, 10, 2, 4, 6),
			tx.PutMembership(member(1, 1, tenancy.LevelMember)), tx.PutMembership(member(1, 5, tenancy.LevelMember)),
			tx.PutMembership(member(1, 7, tenancy.LevelMember)), tx.DeleteMembership(tenantID(1), userID(4)),
			lists(tx, 1, 0, 10, 1, 2, 5, 6, 7),
			lists(tx, 1, 0, 3, 1, 2, 5), lists(tx, 1, 5, 10, 6, 7), lists(tx, 1, 6, 10, 7), lists(tx, 1, 4, 1, 5),
			tx.DeleteMembership(tenantID(1), userID(7)), tx.DeleteMembership(tenantID(1), userID(1)),
			lists(tx, 1, 0, 10, 2, 5, 6),
			tx.PutMembership(member(1, 4, tenancy.LevelViewer)), tx.PutMembership(member(1, 6, tenancy.LevelAdmin)),
			lists(tx, 1, 0, 10, 2, 4, 5, 6),
		)
		list, failed := tx.Members(tenantID(1), userID(5), 1)
		if failed == nil && (len(list) != 1 || list[0].Level != tenancy.LevelAdmin) {
			failed = fmt.Errorf("the list shows the level from before the change")
		}
		return errors.Join(err, failed)
	})
	if err != nil {
		return err
	}
	return s.View(ctx, func(r gate.Reader) error { return lists(r, 1, 0, 10, 2, 4, 5, 6) })
}

// neighbouringRanges puts ids next to each other, where a range that begins or
// ends one too far would show.
func neighbouringRanges(ctx context.Context, s gate.Store) error {
	err := put(ctx, s,
		member(1, 65535, tenancy.LevelMember), member(2, 1, tenancy.LevelMember), member(2, 255, tenancy.LevelMember),
		member(2, 256, tenancy.LevelMember), member(3, 1, tenancy.LevelMember), member(255, 1, tenancy.LevelMember), member(256, 1, tenancy.LevelMember),
	)
	if err != nil {
		return err
	}
	return s.View(ctx, func(r gate.Reader) error {
		of, err := r.TenantsOf(userID(1), tenantID(2), 10)
		return errors.Join(
			lists(r, 1, 0, 10, 65535), lists(r, 2, 0, 10, 1, 255, 256), lists(r, 2, 1, 10, 255, 256), lists(r, 2, 254, 10, 255, 256),
			lists(r, 2, 255, 10, 256), lists(r, 2, 256, 10), lists(r, 3, 0, 10, 1), lists(r, 4, 0, 10), lists(r, 255, 0, 10, 1),
			same("tenants of user 1 after 2", of, true, err, []tenancy.TenantID{tenantID(3), tenantID(255), tenantID(256)}),
		)
	})
}

func limitedLists(ctx context.Context, s gate.Store) error {
	_, err := update(ctx, s, func(tx gate.Tx) error {
		var errs []error
		for n := 1; n <= 5; n++ {
			errs = append(errs, tx.PutTenant(tenant(n)), tx.PutMembership(member(n, 1, tenancy.LevelMember)), tx.PutKey(key(n, userID(1))))
		}
		return errors.Join(append(errs, tx.PutKey(key(6, userID(2))))...)
	})
	if err != nil {
		return err
	}
	return s.View(ctx, func(r gate.Reader) error {
		tenants, tErr := r.Tenants(tenantID(1), 2)
		none, nErr := r.Tenants(tenancy.TenantID{}, 0)
		of, oErr := r.TenantsOf(userID(1), tenancy.TenantID{}, 2)
		keys, kErr := r.Keys(userID(1), keyID(3), 10)
		return errors.Join(
			same("two tenants after the first", tenants, true, tErr, []tenancy.Tenant{tenant(2), tenant(3)}),
			same("no tenants", len(none), true, nErr, 0),
			same("two tenants of a user", of, true, oErr, []tenancy.TenantID{tenantID(1), tenantID(2)}),
			same("keys after the third", keys, true, kErr, []tenancy.Key{key(4, userID(1)), key(5, userID(1))}),
		)
	})
}

// indexes changes what is indexed and looks both ways.
func indexes(ctx context.Context, s gate.Store) error {
	moved := user(1)
	moved.Email = "New@example.org"
	renamed := tenant(1)
	renamed.Slug = "new"
	_, err := update(ctx, s, func(tx gate.Tx) error {
		return errors.Join(tx.PutUser(user(1)), tx.PutTenant(tenant(1)), tx.PutKey(key(1, userID(1))), tx.PutMembership(member(1, 1, tenancy.LevelAdmin)))
	})
	if err != nil {
		return err
	}
	_, err = update(ctx, s, func(tx gate.Tx) error {
		return errors.Join(tx.PutUser(moved), tx.PutTenant(renamed), tx.DeleteKey(keyID(1)), tx.DeleteMembership(tenantID(1), userID(1)))
	})
	if err != nil {
		return err
	}
	return s.View(ctx, func(r gate.Reader) error {
		_, old, oldErr := r.UserByEmail("u1@example.org")
		id, found, err := r.UserByEmail("new@example.org")
		_, oldSlug, oldSlugErr := r.TenantBySlug("tenant-1")
		slug, slugFound, slugErr := r.TenantBySlug("new")
		_, keyFound, keyErr := r.Key(keyID(1))
		keys, keysErr := r.Keys(userID(1), tenancy.KeyID{}, 10)
		of, ofErr := r.TenantsOf(userID(1), tenancy.TenantID{}, 10)
		c, cErr := r.Counters(tenantID(1))
		return errors.Join(
			same("the old address leads somewhere", old, true, oldErr, false), same("the new address", id, found, err, userID(1)),
			same("the old slug leads somewhere", oldSlug, true, oldSlugErr, false), same("the new slug", slug, slugFound, slugErr, tenantID(1)),
			same("the deleted key is there", keyFound, true, keyErr, false), same("keys of the user", len(keys), true, keysErr, 0),
			same("tenants of the user", len(of), true, ofErr, 0), same("the counters", c, true, cErr, tenancy.Counters{}),
		)
	})
}

// fails runs a change that must fail.
func fails(ctx context.Context, s gate.Store, what string, fn func(gate.Tx) error) error {
	if _, err := s.Update(ctx, fn); err == nil {
		return fmt.Errorf("%s: no error", what)
	}
	return nil
}

func takenIndexes(ctx context.Context, s gate.Store) error {
	_, err := update(ctx, s, func(tx gate.Tx) error {
		return errors.Join(tx.PutUser(user(1)), tx.PutTenant(tenant(1)), tx.PutKey(key(1, userID(1))))
	})
	if err != nil {
		return err
	}
	sameEmail, sameSlug, sameDigest := user(2), tenant(2), key(2, userID(2))
	sameEmail.Email, sameSlug.Slug, sameDigest.Digest = "u1@EXAMPLE.org", tenant(1).Slug, key(1, userID(1)).Digest
	return unchanged(ctx, s, 2, func() error {
		return errors.Join(
			fails(ctx, s, "an address of another", func(tx gate.Tx) error { return tx.PutUser(sameEmail) }),
			fails(ctx, s, "a slug of another", func(tx gate.Tx) error { return tx.PutTenant(sameSlug) }),
			fails(ctx, s, "a digest of another", func(tx gate.Tx) error { return tx.PutKey(sameDigest) }),
		)
	})
}

func deletingNothing(ctx context.Context, s gate.Store) error {
	return unchanged(ctx, s, 1, func() error {
		return errors.Join(
			fails(ctx, s, "no such key", func(tx gate.Tx) error { return tx.DeleteKey(keyID(1)) }),
			fails(ctx, s, "no such membership", func(tx gate.Tx) error { return tx.DeleteMembership(tenantID(1), userID(1)) }),
			fails(ctx, s, "no such role", func(tx gate.Tx) error { return tx.DeleteRole(number(1)) }),
			fails(ctx, s, "no such project", func(tx gate.Tx) error { return tx.DeleteProject(number(1)) }),
			fails(ctx, s, "no such dataset", func(tx gate.Tx) error { return tx.DeleteDataset(number(1)) }),
			fails(ctx, s, "no such invitation", func(tx gate.Tx) error { return tx.DeleteInvitation(number(1)) }),
			fails(ctx, s, "no such organization", func(tx gate.Tx) error { return tx.DeleteOrganization(number(1)) }),
			fails(ctx, s, "no such member of an organization", func(tx gate.Tx) error { return tx.DeleteOrganizationMember(number(1), userID(1)) }),
			fails(ctx, s, "deleted twice", func(tx gate.Tx) error {
				if err := tx.PutMembership(member(1, 1, tenancy.LevelMember)); err != nil {
					return nil // not what is meant
				}
				if err := tx.DeleteMembership(tenantID(1), userID(1)); err != nil {
					return nil // not what is meant
				}
				return tx.DeleteMembership(tenantID(1), userID(1))
			}),
		)
	})
}
