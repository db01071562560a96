package gate

import (
	"context"
	"io"
	"iter"
	"time"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/tenancy"
)

// Store keeps the state. storetest holds the contract as a suite.
type Store interface {
	// View runs fn on one consistent snapshot. fn does no network I/O.
	View(ctx context.Context, fn func(Reader) error) error
	// Update runs fn in a serialisable transaction and gives the revision of
	// the state it left: raised by one when fn changed state, else as it was.
	// fn may run more than once, and does no network I/O. When fn fails, or
	// ctx ends before the commit begins, nothing of it remains. Errors of the
	// store itself are *tenancy.Error: store_full (nothing is changed),
	// outcome_unknown (the commit may have happened), unavailable.
	Update(ctx context.Context, fn func(Tx) error) (tenancy.Revision, error)
	// Append queues the record of a refusal, to be flushed with the next
	// commit or within a second; it never waits for the disk.
	Append(ctx context.Context, record audit.Record) error
	// Changes gives every committed change after a revision, once, in order,
	// up to the revision of the store when it is called. It keeps no
	// transaction open while its caller works.
	Changes(ctx context.Context, after tenancy.Revision) iter.Seq2[tenancy.Commit, error]
	// Backup writes one consistent copy of the store, of the revision that it
	// gives, while changes go on. Nothing is written before the copy is whole;
	// a w with a method Begin(tenancy.Revision) is told the revision then.
	Backup(ctx context.Context, w io.Writer) (tenancy.Revision, error)
}

// Reader reads one snapshot. A bool result says whether there is such a
// record. Lists are in the order of the ids, begin after the one given, and
// hold at most limit elements.
type Reader interface {
	Accounts
	Tenants
	Roles
	Projects
	Datasets
	Invitations
	Organizations
	Entities
	Trail
	// Revision is that of the snapshot.
	Revision() tenancy.Revision
}

// Accounts reads users and their keys.
type Accounts interface {
	User(id tenancy.UserID) (tenancy.User, bool, error)
	Users(after tenancy.UserID, limit int) ([]tenancy.UserID, error)
	// UserByEmail takes the form that tenancy.EmailKey gives.
	UserByEmail(emailKey string) (tenancy.UserID, bool, error)
	LastLogin(id tenancy.UserID) (time.Time, error)
	Key(id tenancy.KeyID) (tenancy.Key, bool, error)
	Keys(user tenancy.UserID, after tenancy.KeyID, limit int) ([]tenancy.Key, error)
	LastUsed(id tenancy.KeyID) (time.Time, error)
	// SigningKeys lists all keys that tokens are verified with.
	SigningKeys() ([]tenancy.SigningKey, error)
}

// Tenants reads tenants and memberships.
type Tenants interface {
	Tenant(id tenancy.TenantID) (tenancy.Tenant, bool, error)
	TenantBySlug(slug string) (tenancy.TenantID, bool, error)
	Tenants(after tenancy.TenantID, limit int) ([]tenancy.Tenant, error)
	// Counters are those of the tenant's records in this snapshot.
	Counters(id tenancy.TenantID) (tenancy.Counters, error)
	Membership(tenant tenancy.TenantID, user tenancy.UserID) (tenancy.Membership, bool, error)
	Members(tenant tenancy.TenantID, after tenancy.UserID, limit int) ([]tenancy.Membership, error)
	TenantsOf(user tenancy.UserID, after tenancy.TenantID, limit int) ([]tenancy.TenantID, error)
	// Usage is what was last reported of a tenant; the zero value: nothing.
	Usage(id tenancy.TenantID) (tenancy.Usage, error)
}

// Roles reads the custom roles of tenants.
type Roles interface {
	Role(id tenancy.RoleID) (tenancy.Role, bool, error)
	RoleByName(tenant tenancy.TenantID, name string) (tenancy.RoleID, bool, error)
	Roles(tenant tenancy.TenantID, after tenancy.RoleID, limit int) ([]tenancy.Role, error)
	// Holders lists the members that hold a role.
	Holders(role tenancy.RoleID, after tenancy.UserID, limit int) ([]tenancy.UserID, error)
}

// Projects reads the projects of tenants.
type Projects interface {
	Project(id tenancy.ProjectID) (tenancy.Project, bool, error)
	Projects(tenant tenancy.TenantID, after tenancy.ProjectID, limit int) ([]tenancy.Project, error)
	// Workers lists the members whose access names a project.
	Workers(project tenancy.ProjectID, after tenancy.UserID, limit int) ([]tenancy.UserID, error)
}

