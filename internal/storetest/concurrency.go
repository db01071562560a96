package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// rounds is how often a race is run: one that goes wrong only now and then is
// wrong.
const rounds = 25

// remove deletes a membership as the gate does: judged on what it reads.
func remove(ctx context.Context, s gate.Store, t, actor, target int) error {
	_, err := s.Update(ctx, func(tx gate.Tx) error {
		a, found, err := tx.Membership(tenantID(t), userID(actor))
		if err != nil {
			return err
		}
		if !found || !a.LastingAdmin() {
			return errRefused
		}
		c, err := tx.Counters(tenantID(t))
		if err != nil {
			return err
		}
		if c.LastingAdmins < 2 {
			return errRefused
		}
		return tx.DeleteMembership(tenantID(t), userID(target))
	})
	return err
}

func mutualRemoval(ctx context.Context, s gate.Store) error {
	for round := 1; round <= rounds; round++ {
		if err := put(ctx, s, member(round, 1, tenancy.LevelAdmin), member(round, 2, tenancy.LevelAdmin)); err != nil {
			return err
		}
		n, wrong := succeeded(atOnce(2, func(i int) error { return remove(ctx, s, round, 1+i, 2-i) }))
		left, err := counters(ctx, s, tenantID(round))
		if n != 1 || left != (tenancy.Counters{Members: 1, LastingAdmins: 1}) {
			err = errors.Join(err, fmt.Errorf("round %d: %d of 2 removals succeeded, %+v are left; want 1 and one administrator", round, n, left))
		}
		if err := errors.Join(wrong, err); err != nil {
			return err
		}
	}
	return nil
}

// lastAdministrator lets eight administrators remove each other in a circle.
func lastAdministrator(ctx context.Context, s gate.Store) error {
	const admins = 8
	for round := 1; round <= rounds/5; round++ {
		var all []tenancy.Membership
		for u := range admins {
			all = append(all, member(round, u+1, tenancy.LevelAdmin))
		}
		if err := put(ctx, s, all...); err != nil {
			return err
		}
		_, wrong := succeeded(atOnce(admins, func(i int) error { return remove(ctx, s, round, i+1, (i+1)%admins+1) }))
		left, err := counters(ctx, s, tenantID(round))
		if left.LastingAdmins < 1 {
			err = errors.Join(err, fmt.Errorf("round %d: no administrator is left", round))
		}
		if err := errors.Join(wrong, err); err != nil {
			return err
		}
	}
	return nil
}

func memberLimit(ctx context.Context, s gate.Store) error {
	const adders, limit = 24, 7
	for round := 1; round <= rounds/5; round++ {
		n, wrong := succeeded(atOnce(adders, func(i int) error {
			_, err := s.Update(ctx, func(tx gate.Tx) error {
				c, err := tx.Counters(tenantID(round))
				if err != nil {
					return err
				}
				if c.Members >= limit {
					return errRefused
				}
				return tx.PutMembership(member(round, i+1, tenancy.LevelMember))
			})
			return err
		}))
		c, err := counters(ctx, s, tenantID(round))
		if n != limit || c.Members != limit {
			err = errors.Join(err, fmt.Errorf("round %d: %d of %d were added, %d are members; want %d", round, n, adders, c.Members, limit))
		}
		if err := errors.Join(wrong, err); err != nil {
			return err
		}
	}
	return nil
}

func consecutiveRevisions(ctx context.Context, s gate.Store) error {
	const writers, each = 16, 5
	first, err := revisionOf(ctx, s)
	if err != nil {
		return err
	}
	revisions := make([]tenancy.Revision, writers*each)
	before := make([]tenancy.Revision, writers*each)
	errs := atOnce(writers, func(i int) error {
		for j := range each {
			n := i*each + j
			var err error
			revisions[n], err = s.Update(ctx, func(tx gate.Tx) error {
				before[n] = tx.Revision()
				return tx.PutUser(user(n + 1))
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for n, r := range revisions {
		if before[n]+1 != r {
			return fmt.Errorf("a change saw revision %d and left %d", before[n], r)
		}
	}
	slices.Sort(revisions)
	for i, r := range revisions {
		if want := first + tenancy.Revision(i) + 1; r != want {
			return fmt.Errorf("revisions in order: %d stands where %d belongs", r, want)
		}
	}
	if last, err := revisionOf(ctx, s); err != nil || last != revisions[len(revisions)-1] {
		return fmt.Errorf("revision of a snapshot = %d, %w; want %d", last, err, revisions[len(revisions)-1])
	}
	return nil
}

// wholeChanges moves a member between two tenants while readers count both.
func wholeChanges(ctx context.Context, s gate.Store) error {
	if err := put(ctx, s, member(1, 1, tenancy.LevelMember)); err != nil {
		return err
	}
	done := make(chan struct{})
	errs := atOnce(5, func(i int) error {
		if i == 0 {
			defer close(done)
			return shuttle(ctx, s)
		}
		for {
			select {
			case <-done:
				return nil
			default:
			}
			if err := s.View(ctx, seesOne); err != nil {
				return err
			}
		}
	})
	return errors.Join(errs...)
}

func shuttle(ctx context.Context, s gate.Store) error {
	for i := range 100 {
		from, to := 1+i%2, 2-i%2
		_, err := update(ctx, s, func(tx gate.Tx) error {
			if err := tx.DeleteMembership(tenantID(from), userID(1)); err != nil {
				return err
			}
			return tx.PutMembership(member(to, 1, tenancy.LevelMember))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func seesOne(r gate.Reader) error {
	_, first, err := r.Membership(tenantID(1), userID(1))
	if err != nil {
		return err
	}
	time.Sleep(10 * time.Microsecond) // a change may come in between
	_, second, err := r.Membership(tenantID(2), userID(1))
	if err != nil {
		return err
	}
	of, err := r.TenantsOf(userID(1), tenancy.TenantID{}, 10)
	if err != nil {
		return err
	}
	if first == second || len(of) != 1 || (of[0] == tenantID(1)) != first {
		return fmt.Errorf("at revision %d: member of the first %v, of the second %v, tenants %v; want exactly one", r.Revision(), first, second, of)
	}
	return nil
}

// stalledReader reads a list in chunks and stalls between them: what a slow
// client does to the gate's lists.
func stalledReader(ctx context.Context, s gate.Store) error {
	const members, chunk = 25, 10
	for u := 1; u <= members; u++ {
		if err := put(ctx, s, member(1, u, tenancy.LevelMember)); err != nil {
			return err
		}
	}
	var last tenancy.UserID
	seen := 0
	for {
		var got []tenancy.Membership
		err := s.View(ctx, func(r gate.Reader) error {
			var err error
			got, err = r.Members(tenantID(1), last, chunk)
			return err
		})
		if err != nil {
			return err
		}
		if len(got) == 0 {
			break
		}
		seen, last = seen+len(got), got[len(got)-1].User
		if err := writesWhileStalled(ctx, s, seen); err != nil {
			return err
		}
	}
	if seen != members {
		return fmt.Errorf("the list had %d elements, want %d", seen, members)
	}
	return nil
}

func writesWhileStalled(ctx context.Context, s gate.Store, n int) error {
	written := make(chan error, 1)
	go func() { written <- put(ctx, s, member(2, n, tenancy.LevelMember)) }()
	select {
	case err := <-written:
		return err
	case <-ctx.Done():
		return errors.New("a write waits for the reader of a list")
	}
}
