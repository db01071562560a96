package gate_test

import (
	"errors"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// edit changes one membership past the gate.
func edit(id tenancy.TenantID, u tenancy.UserID, change func(*tenancy.Membership)) func(gate.Tx) error {
	return func(tx gate.Tx) error {
		m, _, err := tx.Membership(id, u)
		if err != nil {
			return err
		}
		m.Tenant, m.User, m.Enabled = id, u, true
		change(&m)
		return tx.PutMembership(m)
	}
}

func account(u tenancy.UserID, change func(*tenancy.User)) func(gate.Tx) error {
	return func(tx gate.Tx) error {
		user, _, err := tx.User(u)
		if err != nil {
			return err
		}
		change(&user)
		return tx.PutUser(user)
	}
}

func become(level tenancy.Level) func(*tenancy.Membership) {
	return func(m *tenancy.Membership) { m.Level = level }
}

// TestBrokenTenantsAreFound plants, past the gate, what the random operations
// look for.
func TestBrokenTenantsAreFound(t *testing.T) {
	for name, plant := range map[string]func(gate.Tx) error{
		"the owner demoted":            edit(acme, olga, become(tenancy.LevelAdmin)),
		"the owner disabled":           edit(acme, olga, func(m *tenancy.Membership) { m.Enabled = false }),
		"the owner with an end":        edit(acme, olga, func(m *tenancy.Membership) { m.ExpiresAt = began.AddDate(9, 0, 0) }),
		"the owner's account disabled": account(olga, func(u *tenancy.User) { u.Enabled = false }),
		"the owner removed":            func(tx gate.Tx) error { return tx.DeleteMembership(acme, olga) },
		"two owners":                   edit(acme, adam, become(tenancy.LevelOwner)),
		"over the limit":               edit(globex, sam, become(tenancy.LevelViewer)),
		"the limit below the members": func(tx gate.Tx) error {
			tenant, _, err := tx.Tenant(acme)
			tenant.MemberLimit = 1
			return errors.Join(err, tx.PutTenant(tenant))
		},
		"no owner any more": func(tx gate.Tx) error {
			tenant, _, err := tx.Tenant(acme)
			tenant.Owner = tenancy.UserID{}
			return errors.Join(err, tx.PutTenant(tenant), edit(acme, olga, become(tenancy.LevelAdmin))(tx))
		},
		"no administrator": func(tx gate.Tx) error {
			return errors.Join(tx.DeleteMembership(guild, gil), tx.DeleteMembership(guild, gus))
		},
		"administrators with disabled accounts": func(tx gate.Tx) error {
			off := func(u *tenancy.User) { u.Enabled = false }
			return errors.Join(account(gil, off)(tx), account(gus, off)(tx))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, allowAll)
			before := s.census()
			if err := before.broken(before); err != nil {
				t.Fatalf("before: %v", err)
			}
			s.plant(plant)
			if after := s.census(); after.broken(before) == nil {
				t.Error("not found")
			}
		})
	}
}

func (s *scene) plant(fault func(gate.Tx) error) {
	s.t.Helper()
	if _, err := s.store.Update(s.t.Context(), fault); err != nil {
		s.t.Fatal(err)
	}
}

// TestEscalationsAreFound plants changes and says who made them.
func TestEscalationsAreFound(t *testing.T) {
	bound := as(adam)
	bound.Tenant = globex
	demotion := edit(acme, mary, become(tenancy.LevelViewer))
	gone := func(id tenancy.TenantID, u tenancy.UserID) func(gate.Tx) error {
		return func(tx gate.Tx) error { return tx.DeleteMembership(id, u) }
	}
	for name, row := range map[string]struct {
		by    tenancy.Actor
		plant func(gate.Tx) error
		found bool
	}{
		"an admin demotes a member":            {as(adam), demotion, false},
		"the platform makes an owner":          {platform, edit(acme, adam, become(tenancy.LevelOwner)), false},
		"a member leaves":                      {as(mary), gone(acme, mary), false},
		"an expired member leaves":             {as(eve), gone(acme, eve), false},
		"an admin makes an owner":              {as(adam), edit(acme, mary, become(tenancy.LevelOwner)), true},
		"an admin demotes the owner":           {as(adam), edit(acme, olga, become(tenancy.LevelMember)), true},
		"a member makes an admin":              {as(mary), edit(acme, vic, become(tenancy.LevelAdmin)), true},
		"a member promotes themself":           {as(mary), edit(acme, mary, become(tenancy.LevelAdmin)), true},
		"a viewer removes a member":            {as(vic), gone(acme, mary), true},
		"a stranger adds a viewer":             {as(sam), edit(acme, gil, become(tenancy.LevelViewer)), true},
		"a disabled admin demotes a member":    {as(dora), demotion, true},
		"an expired admin demotes a member":    {as(eve), demotion, true},
		"a pending admin demotes a member":     {as(pete), demotion, true},
		"a credential for another tenant":      {bound, demotion, true},
		"a stranger leaves for somebody":       {as(sam), gone(acme, mary), true},
		"whoever registers removes somebody":   {tenancy.Actor{Registering: true}, gone(acme, mary), true},
		"whoever registers is pending no more": {tenancy.Actor{Registering: true}, edit(acme, pete, func(m *tenancy.Membership) { m.Pending = false }), false},
		"an owner disables an account":         {as(olga), account(mary, func(u *tenancy.User) { u.Enabled = false }), true},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, allowAll)
			before := s.census()
			s.plant(row.plant)
			err := s.census().escalated(before, row.by, tenancy.DialectNative, began.Add(24*time.Hour))
			if (err != nil) != row.found {
				t.Errorf("found %v, want a fault: %t", err, row.found)
			}
		})
	}
}
