package native

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

func (d *dialect) members(s *surface) {
	const all, one = "/v1/tenants/{tenant}/members", "/v1/tenants/{tenant}/members/{user}"
	register(s, describe(http.MethodPost, all, "addMember", "Add a member",
		created, refuses(http.StatusNotFound, http.StatusConflict)), d.addMember)
	register(s, describe(http.MethodGet, all, "listMembers", "List the members of a tenant",
		refuses(http.StatusNotFound)), d.listMembers)
	register(s, describe(http.MethodGet, one, "getMember", "Read a member",
		refuses(http.StatusNotFound)), d.getMember)
	register(s, describe(http.MethodPatch, one, "updateMember", "Change what is given of a member and keep the rest",
		changes, refuses(http.StatusNotFound)), d.updateMember)
	register(s, describe(http.MethodDelete, one, "removeMember", "Remove a member; removing oneself is leaving",
		changes, refuses(http.StatusNotFound)), d.removeMember)
}

type newMember struct {
	UserID    string  `json:"user_id" format:"uuid"`
	Level     *string `json:"level,omitempty" enum:"viewer,member,admin,owner" doc:"member when absent; only a transfer makes an owner."`
	Developer *bool   `json:"developer,omitempty" doc:"A mark beside the level, which gives no right by itself. false when absent."`
	Enabled   *bool   `json:"enabled,omitempty" doc:"true when absent."`
}

type addMemberInput struct {
	Tenant string `path:"tenant" doc:"The tenant's id or slug."`
	Body   newMember
}

func (d *dialect) addMember(ctx context.Context, actor tenancy.Actor, in *addMemberInput) (*answer[member], error) {
	userID, badUser := optional("user_id", &in.Body.UserID, parseUser)
	level, badLevel := levelOf(in.Body.Level)
	if err := firstOf(badUser, badLevel); err != nil {
		return nil, err
	}
	change := tenancy.AddMember{
		Tenant: tenantRef(in.Tenant), User: userID, Level: tenancy.LevelMember,
		Developer: in.Body.Developer != nil && *in.Body.Developer,
		Enabled:   in.Body.Enabled == nil || *in.Body.Enabled,
	}
	if level != nil {
		change.Level = *level
	}
	outcome, err := d.apply(ctx, actor, change)
	if err != nil {
		return nil, err
	}
	return answerOf(outcome, memberOf)
}

// levelOf reads a level; nil where none is given.
func levelOf(given *string) (*tenancy.Level, error) {
	level, err := optional("level", given, tenancy.ParseLevel)
	if given == nil || err != nil {
		return nil, err
	}
	return &level, nil
}

type memberPatch struct {
	Level     *string `json:"level,omitempty" enum:"viewer,member,admin,owner"`
	Developer *bool   `json:"developer,omitempty"`
	Enabled   *bool   `json:"enabled,omitempty" doc:"False suspends the member in this tenant."`
}

type updateMemberInput struct {
	Tenant string      `path:"tenant" doc:"The tenant's id or slug."`
	User   string      `path:"user" doc:"The user's id."`
	Body   memberPatch `doc:"At least one property."`
}

func (d *dialect) updateMember(ctx context.Context, actor tenancy.Actor, in *updateMemberInput) (*answer[member], error) {
	if in.Body == (memberPatch{}) {
		return nil, &api.InputError{Fault: api.FaultMissing, In: api.InBody, Path: []string{"level"}, Msg: "give at least one of level, developer and enabled"}
	}
	level, err := levelOf(in.Body.Level)
	if err != nil {
		return nil, err
	}
	outcome, err := d.apply(ctx, actor, tenancy.UpdateMember{
		Tenant: tenantRef(in.Tenant), User: userInPath(in.User), Level: level, Developer: in.Body.Developer, Enabled: in.Body.Enabled,
	})
	if err != nil {
		return nil, err
	}
	return answerOf(outcome, memberOf)
}

type memberInput struct {
	Tenant string `path:"tenant" doc:"The tenant's id or slug."`
	User   string `path:"user" doc:"The user's id."`
}

func (d *dialect) getMember(ctx context.Context, actor tenancy.Actor, in *memberInput) (*answer[member], error) {
	outcome, err := d.read(ctx, actor, tenancy.GetMember{Tenant: tenantRef(in.Tenant), User: userInPath(in.User)})
	if err != nil {
		return nil, err
	}
	return answerOf(outcome, memberOf)
}

func (d *dialect) removeMember(ctx context.Context, actor tenancy.Actor, in *memberInput) (*gone, error) {
	outcome, err := d.apply(ctx, actor, tenancy.RemoveMember{Tenant: tenantRef(in.Tenant), User: userInPath(in.User)})
	if err != nil {
		return nil, err
	}
	return removed(outcome), nil
}

type listMembersInput struct {
	Tenant string `path:"tenant" doc:"The tenant's id or slug."`
	Cursor string `query:"cursor" doc:"The next_cursor of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many elements a page has at most."`
}

func (d *dialect) listMembers(ctx context.Context, actor tenancy.Actor, in *listMembersInput) (*page[member], error) {
	ref := tenantRef(in.Tenant)
	where := place(listMembers + ref.String())
	after, err := where.after(in.Cursor)
	if err != nil {
		return nil, err
	}
	outcome, err := d.read(ctx, actor, tenancy.ListMembers{Tenant: ref, After: tenancy.UserID(after), Limit: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	return pageOf(outcome, where, in.Limit, memberOf, func(m tenancy.Member) uuid.UUID { return uuid.UUID(m.User) })
}
