package native

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

// organizationMembers registers who belongs to an organization. Those who
// administer it act in each of its tenants as an owner would, except for
// transfer and deletion (contracts/levels.md).
func (d *dialect) organizationMembers(s *surface) {
	const all, one = "/v1/organizations/{organization}/members", "/v1/organizations/{organization}/members/{user}"
	register(s, describe(http.MethodGet, all, "listOrganizationMembers", "List the members of an organization",
		refuses(http.StatusNotFound)), d.listOrganizationMembers)
	register(s, describe(http.MethodGet, one, "getOrganizationMember", "Read a member of an organization",
		object, refuses(http.StatusNotFound)), d.getOrganizationMember)
	register(s, describe(http.MethodPut, one, "putOrganizationMember", "Make somebody a member of an organization, or change what is given of one",
		changes, refuses(http.StatusNotFound)), d.putOrganizationMember)
	register(s, describe(http.MethodDelete, one, "removeOrganizationMember", "Remove a member of an organization",
		removes, refuses(http.StatusNotFound)), d.removeOrganizationMember)
}

type listOrganizationMembersInput struct {
	Organization string `path:"organization" doc:"The organization's id or short name."`
	Cursor       string `query:"cursor" doc:"The next_cursor of the page before."`
	Limit        int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many elements a page has at most."`
}

func (d *dialect) listOrganizationMembers(ctx context.Context, r *request, in *listOrganizationMembersInput) (*body[list[organizationMember]], error) {
	ref := organizationRef(in.Organization)
	where := place(listOrganizationMembers + cmp.Or(ref.ID.String(), ref.ShortName))
	after, err := where.after(in.Cursor)
	if err != nil {
		return nil, err
	}
	outcome, err := d.read(ctx, r, tenancy.ListOrganizationMembers{
		Organization: ref, After: tenancy.UserID(after), Limit: in.Limit + 1,
	})
	if err != nil {
		return nil, err
	}
	return pageOf(outcome, where, in.Limit, organizationMemberOf, func(m tenancy.OrganizationMemberView) uuid.UUID { return uuid.UUID(m.User) })
}

type organizationMemberInput struct {
	Organization string `path:"organization" doc:"The organization's id or short name."`
	User         string `path:"user" doc:"The user's id."`
}

func (d *dialect) getOrganizationMember(ctx context.Context, r *request, in *organizationMemberInput) (*body[organizationMember], error) {
	outcome, err := d.read(ctx, r, tenancy.GetOrganizationMember{
		Organization: organizationRef(in.Organization), User: userInPath(in.User),
	})
	if err != nil {
		return nil, err
	}
	return show(outcome, organizationMemberOf)
}

type organizationPlace struct {
	UserID  *string `json:"user_id,omitempty" format:"uuid" doc:"The user of the path, if it is given."`
	Admin   *bool   `json:"admin,omitempty" doc:"Acts in every tenant of the organization as an owner would, except for transfer and deletion. As before when absent; of a new member false."`
	Enabled *bool   `json:"enabled,omitempty" doc:"False suspends the member in this organization. As before when absent; of a new member true."`
}

type putOrganizationMemberInput struct {
	Organization string `path:"organization" doc:"The organization's id or short name."`
	User         string `path:"user" doc:"The user's id."`
	Body         organizationPlace
}

func (d *dialect) putOrganizationMember(ctx context.Context, r *request, in *putOrganizationMemberInput) (*body[organizationMember], error) {
	user := userInPath(in.User)
	named, err := given("user_id", in.Body.UserID, parseUser)
	if err != nil {
		return nil, err
	}
	if named != nil && *named != user {
		return nil, wrong("user_id", errors.New("this is not the user of the path"))
	}
	outcome, err := d.apply(ctx, r, tenancy.PutOrganizationMember{
		Organization: organizationRef(in.Organization), User: user, Admin: in.Body.Admin, Enabled: in.Body.Enabled,
	})
	if err != nil {
		return nil, err
	}
	return show(outcome, organizationMemberOf)
}

func (d *dialect) removeOrganizationMember(ctx context.Context, r *request, in *organizationMemberInput) (*nothing, error) {
	_, err := d.apply(ctx, r, tenancy.RemoveOrganizationMember{Organization: organizationRef(in.Organization), User: userInPath(in.User)})
	return &nothing{}, err
}
