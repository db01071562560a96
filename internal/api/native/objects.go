package native

import (
	"fmt"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

// The objects of contracts/native.md. A value that may be absent is null.

type user struct {
	ID          string     `json:"id" format:"uuid"`
	Email       string     `json:"email" doc:"As it was given; matched without regard to case."`
	GivenName   string     `json:"given_name"`
	Surname     string     `json:"surname"`
	Kind        string     `json:"kind" enum:"human,service"`
	SignedUp    bool       `json:"signed_up" doc:"False: reserved by an invitation, cannot sign in."`
	Enabled     bool       `json:"enabled" doc:"False: suspended everywhere."`
	CreatedAt   time.Time  `json:"created_at"`
	LastLoginAt *time.Time `json:"last_login_at" doc:"When a password was last exchanged for a token."`
}

func userOf(u tenancy.UserView) user {
	return user{
		ID: u.ID.String(), Email: u.Email, GivenName: u.GivenName, Surname: u.Surname, Kind: string(u.Kind),
		SignedUp: u.SignedUp, Enabled: u.Enabled, CreatedAt: u.CreatedAt.UTC(), LastLoginAt: orNull(u.LastLoginAt),
	}
}

type tenant struct {
	ID             string    `json:"id" format:"uuid"`
	Slug           string    `json:"slug" doc:"Unique; accepted wherever the id is."`
	Name           string    `json:"name"`
	OwnerID        *string   `json:"owner_id" format:"uuid"`
	Plan           string    `json:"plan" doc:"A name of the operator's own; nothing here depends on it."`
	Limits         limits    `json:"limits"`
	OrganizationID *string   `json:"organization_id" format:"uuid" doc:"The organization that the tenant belongs to: its own, where none was named. Null: the tenant is older than the organizations."`
	CreatedAt      time.Time `json:"created_at"`
	UpdatedAt      time.Time `json:"updated_at"`
}

type limits struct {
	Members *int64 `json:"members" minimum:"1" maximum:"9007199254740991" doc:"How many members the tenant takes; null: any number."`
}

func tenantOf(t tenancy.Tenant) tenant {
	shown := tenant{
		ID: t.ID.String(), Slug: t.Slug, Name: t.Name, OwnerID: idOrNull(t.Owner), Plan: t.Plan, OrganizationID: idOrNull(t.Organization),
		CreatedAt: t.CreatedAt.UTC(), UpdatedAt: t.UpdatedAt.UTC(),
	}
	if t.MemberLimit != tenancy.Unlimited {
		shown.Limits.Members = &t.MemberLimit
	}
	return shown
}

type member struct {
	TenantID  string     `json:"tenant_id" format:"uuid"`
	UserID    string     `json:"user_id" format:"uuid"`
	Email     string     `json:"email"`
	Level     string     `json:"level" enum:"viewer,member,admin,owner"`
	RoleIDs   []string   `json:"role_ids" format:"uuid" nullable:"false" doc:"Custom roles of the tenant, in the order of their ids."`
	Developer bool       `json:"developer" doc:"A mark beside the level, which gives no right by itself."`
	Pending   bool       `json:"pending" doc:"Invited, not signed up yet: may do nothing."`
	Enabled   bool       `json:"enabled" doc:"False: suspended in this tenant, may do nothing."`
	NotBefore *time.Time `json:"not_before"`
	ExpiresAt *time.Time `json:"expires_at"`
	InvitedBy *string    `json:"invited_by" format:"uuid" doc:"Null: by the platform, or by the tenant's creation."`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
}

func memberOf(m tenancy.Member) member {
	return member{
		TenantID: m.Tenant.String(), UserID: m.User.String(), Email: m.Email, Level: m.Level.String(), RoleIDs: texts(m.Roles),
		Developer: m.Developer, Pending: m.Pending, Enabled: m.Enabled,
		NotBefore: orNull(m.NotBefore), ExpiresAt: orNull(m.ExpiresAt), InvitedBy: idOrNull(m.InvitedBy),
		CreatedAt: m.CreatedAt.UTC(), UpdatedAt: m.UpdatedAt.UTC(),
	}
}

type key struct {
	ID         string     `json:"id" format:"uuid"`
	Key        string     `json:"key,omitempty" doc:"The key itself: only in the answer that creates it, and never again."`
	Label      string     `json:"label"`
	UserID     string     `json:"user_id" format:"uuid"`
	TenantID   *string    `json:"tenant_id" format:"uuid" doc:"Null: good wherever its user is; else in this tenant only."`
	Scopes     []string   `json:"scopes" nullable:"false" doc:"The actions that the key may be used for; empty: all that its user may do."`
	ExpiresAt  *time.Time `json:"expires_at"`
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at" doc:"To the minute."`
}

func keyOf(k tenancy.KeyView) key {
	return key{
		ID: k.ID.String(), Label: k.Label, UserID: k.User.String(), TenantID: idOrNull(k.Tenant), Scopes: names(k.Scopes),
		ExpiresAt: orNull(k.ExpiresAt), CreatedAt: k.CreatedAt.UTC(), LastUsedAt: orNull(k.LastUsedAt),
	}
}

type role struct {
	ID        string    `json:"id" format:"uuid"`
	TenantID  string    `json:"tenant_id" format:"uuid"`
	Name      string    `json:"name" doc:"Unique in its tenant."`
	Actions   []string  `json:"actions" nullable:"false" doc:"What the role lets its holders do beside their level."`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

func roleOf(r tenancy.Role) role {
	return role{
		ID: r.ID.String(), TenantID: r.Tenant.String(), Name: r.Name, Actions: names(r.Actions),
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
}

func roleViewOf(r tenancy.RoleView) role { return roleOf(r.Role) }

type invitation struct {
	ID        string     `json:"id" format:"uuid"`
	Code      string     `json:"code,omitempty" doc:"What accepts or declines it: only in the answer that creates it, and never again."`
	TenantID  string     `json:"tenant_id" format:"uuid"`
	Email     string     `json:"email"`
	Level     string     `json:"level" enum:"viewer,member,admin,owner"`
	RoleIDs   []string   `json:"role_ids" format:"uuid" nullable:"false"`
	Status    string     `json:"status" enum:"pending,accepted,declined,withdrawn,expired" doc:"pending: it can be accepted. withdrawn: deleted, replaced by another, or its person was removed."`
	InvitedBy *string    `json:"invited_by" format:"uuid" doc:"Null: the platform."`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt time.Time  `json:"expires_at"`
	ClosedAt  *time.Time `json:"closed_at" doc:"When it was accepted, declined or withdrawn."`
}

// invitationOf shows an invitation as it stands at a time: one whose time is
// over is stored as pending still.
func invitationOf(i tenancy.InvitationView, now time.Time) invitation {
	status := i.Status.String()
	if i.Status == tenancy.InvitationPending && !i.Open(now) {
		status = "expired"
	}
	return invitation{
		ID: i.ID.String(), TenantID: i.Tenant.String(), Email: i.Email, Level: i.Level.String(), RoleIDs: texts(i.Roles),
		Status: status, InvitedBy: idOrNull(i.InvitedBy),
		CreatedAt: i.CreatedAt.UTC(), ExpiresAt: i.ExpiresAt.UTC(), ClosedAt: orNull(i.ClosedAt),
	}
}

type organization struct {
	ID        string    `json:"id" format:"uuid"`
	Name      string    `json:"name"`
	ShortName string    `json:"short_name" doc:"Unique; accepted wherever the id is."`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

func organizationOf(o tenancy.Organization) organization {
	return organization{ID: o.ID.String(), Name: o.Name, ShortName: o.ShortName, CreatedAt: o.CreatedAt.UTC(), UpdatedAt: o.UpdatedAt.UTC()}
}

type organizationMember struct {
	OrganizationID string    `json:"organization_id" format:"uuid"`
	UserID         string    `json:"user_id" format:"uuid"`
	Email          string    `json:"email"`
	Admin          bool      `json:"admin" doc:"Acts in every tenant of the organization as an owner would, except for transfer and deletion."`
	Enabled        bool      `json:"enabled" doc:"False: suspended in this organization."`
	CreatedAt      time.Time `json:"created_at"`
	UpdatedAt      time.Time `json:"updated_at"`
}

func organizationMemberOf(m tenancy.OrganizationMemberView) organizationMember {
	return organizationMember{
		OrganizationID: m.Organization.String(), UserID: m.User.String(), Email: m.Email, Admin: m.Admin, Enabled: m.Enabled,
		CreatedAt: m.CreatedAt.UTC(), UpdatedAt: m.UpdatedAt.UTC(),
	}
}

// names and texts give what a list shows; none is the empty list.
func names[T ~string](given []T) []string {
	shown := make([]string, len(given))
	for i, name := range given {
		shown[i] = string(name)
	}
	return shown
}

func texts[T fmt.Stringer](given []T) []string {
	shown := make([]string, len(given))
	for i, value := range given {
		shown[i] = value.String()
	}
	return shown
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func idOrNull[ID interface {
	IsZero() bool
	String() string
}](id ID) *string {
	if id.IsZero() {
		return nil
	}
	text := id.String()
	return &text
}
