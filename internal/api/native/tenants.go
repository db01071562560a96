package native

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

func (d *dialect) tenants(s *surface) {
	register(s, describe(http.MethodPost, "/v1/tenants", "createTenant", "Create a tenant",
		created, refuses(http.StatusNotFound)), d.createTenant)
	register(s, describe(http.MethodGet, "/v1/tenants", "listTenants", "List the caller's tenants; all of them for the platform"), d.listTenants)
	const one = "/v1/tenants/{tenant}"
	register(s, describe(http.MethodGet, one, "getTenant", "Read a tenant",
		object, refuses(http.StatusNotFound)), d.getTenant)
	register(s, describe(http.MethodPatch, one, "updateTenant", "Change what is given of a tenant and keep the rest",
		changes, refuses(http.StatusNotFound)), d.updateTenant)
	register(s, describe(http.MethodDelete, one, "deleteTenant", "Delete a tenant with its memberships and the keys bound to it",
		removes, refuses(http.StatusNotFound)), d.deleteTenant)
	register(s, describe(http.MethodPost, one+"/transfer-ownership", "transferOwnership", "Make an active member the owner; the owner before becomes an administrator",
		changes, refuses(http.StatusNotFound)), d.transferOwnership)
}

type newTenant struct {
	ID      *string    `json:"id,omitempty" format:"uuid" doc:"A new one when absent. Only the platform chooses one."`
	Slug    *string    `json:"slug,omitempty" maxLength:"63" doc:"1 to 63 of a-z, 0-9 and -, not in the form of an id and not the word current. Made from the name when absent, and made unique where taken."`
	Name    string     `json:"name" minLength:"1" maxLength:"256"`
	OwnerID *string    `json:"owner_id,omitempty" format:"uuid" doc:"The caller when absent; the platform has to name somebody."`
	Plan    *string    `json:"plan,omitempty" maxLength:"256" doc:"A name of the operator's own; nothing here depends on it."`
	Limits  *newLimits `json:"limits,omitempty"`

	OrganizationID *string `json:"organization_id,omitempty" maxLength:"63" doc:"The id or short name of the organization that the tenant comes to, which takes its administrator. Absent: one of its own, which the owner administers."`
}

type newLimits struct {
	Members *int64 `json:"members,omitempty" nullable:"true" minimum:"1" maximum:"9007199254740991" doc:"How many members the tenant takes; absent or null: any number."`
}

type createTenantInput struct{ Body newTenant }

func (d *dialect) createTenant(ctx context.Context, r *request, in *createTenantInput) (*body[tenant], error) {
	change, err := in.Body.change()
	if err != nil {
		return nil, err
	}
	outcome, err := d.apply(ctx, r, change)
	if err != nil {
		return nil, err
	}
	return show(outcome, tenantOf)
}

func (n newTenant) change() (tenancy.CreateTenant, error) {
	id, badID := optional("id", n.ID, tenancy.ParseTenantID)
	slug, badSlug := optional("slug", n.Slug, parseSlug)
	name, badName := optional("name", &n.Name, parseTenantName)
	owner, badOwner := optional("owner_id", n.OwnerID, parseUser)
	plan, badPlan := optional("plan", n.Plan, parseName)
	change := tenancy.CreateTenant{ID: id, Slug: slug, Name: name, Owner: owner, Plan: plan}
	if n.Limits != nil && n.Limits.Members != nil {
		change.MemberLimit = *n.Limits.Members
	}
	if n.OrganizationID != nil {
		change.Organization = organizationRef(*n.OrganizationID)
	}
	return change, firstOf(badID, badSlug, badName, badOwner, badPlan)
}

// parseTenantName reads a name that shows something.
func parseTenantName(s string) (string, error) {
	if strings.TrimSpace(s) == "" {
		return "", errors.New("a tenant's name is not blank")
	}
	return parseName(s)
}

type tenantPatch struct {
	Slug   *string      `json:"slug,omitempty" maxLength:"63" doc:"1 to 63 of a-z, 0-9 and -, not in the form of an id and not the word current."`
	Name   *string      `json:"name,omitempty" minLength:"1" maxLength:"256"`
	Plan   *string      `json:"plan,omitempty" maxLength:"256" doc:"A name of the operator's own; nothing here depends on it."`
	Limits *limitsPatch `json:"limits,omitempty" doc:"At least one property."`
}

