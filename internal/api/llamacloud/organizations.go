package llamacloud

import (
	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// organizations serves GET /api/v1/organizations: those of the caller, or all
// of them for the platform.
func (d *dialect) organizations(c *gin.Context, actor tenancy.Actor) error {
	return api.List[tenancy.Tenant]{
		Gate: d.gate, Options: options,
		Page: func(last tenancy.Tenant) tenancy.Query {
			return tenancy.ListTenants{User: actor.User, After: last.ID, Limit: api.PageSize}
		},
		Show: func(t tenancy.Tenant) any { return organizationOf(t) },
	}.Write(c, actor)
}

// createOrganization serves POST /api/v1/organizations. The caller becomes its
// owner.
func (d *dialect) createOrganization(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	name := input.name()
	if err := input.check(); err != nil {
		return err
	}
	made, err := apply[tenancy.Tenant](d, c, actor, tenancy.CreateTenant{Name: name})
	if err != nil {
		return err
	}
	return ok(c, organizationOf(made))
}

// organization serves GET /api/v1/organizations/{organization_id}.
func (d *dialect) organization(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	org := input.organization()
	if err := input.check(); err != nil {
		return err
	}
	found, err := read[tenancy.Tenant](d, c, actor, tenancy.GetTenant{Tenant: tenancy.RefTo(org)})
	if err != nil {
		return err
	}
	return ok(c, organizationOf(found))
}

// updateOrganization serves PUT /api/v1/organizations/{organization_id}.
func (d *dialect) updateOrganization(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	org, name := input.organization(), input.name()
	if err := input.check(); err != nil {
		return err
	}
	after, err := apply[tenancy.Tenant](d, c, actor, tenancy.UpdateTenant{Tenant: tenancy.RefTo(org), Name: &name})
	if err != nil {
		return err
	}
	return ok(c, organizationOf(after))
}

// deleteOrganization serves DELETE /api/v1/organizations/{organization_id}.
func (d *dialect) deleteOrganization(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	org := input.organization()
	if err := input.check(); err != nil {
		return err
	}
	if err := d.do(c, actor, tenancy.DeleteTenant{Tenant: tenancy.RefTo(org)}); err != nil {
		return err
	}
	return noContent(c)
}
