package cogniac

import (
	"errors"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// listedUser is one element of the list of a tenant's users: what the seed
// shows, and then what the vendor's reference adds.
type listedUser struct {
	TenantID    string   `json:"tenant_id"`
	Name        string   `json:"name"`
	UserID      string   `json:"user_id"`
	GivenName   string   `json:"given_name"`
	Surname     string   `json:"surname"`
	Username    string   `json:"username"`
	CreatedBy   string   `json:"created_by"`
	Email       string   `json:"email"`
	MachineUser bool     `json:"machine_user"`
	LastAuth    *int64   `json:"last_auth"`
	Role        string   `json:"role"`
	MFAActive   []string `json:"mfa_active"` // the second factors: none are served
}

func listedUserOf(m tenancy.Member) listedUser {
	shown := listedUser{
		TenantID: m.Tenant.String(), Name: fullName(m.GivenName, m.Surname), UserID: m.User.String(),
		GivenName: m.GivenName, Surname: m.Surname, Username: m.Email, CreatedBy: m.Inviter, Email: m.Email,
		MachineUser: m.Kind == tenancy.KindService, LastAuth: secondsOrNull(m.LastLoginAt), Role: roleOf(m.Level), MFAActive: []string{},
	}
	if shown.CreatedBy == "" { // it is an address (S), and who founded the tenant was added by nobody else
		shown.CreatedBy = m.Email
	}
	return shown
}

// users serves GET /1/tenants/{id}/users. The list is sorted by name, so all
// pages are read first; each is a decision of its own.
func (d *dialect) users(c *gin.Context, actor tenancy.Actor) error {
	reverse, err := reversed(c)
	if err != nil {
		return err
	}
	tenant, sorted := tenantOf(c, actor), newSorter()
	page := func(last tenancy.Member) tenancy.Query {
		return tenancy.ListMembers{Tenant: tenant, After: last.User, Limit: api.PageSize}
	}
	list := api.List[tenancy.Member]{Gate: d.gate, Options: options, Page: page}
	err = list.Each(c, actor, func(rows []tenancy.Member, _ bool) error {
		for _, row := range rows {
			sorted.add(listedUserOf(row))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return ok(c, struct {
		Data []listedUser `json:"data"`
	}{sorted.users(reverse)})
}

// addedUser is what adding a user answers.
type addedUser struct {
	Status           string  `json:"status"`
	AddedUserID      string  `json:"added_user_id"`
	AddedUserEmail   string  `json:"added_user_email"`
	AddedToTenantID  string  `json:"added_to_tenant_id"`
	AddedUserRole    string  `json:"added_user_role"`
	MachineUser      bool    `json:"machine_user"`
	AddedByUserEmail *string `json:"added_by_user_email"`
}

// addUser serves POST /1/tenants/{id}/users. One who is a member already stays
// as they are, and the answer shows that.
func (d *dialect) addUser(c *gin.Context, actor tenancy.Actor) error {
	var given struct {
		UserID *string `json:"user_id"`
		named
	}
	if err := json(c, &given); err != nil {
		return err
	}
	user, err := required("user_id", given.UserID)
	if err != nil {
		return err
	}
	level, err := given.level()
	if err != nil {
		return err
	}
	change := tenancy.AddMember{Tenant: tenantOf(c, actor), User: api.OpaqueUserID(user), Level: level, Enabled: true}
	outcome, err := d.apply(c, actor, change)
	if err != nil {
		return err
	}
	member, err := api.Result[tenancy.AddedMember](outcome)
	if err != nil {
		return err
	}
	return ok(c, addedUser{
		Status: "success", AddedUserID: member.User.String(), AddedUserEmail: member.Email, AddedToTenantID: member.Tenant.String(),
		AddedUserRole: roleOf(member.Level), MachineUser: member.Kind == tenancy.KindService, AddedByUserEmail: textOrNull(member.Inviter),
	})
}

// removeUser serves DELETE /1/tenants/{id}/users.
func (d *dialect) removeUser(c *gin.Context, actor tenancy.Actor) error {
	user, err := removed(c)
	if err != nil {
		return err
	}
	if _, err := d.apply(c, actor, tenancy.RemoveMember{Tenant: tenantOf(c, actor), User: user}); err != nil {
		return err
	}
	return done(c)
}

// removed reads who is to be removed: from the query or from a body, and when
// both say it, they have to say the same.
func removed(c *gin.Context) (tenancy.UserID, error) {
	query, err := api.Query(c.Request, true, "user_id")
	if err != nil {
		return tenancy.UserID{}, err
	}
	given, err := removedInBody(c)
	if err != nil {
		return tenancy.UserID{}, err
	}
	named, inQuery := query["user_id"]
	if !inQuery {
		named, err = required("user_id", given)
		return api.OpaqueUserID(named), err
	}
	if named == "" {
		return tenancy.UserID{}, missing("user_id")
	}
	user := api.OpaqueUserID(named)
	if given != nil && api.OpaqueUserID(*given) != user {
		return tenancy.UserID{}, wrong("user_id", errors.New("differs from the query's"))
	}
	return user, nil
}

// removedInBody reads who is to be removed from the body; nil: it says nothing.
// One that is null is like none, for some clients send that instead.
func removedInBody(c *gin.Context) (*string, error) {
	given := &struct {
		UserID *string `json:"user_id"`
	}{}
	err := api.JSON(c, &given, api.DecodeOptions{IgnoreUnknown: true, AllowEmpty: true})
	if err != nil || given == nil {
		return nil, err
	}
	return given.UserID, nil
}

// setRole serves POST /1/tenants/{id}/users/role.
func (d *dialect) setRole(c *gin.Context, actor tenancy.Actor) error {
	var given struct {
		UserID *string `json:"user_id"`
		named
	}
	if err := json(c, &given); err != nil {
		return err
	}
	user, err := required("user_id", given.UserID)
	if err != nil {
		return err
	}
	level, err := given.level()
	if err != nil {
		return err
	}
	if level == tenancy.LevelNone {
		return missing("role")
	}
	change := tenancy.UpdateMember{Tenant: tenantOf(c, actor), User: api.OpaqueUserID(user), Adjustment: adjusted(level)}
	if _, err := d.apply(c, actor, change); err != nil {
		return err
	}
	return done(c)
}

// adjusted says what a role asks for. An owner who is made an administrator is
// one already, and is not asked to become less.
func adjusted(level tenancy.Level) tenancy.Adjustment {
	if level.Administers() {
		return tenancy.Adjustment{Administrator: new(true)}
	}
	return tenancy.Adjustment{Level: &level}
}
