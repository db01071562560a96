package gate

import (
	"strings"

	"github.com/memberward/memberward/internal/tenancy"
)

type createTenant struct {
	tenancy.CreateTenant
	chosen bool // the caller chose the id
}

func (createTenant) action(tenancy.Actor) tenancy.Action { return tenancy.ActionTenantCreate }

func (s createTenant) about() (tenancy.TenantRef, tenancy.UserID) {
	return tenancy.TenantRef{}, s.Owner
}

func (s createTenant) gather(tx Reader, m *matter) error {
	m.target = s.ID.String()
	m.in.Resource = ResourceFacts{Type: "tenant", ID: s.ID.String(), Mine: m.in.Target.Self}
	m.findTarget()
	if _, taken, err := tx.Tenant(s.ID); err != nil || taken {
		m.find(tenancy.Find(tenancy.CodeIDTaken))
		return err
	}
	if s.Slug == "" {
		return nil
	}
	_, taken, err := tx.TenantBySlug(s.Slug)
	if taken {
		m.find(tenancy.Find(tenancy.CodeSlugTaken))
	}
	return err
}

// hold keeps a credential that is bound to a tenant inside it: its holder is
// a stranger everywhere else, and a stranger makes no tenants. Only the
// platform chooses ids, so that nobody learns which are in use.
func (s createTenant) hold(m *matter) []tenancy.Finding {
	found := append(ownerCanAct(m), withinBinding(m, tenancy.TenantID{})...)
	if s.chosen && !m.actor.Platform {
		found = append(found, tenancy.Find(tenancy.CodeNotPermitted))
	}
	return found
}

func (s createTenant) perform(tx Tx, m *matter) (any, error) {
	slug, err := s.freeSlug(tx)
	if err != nil {
		return nil, err
	}
	tenant := tenancy.Tenant{
		ID: s.ID, Slug: slug, Name: s.Name, Owner: s.Owner, Plan: s.Plan, MemberLimit: s.MemberLimit,
		CreatedAt: m.in.Now, UpdatedAt: m.in.Now,
	}
	if tenant.MemberLimit == 0 {
		tenant.MemberLimit = tenancy.Unlimited
	}
	if err := tx.PutTenant(tenant); err != nil {
		return nil, err
	}
	if s.Select {
		m.account.ActiveTenant = tenant.ID
		if err := tx.PutUser(m.account); err != nil {
			return nil, err
		}
	}
	m.in.Tenant.ID = tenant.ID // for the record; the decision is made
	return tenant, tx.PutMembership(ownership(tenant))
}

// ownership is the membership that a tenant's owner has from the start.
func ownership(tenant tenancy.Tenant) tenancy.Membership {
	return tenancy.Membership{
		Tenant: tenant.ID, User: tenant.Owner, Level: tenancy.LevelOwner, Enabled: true,
		CreatedAt: tenant.CreatedAt, UpdatedAt: tenant.CreatedAt,
	}
}

// freeSlug gives the slug asked for, or one made from the name; one that is
// taken gets the end of the tenant's id, since names need not be unique.
func (s createTenant) freeSlug(tx Reader) (string, error) {
	if s.Slug != "" {
		return s.Slug, nil
	}
	slug := tenancy.SlugFrom(s.Name)
	if slug != "" {
		_, taken, err := tx.TenantBySlug(slug)
		if err != nil || !taken {
			return slug, err
		}
	}
	id := s.ID.String()
	suffix := "-" + id[len(id)-12:]
	if slug == "" {
		return "tenant" + suffix, nil
	}
	return strings.TrimRight(slug[:min(len(slug), 63-len(suffix))], "-") + suffix, nil
}

type selectTenant struct {
	tenancy.SelectTenant
	user tenancy.UserID
}

func (selectTenant) action(tenancy.Actor) tenancy.Action { return tenancy.ActionTenantSelect }

func (s selectTenant) about() (tenancy.TenantRef, tenancy.UserID) { return s.Tenant, s.user }

func (s selectTenant) gather(Reader, *matter) error { return nil }

// hold: only members select a tenant, nobody selects for the platform, and a
// credential that is bound to a tenant touches no other selection.
func (s selectTenant) hold(m *matter) []tenancy.Finding {
	if !m.in.Target.Exists || (!s.Tenant.IsZero() && !m.in.Actor.Member) {
		return []tenancy.Finding{tenancy.Find(tenancy.CodeNotPermitted)}
	}
	return withinBinding(m, m.tenant.ID)
}

func (s selectTenant) perform(tx Tx, m *matter) (any, error) {
	m.account.ActiveTenant = m.tenant.ID
	return m.tenant, tx.PutUser(m.account)
}