type limitsPatch struct {
	Members clearable[int64] `json:"members,omitempty" minimum:"1" maximum:"9007199254740991" doc:"No fewer than there are; null: any number."`
}

type updateTenantInput struct {
	Tenant string      `path:"tenant" doc:"The tenant's id or slug."`
	Body   tenantPatch `doc:"At least one property."`
}

func (d *dialect) updateTenant(ctx context.Context, r *request, in *updateTenantInput) (*body[tenant], error) {
	change, err := in.Body.change()
	if err != nil {
		return nil, err
	}
	change.Tenant = tenantRef(in.Tenant)
	outcome, err := d.apply(ctx, r, change)
	if err != nil {
		return nil, err
	}
	return show(outcome, tenantOf)
}

func (p tenantPatch) change() (tenancy.UpdateTenant, error) {
	if err := atLeastOne(p == tenantPatch{}, "name", "slug, name, plan and limits"); err != nil {
		return tenancy.UpdateTenant{}, err
	}
	slug, badSlug := given("slug", p.Slug, parseSlug)
	name, badName := given("name", p.Name, parseTenantName)
	plan, badPlan := given("plan", p.Plan, parseName)
	limit, badLimit := p.Limits.members()
	return tenancy.UpdateTenant{Slug: slug, Name: name, Plan: plan, MemberLimit: limit}, firstOf(badSlug, badName, badPlan, badLimit)
}

// members gives the limit asked for; nil where the limits are not given.
func (p *limitsPatch) members() (*int64, error) {
	if p == nil {
		return nil, nil
	}
	if !p.Members.given {
		return nil, missingField("limits", "give the limit: members")
	}
	limit := int64(tenancy.Unlimited)
	if p.Members.value != nil {
		limit = *p.Members.value
	}
	return &limit, nil
}

func (d *dialect) deleteTenant(ctx context.Context, r *request, in *getTenantInput) (*nothing, error) {
	_, err := d.apply(ctx, r, tenancy.DeleteTenant{Tenant: tenantRef(in.Tenant)})
	return &nothing{}, err
}

type transfer struct {
	To string `json:"to" format:"uuid" doc:"The id of an active member."`
}

type transferInput struct {
	Tenant string `path:"tenant" doc:"The tenant's id or slug."`
	Body   transfer
}

func (d *dialect) transferOwnership(ctx context.Context, r *request, in *transferInput) (*body[tenant], error) {
	to, err := optional("to", &in.Body.To, parseUser)
	if err != nil {
		return nil, err
	}
	outcome, err := d.apply(ctx, r, tenancy.TransferOwnership{Tenant: tenantRef(in.Tenant), To: to})
	if err != nil {
		return nil, err
	}
	return show(outcome, tenantOf)
}

type getTenantInput struct {
	Tenant string `path:"tenant" doc:"The tenant's id or slug."`
}

func (d *dialect) getTenant(ctx context.Context, r *request, in *getTenantInput) (*body[tenant], error) {
	outcome, err := d.read(ctx, r, tenancy.GetTenant{Tenant: tenantRef(in.Tenant)})
	if err != nil {
		return nil, err
	}
	return show(outcome, tenantOf)
}

type listTenantsInput struct {
	Cursor string `query:"cursor" doc:"The next_cursor of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many elements a page has at most."`
}

func (d *dialect) listTenants(ctx context.Context, r *request, in *listTenantsInput) (*body[list[tenant]], error) {
	where := place(listTenants + r.actor.User.String())
	after, err := where.after(in.Cursor)
	if err != nil {
		return nil, err
	}
	// The platform itself is no user, and zero lists all.
	outcome, err := d.read(ctx, r, tenancy.ListTenants{User: r.actor.User, After: tenancy.TenantID(after), Limit: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	return pageOf(outcome, where, in.Limit, tenantOf, func(t tenancy.Tenant) uuid.UUID { return uuid.UUID(t.ID) })
}
