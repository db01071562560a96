package native

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

func (d *dialect) organizations(s *surface) {
	const all, one = "/v1/organizations", "/v1/organizations/{organization}"
	register(s, describe(http.MethodPost, all, "createOrganization", "Create an organization",
		created), d.createOrganization)
	register(s, describe(http.MethodGet, all, "listOrganizations", "List the organizations that the caller belongs to; all of them for the platform"), d.listOrganizations)
	register(s, describe(http.MethodGet, one, "getOrganization", "Read an organization",
		object, refuses(http.StatusNotFound)), d.getOrganization)
	register(s, describe(http.MethodPatch, one, "updateOrganization", "Change what is given of an organization and keep the rest",
		changes, refuses(http.StatusNotFound)), d.updateOrganization)
	register(s, describe(http.MethodDelete, one, "deleteOrganization", "Delete an organization; not while a tenant belongs to it",
		removes, refuses(http.StatusNotFound)), d.deleteOrganization)
	d.organizationMembers(s)
}

type newOrganization struct {
	ID        *string `json:"id,omitempty" format:"uuid" doc:"A new one when absent."`
	Name      string  `json:"name" minLength:"1" maxLength:"256"`
	ShortName *string `json:"short_name,omitempty" maxLength:"63" doc:"1 to 63 of a-z, 0-9 and -, not in the form of an id and not the word current. Made from the name when absent, and made unique where taken."`
}

type createOrganizationInput struct{ Body newOrganization }

func (d *dialect) createOrganization(ctx context.Context, r *request, in *createOrganizationInput) (*body[organization], error) {
	id, badID := optional("id", in.Body.ID, tenancy.ParseOrganizationID)
	name, badName := optional("name", &in.Body.Name, parseOrganizationName)
	short, badShort := optional("short_name", in.Body.ShortName, parseShortName)
	if err := firstOf(badID, badName, badShort); err != nil {
		return nil, err
	}
	outcome, err := d.apply(ctx, r, tenancy.CreateOrganization{ID: id, Name: name, ShortName: short})
	if err != nil {
		return nil, err
	}
	return show(outcome, organizationOf)
}

// parseOrganizationName reads a name that shows something.
func parseOrganizationName(s string) (string, error) {
	if strings.TrimSpace(s) == "" {
		return "", errors.New("an organization's name is not blank")
	}
	return parseName(s)
}

// parseShortName reads the short name for an organization.
func parseShortName(s string) (string, error) { return s, tenancy.CheckShortName(s) }

type organizationPatch struct {
	Name      *string `json:"name,omitempty" minLength:"1" maxLength:"256"`
	ShortName *string `json:"short_name,omitempty" maxLength:"63" doc:"1 to 63 of a-z, 0-9 and -, not in the form of an id and not the word current."`
}

type updateOrganizationInput struct {
	Organization string            `path:"organization" doc:"The organization's id or short name."`
	Body         organizationPatch `doc:"At least one property."`
}

func (d *dialect) updateOrganization(ctx context.Context, r *request, in *updateOrganizationInput) (*body[organization], error) {
	if err := atLeastOne(in.Body == organizationPatch{}, "name", "name and short_name"); err != nil {
		return nil, err
	}
	name, badName := given("name", in.Body.Name, parseOrganizationName)
	short, badShort := given("short_name", in.Body.ShortName, parseShortName)
	if err := firstOf(badName, badShort); err != nil {
		return nil, err
	}
	outcome, err := d.apply(ctx, r, tenancy.UpdateOrganization{
		Organization: organizationRef(in.Organization), Name: name, ShortName: short,
	})
	if err != nil {
		return nil, err
	}
	return show(outcome, organizationOf)
}

type organizationInput struct {
	Organization string `path:"organization" doc:"The organization's id or short name."`
}

func (d *dialect) getOrganization(ctx context.Context, r *request, in *organizationInput) (*body[organization], error) {
	outcome, err := d.read(ctx, r, tenancy.GetOrganization{Organization: organizationRef(in.Organization)})
	if err != nil {
		return nil, err
	}
	return show(outcome, organizationOf)
}

func (d *dialect) deleteOrganization(ctx context.Context, r *request, in *organizationInput) (*nothing, error) {
	_, err := d.apply(ctx, r, tenancy.DeleteOrganization{Organization: organizationRef(in.Organization)})
	return &nothing{}, err
}

type listOrganizationsInput struct {
	Cursor string `query:"cursor" doc:"The next_cursor of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many elements a page has at most."`
}

func (d *dialect) listOrganizations(ctx context.Context, r *request, in *listOrganizationsInput) (*body[list[organization]], error) {
	where := place(listOrganizations + r.actor.User.String())
	after, err := where.after(in.Cursor)
	if err != nil {
		return nil, err
	}
	// The platform itself is no user, and zero lists all.
	outcome, err := d.read(ctx, r, tenancy.ListOrganizations{User: r.actor.User, After: tenancy.OrganizationID(after), Limit: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	return pageOf(outcome, where, in.Limit, organizationOf, func(o tenancy.Organization) uuid.UUID { return uuid.UUID(o.ID) })
}
