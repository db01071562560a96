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
		created, refuses(http.StatusNotFound, http.StatusConflict)), d.createTenant)
	register(s, describe(http.MethodGet, "/v1/tenants", "listTenants", "List the caller's tenants; all of them for the platform"), d.listTenants)
	register(s, describe(http.MethodGet, "/v1/tenants/{tenant}", "getTenant", "Read a tenant",
		refuses(http.StatusNotFound)), d.getTenant)
}

type newTenant struct {
	ID      *string    `json:"id,omitempty" format:"uuid" doc:"A new one when absent. Only the platform chooses one."`
	Slug    *string    `json:"slug,omitempty" maxLength:"63" doc:"1 to 63 of a-z, 0-9 and -, not in the form of an id and not the word current. Made from the name when absent, and made unique where taken."`
	Name    string     `json:"name" minLength:"1" maxLength:"256"`
	OwnerID *string    `json:"owner_id,omitempty" format:"uuid" doc:"The caller when absent; the platform has to name somebody."`
	Plan    *string    `json:"plan,omitempty" maxLength:"256" doc:"A name of the operator's own; nothing here depends on it."`
	Limits  *newLimits `json:"limits,omitempty"`
}

type newLimits struct {
	Members *int64 `json:"members,omitempty" nullable:"true" minimum:"1" maximum:"9007199254740991" doc:"How many members the tenant takes; absent or null: any number."`
}

type createTenantInput struct{ Body newTenant }

func (d *dialect) createTenant(ctx context.Context, actor tenancy.Actor, in *createTenantInput) (*answer[tenant], error) {
	change, err := in.Body.change()
	if err != nil {
		return nil, err
	}
	outcome, err := d.apply(ctx, actor, change)
	if err != nil {
		return nil, err
	}
	return answerOf(outcome, tenantOf)
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
	return change, firstOf(badID, badSlug, badName, badOwner, badPlan)
}

// parseTenantName reads a name that shows something.
func parseTenantName(s string) (string, error) {
	if strings.TrimSpace(s) == "" {
		return "", errors.New("a tenant's name is not blank")
	}
	return parseName(s)
}

type getTenantInput struct {
	Tenant string `path:"tenant" doc:"The tenant's id or slug."`
}

func (d *dialect) getTenant(ctx context.Context, actor tenancy.Actor, in *getTenantInput) (*answer[tenant], error) {
	outcome, err := d.read(ctx, actor, tenancy.GetTenant{Tenant: tenantRef(in.Tenant)})
	if err != nil {
		return nil, err
	}
	return answerOf(outcome, tenantOf)
}

type listTenantsInput struct {
	Cursor string `query:"cursor" doc:"The next_cursor of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many elements a page has at most."`
}

func (d *dialect) listTenants(ctx context.Context, actor tenancy.Actor, in *listTenantsInput) (*page[tenant], error) {
	where := place(listTenants + actor.User.String())
	after, err := where.after(in.Cursor)
	if err != nil {
		return nil, err
	}
	// The platform itself is no user, and zero lists all.
	outcome, err := d.read(ctx, actor, tenancy.ListTenants{User: actor.User, After: tenancy.TenantID(after), Limit: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	return pageOf(outcome, where, in.Limit, tenantOf, func(t tenancy.Tenant) uuid.UUID { return uuid.UUID(t.ID) })
}
