package boltstore

import (
	"time"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/tenancy"
)

// The file's own mark and the newest layout that this program knows.
const (
	magic         = "memberward store"
	schemaVersion = 3
)

// bucket is an index into bucketNames.
type bucket uint8

// Buckets, with their keys and what they hold. The order is that of
// bucketNames and of the tallies in the file.
const (
	bucketMeta        bucket = iota // metaStore, metaState, metaTallies, metaLog
	bucketUsers                     // user → User
	bucketUserEmails                // tenancy.EmailKey → user
	bucketTenants                   // tenant → Tenant
	bucketTenantSlugs               // slug → tenant
	bucketMemberships               // tenant, user → Membership: record and index in one
	bucketUserTenants               // user, tenant → nothing
	bucketCounters                  // tenant → tenancy.Counters; absent: zero
	bucketKeys                      // key → Key
	bucketKeyDigests                // digest → key
	bucketUserKeys                  // user, key → nothing
	bucketLastLogins                // user → time
	bucketLastUses                  // key → time
	bucketAudit                     // sequence number, big-endian → canonical bytes
	bucketSigningKeys               // key → SigningKey

	// Since format 2.
	bucketDecisions     // decision → sequence number of its audit record, and its input
	bucketTenantAudit   // tenant, sequence number → nothing
	bucketChanges       // revision, part (both big-endian) → Commit, or more of its effects
	bucketTenantChanges // tenant, revision → nothing
	bucketReceipts      // receipt → Receipt
	bucketReceiptTimes  // time, receipt → nothing

	// Since format 3.
	bucketRoles               // role → Role
	bucketTenantRoles         // tenant, role → nothing
	bucketRoleNames           // tenant, name → role
	bucketRoleHolders         // role, user → nothing
	bucketProjects            // project → Project
	bucketTenantProjects      // tenant, project → nothing
	bucketProjectWorkers      // project, user → nothing
	bucketDatasets            // dataset → Dataset
	bucketTenantDatasets      // tenant or zero, dataset → nothing
	bucketGrants              // dataset, principal → Grant: record and index in one
	bucketPrincipalGrants     // principal, tenant or zero, dataset → nothing
	bucketInvitations         // invitation → Invitation
	bucketTenantInvitations   // tenant, invitation → nothing
	bucketInvitationCodes     // digest → invitation
	bucketPendingInvitations  // tenant, tenancy.EmailKey → invitation
	bucketOrganizations       // organization → Organization
	bucketOrganizationNames   // short name → organization
	bucketOrganizationTenants // organization, tenant → nothing
	bucketOrganizationMembers // organization, user → OrganizationMember: record and index in one
	bucketUserOrganizations   // user, organization → nothing
	bucketUsage               // tenant → Usage
	bucketEntities            // the digest of its name → Entity
	bucketEntityNames         // type, NUL, id → the digest of that
	bucketCount
)

// bucketsOf gives the bucket that a format ends before.
func bucketsOf(format uint64) bucket {
	switch format {
	case 1:
		return bucketDecisions
	case 2:
		return bucketRoles
	default:
		return bucketCount
	}
}

// bucketNames are part of the file format. Append; never rename.
var bucketNames = [bucketCount][]byte{
	[]byte("meta"), []byte("users"), []byte("user_emails"), []byte("tenants"), []byte("tenant_slugs"), []byte("memberships"),
	[]byte("user_tenants"), []byte("counters"), []byte("keys"), []byte("key_digests"), []byte("user_keys"),
	[]byte("last_logins"), []byte("last_uses"), []byte("audit"), []byte("signing_keys"),
	[]byte("decisions"), []byte("tenant_audit"), []byte("changes"), []byte("tenant_changes"), []byte("receipts"), []byte("receipt_times"),
	[]byte("roles"), []byte("tenant_roles"), []byte("role_names"), []byte("role_holders"),
	[]byte("projects"), []byte("tenant_projects"), []byte("project_workers"),
	[]byte("datasets"), []byte("tenant_datasets"), []byte("grants"), []byte("principal_grants"),
	[]byte("invitations"), []byte("tenant_invitations"), []byte("invitation_codes"), []byte("pending_invitations"),
	[]byte("organizations"), []byte("organization_names"), []byte("organization_tenants"), []byte("organization_members"),
	[]byte("user_organizations"), []byte("usage"), []byte("entities"), []byte("entity_names"),
}

// String gives the bucket's name in the file.
func (b bucket) String() string { return string(bucketNames[b]) }

// grows reports whether the bucket's keys come in order, so that its pages
// are filled to the end and not split in the middle.
func (b bucket) grows() bool {
	switch b {
	case bucketAudit, bucketChanges, bucketDecisions, bucketReceiptTimes: // decisions have UUIDv7, which sort by time
		return true
	default:
		return false
	}
}

// decides reports whether decisions read what the bucket holds, so that a
// write to it is a change and raises the revision.
func (b bucket) decides() bool { return b != bucketReceipts && b != bucketReceiptTimes }

// Keys of the bucket meta; part of the file format.
var (
	metaStore   = []byte("store")   // identity
	metaState   = []byte("state")   // state
	metaTallies = []byte("tallies") // tallies
	metaLog     = []byte("log")     // the revision after which the change log begins
)

// identity says whose file it is. Its format never changes, so that an older
// program can tell a newer file from a foreign one.
type identity struct {
	magic   string
	schema  uint64
	created time.Time
}

// state is where the store stands; it is committed with each change.
type state struct {
	revision tenancy.Revision
	chain    audit.Chain
}

// tallies hold one tally per bucket, but for meta itself.
type tallies [bucketCount]tally

// tally is the number of a bucket's records and the sum of their checksums.
// It shows a record that is missing, or stands there in an older version:
// each of those carries a right checksum of its own.
type tally struct{ count, sum uint64 }

func (t *tally) add(frame []byte) {
	if frame != nil {
		t.count++
		t.sum += uint64(checksumOf(frame))
	}
}

func (t *tally) remove(frame []byte) {
	if frame != nil {
		t.count--
		t.sum -= uint64(checksumOf(frame))
	}
}
