package gate

import (
	"strings"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

// gatherOrganization makes an organization what the matter is about, and reads
// how the actor belongs to it. An organization is of its tenant for those who
// see the tenant; else it is unknown to everybody but its enabled members and
// the platform. A credential that is bound to a tenant does not reach above it.
func (m *matter) gatherOrganization(tx Reader, ref tenancy.OrganizationRef) error {
	id, err := m.organizationOf(tx, ref)
	if err != nil {
		return err
	}
	above, known, err := tx.Organization(id)
	if err != nil {
		return err
	}
	var place tenancy.OrganizationMember
	if known && !m.actor.User.IsZero() && m.actor.Tenant.IsZero() {
		if place, _, err = tx.OrganizationMember(id, m.actor.User); err != nil {
			return err
		}
	}
	if !known || ref.Of.IsZero() && !place.Enabled && !m.actor.Platform {
		m.aboutRecord("organization", id.String())
		m.find(tenancy.Find(tenancy.CodeOrganizationUnknown))
		return nil
	}
	m.above = above
	m.aboutRecord("organization", id.String())
	m.in.Resource.Mine = place.Enabled
	m.in.Actor.OrganizationAdmin = place.Administers()
	return nil
}

// organizationOf resolves a reference; zero: it leads to none.
func (m *matter) organizationOf(tx Reader, ref tenancy.OrganizationRef) (tenancy.OrganizationID, error) {
	switch {
	case !ref.ID.IsZero():
		return ref.ID, nil
	case ref.ShortName != "":
		id, _, err := tx.OrganizationByName(ref.ShortName)
		return id, err
	default:
		err := m.gatherTenant(tx, ref.Of)
		return m.tenant.Organization, err
	}
}

// organizationBefore gives the organization acted upon; nil when there is none.
func (m *matter) organizationBefore() any {
	if m.above.ID.IsZero() {
		return nil
	}
	return m.above
}

type createOrganization struct {
	tenancy.CreateOrganization
	chosen bool // the caller chose the id
}

func (createOrganization) action(tenancy.Actor) tenancy.Action {
	return tenancy.ActionOrganizationCreate
}

func (createOrganization) about() (tenancy.TenantRef, tenancy.UserID) {
	return tenancy.TenantRef{}, tenancy.UserID{}
}

func (createOrganization) before(*matter) any { return nil }

func (s createOrganization) gather(tx Reader, m *matter) error {
	m.aboutRecord("organization", s.ID.String())
	if _, taken, err := tx.Organization(s.ID); err != nil || taken {
		m.find(tenancy.Find(tenancy.CodeIDTaken))
		return err
	}
	return m.findShortName(tx, s.ShortName, s.ID)
}

// hold: an organization is the platform's to make (contracts/levels.md).
func (createOrganization) hold(m *matter) []tenancy.Finding {
	if m.actor.Platform {
		return nil
	}
	return []tenancy.Finding{tenancy.Find(tenancy.CodeNotPermitted)}
}

func (s createOrganization) perform(tx Tx, m *matter) (any, error) {
	short, err := freeShortName(tx, s.ShortName, s.Name, s.ID)
	if err != nil {
		return nil, err
	}
	above := tenancy.Organization{ID: s.ID, Name: s.Name, ShortName: short, CreatedAt: m.in.Now, UpdatedAt: m.in.Now}
	return above, tx.PutOrganization(above)
}

// findShortName notes that another organization has the short name.
func (m *matter) findShortName(tx Reader, short string, id tenancy.OrganizationID) error {
	if short == "" {
		return nil
	}
	holder, taken, err := tx.OrganizationByName(short)
	if taken && holder != id {
		m.find(tenancy.Finding{Code: tenancy.CodeNameTaken, Message: "an organization with this short name exists"})
	}
	return err
}

// freeShortName gives the short name asked for, or one made from the name.
func freeShortName(tx Reader, short, name string, id tenancy.OrganizationID) (string, error) {
	if short != "" {
		return short, nil
	}
	return freeName(name, "organization", id.String(), func(name string) (bool, error) {
		_, taken, err := tx.OrganizationByName(name)
		return taken, err
	})
}

// freeName makes a name of the form of a slug: one that is taken gets the end
// of the id, since the names it is made from need not be unique.
func freeName(from, kind, id string, taken func(string) (bool, error)) (string, error) {
	slug := tenancy.SlugFrom(from)
	if slug != "" {
		is, err := taken(slug)
		if err != nil || !is {
			return slug, err
		}
	}
	suffix := "-" + id[len(id)-12:]
	if slug == "" {
		return kind + suffix, nil
	}
	return strings.TrimRight(slug[:min(len(slug), 63-len(suffix))], "-") + suffix, nil
}

// ofOrganization is what changes to an organization that is there share.
type ofOrganization struct {
	ref  tenancy.OrganizationRef
	user tenancy.UserID // the account acted upon; zero: none
}

func (ofOrganization) about() (tenancy.TenantRef, tenancy.UserID) {
	return tenancy.TenantRef{}, tenancy.UserID{}
}

func (ofOrganization) before(m *matter) any { return m.organizationBefore() }

func (s ofOrganization) gather(tx Reader, m *matter) error {
	if err := m.gatherOrganization(tx, s.ref); err != nil || s.user.IsZero() {
		return err
	}
	account, exists, err := tx.User(s.user)
	if err != nil {
		return err
	}
	m.account, m.target = account, s.user.String()
	m.in.Target = TargetFacts{User: s.user, Exists: exists, Self: s.user == m.actor.User, Active: account.Enabled && account.SignedUp}
	m.findTarget()
	return nil
}

// gatherPlace reads how the account acted upon belongs to the organization. No
// account at all is nobody's.
func (s ofOrganization) gatherPlace(tx Reader, m *matter) (tenancy.OrganizationMember, bool, error) {
	if err := s.gather(tx, m); err != nil || m.above.ID.IsZero() {
		return tenancy.OrganizationMember{}, false, err
	}
	if !m.in.Target.Exists {
		m.find(tenancy.Find(tenancy.CodeUserUnknown))
		return tenancy.OrganizationMember{}, false, nil
	}
	return tx.OrganizationMember(m.above.ID, s.user)
}

// hold: an organization is changed by its administrators and the platform.
func (ofOrganization) hold(m *matter) []tenancy.Finding {
	if m.actor.Platform || m.in.Actor.OrganizationAdmin {
		return nil
	}
	return []tenancy.Finding{tenancy.Find(tenancy.CodeNotPermitted)}
}

type updateOrganization struct {
	ofOrganization
	tenancy.UpdateOrganization
}

func (updateOrganization) action(tenancy.Actor) tenancy.Action {
	return tenancy.ActionOrganizationUpdate
}

func (s updateOrganization) gather(tx Reader, m *matter) error {
	if err := s.ofOrganization.gather(tx, m); err != nil || s.ShortName == nil || m.above.ID.IsZero() {
		return err
	}
	return m.findShortName(tx, *s.ShortName, m.above.ID)
}

func (s updateOrganization) perform(tx Tx, m *matter) (any, error) {
	after := m.above
	set(&after.Name, s.Name)
	set(&after.ShortName, s.ShortName)
	after.UpdatedAt = m.in.Now
	return after, tx.PutOrganization(after)
}

type deleteOrganization struct{ ofOrganization }

func (deleteOrganization) action(tenancy.Actor) tenancy.Action {
	return tenancy.ActionOrganizationDelete
}

func (s deleteOrganization) gather(tx Reader, m *matter) error {
	if err := s.ofOrganization.gather(tx, m); err != nil || m.above.ID.IsZero() {
		return err
	}
	tenants, err := tx.OrganizationTenants(m.above.ID, tenancy.TenantID{}, 1)
	if len(tenants) > 0 {
		m.find(tenancy.Finding{Code: tenancy.CodeConflict, Message: "the organization has tenants: detach or delete them first"})
	}
	return err
}

func (deleteOrganization) perform(tx Tx, m *matter) (any, error) {
	return nil, endOrganization(tx, m.above.ID)
}

// endOrganization deletes an organization with its members.
func endOrganization(tx Tx, id tenancy.OrganizationID) error {
	err := each(func() ([]tenancy.OrganizationMember, error) {
		return tx.OrganizationMembers(id, tenancy.UserID{}, cascadeChunk)
	}, func(member tenancy.OrganizationMember) error { return tx.DeleteOrganizationMember(id, member.User) })
	if err != nil {
		return err
	}
	return tx.DeleteOrganization(id)
}

// leaveOrganizations ends every place of a user in an organization.
func leaveOrganizations(tx Tx, user tenancy.UserID) error {
	return each(func() ([]tenancy.OrganizationID, error) {
		return tx.OrganizationsOf(user, tenancy.OrganizationID{}, cascadeChunk)
	}, func(id tenancy.OrganizationID) error { return tx.DeleteOrganizationMember(id, user) })
}

type putOrganizationMember struct {
	ofOrganization
	tenancy.PutOrganizationMember
	place  tenancy.OrganizationMember // before; set by gather
	placed bool
}

func (*putOrganizationMember) action(tenancy.Actor) tenancy.Action {
	return tenancy.ActionOrganizationSet
}

func (s *putOrganizationMember) before(m *matter) any {
	if !s.placed {
		return nil
	}
	return placeView(s.place, m.account)
}

func placeView(place tenancy.OrganizationMember, account tenancy.User) tenancy.OrganizationMemberView {
	return tenancy.OrganizationMemberView{
		OrganizationMember: place, Email: account.Email, GivenName: account.GivenName, Surname: account.Surname,
	}
}

// gather: a place has no waiting, so it is given to nobody whose address is not
// proven.
func (s *putOrganizationMember) gather(tx Reader, m *matter) error {
	var err error
	s.place, s.placed, err = s.gatherPlace(tx, m)
	if err == nil && !s.placed && m.in.Target.Exists && !m.account.Proven() {
		m.find(tenancy.Finding{Code: tenancy.CodeConflict, Message: "the account has not signed up, or with a code alone: the platform creates it first"})
	}
	return err
}

func (s *putOrganizationMember) perform(tx Tx, m *matter) (any, error) {
	after := s.place
	if !s.placed {
		after = tenancy.OrganizationMember{Organization: m.above.ID, User: s.User, Enabled: true, CreatedAt: m.in.Now}
	}
	set(&after.Admin, s.Admin)
	set(&after.Enabled, s.Enabled)
	after.UpdatedAt = m.in.Now
	return placeView(after, m.account), tx.PutOrganizationMember(after)
}

type removeOrganizationMember struct {
	ofOrganization
	place  tenancy.OrganizationMember // set by gather
	placed bool
}

func (*removeOrganizationMember) action(tenancy.Actor) tenancy.Action {
	return tenancy.ActionOrganizationRemove
}

func (s *removeOrganizationMember) before(m *matter) any {
	if !s.placed {
		return nil
	}
	return placeView(s.place, m.account)
}

func (s *removeOrganizationMember) gather(tx Reader, m *matter) error {
	var err error
	s.place, s.placed, err = s.gatherPlace(tx, m)
	if err == nil && !s.placed && m.in.Target.Exists {
		m.find(tenancy.Finding{Code: tenancy.CodeTargetNotMember, Message: "the user is not a member of this organization"})
	}
	return err
}

func (s *removeOrganizationMember) perform(tx Tx, m *matter) (any, error) {
	return nil, tx.DeleteOrganizationMember(m.above.ID, s.user)
}

// detachTenant gives a tenant of an organization one of its own.
type detachTenant struct {
	ofOrganization
	tenancy.DetachTenant
	fresh  tenancy.OrganizationID
	tenant tenancy.Tenant // set by gather
}

func (*detachTenant) action(tenancy.Actor) tenancy.Action { return tenancy.ActionOrganizationDetach }

func (s *detachTenant) gather(tx Reader, m *matter) error {
	if err := s.ofOrganization.gather(tx, m); err != nil || m.above.ID.IsZero() {
		return err
	}
	tenant, known, err := tx.Tenant(s.Tenant)
	if err != nil {
		return err
	}
	s.tenant, m.target = tenant, s.Tenant.String()
	if !known || tenant.Organization != m.above.ID {
		m.find(tenancy.Finding{Code: tenancy.CodeTargetNotMember, Message: "the organization has no such tenant"})
		return nil
	}
	if m.above.Own == tenant.ID {
		m.find(tenancy.Finding{Code: tenancy.CodeConflict, Message: "the organization is the tenant's own"})
	}
	return nil
}

func (s *detachTenant) perform(tx Tx, m *matter) (any, error) {
	after := s.tenant
	after.Organization, after.UpdatedAt = s.fresh, m.in.Now
	if err := putOwnOrganization(tx, after, m.in.Now); err != nil {
		return nil, err
	}
	m.in.Tenant.ID = after.ID // for the record; the decision is made
	return after, tx.PutTenant(after)
}

// putOwnOrganization makes the organization that a tenant has for itself, under
// the id that it names; the tenant's owner administers it.
func putOwnOrganization(tx Tx, tenant tenancy.Tenant, now time.Time) error {
	short, err := freeShortName(tx, "", tenant.Slug, tenant.Organization)
	if err != nil {
		return err
	}
	err = tx.PutOrganization(tenancy.Organization{
		ID: tenant.Organization, Name: tenant.Name, ShortName: short, Own: tenant.ID, CreatedAt: now, UpdatedAt: now,
	})
	if err != nil || tenant.Owner.IsZero() {
		return err
	}
	return tx.PutOrganizationMember(tenancy.OrganizationMember{
		Organization: tenant.Organization, User: tenant.Owner, Admin: true, Enabled: true, CreatedAt: now, UpdatedAt: now,
	})
}

// hasToItself reports whether a tenant's organization is its own and holds no
// other tenant.
func hasToItself(tx Reader, tenant tenancy.Tenant) (bool, error) {
	above, known, err := tx.Organization(tenant.Organization)
	if err != nil || !known || above.Own != tenant.ID {
		return false, err
	}
	tenants, err := tx.OrganizationTenants(above.ID, tenancy.TenantID{}, 2)
	return len(tenants) == 1, err
}

// handOver makes the new owner of a tenant administer the organization that it
// has to itself, in the place of the owner before.
func handOver(tx Tx, tenant tenancy.Tenant, former tenancy.UserID, m *matter) error {
	own, err := hasToItself(tx, tenant)
	if err != nil || !own {
		return err
	}
	if _, placed, err := tx.OrganizationMember(tenant.Organization, former); err != nil || placed {
		if err == nil {
			err = tx.DeleteOrganizationMember(tenant.Organization, former)
		}
		if err != nil {
			return err
		}
	}
	return tx.PutOrganizationMember(tenancy.OrganizationMember{
		Organization: tenant.Organization, User: tenant.Owner, Admin: true, Enabled: true, CreatedAt: m.in.Now, UpdatedAt: m.in.Now,
	})
}
