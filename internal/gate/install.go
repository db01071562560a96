package gate

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/tenancy"
)

// Install writes an operator's data of a first start, or a platform key, in
// one transaction: all of it or nothing. No policy is asked, since whoever
// starts the program owns the store; the invariants hold all the same, and
// the act is recorded. Errors name the item that is wrong.
func (g *Gate) Install(ctx context.Context, seed tenancy.Seed) (tenancy.Outcome, error) {
	operator := tenancy.Actor{Operator: true, Via: tenancy.ViaConsole}
	m := &matter{actor: operator, in: Input{Action: tenancy.ActionBootstrap}}
	revision, err := g.store.Update(ctx, func(tx Tx) error {
		m = g.open(tx, operator, tenancy.ActionBootstrap, "")
		in := installation{tx: tx, now: m.in.Now, newID: g.newID}
		if err := in.install(seed); err != nil {
			return err
		}
		record, err := m.record(g.newID(), audit.Allowed)
		if err != nil {
			return err
		}
		return tx.Record(record)
	})
	g.watch(tenancy.DecisionChange, m, err == nil, err)
	if err != nil {
		return tenancy.Outcome{}, err
	}
	m.outcome.Revision = revision
	return m.outcome, nil
}

type installation struct {
	tx    Tx
	now   time.Time
	newID func() uuid.UUID
}

// install puts in what the seed holds, each kind after those that it names.
func (in *installation) install(seed tenancy.Seed) error {
	for _, put := range []func() error{
		putting(seed.Organizations, in.organization, func(o tenancy.Organization) string { return "organization " + o.ShortName }),
		putting(seed.Users, in.user, func(u tenancy.User) string { return "user " + u.Email }),
		putting(seed.OrganizationMembers, in.place, func(m tenancy.OrganizationMember) string {
			return fmt.Sprintf("user %s in organization %s", m.User, m.Organization)
		}),
		putting(seed.Tenants, in.tenant, func(t tenancy.Tenant) string { return "tenant " + t.Slug }),
		putting(seed.Roles, in.role, func(r tenancy.Role) string { return "role " + r.Name }),
		putting(seed.Projects, in.project, func(p tenancy.Project) string { return "project " + p.Name }),
		putting(seed.Memberships, in.membership, func(m tenancy.Membership) string {
			return fmt.Sprintf("membership of user %s in tenant %s", m.User, m.Tenant)
		}),
		putting(seed.Datasets, in.dataset, func(d tenancy.Dataset) string { return "dataset " + d.Name }),
		putting(seed.Grants, in.grant, func(g tenancy.Grant) string { return fmt.Sprintf("grant on dataset %s", g.Dataset) }),
		putting(seed.Keys, in.key, func(k tenancy.Key) string { return fmt.Sprintf("key %s", k.ID) }),
		putting(seed.Entities, in.entity, func(e tenancy.Entity) string { return fmt.Sprintf("entity %s %s", e.Type, e.ID) }),
	} {
		if err := put(); err != nil {
			return err
		}
	}
	return in.withinLimits(seed.Tenants)
}

// putting puts in all items of a kind. Its error names the item.
func putting[T any](items []T, put func(T) error, name func(T) string) func() error {
	return func() error {
		for _, item := range items {
			if err := put(item); err != nil {
				return fmt.Errorf("%s: %w", name(item), err)
			}
		}
		return nil
	}
}

func (in *installation) user(user tenancy.User) error {
	if _, found, err := in.tx.User(user.ID); err != nil || found {
		return taken(err, "the id %s is in use", user.ID)
	}
	if _, found, err := in.tx.UserByEmail(tenancy.EmailKey(user.Email)); err != nil || found {
		return taken(err, "an account with this e-mail address exists")
	}
	user.CreatedAt = in.now
	return in.tx.PutUser(user)
}

