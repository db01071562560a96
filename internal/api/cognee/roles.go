package cognee

import (
	"errors"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// roleAnswer is the body of a new role.
type roleAnswer struct {
	Message  string `json:"message"`
	RoleID   string `json:"role_id"`
	TenantID string `json:"tenant_id"`
}

// createRole serves POST /api/v1/permissions/roles?role_name=, in the caller's
// active tenant.
func (d *dialect) createRole(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	name := input.name("role_name")
	if err := input.check(creatingRole); err != nil {
		return err
	}
	outcome, err := d.apply(c, actor, tenancy.CreateRole{Tenant: activeTenant, Name: name})
	if err != nil {
		return &failure{operation: creatingRole, cause: err}
	}
	role, err := api.Result[tenancy.Role](outcome)
	if err != nil {
		return err
	}
	return ok(c, roleAnswer{"Role created for tenant", role.ID.String(), role.Tenant.String()})
}

// deleteRole serves DELETE /api/v1/permissions/roles/{role_id}.
func (d *dialect) deleteRole(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	role := input.role()
	if err := input.check(deletingRole); err != nil {
		return err
	}
	if _, err := d.apply(c, actor, tenancy.DeleteRole{Role: role}); err != nil {
		return &failure{operation: deletingRole, cause: err}
	}
	return ok(c, message{"Role deleted"})
}

// addToRole serves POST /api/v1/permissions/users/{user_id}/roles?role_id=.
func (d *dialect) addToRole(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	user, role := input.user(), input.roleParameter()
	if err := input.check(addingToRole); err != nil {
		return err
	}
	change := tenancy.UpdateMember{User: user, Adjustment: tenancy.Adjustment{AddRoles: []tenancy.RoleID{role}}}
	if _, err := d.apply(c, actor, change); err != nil {
		return &failure{operation: addingToRole, cause: err}
	}
	return ok(c, message{"User added to role"})
}

// removeFromRole serves DELETE /api/v1/permissions/users/{user_id}/roles?role_id=.
// Who is no member of the role's tenant does not hold it either.
func (d *dialect) removeFromRole(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	user, role := input.user(), input.roleParameter()
	if err := input.check(removingFromRole); err != nil {
		return err
	}
	change := tenancy.UpdateMember{User: user, Adjustment: tenancy.Adjustment{DropRoles: []tenancy.RoleID{role}}}
	if _, err := d.apply(c, actor, change); err != nil && !onlyNoMember(c, err) {
		return &failure{operation: removingFromRole, cause: err}
	}
	return ok(c, message{"User removed from role"})
}

// onlyNoMember reports whether all that was found against a change is that its
// target is no member.
func onlyNoMember(c *gin.Context, err error) bool {
	var refusal *tenancy.Refusal
	if !errors.As(err, &refusal) || len(refusal.Reasons) != 1 || refusal.Reasons[0].Code != tenancy.CodeTargetNotMember {
		return false
	}
	api.Decided(c, refusal.DecisionID)
	return true
}

// listedRole is a role where it is named beside something else.
type listedRole struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// describedRole is one element of the list of a tenant's roles.
type describedRole struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	Description *string `json:"description"` // null for none
	UserCount   int64   `json:"user_count"`
}

func describedRoleOf(r tenancy.RoleView) any {
	shown := describedRole{ID: r.ID.String(), Name: r.Name, UserCount: r.Holders}
	if r.Description != "" {
		shown.Description = &r.Description
	}
	return shown
}

// roles serves GET /api/v1/permissions/tenants/{tenant_id}/roles. Whoever has
// no right to see them all sees their own.
func (d *dialect) roles(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	tenant := input.tenant()
	if err := input.check(listing); err != nil {
		return err
	}
	err := d.listRoles(c, actor, tenant, false)
	if notManaging(err) && !c.Writer.Written() {
		err = d.listRoles(c, actor, tenant, true)
	}
	if err != nil {
		return &failure{operation: listing, tenant: tenant, cause: err}
	}
	return nil
}

func (d *dialect) listRoles(c *gin.Context, actor tenancy.Actor, tenant tenancy.TenantID, own bool) error {
	page := func(last tenancy.RoleView) tenancy.Query {
		return tenancy.ListRoles{Tenant: tenancy.RefTo(tenant), Own: own, After: last.ID, Limit: api.PageSize}
	}
	return list(d, c, actor, page, describedRoleOf)
}

// notManaging reports whether a member was refused because they lack the
// right, and the policies did say so.
func notManaging(err error) bool {
	var refusal *tenancy.Refusal
	return errors.As(err, &refusal) && tenancy.Has(refusal.Reasons, tenancy.CodeNotPermitted) &&
		!tenancy.Has(refusal.Reasons, tenancy.CodeNotAMember) && !api.IsPolicyFault(err)
}

// holder is one element of the list of a role's users.
type holder struct {
	ID   string `json:"id"`
	Name string `json:"name"` // the e-mail address (U)
}

// holders serves GET /api/v1/permissions/tenants/{tenant_id}/roles/{role_id}/users.
func (d *dialect) holders(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	tenant, role := input.tenant(), input.role()
	if err := input.check(listingHolders); err != nil {
		return err
	}
	page := func(last tenancy.Member) tenancy.Query {
		return tenancy.ListHolders{Tenant: tenancy.RefTo(tenant), Role: role, After: last.User, Limit: api.PageSize}
	}
	show := func(m tenancy.Member) any { return holder{m.User.String(), m.Email} }
	if err := list(d, c, actor, page, show); err != nil {
		return &failure{operation: listingHolders, tenant: tenant, cause: err}
	}
	return nil
}

// rolesOf serves GET /api/v1/permissions/tenants/{tenant_id}/roles/users/{user_id}.
func (d *dialect) rolesOf(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	tenant, user := input.tenant(), input.user()
	if err := input.check(listingRolesOf); err != nil {
		return err
	}
	outcome, err := d.gate.Read(c.Request.Context(), actor, tenancy.RolesOf{Tenant: tenancy.RefTo(tenant), User: user}, options)
	if err != nil {
		return &failure{operation: listingRolesOf, tenant: tenant, cause: err}
	}
	roles, err := api.Result[[]tenancy.Role](outcome)
	if err != nil {
		return err
	}
	api.Decided(c, outcome.DecisionID)
	return ok(c, listedRoles(roles))
}

// listedRoles is never null in JSON.
func listedRoles(roles []tenancy.Role) []listedRole {
	listed := make([]listedRole, len(roles))
	for i, role := range roles {
		listed[i] = listedRole{role.ID.String(), role.Name}
	}
	return listed
}
