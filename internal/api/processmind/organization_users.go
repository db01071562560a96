package processmind

import (
	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// organizationUser is one element of the list of an organization's users (U).
type organizationUser struct {
	ID                     string  `json:"id"`
	Email                  string  `json:"email"`
	FirstName              *string `json:"firstName"`
	LastName               *string `json:"lastName"`
	CreatedAt              string  `json:"createdAt"` // of the place in the organization
	OrganizationID         string  `json:"organizationId"`
	IsActiveInOrganization bool    `json:"isActiveInOrganization"`
	IsAdminInOrganization  bool    `json:"isAdminInOrganization"`
}

// organizationUsers serves GET /tenant/{tenantId}/organization/users.
func (d *dialect) organizationUsers(c *gin.Context, actor tenancy.Actor) error {
	ref := pathOrganization(c)
	page := func(last tenancy.OrganizationMemberView) tenancy.Query {
		return tenancy.ListOrganizationMembers{Organization: ref, After: last.User, Limit: api.PageSize}
	}
	return list(d, c, actor, page, func(m tenancy.OrganizationMemberView) any {
		return organizationUser{
			ID: m.User.String(), Email: m.Email, FirstName: text(m.GivenName), LastName: text(m.Surname),
			CreatedAt: stamp(m.CreatedAt), OrganizationID: m.Organization.String(),
			IsActiveInOrganization: m.Enabled, IsAdminInOrganization: m.Admin,
		}
	})
}

// updateOrganizationUser serves PUT /tenant/{tenantId}/organization/users. A
// flag that is absent stays as it is; who was no user of the organization is
// one afterwards, since the API has no other way to make one.
func (d *dialect) updateOrganizationUser(c *gin.Context, actor tenancy.Actor) error {
	var given struct {
		UserID *string `json:"userId"`
		Active *bool   `json:"isActiveInOrganization"`
		Admin  *bool   `json:"isAdminInOrganization"`
	}
	if err := decode(c, &given); err != nil {
		return err
	}
	if err := required(given.UserID, "userId"); err != nil {
		return err
	}
	ref := pathOrganization(c)
	change := tenancy.PutOrganizationMember{Organization: ref, User: api.OpaqueUserID(*given.UserID), Admin: given.Admin, Enabled: given.Active}
	_, err := d.apply(c, actor, change)
	return said(c, err, "User organization settings updated.")
}

// removeOrganizationUser serves DELETE /tenant/{tenantId}/organization/users.
func (d *dialect) removeOrganizationUser(c *gin.Context, actor tenancy.Actor) error {
	var given struct {
		UserID *string `json:"userId"`
	}
	if err := decode(c, &given); err != nil {
		return err
	}
	if err := required(given.UserID, "userId"); err != nil {
		return err
	}
	ref := pathOrganization(c)
	_, err := d.apply(c, actor, tenancy.RemoveOrganizationMember{Organization: ref, User: api.OpaqueUserID(*given.UserID)})
	return said(c, err, "User removed from organization.")
}
