package native

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

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
	Level     *string    `json:"level,omitempty" enum:"viewer,member,admin,owner" doc:"member when absent; only a transfer makes an owner."`
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
	return show(outcome, memberOf)
}

func (n newMember) change() (tenancy.AddMember, error) {
	if (n.UserID == nil) == (n.Email == nil) {
		return tenancy.AddMember{}, missingField("user_id", "give either user_id or email")
	}
	userID, badUser := optional("user_id", n.UserID, parseUser)
	email, badEmail := optional("email", n.Email, tenancy.ParseEmail)
	level, badLevel := given("level", n.Level, tenancy.ParseLevel)
	begins, badBegin := instant("not_before", n.NotBefore)
	ends, badEnd := instant("expires_at", n.ExpiresAt)
	change := tenancy.AddMember{
		User: userID, Email: email, Level: tenancy.LevelMember, NotBefore: begins, ExpiresAt: ends,
		Developer: n.Developer != nil && *n.Developer,
		Enabled:   n.Enabled == nil || *n.Enabled,
	}
	if level != nil {
		change.Level = *level
	}
	return change, firstOf(badUser, badEmail, badLevel, badBegin, badEnd)
}

type memberPatch struct {
	Level     *string              `json:"level,omitempty" enum:"viewer,member,admin,owner"`
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
	patch := in.Body
	if err := atLeastOne(patch == memberPatch{}, "level", "level, developer, enabled, not_before and expires_at"); err != nil {
		return nil, err
	}
	level, badLevel := given("level", patch.Level, tenancy.ParseLevel)
	begins, badBegin := instantOf("not_before", patch.NotBefore)
	ends, badEnd := instantOf("expires_at", patch.ExpiresAt)
	if err := firstOf(badLevel, badBegin, badEnd); err != nil {
		return nil, err
	}
	outcome, err := d.apply(ctx, r, tenancy.UpdateMember{
		Tenant: tenantRef(in.Tenant), User: userInPath(in.User), Level: level,
		Developer: patch.Developer, Enabled: patch.Enabled, NotBefore: begins, ExpiresAt: ends,
	})
	if err != nil {
		return nil, err
	}
	return show(outcome, memberOf)
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

type listMembersInput struct {
	Tenant string `path:"tenant" doc:"The tenant's id or slug."`
	Cursor string `query:"cursor" doc:"The next_cursor of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many elements a page has at most."`
}

func (d *dialect) listMembers(ctx context.Context, r *request, in *listMembersInput) (*body[list[member]], error) {
	ref := tenantRef(in.Tenant)
	where := place(listMembers + ref.String())
	after, err := where.after(in.Cursor)
	if err != nil {
		return nil, err
	}
	outcome, err := d.read(ctx, r, tenancy.ListMembers{Tenant: ref, After: tenancy.UserID(after), Limit: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	return pageOf(outcome, where, in.Limit, memberOf, func(m tenancy.Member) uuid.UUID { return uuid.UUID(m.User) })
}