func (in *installation) tenant(tenant tenancy.Tenant) error {
	if _, found, err := in.tx.Tenant(tenant.ID); err != nil || found {
		return taken(err, "the id %s is in use", tenant.ID)
	}
	if _, found, err := in.tx.TenantBySlug(tenant.Slug); err != nil || found {
		return taken(err, "a tenant with this slug exists")
	}
	if _, known, err := in.tx.User(tenant.Owner); !tenant.Owner.IsZero() && (err != nil || !known) {
		return missing(err, "the owner %s", tenant.Owner)
	}
	tenant.CreatedAt, tenant.UpdatedAt = in.now, in.now
	if err := in.above(&tenant); err != nil {
		return err
	}
	if err := in.tx.PutTenant(tenant); err != nil || tenant.Owner.IsZero() {
		return err
	}
	return in.tx.PutMembership(ownership(tenant))
}

// above finds the organization that a tenant belongs to, or makes one of its
// own.
func (in *installation) above(tenant *tenancy.Tenant) error {
	if tenant.Organization.IsZero() {
		tenant.Organization = tenancy.OrganizationID(in.newID())
		return putOwnOrganization(in.tx, *tenant, in.now)
	}
	if _, known, err := in.tx.Organization(tenant.Organization); err != nil || !known {
		return missing(err, "the organization")
	}
	return nil
}

func (in *installation) membership(member tenancy.Membership) error {
	tenant, known, err := in.tx.Tenant(member.Tenant)
	if err != nil || !known {
		return missing(err, "the tenant")
	}
	if _, known, err := in.tx.User(member.User); err != nil || !known {
		return missing(err, "the user")
	}
	if member.User == tenant.Owner {
		return in.ownersOwn(member)
	}
	if member.Level == tenancy.LevelOwner {
		return fmt.Errorf("%s; name the owner in the tenant", tenancy.Find(tenancy.CodeOwnerByTransferOnly).Message)
	}
	if _, found, err := in.tx.Membership(member.Tenant, member.User); err != nil || found {
		return taken(err, "it is there twice")
	}
	if err := in.held(member); err != nil {
		return err
	}
	member.CreatedAt, member.UpdatedAt = in.now, in.now
	return in.tx.PutMembership(member)
}

// ownersOwn gives the owner's membership, which is implied, what it holds
// beside the level.
func (in *installation) ownersOwn(member tenancy.Membership) error {
	if member.Level != tenancy.LevelOwner || !member.LastingAdmin() {
		return fmt.Errorf("%s", tenancy.Find(tenancy.CodeOwnerPermanent).Message)
	}
	if err := in.held(member); err != nil {
		return err
	}
	implied, _, err := in.tx.Membership(member.Tenant, member.User)
	if err != nil {
		return err
	}
	implied.Roles, implied.Capabilities, implied.Projects, implied.Developer = member.Roles, member.Capabilities, member.Projects, member.Developer
	return in.tx.PutMembership(implied)
}

func (in *installation) key(key tenancy.Key) error {
	if _, found, err := in.tx.Key(key.ID); err != nil || found {
		return taken(err, "the id is in use")
	}
	if _, known, err := in.tx.User(key.User); !key.Platform && (err != nil || !known) {
		return missing(err, "the user")
	}
	if _, known, err := in.tx.Tenant(key.Tenant); !key.Tenant.IsZero() && (err != nil || !known) {
		return missing(err, "the tenant")
	}
	key.CreatedAt = in.now
	return in.tx.PutKey(key)
}

// withinLimits looks at each tenant once everybody is in.
func (in *installation) withinLimits(tenants []tenancy.Tenant) error {
	for _, tenant := range tenants {
		counters, err := in.tx.Counters(tenant.ID)
		if err != nil {
			return err
		}
		if counters.Members > tenant.MemberLimit {
			return fmt.Errorf("tenant %s: it has %d members and a limit of %d", tenant.Slug, counters.Members, tenant.MemberLimit)
		}
	}
	return nil
}

func taken(err error, format string, args ...any) error {
	if err != nil {
		return err
	}
	return fmt.Errorf(format, args...)
}

func missing(err error, format string, args ...any) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("%s does not exist", fmt.Sprintf(format, args...))
}
