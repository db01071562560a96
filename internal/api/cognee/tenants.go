package cognee

import (
	"errors"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// tenantAnswer is the body of what concerns one tenant.
type tenantAnswer struct {
	Message  string `json:"message"`
	TenantID string `json:"tenant_id"`
}

// createTenant serves POST /api/v1/permissions/tenants?tenant_name=. The
// tenant becomes the caller's active one.
func (d *dialect) createTenant(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	name := input.name("tenant_name")
	if err := input.check(others); err != nil {
		return err
	}
	outcome, err := d.apply(c, actor, tenancy.CreateTenant{Name: name, Select: true})
	if err != nil {
		return err
	}
	tenant, err := api.Result[tenancy.Tenant](outcome)
	if err != nil {
		return err
	}
	return ok(c, tenantAnswer{"Tenant created.", tenant.ID.String()})
}

// selection is the body of a selection. Clients send either spelling.
type selection struct {
	TenantID *string `json:"tenant_id"`
	Camel    *string `json:"tenantId"`
}

// selectTenant serves POST /api/v1/permissions/tenants/select. No tenant, or
// null, clears the selection.
func (d *dialect) selectTenant(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	tenant := input.selected()
	if err := input.check(selecting); err != nil {
		return err
	}
	if _, err := d.apply(c, actor, tenancy.SelectTenant{Tenant: tenancy.RefTo(tenant)}); err != nil {
		return &failure{operation: selecting, tenant: tenant, cause: err}
	}
	if tenant.IsZero() {
		return ok(c, tenantAnswer{"Tenant selected.", "None"}) // Python's null, as upstream prints it
	}
	return ok(c, tenantAnswer{"Tenant selected.", tenant.String()})
}

// selected reads the tenant id of a selection, zero for none.
func (f *form) selected() tenancy.TenantID {
	var given selection
	if !f.json(&given, false) {
		return tenancy.TenantID{}
	}
	name, text := "tenant_id", given.TenantID
	switch {
	case given.TenantID != nil && given.Camel != nil:
		f.value(api.InBody, "tenantId", *given.Camel, errors.New("the tenant is given twice"))
		return tenancy.TenantID{}
	case given.Camel != nil:
		name, text = "tenantId", given.Camel
	}
	if text == nil {
		return tenancy.TenantID{}
	}
	id, err := tenancy.ParseTenantID(*text)
	f.uuid(api.InBody, name, *text, err)
	return id
}

// listedTenant is one element of the list of the caller's tenants.
type listedTenant struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// myTenants serves GET /api/v1/permissions/tenants/me.
func (d *dialect) myTenants(c *gin.Context, actor tenancy.Actor) error {
	if err := somebody(actor); err != nil {
		return err
	}
	page := func(last tenancy.Tenant) tenancy.Query {
		return tenancy.ListTenants{User: actor.User, After: last.ID, Limit: api.PageSize}
	}
	show := func(t tenancy.Tenant) any { return listedTenant{t.ID.String(), t.Name} }
	return list(d, c, actor, page, show)
}
