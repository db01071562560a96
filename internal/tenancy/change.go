package tenancy

import "time"

// Change is one thing that may be asked of the store. The set is closed: only
// this package can add to it, so no change escapes the policies.
type Change interface{ change() }

// CreateUser makes an account. With an actor that is registering, it is the
// actor's own.
type CreateUser struct {
	ID           UserID // zero: a new one
	Email        string
	GivenName    string
	Surname      string
	Kind         Kind
	PasswordHash string // empty: cannot sign in with a password
}

// CreateKey gives a user an API key.
type CreateKey struct {
	ID        KeyID
	User      UserID
	Label     string
	Tenant    TenantRef // zero: not bound to one
	Scopes    []Action
	ExpiresAt time.Time
	Digest    Digest
}

// DeleteKey revokes an API key.
type DeleteKey struct{ Key KeyID }

// CreateTenant makes a tenant; its owner becomes its first member.
type CreateTenant struct {
	ID          TenantID // zero: a new one
	Slug        string   // empty: made from the name
	Name        string
	Owner       UserID // zero: the actor
	Plan        string
	MemberLimit int64 // zero: Unlimited
	Select      bool  // it becomes the owner's active tenant
}

// SelectTenant sets the actor's active tenant, or clears it with a zero one.
type SelectTenant struct{ Tenant TenantRef }

// AddMember makes a user a member.
type AddMember struct {
	Tenant    TenantRef
	User      UserID
	Level     Level
	Developer bool
	Enabled   bool
}

// UpdateMember changes what is set and keeps the rest.
type UpdateMember struct {
	Tenant    TenantRef
	User      UserID
	Level     *Level
	Developer *bool
	Enabled   *bool
}

// RemoveMember ends a membership; removing oneself is leaving.
type RemoveMember struct {
	Tenant TenantRef
	User   UserID
}

func (CreateUser) change()   {}
func (CreateKey) change()    {}
func (DeleteKey) change()    {}
func (CreateTenant) change() {}
func (SelectTenant) change() {}
func (AddMember) change()    {}
func (UpdateMember) change() {}
func (RemoveMember) change() {}

// ApplyOptions goes with a change. The zero value is the native API.
type ApplyOptions struct {
	Dialect Dialect
}

// Dialect names the API that a request came through; a fact for policies.
type Dialect string

// The dialects served.
const (
	DialectNative Dialect = "native"
	DialectCognee Dialect = "cognee"
	DialectProxy  Dialect = "proxy"
)

// Outcome is what a decision came to. Of a refusal, Reasons holds every
// finding in the native order, and Result is nil.
type Outcome struct {
	DecisionID     DecisionID
	Revision       Revision // of the store that the answer was computed at
	PolicyRevision string
	Reasons        []Finding
	Result         any // a change's: User, Key, Tenant or Member; a query says its own
}