// Datasets reads the datasets and who may do what with them.
type Datasets interface {
	Dataset(id tenancy.DatasetID) (tenancy.Dataset, bool, error)
	// Datasets lists those of a tenant; a zero one has those of no tenant.
	Datasets(tenant tenancy.TenantID, after tenancy.DatasetID, limit int) ([]tenancy.Dataset, error)
	// Grant is what one principal may do with a dataset; nothing where there is
	// no grant. A role may have the id of a user: whose grant it is, its
	// Principal says.
	Grant(dataset tenancy.DatasetID, principal tenancy.PrincipalID) (tenancy.Grant, error)
	// GrantsOn lists the grants on a dataset, by principal.
	GrantsOn(dataset tenancy.DatasetID, after tenancy.PrincipalID, limit int) ([]tenancy.Grant, error)
	// GrantsOf lists the grants of a principal on the datasets of a tenant, by
	// dataset; a zero tenant has those of no tenant.
	GrantsOf(principal tenancy.PrincipalID, tenant tenancy.TenantID, after tenancy.DatasetID, limit int) ([]tenancy.Grant, error)
}

// Invitations reads who was invited.
type Invitations interface {
	Invitation(id tenancy.InvitationID) (tenancy.Invitation, bool, error)
	InvitationByCode(code tenancy.Digest) (tenancy.InvitationID, bool, error)
	// PendingInvitation finds the one of a tenant to an address, in the form
	// that tenancy.EmailKey gives, whose status is pending; there is one at most.
	PendingInvitation(tenant tenancy.TenantID, emailKey string) (tenancy.InvitationID, bool, error)
	Invitations(tenant tenancy.TenantID, after tenancy.InvitationID, limit int) ([]tenancy.Invitation, error)
}

// Organizations reads what stands above tenants.
type Organizations interface {
	Organization(id tenancy.OrganizationID) (tenancy.Organization, bool, error)
	OrganizationByName(short string) (tenancy.OrganizationID, bool, error)
	Organizations(after tenancy.OrganizationID, limit int) ([]tenancy.Organization, error)
	OrganizationMember(id tenancy.OrganizationID, user tenancy.UserID) (tenancy.OrganizationMember, bool, error)
	OrganizationMembers(id tenancy.OrganizationID, after tenancy.UserID, limit int) ([]tenancy.OrganizationMember, error)
	OrganizationsOf(user tenancy.UserID, after tenancy.OrganizationID, limit int) ([]tenancy.OrganizationID, error)
	// OrganizationTenants lists the tenants that belong to an organization.
	OrganizationTenants(id tenancy.OrganizationID, after tenancy.TenantID, limit int) ([]tenancy.TenantID, error)
}

// Entities reads the registry of what is neither an account nor a tenant.
type Entities interface {
	Entity(ref tenancy.EntityRef) (tenancy.Entity, bool, error)
	// Entities lists the ids of a type's entities, in the order of their bytes.
	Entities(kind, after string, limit int) ([]string, error)
}

// Trail reads what earlier changes left behind. Audit records come as their
// canonical bytes, in the order of the chain.
type Trail interface {
	// Chain is the end of the audit chain.
	Chain() (audit.Chain, error)
	Audit(after uint64, limit int) ([][]byte, error)
	AuditOf(tenant tenancy.TenantID, after uint64, limit int) ([][]byte, error)
	// Decision finds a recorded decision: its audit record, and its input.
	Decision(id tenancy.DecisionID) (record, input []byte, found bool, err error)
	Receipt(id tenancy.Digest) (tenancy.Receipt, bool, error)
	// ChangesBegin is the revision after which the change log begins: earlier
	// changes are not in it.
	ChangesBegin() (tenancy.Revision, error)
	// ChangesOf lists the changes that touched a tenant or its memberships.
	ChangesOf(tenant tenancy.TenantID, after tenancy.Revision, limit int) ([]tenancy.Commit, error)
}

// Tx reads and writes one transaction; reads see its own writes. The store
// keeps indexes, counters and the change log in step with the records.
type Tx interface {
	Reader
	AccountWriter
	TenantWriter
	ResourceWriter
	InvitationWriter
	OrganizationWriter
	EntityWriter
	// Record commits the record of the decision with the change, and its input
	// beside it. The store sets the sequence number, the revision and the link
	// to the record before.
	Record(audit.Record) error
	// PutReceipt keeps the outcome of the change for retries of it, with the
	// revision that the change makes. The store forgets receipts older than
	// tenancy.ReceiptLifetime.
	PutReceipt(tenancy.Receipt) error
}

