package storetest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// errRefused is what a change returns that decides against itself.
var errRefused = errors.New("refused")

// epoch is when everything in the suite happens.
func epoch() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func number(n int) (id [16]byte) {
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

func tenantID(n int) tenancy.TenantID { return tenancy.TenantID(number(n)) }
func userID(n int) tenancy.UserID     { return tenancy.UserID(number(n)) }
func keyID(n int) tenancy.KeyID       { return tenancy.KeyID(number(n)) }

func user(n int) tenancy.User {
	return tenancy.User{
		ID: userID(n), Email: fmt.Sprintf("U%d@Example.org", n), GivenName: "Únä", Surname: fmt.Sprint(n), Kind: tenancy.KindHuman,
		SignedUp: true, Enabled: true, PasswordHash: "$argon2id$", ActiveTenant: tenantID(7), CreatedAt: epoch(),
	}
}

func tenant(n int) tenancy.Tenant {
	return tenancy.Tenant{
		ID: tenantID(n), Slug: fmt.Sprintf("tenant-%d", n), Name: fmt.Sprintf("Tenant %d", n), Owner: userID(9), Plan: "free",
		MemberLimit: tenancy.Unlimited, CreatedAt: epoch(), UpdatedAt: epoch().Add(time.Microsecond),
	}
}

func key(n int, owner tenancy.UserID) tenancy.Key {
	return tenancy.Key{
		ID: keyID(n), Label: fmt.Sprintf("key %d", n), User: owner, Platform: owner.IsZero(), Tenant: tenantID(3),
		Scopes: []tenancy.Action{tenancy.ActionMemberList, "x.y"}, Digest: tenancy.Digest{1, byte(n), byte(n >> 8)}, CreatedAt: epoch(), ExpiresAt: epoch().Add(time.Hour),
	}
}

func member(t, u int, level tenancy.Level) tenancy.Membership {
	return tenancy.Membership{Tenant: tenantID(t), User: userID(u), Level: level, Enabled: true, CreatedAt: epoch(), UpdatedAt: epoch()}
}

func record(id string) audit.Record {
	return audit.Record{ID: id, Time: epoch(), Actor: "platform", Action: "member.add", DecisionID: id, Verdict: audit.Allowed}
}

// update runs a change that must succeed.
func update(ctx context.Context, s gate.Store, fn func(gate.Tx) error) (tenancy.Revision, error) {
	revision, err := s.Update(ctx, fn)
	if err != nil {
		return 0, fmt.Errorf("update: %w", err)
	}
	return revision, nil
}

// put writes memberships in one change.
func put(ctx context.Context, s gate.Store, members ...tenancy.Membership) error {
	_, err := update(ctx, s, func(tx gate.Tx) error { return putAll(tx, members) })
	return err
}

func putAll(tx gate.Tx, members []tenancy.Membership) error {
	for _, m := range members {
		if err := tx.PutMembership(m); err != nil {
			return err
		}
	}
	return nil
}

// atOnce runs n functions, as far as possible in the same moment.
func atOnce(n int, fn func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	all.Wait()
	return errs
}

// succeeded counts those without an error; one that is no refusal is wrong.
func succeeded(errs []error) (n int, wrong error) {
	for _, err := range errs {
		switch {
		case err == nil:
			n++
		case !errors.Is(err, errRefused):
			wrong = errors.Join(wrong, err)
		}
	}
	return n, wrong
}

// counters reads a tenant's counters and compares them with its list.
func counters(ctx context.Context, s gate.Store, id tenancy.TenantID) (tenancy.Counters, error) {
	var stored tenancy.Counters
	var members []tenancy.Membership
	err := s.View(ctx, func(r gate.Reader) error {
		var err error
		if stored, err = r.Counters(id); err != nil {
			return err
		}
		members, err = r.Members(id, tenancy.UserID{}, 1<<20)
		return err
	})
	if counted := tally(members); err == nil && stored != counted {
		err = fmt.Errorf("counters of %s = %+v, its list comes to %+v", id, stored, counted)
	}
	return stored, err
}

// revisionOf reads the revision of a snapshot.
func revisionOf(ctx context.Context, s gate.Store) (revision tenancy.Revision, err error) {
	err = s.View(ctx, func(r gate.Reader) error {
		revision = r.Revision()
		return nil
	})
	return revision, err
}

// unchanged runs something that must leave the revision and user n alone.
func unchanged(ctx context.Context, s gate.Store, absent int, run func() error) error {
	before, err := revisionOf(ctx, s)
	if err != nil {
		return err
	}
	if err := run(); err != nil {
		return err
	}
	return s.View(ctx, func(r gate.Reader) error {
		if r.Revision() != before {
			return fmt.Errorf("revision = %d, want %d as before", r.Revision(), before)
		}
		_, found, err := r.User(userID(absent))
		if err == nil && found {
			err = fmt.Errorf("user %d is there", absent)
		}
		_, indexed, failed := r.UserByEmail(tenancy.EmailKey(user(absent).Email))
		if failed == nil && indexed {
			failed = fmt.Errorf("the address of user %d is there", absent)
		}
		return errors.Join(err, failed)
	})
}
