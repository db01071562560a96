package tenancy

import "time"

// Role is a custom role of a tenant: a name, and what it lets its holders do
// besides their level.
type Role struct {
	ID           RoleID
	Tenant       TenantID
	Name         string // unique in its tenant
	Description  string
	Actions      []Action     // sorted
	Capabilities []Capability // that every holder has, sorted
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// HeldRole names a custom role that somebody holds.
type HeldRole struct {
	ID   RoleID
	Name string
}

// RoleView is a role with how many members hold it.
type RoleView struct {
	Role
	Holders int64
}
