package tenancy

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Membership says that a user belongs to a tenant, and how.
type Membership struct {
	Tenant TenantID
	User   UserID
	Level  Level
	// LevelBefore is the level held before becoming an administrator, to which
	// a demotion returns; LevelNone: unknown, then member (contracts/levels.md).
	LevelBefore Level
	// LevelName is the name that the level was given by, where an API has more
	// than one for it; empty: its usual one.
	LevelName    string
	Roles        []RoleID     // custom roles, in the order of their ids
	Capabilities []Capability // given to this member, sorted
	Projects     ProjectAccess
	Developer    bool
	Pending      bool      // invited, not signed up yet
	Enabled      bool      // false: suspended in this tenant
	NotBefore    time.Time // zero: from the start
	ExpiresAt    time.Time // zero: never
	InvitedBy    UserID    // zero: the platform, or the tenant's creation
	CreatedAt    time.Time
	UpdatedAt    time.Time
	// Epoch is raised when what the member may do by level, roles or
	// capabilities changes: it ends the tokens that are bound to it.
	Epoch uint64
}

// ProjectAccess is which projects of a tenant a member works in. The zero
// value is all of them, those of the future too.
type ProjectAccess struct {
	Only bool        // not all: those of IDs, which may be none
	IDs  []ProjectID // in their order; empty unless Only
}

// Capability is something that a member may do apart from any level.
type Capability string

// CapabilityManageUsers lets its holder manage the users of a tenant, through
// the APIs whose rules say so.
const CapabilityManageUsers Capability = "manage_users"

// ParseCapability reads "manage_users".
func ParseCapability(s string) (Capability, error) {
	if c := Capability(s); c == CapabilityManageUsers {
		return c, nil
	}
	return "", fmt.Errorf("unknown capability %q: want %s", s, CapabilityManageUsers)
}

// NewProjectAccess gives access to the projects of a list alone, in the order
// of their ids and each once.
func NewProjectAccess(ids []ProjectID) ProjectAccess {
	return ProjectAccess{Only: true, IDs: SortIDs(ids)}
}

// Active reports whether the membership counts at the time now: not pending,
// enabled, begun and not expired. The end is exclusive.
func (m Membership) Active(now time.Time) bool {
	return !m.Pending && m.Enabled && !now.Before(m.NotBefore) &&
		(m.ExpiresAt.IsZero() || now.Before(m.ExpiresAt))
}

// LastingAdmin reports whether the membership makes a lasting administrator:
// owner or admin, not pending, enabled, without expires_at and not_before
// (contracts/README.md, rule 3), as long as its account is enabled. It depends
// on no clock.
func (m Membership) LastingAdmin() bool {
	return m.Level.Administers() && !m.Pending && m.Enabled && m.NotBefore.IsZero() && m.ExpiresAt.IsZero()
}

// Member is a membership with what is shown of its user.
type Member struct {
	Membership
	Email       string
	GivenName   string
	Surname     string
	Kind        Kind
	LastLoginAt time.Time // zero: never, or less than a second ago
	Inviter     string    // the e-mail address of InvitedBy; empty: none, or gone
	Held        []Role    // what Membership.Roles names
	// Organization is what the tenant belongs to; zero: see Tenant.Organization.
	Organization OrganizationID
	// In the tenant's organization: whether the user belongs to it, and how.
	InOrganization OrganizationMember
}

// MembershipID names a membership where an API gives it an id of its own. It
// is made of its tenant's and its user's id, so that it stays the same as long
// as the two do, and leads back to the user.
func MembershipID(tenant TenantID, user UserID) uuid.UUID { return uuid.UUID(masked(user, tenant)) }

// MemberOf gives the user whose membership in a tenant has this id. Whether
// there is one, the store knows.
func MemberOf(tenant TenantID, membership uuid.UUID) UserID {
	return masked(UserID(membership), tenant)
}

// masked mixes a tenant's id into a user's but for the bits that say which
// version of UUID it is (RFC 9562, 4): what comes out is a UUID again, and
// mixing twice gives the user's.
func masked(user UserID, tenant TenantID) UserID {
	const version, variant = 6, 8
	for i := range user {
		switch i {
		case version:
			user[i] ^= tenant[i] & 0x0f
		case variant:
			user[i] ^= tenant[i] & 0x3f
		default:
			user[i] ^= tenant[i]
		}
	}
	return user
}

// SortIDs gives ids in their order, each once.
func SortIDs[Kind any](ids []ID[Kind]) []ID[Kind] {
	sorted := slices.SortedFunc(slices.Values(ids), func(a, b ID[Kind]) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(sorted)
}
