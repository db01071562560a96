package processmind

import (
	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// listedUser is one element of the list of a tenant's users (S 004).
type listedUser struct {
	ID                     string  `json:"id"`
	Email                  string  `json:"email"`
	FirstName              *string `json:"firstName"`
	LastName               *string `json:"lastName"`
	CreatedAt              string  `json:"createdAt"`   // of the membership
	LastLoginAt            *string `json:"lastLoginAt"` // null: never
	TenantID               string  `json:"tenantId"`
	IsActiveInTenant       bool    `json:"isActiveInTenant"`
	IsAdminInTenant        bool    `json:"isAdminInTenant"`
	IsDeveloperInTenant    bool    `json:"isDeveloperInTenant"`
	OrganizationID         *string `json:"organizationId"`
	IsActiveInOrganization bool    `json:"isActiveInOrganization"`
	IsAdminInOrganization  bool    `json:"isAdminInOrganization"`
}

// users serves GET /tenant/{tenantId}/users.
func (d *dialect) users(c *gin.Context, actor tenancy.Actor) error {
	ref := pathTenant(c)
	page := func(last tenancy.Member) tenancy.Query {
		return tenancy.ListMembers{Tenant: ref, After: last.User, Limit: api.PageSize}
	}
	return list(d, c, actor, page, showUser)
}

func showUser(m tenancy.Member) any {
	user := listedUser{
		ID: m.User.String(), Email: m.Email, FirstName: text(m.GivenName), LastName: text(m.Surname),
		CreatedAt: stamp(m.CreatedAt), TenantID: m.Tenant.String(),
		IsActiveInTenant: m.Enabled, IsAdminInTenant: m.Level.Administers(), IsDeveloperInTenant: m.Developer,
		OrganizationID:         text(m.Organization.String()),
		IsActiveInOrganization: m.InOrganization.Enabled, IsAdminInOrganization: m.InOrganization.Admin,
	}
	if !m.LastLoginAt.IsZero() {
		user.LastLoginAt = text(stamp(m.LastLoginAt))
	}
	return user
}

// flags are what a request says of a user in a tenant; null says nothing.
type flags struct {
	Admin     *bool `json:"isAdminInTenant"`
	Active    *bool `json:"isActiveInTenant"`
	Developer *bool `json:"isDeveloperInTenant"`
}

// newUser is the body of POST /tenant/{tenantId}/users.
type newUser struct {
	TenantID  *string `json:"tenantId"` // may be absent
	Email     *string `json:"email"`
	FirstName *string `json:"firstName"`
	LastName  *string `json:"lastName"`
	flags
}

// change is what the body asks for. The level of who is no administrator is
// left to the policies.
func (n newUser) change() (tenancy.AddMember, error) {
	if err := required(n.Email, "email"); err != nil {
		return tenancy.AddMember{}, err
	}
	email, badEmail := tenancy.ParseEmail(*n.Email)
	add := tenancy.AddMember{Email: email, GivenName: named(n.FirstName), Surname: named(n.LastName), Enabled: true}
	if n.Admin != nil && *n.Admin {
		add.Level = tenancy.LevelAdmin
	}
	if n.Active != nil {
		add.Enabled = *n.Active
	}
	if n.Developer != nil {
		add.Developer = *n.Developer
	}
	return add, firstOf(
		unacceptable("email", badEmail),
		unacceptable("firstName", tenancy.CheckName(add.GivenName)),
		unacceptable("lastName", tenancy.CheckName(add.Surname)),
	)
}

// added is the answer to an addition, whether or not the user was there.
type added struct {
	ID      string `json:"id"`
	Message string `json:"message"`
}

// addUser serves POST /tenant/{tenantId}/users.
func (d *dialect) addUser(c *gin.Context, actor tenancy.Actor) error {
	var given newUser
	if err := decode(c, &given); err != nil {
		return err
	}
	if given.TenantID != nil {
		if err := sameTenant(c, given.TenantID); err != nil {
			return err
		}
	}
	add, err := given.change()
	if err != nil {
		return err
	}
	add.Tenant = pathTenant(c)
	outcome, err := d.apply(c, actor, add)
	if err != nil {
		return err
	}
	member, err := api.Result[tenancy.AddedMember](outcome)
	if err != nil {
		return err
	}
	return ok(c, added{ID: member.User.String(), Message: "User added to tenant."})
}

// userInTenant names a user of the path's tenant.
type userInTenant struct {
	UserID   *string `json:"userId"`
	TenantID *string `json:"tenantId"`
}

// read gives the user.
func (u userInTenant) read(c *gin.Context) (tenancy.UserID, error) {
	if err := firstOf(required(u.UserID, "userId"), sameTenant(c, u.TenantID)); err != nil {
		return tenancy.UserID{}, err
	}
	return api.OpaqueUserID(*u.UserID), nil
}

// updateUser serves PUT /tenant/{tenantId}/users. A flag that is absent stays
// as it is.
func (d *dialect) updateUser(c *gin.Context, actor tenancy.Actor) error {
	var given struct {
		userInTenant
		flags
	}
	if err := decode(c, &given); err != nil {
		return err
	}
	user, err := given.read(c)
	if err != nil {
		return err
	}
	adjustment := tenancy.Adjustment{Administrator: given.Admin, Enabled: given.Active, Developer: given.Developer}
	_, err = d.apply(c, actor, tenancy.UpdateMember{Tenant: pathTenant(c), User: user, Adjustment: adjustment})
	return said(c, err, "User tenant settings updated.")
}

// removeUser serves DELETE /tenant/{tenantId}/users.
func (d *dialect) removeUser(c *gin.Context, actor tenancy.Actor) error {
	var given userInTenant
	if err := decode(c, &given); err != nil {
		return err
	}
	user, err := given.read(c)
	if err != nil {
		return err
	}
	_, err = d.apply(c, actor, tenancy.RemoveMember{Tenant: pathTenant(c), User: user})
	return said(c, err, "User removed from tenant.")
}
