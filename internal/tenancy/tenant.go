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
	// Organization is what the tenant belongs to; zero only for tenants that
	// were made before there were any.
	Organization OrganizationID
	Description  string
	CustomData   string       // JSON of the application's own; empty: none
	CreatedBy    UserID       // zero: the platform or the operator
	Capabilities []Capability // that every member has, sorted
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// CustomDataLimit is the longest CustomData, in bytes.
const CustomDataLimit = 64 << 10

// Usage is what the host application last reported of a tenant. The zero
// value is nothing yet.
type Usage struct {
	Processes    int64
	Datasets     int64
	StorageBytes int64
	ReportedAt   time.Time
}

// Statistics is a tenant's usage beside what the store counts itself.
type Statistics struct {
	Usage
	Counters
}

// Counters are kept with each change, so that no decision has to scan.
// Both count what stays true while time passes.
type Counters struct {
	Members       int64 // every membership, active or not: each fills a seat
	LastingAdmins int64 // see Membership.LastingAdmin; of accounts that are enabled
	Datasets      int64 // registered
}
