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

// UpdateUser changes what is set and keeps the rest. A disabled account can do
// nothing anywhere; only the platform disables and enables.
type UpdateUser struct {
	User      UserID
	GivenName *string
	Surname   *string
	Enabled   *bool
}

// DeleteUser deletes an account with its memberships and keys. The owner of a
// tenant cannot be deleted.
type DeleteUser struct{ User UserID }

// SetPassword gives an account another password; tokens issued before are
// refused from then on.
type SetPassword struct {
	User         UserID
	PasswordHash string
	// Against is the stored hash that the current password was checked
	// against; empty: it was not. Users change their own password only so.
	Against string
}

// RevokeTokens ends every token that was issued to an account.
type RevokeTokens struct{ User UserID }

// LeaveAll ends all memberships of a user, or none; the result is a Left.
type LeaveAll struct{ User UserID }

// CreateKey gives a user an API key.
type CreateKey struct {
	ID        KeyID
	User      UserID
	Label     string
	Tenant    TenantRef // zero: not bound to one
	Scopes    []Action
	ExpiresAt time.Time
	Digest    Digest
	Most      int // keys that the user may have; zero: any number
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

// UpdateTenant changes what is set and keeps the rest.
type UpdateTenant struct {
	Tenant      TenantRef
	Slug        *string
	Name        *string
	Plan        *string
	MemberLimit *int64 // no lower than the number of members
}

// DeleteTenant deletes a tenant with its memberships and the keys bound to it.
type DeleteTenant struct{ Tenant TenantRef }

// TransferOwnership makes an active member the owner of a tenant; the owner
// before becomes an administrator. The result is the Tenant.
type TransferOwnership struct {
	Tenant TenantRef
	To     UserID
}

// RotateSigningKey has tokens signed by a new key from then on. The result is
// a KeyView of its id and time alone.
type RotateSigningKey struct {
	Key    SigningKey
	Revoke bool // the keys before verify no longer: every token is refused
}

// SelectTenant sets the actor's active tenant, or clears it with a zero one.
type SelectTenant struct{ Tenant TenantRef }

// AddMember makes a user a member. An e-mail address that no account has is
// reserved: its member is pending until somebody signs up with it.
type AddMember struct {
	Tenant    TenantRef
	User      UserID // zero: the account with the address Email
	Email     string
	Level     Level
	Developer bool
	Enabled   bool
	NotBefore time.Time // zero, or past: from now on
	ExpiresAt time.Time // zero: never
}

// UpdateMember changes what is set and keeps the rest.
type UpdateMember struct {
	Tenant    TenantRef
	User      UserID
	Level     *Level
	Developer *bool
	Enabled   *bool
	NotBefore *time.Time // to a zero time: from now on
	ExpiresAt *time.Time // to a zero time: never
}

// RemoveMember ends a membership; removing oneself is leaving.
type RemoveMember struct {
	Tenant TenantRef
	User   UserID
}

func (CreateUser) change()        {}
func (UpdateUser) change()        {}
func (DeleteUser) change()        {}
func (SetPassword) change()       {}
func (RevokeTokens) change()      {}
func (LeaveAll) change()          {}
func (CreateKey) change()         {}
func (DeleteKey) change()         {}
func (CreateTenant) change()      {}
func (UpdateTenant) change()      {}
func (DeleteTenant) change()      {}
func (TransferOwnership) change() {}
func (SelectTenant) change()      {}
func (AddMember) change()         {}
func (UpdateMember) change()      {}
func (RemoveMember) change()      {}
func (RotateSigningKey) change()  {}

// ApplyOptions goes with a change. The zero value is the native API, and a
// change without conditions.
type ApplyOptions struct {
	Dialect Dialect
	// DryRun decides and performs the change as ever, and commits nothing.
	DryRun bool
	// IfMatch lists the versions one of which the record acted upon must have,
	// else the change is refused as stale; nil: no condition.
	IfMatch []Version
	// Idempotency makes the change happen once.
	Idempotency Idempotency
	// AtLeast is a revision that a read must have reached.
	AtLeast Revision
}

// Idempotency names one attempt of a change, so that a retry of it finds its
// outcome. The zero value names none.
type Idempotency struct {
	Key     string // 1 to 255 printable characters, the caller's own
	Request Digest // of route and body: a retry asks for the same
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
	Replayed       bool // an earlier change with the same Idempotency is answered again
	Result         any  // a change's: UserView, KeyView, Tenant, Member, Left or nil; a query says its own
}

// Left is how many memberships LeaveAll ended.
type Left int64

// Receipt is what a change with an Idempotency leaves in the store, committed
// with it.
type Receipt struct {
	ID      Digest // of who asked, and their key
	Request Digest
	At      time.Time
	Outcome Outcome // without secrets
}

// ReceiptLifetime is how long a change is answered again instead of made
// again (contracts/native.md, "Answers").
const ReceiptLifetime = 24 * time.Hour
