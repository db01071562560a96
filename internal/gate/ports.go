package gate

import (
	"context"
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
}

// Reader reads one snapshot. A bool result says whether there is such a
// record. Lists are in the order of the ids, begin after the one given, and
// hold at most limit elements.
type Reader interface {
	Accounts
	Tenants
	// Revision is that of the snapshot.
	Revision() tenancy.Revision
}

// Accounts reads users and their keys.
type Accounts interface {
	User(id tenancy.UserID) (tenancy.User, bool, error)
	// UserByEmail takes the form that tenancy.EmailKey gives.
	UserByEmail(emailKey string) (tenancy.UserID, bool, error)
	LastLogin(id tenancy.UserID) (time.Time, error)
	Key(id tenancy.KeyID) (tenancy.Key, bool, error)
	Keys(user tenancy.UserID, after tenancy.KeyID, limit int) ([]tenancy.Key, error)
	LastUsed(id tenancy.KeyID) (time.Time, error)
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
}

// Tx reads and writes one transaction; reads see its own writes. The store
// keeps indexes and counters in step with the records.
type Tx interface {
	Reader
	PutUser(tenancy.User) error
	PutKey(tenancy.Key) error
	DeleteKey(tenancy.KeyID) error
	PutTenant(tenancy.Tenant) error
	PutMembership(tenancy.Membership) error
	DeleteMembership(tenant tenancy.TenantID, user tenancy.UserID) error
	// Record commits the record of the decision with the change. The store
	// sets the sequence number, the revision and the link to the record before.
	Record(audit.Record) error
}

// Decider judges by the policies. Its errors are *tenancy.Error with one of
// the codes policy_error, policy_undefined, policy_timeout; a ruling that
// comes with an error is worth nothing but its policy revision.
type Decider interface {
	// Decide judges a change by data.membership.decision.
	Decide(ctx context.Context, in *Input) (Ruling, error)
	// Allow judges anything else by data.access.allow.
	Allow(ctx context.Context, in *Input) (Ruling, error)
}

// Ruling is a well-formed answer of the policies. The zero value refuses.
type Ruling struct {
	Allow          bool
	Granted        bool              // some rule grants it; objections may stand against it
	Violations     []tenancy.Finding // the objections; always empty from Allow
	PolicyRevision string            // of the set that judged
}
