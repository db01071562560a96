package gate

import (
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

type createTenant struct {
	tenancy.CreateTenant
	chosen bool                   // the caller chose the id
	own    tenancy.OrganizationID // of an organization of the tenant's own
}

func (s createTenant) action(tenancy.Actor) tenancy.Action {
	if !s.Organization.IsZero() {
		return tenancy.ActionOrganizationAttach
	}
	return tenancy.ActionTenantCreate
}

func (s createTenant) about() (tenancy.TenantRef, tenancy.UserID) {
	return tenancy.TenantRef{}, s.Owner
}

func (createTenant) before(*matter) any { return nil }

func (s createTenant) gather(tx Reader, m *matter) error {
	if !s.Organization.IsZero() {
		if err := m.gatherOrganization(tx, s.Organization); err != nil {
			return err
		}
		m.leaveTenant()
	}
	m.aboutRecord("tenant", s.ID.String())
	m.in.Resource.Mine = m.in.Target.Self
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

// hold keeps a credential that was made for a tenant inside it. A token that
// names one because it was got by signing in where there are no others makes
// tenants as its holder's password or key does, but selects none and attaches
// none to an organization. Only the platform chooses ids, so that nobody learns
// which are in use.
func (s createTenant) hold(m *matter) []tenancy.Finding {
	found := ownerCanAct(m)
	if !m.roams || s.Select || !s.Organization.IsZero() {
		found = append(found, withinBinding(m, tenancy.TenantID{})...)
	}
	foreign := !s.Organization.IsZero() && !m.in.Actor.OrganizationAdmin
	if (s.chosen || foreign) && !m.actor.Platform {
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
		Organization: m.above.ID, Description: s.Description, CustomData: s.CustomData, CreatedBy: m.actor.User,
		CreatedAt: m.in.Now, UpdatedAt: m.in.Now,
	}
	if tenant.MemberLimit == 0 {
		tenant.MemberLimit = tenancy.Unlimited
	}
	if tenant.Organization.IsZero() {
		tenant.Organization = s.own
		if err := putOwnOrganization(tx, tenant, m.in.Now); err != nil {
			return nil, err
		}
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
	return freeName(s.Name, "tenant", s.ID.String(), func(slug string) (bool, error) {
		_, taken, err := tx.TenantBySlug(slug)
		return taken, err
	})
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
	set(&after.Slug, s.Slug)
	set(&after.Name, s.Name)
	set(&after.Plan, s.Plan)
	set(&after.MemberLimit, s.MemberLimit)
	set(&after.Description, s.Description)
	set(&after.CustomData, s.CustomData)
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
func (deleteTenant) hold(m *matter) []tenancy.Finding { return ownerRankHolds(m) }

// perform deletes the tenant and everything that belongs to it. Tokens that
// are bound to it die with the memberships.
func (deleteTenant) perform(tx Tx, m *matter) (any, error) {
	for _, cascade := range []func(Tx, *matter) error{endMemberships, endDatasets, endRoles, endProjects, endInvitations} {
		if err := cascade(tx, m); err != nil {
			return nil, err
		}
	}
	alone, err := hasToItself(tx, m.tenant)
	if err != nil {
		return nil, err
	}
	if err := tx.DeleteTenant(m.tenant.ID); err != nil || !alone {
		return nil, err
	}
	return nil, endOrganization(tx, m.tenant.Organization)
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
	return append(ownerRankHolds(m), newOwnerActs(m)...)
}

// perform: an owner has no beginning and no end, and the owner before stays
// as an administrator.
func (s transfer) perform(tx Tx, m *matter) (any, error) {
	former := m.tenant.Owner
	if !former.IsZero() {
		member, _, err := tx.Membership(m.tenant.ID, former)
		if err != nil {
			return nil, err
		}
		member.Level, member.UpdatedAt, member.Epoch = tenancy.LevelAdmin, m.in.Now, member.Epoch+1
		if err := tx.PutMembership(member); err != nil {
			return nil, err
		}
	}
	owner := m.membership
	owner.Level, owner.LevelBefore = tenancy.LevelOwner, levelBefore(owner, tenancy.LevelOwner)
	owner.NotBefore, owner.ExpiresAt, owner.UpdatedAt, owner.Epoch = time.Time{}, time.Time{}, m.in.Now, owner.Epoch+1
	if err := tx.PutMembership(owner); err != nil {
		return nil, err
	}
	after := m.tenant
	after.Owner, after.UpdatedAt = s.To, m.in.Now
	if err := handOver(tx, after, former, m); err != nil {
		return nil, err
	}
	return after, tx.PutTenant(after)
}

// leaveTenant takes the tenant whose organization was looked for out of the
// matter again: it is about another one.
func (m *matter) leaveTenant() {
	m.tenant, m.in.Tenant = tenancy.Tenant{}, TenantFacts{Limit: tenancy.Unlimited}
	m.in.Actor.Member, m.in.Actor.Level = false, tenancy.LevelNone
	m.in.Actor.Roles, m.in.Actor.Actions, m.in.Actor.Capabilities = nil, nil, nil
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
