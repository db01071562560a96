package tenancy

import "time"

// Membership says that a user belongs to a tenant, and how.
type Membership struct {
	Tenant    TenantID
	User      UserID
	Level     Level
	Developer bool
	Pending   bool      // invited, not signed up yet
	Enabled   bool      // false: suspended in this tenant
	NotBefore time.Time // zero: from the start
	ExpiresAt time.Time // zero: never
	InvitedBy UserID    // zero: the platform, or the tenant's creation
	CreatedAt time.Time
	UpdatedAt time.Time
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

// Member is a membership with what a list shows of its user.
type Member struct {
	Membership
	Email string
}
