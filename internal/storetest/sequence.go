package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// step is one write of a sequence, over few ids so that they meet.
type step struct {
	Tenant, User int
	Level        tenancy.Level // none: delete
	Enabled      bool
	Lasting      bool
	Roles        int // the lowest bit is the tenant's first role, the next one its second
}

// roleOf gives a role of a tenant, from 0.
func roleOf(t, i int) tenancy.Role { return role(100*t+i, t) }

// roles gives those of a step, in order.
func (s step) roles() (list []tenancy.RoleID) {
	for i := range rolesEach {
		if s.Roles&(1<<i) != 0 {
			list = append(list, roleOf(s.Tenant, i).ID)
		}
	}
	return list
}

// change is what one Update does.
type change struct {
	Steps []step
	Fails bool
}

// How many tenants and users sequences use, and how many roles a tenant has.
const (
	ids       = 4
	rolesEach = 2
)

// model is what the store should hold.
type model map[[2]int]tenancy.Membership

// apply performs the steps in the store and in the model at once.
func (c change) apply(tx gate.Tx, m model) error {
	for _, s := range c.Steps {
		at := [2]int{s.Tenant, s.User}
		_, exists := m[at]
		if s.Level == tenancy.LevelNone {
			if err := tx.DeleteMembership(tenantID(s.Tenant), userID(s.User)); (err == nil) != exists {
				return fmt.Errorf("delete %v = %v, there is one: %v", at, err, exists)
			}
			delete(m, at)
			continue
		}
		v := member(s.Tenant, s.User, s.Level)
		v.Enabled = s.Enabled
		v.Roles = s.roles()
		if !s.Lasting {
			v.ExpiresAt = epoch().Add(time.Hour)
		}
		err := firstError(tx.PutRole(roleOf(s.Tenant, 0)), tx.PutRole(roleOf(s.Tenant, 1)), tx.PutMembership(v))
		if err != nil {
			return err
		}
		m[at] = v
	}
	return m.sameAs(tx)
}

// of gives a tenant's members, and the tenants of the user of that number.
func (m model) of(n int) (members []tenancy.Membership, tenants []tenancy.TenantID) {
	for o := 1; o <= ids; o++ {
		if v, exists := m[[2]int{n, o}]; exists {
			members = append(members, v)
		}
		if _, exists := m[[2]int{o, n}]; exists {
			tenants = append(tenants, tenantID(o))
		}
	}
	return members, tenants
}

// tally counts a list as the store's counters should.
func tally(members []tenancy.Membership) tenancy.Counters {
	c := tenancy.Counters{Members: int64(len(members))}
	for _, m := range members {
		if m.LastingAdmin() {
			c.LastingAdmins++
		}
	}
	return c
}

// sameAs compares all that a reader shows, lists, indexes and counters, with
// the model.
func (m model) sameAs(r gate.Reader) error {
	for n := 1; n <= ids; n++ {
		members, tenants := m.of(n)
		list, listErr := r.Members(tenantID(n), tenancy.UserID{}, ids)
		back, backErr := r.TenantsOf(userID(n), tenancy.TenantID{}, ids)
		c, cErr := r.Counters(tenantID(n))
		err := errors.Join(
			m.holders(r, n),
			same(fmt.Sprintf("the list of tenant %d", n), list, true, listErr, members),
			same(fmt.Sprintf("the tenants of user %d", n), back, true, backErr, tenants),
			same(fmt.Sprintf("the counters of tenant %d", n), c, true, cErr, tally(members)),
		)
		if err != nil {
			return err
		}
	}
	return nil
}

// holders compares who holds each role of a tenant with the model.
func (m model) holders(r gate.Reader, n int) error {
	members, _ := m.of(n)
	var errs []error
	for i := range rolesEach {
		var want []tenancy.UserID
		for _, v := range members {
			if slices.Contains(v.Roles, roleOf(n, i).ID) {
				want = append(want, v.User)
			}
		}
		got, err := r.Holders(roleOf(n, i).ID, tenancy.UserID{}, ids)
		errs = append(errs, same(fmt.Sprintf("the holders of role %d of tenant %d", i, n), got, true, err, want))
	}
	return errors.Join(errs...)
}

// replay runs a sequence on a store and on the model.
func replay(ctx context.Context, s gate.Store, changes []change) error {
	m := model{}
	var revision tenancy.Revision
	for i, c := range changes {
		var next model
		got, err := s.Update(ctx, func(tx gate.Tx) error {
			next = model{}
			for at, v := range m {
				next[at] = v
			}
			if err := c.apply(tx, next); err != nil {
				return err
			}
			if c.Fails {
				return errRefused
			}
			return nil
		})
		switch {
		case c.Fails && errors.Is(err, errRefused):
			continue
		case err != nil || c.Fails:
			return fmt.Errorf("change %d: %w", i, err)
		}
		if !cmp.Equal(m, next) || slices.ContainsFunc(c.Steps, func(s step) bool { return s.Level != tenancy.LevelNone }) {
			revision++ // else it only tried to delete what was not there
		}
		m = next
		if err := s.View(ctx, m.sameAs); err != nil {
			return fmt.Errorf("after change %d: %w", i, err)
		}
		if got != revision {
			return fmt.Errorf("change %d left revision %d, want %d", i, got, revision)
		}
	}
	return nil
}

// anySequence tries random sequences; rapid shrinks one that fails.
func anySequence(t *testing.T, open func(t *testing.T) gate.Store) {
	steps := rapid.Custom(func(r *rapid.T) step {
		return step{
			Tenant: rapid.IntRange(1, ids).Draw(r, "tenant"), User: rapid.IntRange(1, ids).Draw(r, "user"),
			Level:   rapid.SampledFrom([]tenancy.Level{tenancy.LevelNone, tenancy.LevelViewer, tenancy.LevelAdmin, tenancy.LevelOwner}).Draw(r, "level"),
			Enabled: rapid.Bool().Draw(r, "enabled"), Lasting: rapid.Bool().Draw(r, "lasting"),
			Roles: rapid.IntRange(0, 1<<rolesEach-1).Draw(r, "roles"),
		}
	})
	changes := rapid.Custom(func(r *rapid.T) change {
		return change{Steps: rapid.SliceOfN(steps, 1, 8).Draw(r, "steps"), Fails: rapid.IntRange(0, 4).Draw(r, "fails") == 0}
	})
	rapid.Check(t, func(r *rapid.T) {
		if err := replay(t.Context(), open(t), rapid.SliceOfN(changes, 1, 8).Draw(r, "changes")); err != nil {
			r.Fatal(err)
		}
	})
}
