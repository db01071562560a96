package native

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

func (d *dialect) roles(s *surface) {
	const all, one = "/v1/tenants/{tenant}/roles", "/v1/tenants/{tenant}/roles/{role}"
	register(s, describe(http.MethodPost, all, "createRole", "Create a custom role",
		created, refuses(http.StatusNotFound)), d.createRole)
	register(s, describe(http.MethodGet, all, "listRoles", "List the custom roles of a tenant",
		refuses(http.StatusNotFound)), d.listRoles)
	register(s, describe(http.MethodGet, one, "getRole", "Read a custom role",
		object, refuses(http.StatusNotFound)), d.getRole)
	register(s, describe(http.MethodPatch, one, "updateRole", "Change what is given of a custom role and keep the rest",
		changes, refuses(http.StatusNotFound)), d.updateRole)
	register(s, describe(http.MethodDelete, one, "deleteRole", "Delete a custom role; nobody holds it then",
		removes, refuses(http.StatusNotFound)), d.deleteRole)
}

type newRole struct {
	Name    string   `json:"name" minLength:"1" maxLength:"256" doc:"Unique in its tenant."`
	Actions []string `json:"actions" nullable:"false" maxItems:"100" doc:"What the role lets its holders do beside their level: actions that the caller could hold. It may be empty."`
}

type createRoleInput struct {
	Tenant string `path:"tenant" doc:"The tenant's id or slug."`
	Body   newRole
}

func (d *dialect) createRole(ctx context.Context, r *request, in *createRoleInput) (*body[role], error) {
	name, badName := optional("name", &in.Body.Name, parseRoleName)
	actions, badActions := actionsOf("actions", in.Body.Actions)
	if err := firstOf(badName, badActions); err != nil {
		return nil, err
	}
	outcome, err := d.apply(ctx, r, tenancy.CreateRole{Tenant: tenantRef(in.Tenant), Name: name, Actions: actions})
	if err != nil {
		return nil, err
	}
	return show(outcome, roleOf)
}

// parseRoleName reads a name that shows something.
func parseRoleName(s string) (string, error) {
	if strings.TrimSpace(s) == "" {
		return "", errors.New("a role's name is not blank")
	}
	return parseName(s)
}

type rolePatch struct {
	Name    *string   `json:"name,omitempty" minLength:"1" maxLength:"256"`
	Actions *[]string `json:"actions,omitempty" nullable:"false" maxItems:"100" doc:"In the place of those until now."`
}

type updateRoleInput struct {
	Tenant string    `path:"tenant" doc:"The tenant's id or slug."`
	Role   string    `path:"role" doc:"The role's id."`
	Body   rolePatch `doc:"At least one property."`
}

func (d *dialect) updateRole(ctx context.Context, r *request, in *updateRoleInput) (*body[role], error) {
	patch := in.Body
	if err := atLeastOne(patch == rolePatch{}, "name", "name and actions"); err != nil {
		return nil, err
	}
	name, badName := given("name", patch.Name, parseRoleName)
	change := tenancy.UpdateRole{Tenant: tenantRef(in.Tenant), Role: roleInPath(in.Role), Name: name}
	var badActions error
	if patch.Actions != nil {
		var actions []tenancy.Action
		actions, badActions = actionsOf("actions", *patch.Actions)
		change.Actions = &actions
	}
	if err := firstOf(badName, badActions); err != nil {
		return nil, err
	}
	outcome, err := d.apply(ctx, r, change)
	if err != nil {
		return nil, err
	}
	return show(outcome, roleOf)
}

type roleInput struct {
	Tenant string `path:"tenant" doc:"The tenant's id or slug."`
	Role   string `path:"role" doc:"The role's id."`
}

func (d *dialect) getRole(ctx context.Context, r *request, in *roleInput) (*body[role], error) {
	outcome, err := d.read(ctx, r, tenancy.GetRole{Tenant: tenantRef(in.Tenant), Role: roleInPath(in.Role)})
	if err != nil {
		return nil, err
	}
	return show(outcome, roleViewOf)
}

func (d *dialect) deleteRole(ctx context.Context, r *request, in *roleInput) (*nothing, error) {
	_, err := d.apply(ctx, r, tenancy.DeleteRole{Tenant: tenantRef(in.Tenant), Role: roleInPath(in.Role)})
	return &nothing{}, err
}

type listOfTenantInput struct {
	Tenant string `path:"tenant" doc:"The tenant's id or slug."`
	Cursor string `query:"cursor" doc:"The next_cursor of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many elements a page has at most."`
}

func (d *dialect) listRoles(ctx context.Context, r *request, in *listOfTenantInput) (*body[list[role]], error) {
	ref := tenantRef(in.Tenant)
	where := place(listRoles + ref.String())
	after, err := where.after(in.Cursor)
	if err != nil {
		return nil, err
	}
	outcome, err := d.read(ctx, r, tenancy.ListRoles{Tenant: ref, After: tenancy.RoleID(after), Limit: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	return pageOf(outcome, where, in.Limit, roleViewOf, func(r tenancy.RoleView) uuid.UUID { return uuid.UUID(r.ID) })
}

// actionsOf reads the names of actions, each once.
func actionsOf(field string, given []string) ([]tenancy.Action, error) {
	actions := make([]tenancy.Action, 0, len(given))
	for i, name := range given {
		action, err := tenancy.ParseAction(name)
		if err != nil {
			return nil, wrong(field+"."+strconv.Itoa(i), err)
		}
		if !slices.Contains(actions, action) {
			actions = append(actions, action)
		}
	}
	return actions, nil
}

// rolesOf reads the ids of roles, each once.
func rolesOf(field string, given []string) ([]tenancy.RoleID, error) {
	ids := make([]tenancy.RoleID, len(given))
	for i, text := range given {
		var err error
		if ids[i], err = tenancy.ParseRoleID(text); err != nil {
			return nil, wrong(field+"."+strconv.Itoa(i), errors.New("want a role's id"))
		}
	}
	return tenancy.SortIDs(ids), nil
}
