package native

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

func (d *dialect) memberships(s *surface) {
	register(s, describe(http.MethodGet, "/v1/users/{user}/tenants", "listUserTenants", "List the tenants in which a user is active, with their membership",
		refuses(http.StatusNotFound)), d.listUserTenants)
}

type listUserTenantsInput struct {
	User   string `path:"user" doc:"The user's id."`
	Can    string `query:"can" maxLength:"128" doc:"Those in which the user may do this, as POST /v1/check would say: an action that is about the tenant alone."`
	Cursor string `query:"cursor" doc:"The next_cursor of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many elements a page has at most. With can one may have fewer, or none, and not be the last."`
}

// belonging is a tenant and somebody's membership in it.
type belonging struct {
	Tenant tenant `json:"tenant"`
	Member member `json:"member"`
}

func belongingOf(b tenancy.Belonging) belonging {
	return belonging{tenantOf(b.Tenant), memberOf(b.Member)}
}

func (d *dialect) listUserTenants(ctx context.Context, r *request, in *listUserTenantsInput) (*body[list[belonging]], error) {
	user := userInPath(in.User)
	can, err := parseCan(in.Can)
	if err != nil {
		return nil, err
	}
	where := place(listMemberships + user.String() + "?" + in.Can)
	after, err := where.after(in.Cursor)
	if err != nil {
		return nil, err
	}
	outcome, err := d.read(ctx, r, tenancy.ListMemberships{User: user, After: tenancy.TenantID(after), Limit: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	page, err := pageOf(outcome, where, in.Limit, belongingOf, func(b tenancy.Belonging) uuid.UUID { return uuid.UUID(b.Tenant.ID) })
	if err != nil || can == "" {
		return page, err
	}
	asked := make([]tenancy.Question, len(page.Body.Items))
	for i, b := range page.Body.Items {
		asked[i] = tenancy.Question{Subject: user, Action: can, Tenant: tenantRef(b.Tenant.ID)}
	}
	page.Body.Items, err = permitted(ctx, d, r, page.Body.Items, asked)
	return page, err
}
