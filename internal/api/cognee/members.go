package cognee

import (
	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// addUser serves POST /api/v1/permissions/users/{user_id}/tenants?tenant_id=.
func (d *dialect) addUser(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	user, tenant := input.user(), input.tenantParameter()
	if err := input.check(adding); err != nil {
		return err
	}
	change := tenancy.AddMember{Tenant: tenancy.RefTo(tenant), User: user, Enabled: true}
	if _, err := d.apply(c, actor, change); err != nil {
		return &failure{operation: adding, user: user, tenant: tenant, cause: err}
	}
	return ok(c, message{"User added to tenant"})
}

// removeUser serves DELETE /api/v1/permissions/tenants/{tenant_id}/users/{user_id}.
func (d *dialect) removeUser(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	tenant, user := input.tenant(), input.user()
	if err := input.check(removing); err != nil {
		return err
	}
	change := tenancy.RemoveMember{Tenant: tenancy.RefTo(tenant), User: user}
	if _, err := d.apply(c, actor, change); err != nil {
		return &failure{operation: removing, user: user, tenant: tenant, cause: err}
	}
	return ok(c, message{"User removed from tenant"})
}

// listedUser is one element of the list of a tenant's users.
type listedUser struct {
	ID    string       `json:"id"`
	Email string       `json:"email"`
	Roles []listedRole `json:"roles"` // of this tenant
}

// users serves GET /api/v1/permissions/tenants/{tenant_id}/users.
func (d *dialect) users(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	tenant := input.tenant()
	if err := input.check(listing); err != nil {
		return err
	}
	page := func(last tenancy.Member) tenancy.Query {
		return tenancy.ListMembers{Tenant: tenancy.RefTo(tenant), After: last.User, Limit: api.PageSize}
	}
	show := func(m tenancy.Member) any {
		return listedUser{ID: m.User.String(), Email: m.Email, Roles: listedRoles(m.Held)}
	}
	if err := list(d, c, actor, page, show); err != nil {
		return &failure{operation: listing, tenant: tenant, cause: err}
	}
	return nil
}
