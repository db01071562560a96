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
	// Organization is what the tenant comes to; zero: one of its own, which its
	// owner administers.
	Organization OrganizationRef
	Description  string
	CustomData   string
	Select       bool // it becomes the owner's active tenant
}

// UpdateTenant changes what is set and keeps the rest.
type UpdateTenant struct {
	Tenant      TenantRef
	Slug        *string
	Name        *string
	Plan        *string
	MemberLimit *int64 // no lower than the number of members
	Description *string
	CustomData  *string
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
// reserved: its member is pending until somebody signs up with it. The result
// is an AddedMember.
type AddMember struct {
	Tenant    TenantRef
	User      UserID // zero: the account with the address Email
	Email     string // with User: the address that the account has to have
	GivenName string // of an account that is reserved
	Surname   string
	Level     Level  // LevelNone: what the policies name for the dialect
	LevelName string // of Membership; "" without a level
	Roles     []RoleID
	Projects  ProjectAccess
	Developer bool
	Enabled   bool
	NotBefore time.Time // zero, or past: from now on
	ExpiresAt time.Time // zero: never
	// There is what the request says of one who is a member already: it is
	// applied where the terms of the dialect let it be (Terms.AddAgain).
	There Adjustment
}

// AddedMember is what AddMember came to.
type AddedMember struct {
	Member
	There bool // they were a member already
}

// Adjustment changes what is set of a membership and keeps the rest.
type Adjustment struct {
	Level *Level
	// LevelName is the name that Level goes by; a level that is set without one
	// has its usual name.
	LevelName string
	// Administrator makes an administrator, or returns one to the level held
	// before; nobody else changes.
	Administrator *bool
	Roles         *[]RoleID
	AddRoles      []RoleID // none of which the member may hold yet
	DropRoles     []RoleID // whether held or not
	Projects      *ProjectAccess
	AddProjects   []ProjectID // without effect on who works in all of them
	DropProjects  []ProjectID // of who works in all of them, the rest remains
	Developer     *bool
	Enabled       *bool
	NotBefore     *time.Time // to a zero time: from now on
	ExpiresAt     *time.Time // to a zero time: never
}

// UpdateMember changes a membership. The result is the Member.
type UpdateMember struct {
	Tenant TenantRef
	User   UserID // zero: the account with the address Email
	Email  string // with User as well: it has to be the account's
	Adjustment
}

// RemoveMember ends a membership; removing oneself is leaving.
type RemoveMember struct {
	Tenant TenantRef
	User   UserID // zero: the account with the address Email
	Email  string // with User as well: it has to be the account's
}

// Batch makes several changes in their order, but the actor leaves last; each
// is decided in the state that those before it left: all of them happen, or
// none. The result is a []Outcome, in the order of the changes. Of a refused one, the result is a []ItemRefusal, and the reasons
// are those of the first; any other failure of a change is an *ItemError.
type Batch struct {
	Changes []Change // no batch among them
	Once    bool     // no two changes act upon the same account
}

// ItemRefusal is why one change of a batch was refused.
type ItemRefusal struct {
	Index int
	Outcome
}

func (CreateUser) change()               {}
func (UpdateUser) change()               {}
func (DeleteUser) change()               {}
func (SetPassword) change()              {}
func (RevokeTokens) change()             {}
func (LeaveAll) change()                 {}
func (CreateKey) change()                {}
func (DeleteKey) change()                {}
func (CreateTenant) change()             {}
func (UpdateTenant) change()             {}
func (DeleteTenant) change()             {}
func (TransferOwnership) change()        {}
func (SelectTenant) change()             {}
func (AddMember) change()                {}
func (UpdateMember) change()             {}
func (RemoveMember) change()             {}
func (RotateSigningKey) change()         {}
func (Batch) change()                    {}
func (CreateRole) change()               {}
func (UpdateRole) change()               {}
func (DeleteRole) change()               {}
func (CreateProject) change()            {}
func (UpdateProject) change()            {}
func (DeleteProject) change()            {}
func (CreateDataset) change()            {}
func (GrantDataset) change()             {}
func (RevokeDataset) change()            {}
func (GrantCapability) change()          {}
func (RevokeCapability) change()         {}
func (CreateInvitation) change()         {}
func (DeleteInvitation) change()         {}
func (AcceptInvitation) change()         {}
func (DeclineInvitation) change()        {}
func (CreateOrganization) change()       {}
func (UpdateOrganization) change()       {}
func (DeleteOrganization) change()       {}
func (PutOrganizationMember) change()    {}
func (RemoveOrganizationMember) change() {}
func (DetachTenant) change()             {}
func (ReportUsage) change()              {}

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

// Dialects lists them all.
func Dialects() []Dialect {
	return []Dialect{DialectNative, DialectCognee, DialectLlamaCloud, DialectCogniac, DialectProcessMind, DialectProxy}
}

// The dialects served.
const (
	DialectNative      Dialect = "native"
	DialectCognee      Dialect = "cognee"
	DialectLlamaCloud  Dialect = "llamacloud"
	DialectCogniac     Dialect = "cogniac"
	DialectProcessMind Dialect = "processmind"
	DialectProxy       Dialect = "proxy"
)

// Outcome is what a decision came to. Of a refusal, Reasons holds every
// finding in the native order, and Result is nil.
type Outcome struct {
	DecisionID     DecisionID
	Revision       Revision // of the store that the answer was computed at
	PolicyRevision string
	Reasons        []Finding
	Replayed       bool // an earlier change with the same Idempotency is answered again
	Result         any  // a change and a query each say their own
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
