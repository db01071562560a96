package tenancy

import "time"

// Unlimited is the member limit of a tenant that has none: the largest
// integer that every JSON reader represents exactly (RFC 8259, 6).
const Unlimited = 1<<53 - 1

// Tenant is one customer's space.
type Tenant struct {
	ID          TenantID
	Slug        string // unique
	Name        string
	Owner       UserID // zero: a tenant without owner
	Plan        string
	MemberLimit int64 // Unlimited where none was set
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Counters are kept with each change, so that no decision has to scan.
// Both count what stays true while time passes.
type Counters struct {
	Members       int64 // every membership, active or not: each fills a seat
	LastingAdmins int64 // see Membership.LastingAdmin; of accounts that are enabled
}
