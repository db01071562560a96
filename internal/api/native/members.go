package native

import (
	"context"
	"net/http"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

func (d *dialect) members(s *surface) {
	const all, one = "/v1/tenants/{tenant}/members", "/v1/tenants/{tenant}/members/{user}"
	register(s, describe(http.MethodPost, all, "addMember", "Add a member",
		created, refuses(http.StatusNotFound)), d.addMember)
	register(s, describe(http.MethodGet, all, "listMembers", "List the members of a tenant",
		refuses(http.StatusNotFound)), d.listMembers)
	register(s, describe(http.MethodGet, one, "getMember", "Read a member",
		object, refuses(http.StatusNotFound)), d.getMember)
	register(s, describe(http.MethodPatch, one, "updateMember", "Change what is given of a member and keep the rest",
		changes, refuses(http.StatusNotFound)), d.updateMember)
	register(s, describe(http.MethodDelete, one, "removeMember", "Remove a member; removing oneself is leaving",
		removes, refuses(http.StatusNotFound)), d.removeMember)
}

type newMember struct {
	UserID    *string    `json:"user_id,omitempty" format:"uuid" doc:"Who; or an email."`
	Email     *string    `json:"email,omitempty" maxLength:"254" doc:"In the place of user_id: the account with this address. Where there is none, one is reserved, and the member is pending until somebody signs up with it."`
	Level     *string    `json:"level,omitempty" enum:"viewer,member,admin,owner" doc:"member when absent, unless the policies name another; only a transfer makes an owner."`
	RoleIDs   []string   `json:"role_ids,omitempty" format:"uuid" nullable:"false" maxItems:"100" doc:"Custom roles of the tenant; none when absent."`
	Developer *bool      `json:"developer,omitempty" doc:"A mark beside the level, which gives no right by itself. false when absent."`
	Enabled   *bool      `json:"enabled,omitempty" doc:"true when absent."`
	NotBefore *time.Time `json:"not_before,omitempty" nullable:"true" doc:"When it begins; absent, null or past: now."`
	ExpiresAt *time.Time `json:"expires_at,omitempty" nullable:"true" doc:"When it ends; absent or null: never."`
}

type addMemberInput struct {
	Tenant string `path:"tenant" doc:"The tenant's id or slug."`
	Body   newMember
}

func (d *dialect) addMember(ctx context.Context, r *request, in *addMemberInput) (*body[member], error) {
	change, err := in.Body.change()
	if err != nil {
		return nil, err
	}
	change.Tenant = tenantRef(in.Tenant)
	outcome, err := d.apply(ctx, r, change)
	if err != nil {
		return nil, err
	}
	return show(outcome, func(m tenancy.AddedMember) member { return memberOf(m.Member) })
}

func (n newMember) change() (tenancy.AddMember, error) {
	if (n.UserID == nil) == (n.Email == nil) {
		return tenancy.AddMember{}, missingField("user_id", "give either user_id or email")
	}
	userID, badUser := optional("user_id", n.UserID, parseUser)
	email, badEmail := optional("email", n.Email, tenancy.ParseEmail)
	level, badLevel := optional("level", n.Level, tenancy.ParseLevel)
	roles, badRoles := rolesOf("role_ids", n.RoleIDs)
	begins, badBegin := instant("not_before", n.NotBefore)
	ends, badEnd := instant("expires_at", n.ExpiresAt)
	return tenancy.AddMember{
		User: userID, Email: email, Level: level, Roles: roles, NotBefore: begins, ExpiresAt: ends,
		Developer: n.Developer != nil && *n.Developer,
		Enabled:   n.Enabled == nil || *n.Enabled,
	}, firstOf(badUser, badEmail, badLevel, badRoles, badBegin, badEnd)
}

type memberPatch struct {
	Level     *string              `json:"level,omitempty" enum:"viewer,member,admin,owner"`
	RoleIDs   *[]string            `json:"role_ids,omitempty" format:"uuid" nullable:"false" maxItems:"100" doc:"In the place of those until now."`
	Developer *bool                `json:"developer,omitempty"`
	Enabled   *bool                `json:"enabled,omitempty" doc:"False suspends the member in this tenant."`
	NotBefore clearable[time.Time] `json:"not_before,omitempty" doc:"When it begins; null or past: now."`
	ExpiresAt clearable[time.Time] `json:"expires_at,omitempty" doc:"When it ends; null: never."`
}

type updateMemberInput struct {
	Tenant string      `path:"tenant" doc:"The tenant's id or slug."`
	User   string      `path:"user" doc:"The user's id."`
	Body   memberPatch `doc:"At least one property."`
}

func (d *dialect) updateMember(ctx context.Context, r *request, in *updateMemberInput) (*body[member], error) {
	change, err := in.Body.change()
	if err != nil {
		return nil, err
	}
	change.Tenant, change.User = tenantRef(in.Tenant), userInPath(in.User)
	outcome, err := d.apply(ctx, r, change)
	if err != nil {
		return nil, err
	}
	return show(outcome, memberOf)
}

func (p memberPatch) change() (tenancy.UpdateMember, error) {
	if err := atLeastOne(p == memberPatch{}, "level", "level, role_ids, developer, enabled, not_before and expires_at"); err != nil {
		return tenancy.UpdateMember{}, err
	}
	level, badLevel := given("level", p.Level, tenancy.ParseLevel)
	begins, badBegin := instantOf("not_before", p.NotBefore)
	ends, badEnd := instantOf("expires_at", p.ExpiresAt)
	set := tenancy.Adjustment{Level: level, Developer: p.Developer, Enabled: p.Enabled, NotBefore: begins, ExpiresAt: ends}
	var badRoles error
	if p.RoleIDs != nil {
		var roles []tenancy.RoleID
		roles, badRoles = rolesOf("role_ids", *p.RoleIDs)
		set.Roles = &roles
	}
	return tenancy.UpdateMember{Adjustment: set}, firstOf(badLevel, badRoles, badBegin, badEnd)
}

type memberInput struct {
	Tenant string `path:"tenant" doc:"The tenant's id or slug."`
	User   string `path:"user" doc:"The user's id."`
}

func (d *dialect) getMember(ctx context.Context, r *request, in *memberInput) (*body[member], error) {
	outcome, err := d.read(ctx, r, tenancy.GetMember{Tenant: tenantRef(in.Tenant), User: userInPath(in.User)})
	if err != nil {
		return nil, err
	}
	return show(outcome, memberOf)
}

func (d *dialect) removeMember(ctx context.Context, r *request, in *memberInput) (*nothing, error) {
	_, err := d.apply(ctx, r, tenancy.RemoveMember{Tenant: tenantRef(in.Tenant), User: userInPath(in.User)})
	return &nothing{}, err
}
