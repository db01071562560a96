package gate

import (
	"slices"

	"github.com/memberward/memberward/internal/tenancy"
)

type createRole struct{ tenancy.CreateRole }

func (createRole) action(tenancy.Actor) tenancy.Action { return tenancy.ActionRoleCreate }

func (s createRole) about() (tenancy.TenantRef, tenancy.UserID) { return s.Tenant, tenancy.UserID{} }

func (createRole) before(*matter) any { return nil }

func (s createRole) gather(tx Reader, m *matter) error {
	m.aboutRecord("role", s.ID.String())
	m.in.Requested.Actions = sorted(s.Actions)
	m.in.Requested.Roles = []RoleFact{{ID: s.ID, Name: s.Name}}
	if m.tenant.ID.IsZero() && !m.tenantUnknown() { // the actor has selected none
		m.find(tenancy.Find(tenancy.CodeTenantUnknown))
	}
	return m.findRoleName(tx, s.Name, s.ID)
}

func (createRole) hold(m *matter) []tenancy.Finding { return actionsHold(m) }

func (s createRole) perform(tx Tx, m *matter) (any, error) {
	role := tenancy.Role{
		ID: s.ID, Tenant: m.tenant.ID, Name: s.Name, Description: s.Description, Actions: sorted(s.Actions),
		CreatedAt: m.in.Now, UpdatedAt: m.in.Now,
	}
	return role, tx.PutRole(role)
}

// ofRole is what changes to a custom role that is there share. Who names no
// tenant means the role's own.
type ofRole struct {
	tenant tenancy.TenantRef
	id     tenancy.RoleID
	role   *tenancy.Role // nil: there is none in the tenant; set by gather
}

func (s *ofRole) about() (tenancy.TenantRef, tenancy.UserID) { return s.tenant, tenancy.UserID{} }

func (s *ofRole) before(*matter) any {
	if s.role == nil {
		return nil
	}
	return *s.role
}

func (s *ofRole) gather(tx Reader, m *matter) error {
	s.role = nil
	if s.tenant.IsZero() {
		if err := m.gatherByRole(tx, []tenancy.RoleID{s.id}, tenancy.UserID{}); err != nil {
			return err
		}
	}
	m.aboutRecord("role", s.id.String())
	role, known, err := m.roleHere(tx, s.id)
	if err != nil {
		return err
	}
	if !known || m.tenant.ID.IsZero() {
		m.find(tenancy.Find(tenancy.CodeRoleUnknown))
		return nil
	}
	s.role = &role
	return nil
}

func (*ofRole) hold(m *matter) []tenancy.Finding { return actionsHold(m) }

type updateRole struct {
	ofRole
	tenancy.UpdateRole
}

func (*updateRole) action(tenancy.Actor) tenancy.Action { return tenancy.ActionRoleUpdate }

// gather: handed out are the actions that the role did not give before.
func (s *updateRole) gather(tx Reader, m *matter) error {
	if err := s.ofRole.gather(tx, m); err != nil || s.role == nil {
		return err
	}
	if s.Actions != nil {
		m.in.Requested.Actions = slices.DeleteFunc(sorted(*s.Actions), func(a tenancy.Action) bool {
			return slices.Contains(s.role.Actions, a)
		})
	}
	if s.Name == nil {
		return nil
	}
	m.in.Requested.Roles = []RoleFact{{ID: s.id, Name: *s.Name}}
	return m.findRoleName(tx, *s.Name, s.id)
}

func (s *updateRole) perform(tx Tx, m *matter) (any, error) {
	after := *s.role
	set(&after.Name, s.Name)
	set(&after.Description, s.Description)
	if s.Actions != nil {
		after.Actions = sorted(*s.Actions)
	}
	after.UpdatedAt = m.in.Now
	return after, tx.PutRole(after)
}

type deleteRole struct{ ofRole }

func (*deleteRole) action(tenancy.Actor) tenancy.Action { return tenancy.ActionRoleDelete }

func (s *deleteRole) perform(tx Tx, m *matter) (any, error) { return nil, endRole(tx, *s.role, m) }

// endRole deletes a role with its assignments and its grants.
func endRole(tx Tx, role tenancy.Role, m *matter) error {
	err := each(func() ([]tenancy.UserID, error) {
		return tx.Holders(role.ID, tenancy.UserID{}, cascadeChunk)
	}, func(user tenancy.UserID) error {
		member, _, err := tx.Membership(role.Tenant, user)
		if err != nil {
			return err
		}
		member.Roles, member.Epoch, member.UpdatedAt = without(member.Roles, role.ID), member.Epoch+1, m.in.Now
		return tx.PutMembership(member)
	})
	if err != nil {
		return err
	}
	if err := dropGrants(tx, tenancy.PrincipalID(role.ID), role.Tenant); err != nil {
		return err
	}
	return tx.DeleteRole(role.ID)
}

// findRoleName notes that another role of the tenant has the name.
func (m *matter) findRoleName(tx Reader, name string, id tenancy.RoleID) error {
	if m.tenant.ID.IsZero() {
		return nil
	}
	holder, taken, err := tx.RoleByName(m.tenant.ID, name)
	if taken && holder != id {
		m.find(tenancy.Finding{Code: tenancy.CodeNameTaken, Message: "a role with this name exists in the tenant"})
	}
	return err
}

// aboutRecord makes a record of the tenant what the matter is about.
func (m *matter) aboutRecord(kind, id string) {
	m.target = id
	m.in.Resource = ResourceFacts{Type: kind, ID: id}
}

// sorted gives actions in their order, each once; nil for none.
func sorted(actions []tenancy.Action) []tenancy.Action { return union(nil, actions) }