// AccountWriter writes users and their keys.
type AccountWriter interface {
	PutUser(tenancy.User) error
	// DeleteUser deletes an account that has no membership, no key, no place in
	// an organization and no grant left.
	DeleteUser(tenancy.UserID) error
	PutKey(tenancy.Key) error
	DeleteKey(tenancy.KeyID) error
	PutSigningKey(tenancy.SigningKey) error
	DeleteSigningKey(tenancy.KeyID) error
}

// TenantWriter writes tenants and memberships.
type TenantWriter interface {
	PutTenant(tenancy.Tenant) error
	// DeleteTenant deletes a tenant with its usage; it has no membership, role,
	// project, dataset, grant or invitation left.
	DeleteTenant(tenancy.TenantID) error
	// PutMembership refuses roles and projects that the tenant does not have,
	// and lists out of order.
	PutMembership(tenancy.Membership) error
	DeleteMembership(tenant tenancy.TenantID, user tenancy.UserID) error
	PutUsage(tenant tenancy.TenantID, usage tenancy.Usage) error
}

// ResourceWriter writes what belongs to a tenant besides its members.
// A move to another tenant is refused, and so is the name of another role.
type ResourceWriter interface {
	PutRole(tenancy.Role) error
	// DeleteRole deletes a role that nobody holds and that has no grant.
	DeleteRole(tenancy.RoleID) error
	PutProject(tenancy.Project) error
	// DeleteProject deletes a project that nobody's access names.
	DeleteProject(tenancy.ProjectID) error
	PutDataset(tenancy.Dataset) error
	// DeleteDataset deletes a dataset that has no grant left.
	DeleteDataset(tenancy.DatasetID) error
	// PutGrant writes a grant on a dataset of its tenant; one without permissions
	// is deleted.
	PutGrant(tenancy.Grant) error
}

// InvitationWriter writes who was invited.
type InvitationWriter interface {
	// PutInvitation refuses one without a code, the code of another, and a second
	// pending one to an address.
	PutInvitation(tenancy.Invitation) error
	DeleteInvitation(tenancy.InvitationID) error
}

// OrganizationWriter writes organizations.
type OrganizationWriter interface {
	// PutOrganization refuses the short name of another.
	PutOrganization(tenancy.Organization) error
	// DeleteOrganization deletes an organization without members and tenants.
	DeleteOrganization(tenancy.OrganizationID) error
	PutOrganizationMember(tenancy.OrganizationMember) error
	DeleteOrganizationMember(id tenancy.OrganizationID, user tenancy.UserID) error
}

// EntityWriter writes the registry.
type EntityWriter interface {
	// PutEntity refuses what tenancy.Entity.Check refuses.
	PutEntity(tenancy.Entity) error
	DeleteEntity(tenancy.EntityRef) error
}

// Decider judges by the policies. Its errors are *tenancy.Error with one of
// the codes policy_error, policy_undefined, policy_timeout; a ruling that
// comes with an error is worth nothing but its policy revision.
type Decider interface {
	// Decide judges a change by data.membership.decision.
	Decide(ctx context.Context, in *Input) (Ruling, error)
	// Allow judges anything else by data.access.allow.
	Allow(ctx context.Context, in *Input) (Ruling, error)
	// Explain says which rules fired on an input, and which nearly did.
	Explain(ctx context.Context, in *Input) (tenancy.Explanation, error)
	// Evaluate gives the value of any rule or data for an input of the caller's.
	// Its errors carry a policy code; that there is no value is none.
	Evaluate(ctx context.Context, in *RuleInput) (tenancy.Value, error)
	// Terms gives what the policy data say of a dialect.
	Terms(dialect tenancy.Dialect) tenancy.Terms
	// Actions lists every action that the rules and their data name.
	Actions() []tenancy.Action
}

// Ruling is a well-formed answer of the policies. The zero value refuses.
type Ruling struct {
	Allow          bool
	Granted        bool              // some rule grants it; objections may stand against it
	Violations     []tenancy.Finding // the objections; always empty from Allow
	PolicyRevision string            // of the set that judged
}
