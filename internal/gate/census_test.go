package gate_test

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// census is the whole of what invariants are about, listed one by one from
// the store: what the gate and the counters believe has no part in it.
type census struct {
	revision tenancy.Revision
	tenants  map[tenancy.TenantID]tenancy.Tenant
	members  map[tenancy.TenantID]map[tenancy.UserID]tenancy.Membership
	accounts map[tenancy.UserID]tenancy.User // of the members
	counters map[tenancy.TenantID]tenancy.Counters
}

// listLimit is more than any world has of anything.
const listLimit = 10_000

func (s *scene) census() (c census) {
	s.t.Helper()
	s.view(func(r gate.Reader) (err error) { c, err = takeCensus(r); return err })
	return c
}

func takeCensus(r gate.Reader) (census, error) {
	c := census{
		revision: r.Revision(),
		tenants:  map[tenancy.TenantID]tenancy.Tenant{},
		members:  map[tenancy.TenantID]map[tenancy.UserID]tenancy.Membership{},
		accounts: map[tenancy.UserID]tenancy.User{},
		counters: map[tenancy.TenantID]tenancy.Counters{},
	}
	tenants, err := r.Tenants(tenancy.TenantID{}, listLimit)
	for _, t := range tenants {
		c.tenants[t.ID] = t
		err = errors.Join(err, c.count(r, t.ID))
	}
	return c, err
}

func (c *census) count(r gate.Reader, tenant tenancy.TenantID) error {
	members, err := r.Members(tenant, tenancy.UserID{}, listLimit)
	if err != nil {
		return err
	}
	c.members[tenant] = map[tenancy.UserID]tenancy.Membership{}
	for _, m := range members {
		c.members[tenant][m.User] = m
		account, known, err := r.User(m.User)
		if err != nil {
			return err
		}
		if known {
			c.accounts[m.User] = account
		}
	}
	c.counters[tenant], err = r.Counters(tenant)
	return err
}

// broken finds what no policy may produce: in each tenant, one owner or, where
// there never was one, none; the owner can act; a lasting administrator is
// there; no more members than the limit. Every tenant of the worlds has
// somebody to begin with.
func (c census) broken(before census) (broken error) {
	for id, t := range c.tenants {
		if t.Owner.IsZero() && !before.tenants[id].Owner.IsZero() {
			broken = errors.Join(broken, fmt.Errorf("tenant %s lost its owner", t.Slug))
		}
		broken = errors.Join(broken, c.brokenTenant(t))
	}
	return broken
}

func (c census) brokenTenant(t tenancy.Tenant) error {
	lasting, owners := int64(0), 0
	for user, m := range c.members[t.ID] {
		account, known := c.accounts[user]
		if !known {
			return fmt.Errorf("tenant %s: user %s has no account", t.Slug, user)
		}
		if m.LastingAdmin() && account.Enabled {
			lasting++
		}
		if m.Level == tenancy.LevelOwner {
			owners++
		}
	}
	if !t.Owner.IsZero() {
		m, account := c.members[t.ID][t.Owner], c.accounts[t.Owner]
		if m.Level != tenancy.LevelOwner || !m.LastingAdmin() || !account.Enabled || !account.SignedUp {
			return fmt.Errorf("tenant %s: the owner became %+v, %+v", t.Slug, m, account)
		}
	}
	members := int64(len(c.members[t.ID]))
	if lasting == 0 || members > t.MemberLimit || (owners == 0) != t.Owner.IsZero() || owners > 1 {
		return fmt.Errorf("tenant %s: %d lasting administrators, %d owners, %d members of %d", t.Slug, lasting, owners, members, t.MemberLimit)
	}
	if counted := c.counters[t.ID]; counted.Members != members || counted.LastingAdmins != lasting {
		return fmt.Errorf("tenant %s: counted are %+v, listed %d members, %d lasting administrators", t.Slug, counted, members, lasting)
	}
	return nil
}

// escalated finds changes to memberships and accounts that whoever acted had
// no rank for, at a time. The platform has every rank.
func (c census) escalated(before census, actor tenancy.Actor, now time.Time) (escalated error) {
	if actor.Platform {
		return nil
	}
	for user, account := range c.accounts {
		if was, known := before.accounts[user]; known && was.Enabled != account.Enabled {
			escalated = errors.Join(escalated, fmt.Errorf("account %s: enabled became %t, not by the platform", user, account.Enabled))
		}
	}
	for tenant := range before.tenants {
		users := maps.Clone(before.members[tenant])
		maps.Copy(users, c.members[tenant])
		for user := range users {
			was, is := before.members[tenant][user], c.members[tenant][user]
			was.UpdatedAt, is.UpdatedAt = time.Time{}, time.Time{}
			if was != is && !signedUp(was, is, actor) {
				escalated = errors.Join(escalated, before.exceeds(was, is, tenant, actor, now))
			}
		}
	}
	return escalated
}

// signedUp reports whether all that happened is that a reserved account
// signed up.
func signedUp(was, is tenancy.Membership, actor tenancy.Actor) bool {
	was.Pending = false
	return actor.Registering && was == is
}

// exceeds says why the actor had no right to a change of a membership, as the
// state was before it.
func (c census) exceeds(was, is tenancy.Membership, tenant tenancy.TenantID, actor tenancy.Actor, now time.Time) error {
	own, member := c.members[tenant][actor.User]
	left := was.User == actor.User && is == tenancy.Membership{}
	said := fmt.Sprintf("in tenant %s, %+v became %+v by %s", tenant, was, is, actor)
	switch {
	case !actor.Tenant.IsZero() && actor.Tenant != tenant:
		return fmt.Errorf("%s, with a credential for another tenant", said)
	case !member || !c.accounts[actor.User].Enabled:
		return fmt.Errorf("%s, who is no member, or whose account is disabled", said)
	case left:
		return nil
	case !own.Active(now):
		return fmt.Errorf("%s, who is not active", said)
	case max(was.Level, is.Level) > own.Level:
		return fmt.Errorf("%s, of level %s", said, own.Level)
	default:
		return nil
	}
}
