package native

import (
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
	OrganizationID *string   `json:"organization_id" format:"uuid" doc:"The organization that the tenant belongs to. Null: none, as there are no organizations yet."`
	CreatedAt      time.Time `json:"created_at"`
	UpdatedAt      time.Time `json:"updated_at"`
}

type limits struct {
	Members *int64 `json:"members" minimum:"1" maximum:"9007199254740991" doc:"How many members the tenant takes; null: any number."`
}

func tenantOf(t tenancy.Tenant) tenant {
	shown := tenant{
		ID: t.ID.String(), Slug: t.Slug, Name: t.Name, OwnerID: idOrNull(t.Owner), Plan: t.Plan,
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
	RoleIDs   []string   `json:"role_ids" nullable:"false" doc:"Custom roles; none yet."`
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
		TenantID: m.Tenant.String(), UserID: m.User.String(), Email: m.Email, Level: m.Level.String(), RoleIDs: []string{},
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
	shown := key{
		ID: k.ID.String(), Label: k.Label, UserID: k.User.String(), TenantID: idOrNull(k.Tenant), Scopes: make([]string, len(k.Scopes)),
		ExpiresAt: orNull(k.ExpiresAt), CreatedAt: k.CreatedAt.UTC(), LastUsedAt: orNull(k.LastUsedAt),
	}
	for i, scope := range k.Scopes {
		shown.Scopes[i] = string(scope)
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
