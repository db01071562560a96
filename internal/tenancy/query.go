package tenancy

import "time"

// Query is one thing that may be read. The set is closed, as changes are.
type Query interface{ query() }

// GetUser reads an account; the result is a UserView.
type GetUser struct{ User UserID }

// FindUser reads an account by e-mail; the result is a UserView.
type FindUser struct{ Email string }

// ListKeys reads a user's API keys after a key id; the result is a []KeyView.
type ListKeys struct {
	User  UserID
	After KeyID
	Limit int
}

// GetTenant reads a tenant; the result is a Tenant.
type GetTenant struct{ Tenant TenantRef }

// ListTenants reads the tenants of a user, or all of them, after a tenant id;
// the result is a []Tenant.
type ListTenants struct {
	User  UserID // zero: all tenants
	After TenantID
	Limit int
}

// GetMember reads one membership; the result is a Member.
type GetMember struct {
	Tenant TenantRef
	User   UserID
}

// ListMembers reads a tenant's members after a user id; the result is a
// []Member.
type ListMembers struct {
	Tenant TenantRef
	After  UserID
	Limit  int
	AsOf   Moment // as they were then; zero: as they are
}

// Moment is a point in the past: a revision, or a time, at which the last
// change made by then counts. The zero value is now.
type Moment struct {
	Revision Revision
	At       time.Time
}

// IsZero reports whether the moment is now.
func (m Moment) IsZero() bool { return m.Revision == 0 && m.At.IsZero() }

// GetPolicies asks for the active policy set; the result is nil, since the
// policies are no part of the store: the decision is what is asked for.
type GetPolicies struct{}

// GetDecision reads a decision that is kept; the result is a Decision.
type GetDecision struct{ Decision DecisionID }

// ListAudit reads audit records after a sequence number, oldest first; the
// result is an AuditPage. Empty fields filter nothing.
type ListAudit struct {
	Tenant TenantRef
	Actor  string // a user id, "platform", "operator" or "registration"; who acted, or was acted for
	Action Action
	Since  time.Time // of the record; inclusive
	After  uint64
	Limit  int
}

// AuditPage is a part of the audit. A page may hold fewer records than asked
// for, or none, and still not be the last.
type AuditPage struct {
	Records [][]byte // canonical bytes
	Next    uint64   // after which the next page begins; 0: there is none
}

// GetInfo asks for what the program and its store are; the result is nil,
// since the store's own counts are no part of its content.
type GetInfo struct{}

// VerifyStore asks for a check of the whole store; the result is nil, as of
// GetInfo.
type VerifyStore struct{}

// ListRoles reads a tenant's custom roles after a role id; the result is a
// []RoleView.
type ListRoles struct {
	Tenant TenantRef
	Own    bool // those that the actor holds, without a right to see the others
	After  RoleID
	Limit  int
}

// GetRole reads a custom role; the result is a RoleView.
type GetRole struct {
	Tenant TenantRef
	Role   RoleID
}

// ListHolders reads who holds a role, after a user id; the result is a
// []Member. Who holds it may see it.
type ListHolders struct {
	Tenant TenantRef
	Role   RoleID
	After  UserID
	Limit  int
}

// RolesOf reads the custom roles of a member; the result is a []Role.
type RolesOf struct {
	Tenant TenantRef
	User   UserID
}

// ListProjects reads a tenant's projects after a project id; the result is a
// []Project.
type ListProjects struct {
	Tenant TenantRef
	Of     UserID // those that the member works in; zero: all, or those of Email
	Email  string // instead of Of: the member's address
	After  ProjectID
	Limit  int
}

// GetProject reads a project; the result is a Project.
type GetProject struct{ Project ProjectID }

// ListDatasets reads the datasets of a tenant in which a principal holds a
// permission, after a dataset id: of a user by own, roles' and the tenant's
// grants. The result is a []Dataset.
type ListDatasets struct {
	Tenant     TenantRef // zero: those of no tenant
	Principal  PrincipalID
	Permission Permissions
	After      DatasetID
	Limit      int
}

// GetCapabilities reads what capabilities the actor has in a tenant: own, by
// roles and by the tenant; an administrator has all. The result is a
// []Capability.
type GetCapabilities struct{ Tenant TenantRef }

// ListInvitations reads a tenant's invitations after an invitation id; the
// result is a []InvitationView.
type ListInvitations struct {
	Tenant TenantRef
	Open   bool // those alone that can be accepted
	After  InvitationID
	Limit  int
}

// ListMemberships reads the memberships of a user after a tenant id; the result
// is a []Belonging. Those that are not active are left out.
type ListMemberships struct {
	User  UserID
	After TenantID
	Limit int
}

// Belonging is a tenant and somebody's membership in it.
type Belonging struct {
	Tenant Tenant
	Member Member
}

// GetStatistics reads a tenant's numbers; the result is a Statistics.
type GetStatistics struct{ Tenant TenantRef }

// GetOrganization reads an organization; the result is an Organization.
type GetOrganization struct{ Organization OrganizationRef }

// ListOrganizations reads the organizations that a user belongs to, or all of
// them, after an organization id; the result is a []Organization.
type ListOrganizations struct {
	User  UserID // zero: all
	After OrganizationID
	Limit int
}

// ListOrganizationMembers reads an organization's members after a user id; the
// result is a []OrganizationMemberView.
type ListOrganizationMembers struct {
	Organization OrganizationRef
	After        UserID
	Limit        int
}

// GetOrganizationMember reads one of them; the result is an
// OrganizationMemberView.
type GetOrganizationMember struct {
	Organization OrganizationRef
	User         UserID
}

// ListOrganizationTenants reads an organization's tenants after a tenant id;
// the result is a []Tenant.
type ListOrganizationTenants struct {
	Organization OrganizationRef
	After        TenantID
	Limit        int
}

// ListOrganizationStatistics reads the numbers of an organization's tenants
// after a tenant id; the result is a []TenantStatistics.
type ListOrganizationStatistics struct {
	Organization OrganizationRef
	After        TenantID
	Limit        int
}

// TenantStatistics are the numbers of one tenant among several.
type TenantStatistics struct {
	Tenant TenantID
	Statistics
}

func (ListOrganizationStatistics) query() {}

func (ListRoles) query()               {}
func (GetRole) query()                 {}
func (ListHolders) query()             {}
func (RolesOf) query()                 {}
func (ListProjects) query()            {}
func (GetProject) query()              {}
func (ListDatasets) query()            {}
func (GetCapabilities) query()         {}
func (ListInvitations) query()         {}
func (ListMemberships) query()         {}
func (GetStatistics) query()           {}
func (GetOrganization) query()         {}
func (ListOrganizations) query()       {}
func (ListOrganizationMembers) query() {}
func (GetOrganizationMember) query()   {}
func (ListOrganizationTenants) query() {}

func (VerifyStore) query() {}
func (GetDecision) query() {}
func (ListAudit) query()   {}
func (GetInfo) query()     {}
func (GetUser) query()     {}
func (FindUser) query()    {}
func (ListKeys) query()    {}
func (GetTenant) query()   {}
func (ListTenants) query() {}
func (GetMember) query()   {}
func (ListMembers) query() {}
func (GetPolicies) query() {}

// AuditReport says whether the audit is as it was written. Of a tenant, it
// counts the tenant's records; the chain is followed through all of them.
type AuditReport struct {
	OK       bool
	Records  uint64
	Head     string // hash of the last record counted, in hexadecimal; empty: none
	BrokenAt uint64 // sequence number of the first record that is not as it was written; 0: none
}
