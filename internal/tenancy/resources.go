package tenancy

import "time"

// CreateRole makes a custom role; the result is the Role.
type CreateRole struct {
	ID          RoleID // zero: a new one
	Tenant      TenantRef
	Name        string
	Description string
	Actions     []Action
}

// UpdateRole changes what is set and keeps the rest; the result is the Role.
type UpdateRole struct {
	Tenant      TenantRef // zero: the role's own
	Role        RoleID
	Name        *string
	Description *string
	Actions     *[]Action
}

// DeleteRole deletes a custom role with its assignments and grants.
type DeleteRole struct {
	Tenant TenantRef // zero: the role's own
	Role   RoleID
}

// CreateProject registers a project; the result is the Project.
type CreateProject struct {
	ID     ProjectID // zero: a new one
	Tenant TenantRef
	Name   string
}

// UpdateProject renames a project; the result is the Project.
type UpdateProject struct {
	Project ProjectID
	Name    *string
}

// DeleteProject deletes a project with everybody's access to it.
type DeleteProject struct{ Project ProjectID }

// CreateDataset registers a dataset of the actor's, who gets all permissions;
// the result is the Dataset.
type CreateDataset struct {
	ID     DatasetID // zero: a new one
	Tenant TenantRef // zero: it belongs to the actor alone
	Name   string
}

// GrantDataset lets a principal do something with a dataset; what they may do
// already they keep.
type GrantDataset struct {
	Dataset     DatasetID
	Principal   PrincipalID
	Permissions Permissions
}

// RevokeDataset takes permissions on a dataset away; those not held are as
// good as taken.
type RevokeDataset struct {
	Dataset     DatasetID
	Principal   PrincipalID
	Permissions Permissions
}

// GrantCapability gives a principal a capability in its tenant.
type GrantCapability struct {
	Tenant     TenantRef // of a user; a role and a tenant have their own
	Principal  PrincipalID
	Capability Capability
}

// RevokeCapability takes a capability away, held or not.
type RevokeCapability struct {
	Tenant     TenantRef // of a user; a role and a tenant have their own
	Principal  PrincipalID
	Capability Capability
}

// CreateInvitation invites an address; the result is an InvitationView. One
// that is open to the same address is withdrawn, or stays and is the result
// (Terms.InviteAgain).
type CreateInvitation struct {
	ID        InvitationID // zero: a new one
	Tenant    TenantRef
	Email     string
	Level     Level // LevelNone: what the policies name for the dialect
	Roles     []RoleID
	ExpiresAt time.Time // zero: after InvitationLifetime
	Code      Digest
}

// DeleteInvitation withdraws an invitation.
type DeleteInvitation struct {
	Tenant     TenantRef
	Invitation InvitationID // zero: the one that is pending to the address Email
	Email      string
}

// AcceptInvitation makes whoever has the invited address a member. It acts as
// that account, which it signs up where it has not (contracts/README.md, rule
// 6); the result is the Member.
type AcceptInvitation struct {
	Code         Digest
	GivenName    string // of an account that signs up
	Surname      string
	PasswordHash string // of an account that signs up; refused for any other
}

// DeclineInvitation closes an invitation.
type DeclineInvitation struct{ Code Digest }

// CreateOrganization makes an organization; the result is the Organization.
type CreateOrganization struct {
	ID        OrganizationID // zero: a new one
	Name      string
	ShortName string // empty: made from the name
}

// UpdateOrganization changes what is set and keeps the rest; the result is the
// Organization.
type UpdateOrganization struct {
	Organization OrganizationRef
	Name         *string
	ShortName    *string
}

// DeleteOrganization deletes an organization that has no tenant left.
type DeleteOrganization struct{ Organization OrganizationRef }

// PutOrganizationMember makes a user a member of an organization, or changes
// what is set of one who is; the result is an OrganizationMemberView.
type PutOrganizationMember struct {
	Organization OrganizationRef
	User         UserID
	Admin        *bool // nil: as before; of a new member, false
	Enabled      *bool // nil: as before; of a new member, true
}

// RemoveOrganizationMember ends a membership in an organization.
type RemoveOrganizationMember struct {
	Organization OrganizationRef
	User         UserID
}

// DetachTenant takes a tenant out of its organization, into one of its own
// that its owner administers; the result is the Tenant.
type DetachTenant struct {
	Organization OrganizationRef
	Tenant       TenantID
}

// ReportUsage keeps what the host application counts of a tenant; what is not
// set stays. The result is the Usage.
type ReportUsage struct {
	Tenant       TenantRef
	Processes    *int64
	Datasets     *int64
	StorageBytes *int64
}
