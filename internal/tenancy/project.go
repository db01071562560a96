package tenancy

import "time"

// Project is the registration of a project of a tenant: what it is, and never
// what is in it.
type Project struct {
	ID        ProjectID
	Tenant    TenantID
	Name      string
	Default   bool // the tenant's first
	CreatedAt time.Time
	UpdatedAt time.Time
}
