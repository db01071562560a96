package cogniac

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// shownTenant is a tenant. Where region is not null, clients go on there.
type shownTenant struct {
	TenantID    string         `json:"tenant_id"`
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Region      *string        `json:"region"`
	CreatedAt   int64          `json:"created_at"`
	ModifiedAt  int64          `json:"modified_at"`
	CreatedBy   *string        `json:"created_by"`
	CustomData  jsontext.Value `json:"custom_data"`
}

// show writes a tenant.
func (d *dialect) show(c *gin.Context, actor tenancy.Actor, outcome tenancy.Outcome) error {
	t, err := api.Result[tenancy.Tenant](outcome)
	if err != nil {
		return err
	}
	creator, err := d.creator(c, actor, t)
	if err != nil {
		return err
	}
	api.Decided(c, outcome.DecisionID) // and not what the creator was read by
	shown := shownTenant{
		TenantID: t.ID.String(), Name: t.Name, Description: t.Description, CreatedAt: seconds(t.CreatedAt), ModifiedAt: seconds(t.UpdatedAt),
		CreatedBy: creator,
	}
	if t.CustomData != "" {
		shown.CustomData = jsontext.Value(t.CustomData)
	}
	return ok(c, shown)
}

// creator gives the address of who made a tenant, or whom the operator made it
// for: its owner. Null is for whom the caller may not see among the members.
func (d *dialect) creator(c *gin.Context, actor tenancy.Actor, t tenancy.Tenant) (*string, error) {
	creator := cmp.Or(t.CreatedBy, t.Owner)
	if creator.IsZero() {
		return nil, nil
	}
	email, err := d.addressIn(c, actor, t.ID, creator)
	if errors.As(err, new(*tenancy.Refusal)) {
		return nil, nil
	}
	return email, err
}

// addressIn gives the address of a member. Whoever has just made a tenant with
// a token for another one is no member there by it, but knows their own.
func (d *dialect) addressIn(c *gin.Context, actor tenancy.Actor, tenant tenancy.TenantID, user tenancy.UserID) (*string, error) {
	if user == actor.User && !actor.Tenant.IsZero() && actor.Tenant != tenant {
		own, err := d.self(c, actor)
		return &own.Email, err
	}
	outcome, err := d.read(c, actor, tenancy.GetMember{Tenant: tenancy.RefTo(tenant), User: user})
	if err != nil {
		return nil, err
	}
	member, err := api.Result[tenancy.Member](outcome)
	return &member.Email, err
}

// tenant serves GET /1/tenants/{id}.
func (d *dialect) tenant(c *gin.Context, actor tenancy.Actor) error {
	outcome, err := d.read(c, actor, tenancy.GetTenant{Tenant: tenantOf(c, actor)})
	if err != nil {
		return err
	}
	return d.show(c, actor, outcome)
}

// description is what a body says of a tenant. Everything else that clients
// send, such as the region, is not theirs to set.
type description struct {
	Name        *string        `json:"name"`
	Description *string        `json:"description"`
	CustomData  jsontext.Value `json:"custom_data"`
}

// descriptionLimit is the longest description, in bytes.
const descriptionLimit = 4 << 10

// read decodes and checks the body.
func (d *description) read(c *gin.Context) error {
	if err := json(c, d); err != nil {
		return err
	}
	if d.Name != nil {
		if strings.TrimSpace(*d.Name) == "" {
			return missing("name")
		}
		if err := tenancy.CheckName(*d.Name); err != nil {
			return wrong("name", err)
		}
	}
	if d.Description != nil && len(*d.Description) > descriptionLimit {
		return wrong("description", fmt.Errorf("a description has at most %d bytes", descriptionLimit))
	}
	if d.CustomData == nil {
		return nil
	}
	if err := d.CustomData.Compact(); err != nil {
		return wrong("custom_data", err)
	}
	if len(d.CustomData) > tenancy.CustomDataLimit {
		return wrong("custom_data", fmt.Errorf("custom data have at most %d bytes", tenancy.CustomDataLimit))
	}
	return nil
}

// custom gives the custom data as they are kept: null is none.
func (d *description) custom() string {
	if d.CustomData.Kind() == jsontext.KindNull {
		return ""
	}
	return string(d.CustomData)
}

// createTenant serves POST /1/tenants.
func (d *dialect) createTenant(c *gin.Context, actor tenancy.Actor) error {
	var given description
	if err := given.read(c); err != nil {
		return err
	}
	name, err := required("name", given.Name)
	if err != nil {
		return err
	}
	change := tenancy.CreateTenant{Name: name}
	if given.Description != nil {
		change.Description = *given.Description
	}
	if given.CustomData != nil {
		change.CustomData = given.custom()
	}
	outcome, err := d.apply(c, actor, change)
	if err != nil {
		return err
	}
	return d.show(c, actor, outcome)
}

// updateTenant serves POST /1/tenants/{id}.
func (d *dialect) updateTenant(c *gin.Context, actor tenancy.Actor) error {
	var given description
	if err := given.read(c); err != nil {
		return err
	}
	change := tenancy.UpdateTenant{Tenant: tenantOf(c, actor), Name: given.Name, Description: given.Description}
	if given.CustomData != nil {
		change.CustomData = new(given.custom())
	}
	outcome, err := d.apply(c, actor, change)
	if err != nil {
		return err
	}
	return d.show(c, actor, outcome)
}

// deleteTenant serves DELETE /1/tenants/{id}.
func (d *dialect) deleteTenant(c *gin.Context, actor tenancy.Actor) error {
	if _, err := d.apply(c, actor, tenancy.DeleteTenant{Tenant: tenantOf(c, actor)}); err != nil {
		return err
	}
	return done(c)
}
