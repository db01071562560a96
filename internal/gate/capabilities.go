package gate

import (
	"slices"

	"github.com/memberward/memberward/internal/tenancy"
)

// endow gives a principal a capability, or takes it away. A principal leads to
// its tenant, but for a user, whose tenant the caller names.
type endow struct {
	tenancy.GrantCapability
	takes bool // away

	// One of them is set by gather, unless the principal is unknown; a user is
	// the matter's target.
	role *tenancy.Role
	user bool
	all  bool // the tenant
}

func (s *endow) action(tenancy.Actor) tenancy.Action {
	if s.takes {
		return tenancy.ActionCapabilityRevoke
	}
	return tenancy.ActionCapabilityGrant
}

func (s *endow) about() (tenancy.TenantRef, tenancy.UserID) { return s.Tenant, tenancy.UserID{} }

func (*endow) before(*matter) any { return nil }

func (s *endow) gather(tx Reader, m *matter) error {
	s.role, s.user, s.all = nil, false, false
	if err := s.gatherPrincipal(tx, m); err != nil {
		return err
	}
	m.target = s.Principal.String()
	if s.role == nil && !s.user && !s.all {
		m.find(tenancy.Find(tenancy.CodePrincipalUnknown))
		m.findStranger()
	}
	return nil
}

// gatherPrincipal finds the principal, and the tenant it belongs to.
func (s *endow) gatherPrincipal(tx Reader, m *matter) error {
	role, isRole, err := tx.Role(tenancy.RoleID(s.Principal))
	if err != nil {
		return err
	}
	if isRole {
		s.role = &role
		return s.within(tx, m, role.Tenant)
	}
	tenant, isTenant, err := tx.Tenant(tenancy.TenantID(s.Principal))
	if err != nil {
		return err
	}
	if isTenant {
		s.all = true
		return s.within(tx, m, tenant.ID)
	}
	_, s.user, err = tx.User(tenancy.UserID(s.Principal))
	if err != nil || !s.user {
		return err
	}
	if s.Tenant.IsZero() {
		return &tenancy.Error{Code: tenancy.CodeInvalid, Msg: "tenant_id is required for a user"}
	}
	if err := m.gatherTarget(tx, tenancy.UserID(s.Principal)); err != nil {
		return err
	}
	m.findMember()
	return nil
}

// within makes a principal's own tenant the one that the matter is about. A
// caller who names another means nothing that there is.
func (s *endow) within(tx Reader, m *matter, tenant tenancy.TenantID) error {
	if s.Tenant.IsZero() {
		return m.gatherTenant(tx, tenancy.RefTo(tenant))
	}
	if tenant != m.tenant.ID {
		s.role, s.all = nil, false
	}
	return nil
}

func (*endow) hold(*matter) []tenancy.Finding { return nil }

func (s *endow) perform(tx Tx, m *matter) (any, error) {
	switch {
	case s.role != nil:
		after := *s.role
		after.Capabilities, after.UpdatedAt = s.changed(after.Capabilities), m.in.Now
		return nil, tx.PutRole(after)
	case s.all:
		after := m.tenant
		after.Capabilities, after.UpdatedAt = s.changed(after.Capabilities), m.in.Now
		return nil, tx.PutTenant(after)
	default:
		after := m.membership
		after.Capabilities = s.changed(after.Capabilities)
		if slices.Equal(after.Capabilities, m.membership.Capabilities) {
			return nil, nil
		}
		after.UpdatedAt, after.Epoch = m.in.Now, after.Epoch+1
		return nil, tx.PutMembership(after)
	}
}

func (s *endow) changed(held []tenancy.Capability) []tenancy.Capability {
	if s.takes {
		return without(held, s.Capability)
	}
	return union(held, []tenancy.Capability{s.Capability})
}
