package cognee

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// capabilities serves GET /api/v1/permissions/tenants/{tenant_id}/capabilities/me.
func (d *dialect) capabilities(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	tenant := input.tenant()
	if err := input.check(readingCapabilities); err != nil {
		return err
	}
	outcome, err := d.gate.Read(c.Request.Context(), actor, tenancy.GetCapabilities{Tenant: tenancy.RefTo(tenant)}, options)
	if err != nil {
		return &failure{operation: readingCapabilities, cause: err}
	}
	held, err := api.Result[[]tenancy.Capability](outcome)
	if err != nil {
		return err
	}
	api.Decided(c, outcome.DecisionID)
	return ok(c, struct {
		Capabilities []tenancy.Capability `json:"capabilities"`
	}{held})
}

// grantCapability serves POST /api/v1/permissions/capabilities/{principal_id}?capability=&tenant_id=.
func (d *dialect) grantCapability(c *gin.Context, actor tenancy.Actor) error {
	change := func(tenant tenancy.TenantRef, principal tenancy.PrincipalID, what tenancy.Capability) tenancy.Change {
		return tenancy.GrantCapability{Tenant: tenant, Principal: principal, Capability: what}
	}
	return d.setCapability(c, actor, change, "Capability granted.")
}

// revokeCapability serves DELETE /api/v1/permissions/capabilities/{principal_id}?capability=&tenant_id=.
func (d *dialect) revokeCapability(c *gin.Context, actor tenancy.Actor) error {
	change := func(tenant tenancy.TenantRef, principal tenancy.PrincipalID, what tenancy.Capability) tenancy.Change {
		return tenancy.RevokeCapability{Tenant: tenant, Principal: principal, Capability: what}
	}
	return d.setCapability(c, actor, change, "Capability revoked.")
}

func (d *dialect) setCapability(
	c *gin.Context, actor tenancy.Actor,
	change func(tenancy.TenantRef, tenancy.PrincipalID, tenancy.Capability) tenancy.Change, done string,
) error {
	input := form{c: c}
	principal := input.principal()
	name, _ := input.parameter("capability")
	tenant := input.tenantOption()
	if err := input.check(settingCapability); err != nil {
		return err
	}
	capability, err := tenancy.ParseCapability(name)
	if err != nil {
		return badRequest("Unknown capability '"+name+"'. Known: ['manage_users']", err)
	}
	_, err = d.apply(c, actor, change(tenancy.RefTo(tenant), principal, capability))
	switch {
	case err == nil:
		return ok(c, message{done})
	case tenant.IsZero() && api.CodeOf(err) == tenancy.CodeInvalid:
		return badRequest("tenant_id is required when the principal is a user.", err)
	default:
		return &failure{operation: settingCapability, cause: err}
	}
}

// badRequest is a 400 that is no validation error.
func badRequest(text string, cause error) error {
	return &reply{status: http.StatusBadRequest, detail: text, cause: &tenancy.Error{Code: tenancy.CodeInvalid, Msg: text, Cause: cause}}
}
