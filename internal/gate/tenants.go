package gate

import (
	"strings"
	"time"

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

func (createTenant) before(*matter) any { return nil }

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

type updateTenant struct{ tenancy.UpdateTenant }

func (updateTenant) action(tenancy.Actor) tenancy.Action { return tenancy.ActionTenantUpdate }

func (s updateTenant) about() (tenancy.TenantRef, tenancy.UserID) { return s.Tenant, tenancy.UserID{} }

func (updateTenant) before(m *matter) any { return m.tenantBefore() }

func (s updateTenant) gather(tx Reader, m *matter) error {
	m.aboutTenant()
	if s.Slug == nil || m.tenantUnknown() {
		return nil
	}
	holder, taken, err := tx.TenantBySlug(*s.Slug)
	if taken && holder != m.tenant.ID {
		m.find(tenancy.Find(tenancy.CodeSlugTaken))
	}
	return err
}

// hold: a limit is never below what it limits.
func (s updateTenant) hold(m *matter) []tenancy.Finding {
	if s.MemberLimit == nil || *s.MemberLimit >= m.in.Tenant.Members {
		return nil
	}
	return []tenancy.Finding{tenancy.Find(tenancy.CodeMemberLimit)}
}

func (s updateTenant) perform(tx Tx, m *matter) (any, error) {
	after := m.tenant
	if s.Slug != nil {
		after.Slug = *s.Slug
	}
	if s.Name != nil {
		after.Name = *s.Name
	}
	if s.Plan != nil {
		after.Plan = *s.Plan
	}
	if s.MemberLimit != nil {
		after.MemberLimit = *s.MemberLimit
	}
	after.UpdatedAt = m.in.Now
	return after, tx.PutTenant(after)
}

type deleteTenant struct{ tenancy.DeleteTenant }

func (deleteTenant) action(tenancy.Actor) tenancy.Action { return tenancy.ActionTenantDelete }

func (s deleteTenant) about() (tenancy.TenantRef, tenancy.UserID) { return s.Tenant, tenancy.UserID{} }

func (deleteTenant) before(m *matter) any { return m.tenantBefore() }

func (deleteTenant) gather(_ Reader, m *matter) error {
	m.aboutTenant()
	return nil
}

// hold: with the tenant its owner's membership ends, so it takes their rank.
func (deleteTenant) hold(m *matter) []tenancy.Finding { return rankHolds(m, tenancy.LevelOwner) }

// perform deletes the tenant and everything that belongs to it. Tokens that
// are bound to it die with the memberships.
func (deleteTenant) perform(tx Tx, m *matter) (any, error) {
	id := m.tenant.ID
	for {
		members, err := tx.Members(id, tenancy.UserID{}, cascadeChunk)
		if err != nil {
			return nil, err
		}
		for _, member := range members {
			if err := endMembership(tx, id, member.User); err != nil {
				return nil, err
			}
		}
		if len(members) < cascadeChunk {
			return nil, tx.DeleteTenant(id)
		}
	}
}

// transfer makes another member the owner.
type transfer struct{ tenancy.TransferOwnership }

func (transfer) action(tenancy.Actor) tenancy.Action { return tenancy.ActionTenantTransfer }

func (s transfer) about() (tenancy.TenantRef, tenancy.UserID) { return s.Tenant, s.To }

func (transfer) before(m *matter) any { return m.tenantBefore() }

func (s transfer) gather(_ Reader, m *matter) error {
	m.in.Requested = RequestedFacts{Level: tenancy.LevelOwner, Enabled: true, Developer: m.membership.Developer}
	m.in.Resource = ResourceFacts{Type: "tenant", ID: m.tenant.ID.String()}
	m.findMember()
	switch {
	case !m.in.Target.Member:
	case s.To == m.tenant.Owner:
		m.find(tenancy.Finding{Code: tenancy.CodeConflict, Message: "this member is the owner already"})
	case !m.in.Target.Active:
		m.find(tenancy.Finding{Code: tenancy.CodeConflict, Message: "the new owner has to be an active member: signed up, enabled, begun and not expired"})
	}
	return nil
}

func (transfer) hold(m *matter) []tenancy.Finding {
	return append(rankHolds(m, tenancy.LevelOwner), newOwnerActs(m)...)
}

// perform: an owner has no beginning and no end, and the owner before stays
// as an administrator.
func (s transfer) perform(tx Tx, m *matter) (any, error) {
	if former := m.tenant.Owner; !former.IsZero() {
		member, _, err := tx.Membership(m.tenant.ID, former)
		if err != nil {
			return nil, err
		}
		member.Level, member.UpdatedAt = tenancy.LevelAdmin, m.in.Now
		if err := tx.PutMembership(member); err != nil {
			return nil, err
		}
	}
	owner := m.membership
	owner.Level, owner.NotBefore, owner.ExpiresAt, owner.UpdatedAt = tenancy.LevelOwner, time.Time{}, time.Time{}, m.in.Now
	if err := tx.PutMembership(owner); err != nil {
		return nil, err
	}
	after := m.tenant
	after.Owner, after.UpdatedAt = s.To, m.in.Now
	return after, tx.PutTenant(after)
}

// aboutTenant makes the tenant what the matter is about.
func (m *matter) aboutTenant() {
	m.target = m.tenant.ID.String()
	m.in.Resource = ResourceFacts{Type: "tenant", ID: m.target}
}

// tenantBefore gives the tenant acted upon; nil when there is none.
func (m *matter) tenantBefore() any {
	if m.tenant.ID.IsZero() {
		return nil
	}
	return m.tenant
}
