package tenancy

import (
	"fmt"
	"time"
)

// Invitation asks whoever has an e-mail address to join a tenant. Its code is
// shown once and stored as a digest.
type Invitation struct {
	ID        InvitationID
	Tenant    TenantID
	Email     string
	Level     Level
	Roles     []RoleID // in the order of their ids
	InvitedBy UserID   // zero: the platform
	Code      Digest
	Status    InvitationStatus
	CreatedAt time.Time
	ExpiresAt time.Time
	ClosedAt  time.Time // when it was accepted, declined or withdrawn; zero: it was not
}

// InvitationLifetime is how long an invitation may be open at most, and is
// where nothing else is said (contracts/native.md).
const InvitationLifetime = 30 * 24 * time.Hour

// Open reports whether the invitation can be accepted at the time now. The end
// is exclusive.
func (i Invitation) Open(now time.Time) bool {
	return i.Status == InvitationPending && now.Before(i.ExpiresAt)
}

// InvitationView is an invitation with the address of who invited.
type InvitationView struct {
	Invitation
	Inviter string // empty: the platform, or an account that is gone
}

// InvitationStatus says what became of an invitation. The numbers are part of
// the file format.
type InvitationStatus uint8

// What can become of an invitation.
const (
	InvitationPending   InvitationStatus = 1
	InvitationAccepted  InvitationStatus = 2
	InvitationDeclined  InvitationStatus = 3
	InvitationWithdrawn InvitationStatus = 4 // deleted, replaced, or its person removed
)

// String gives the status in words.
func (s InvitationStatus) String() string {
	switch s {
	case InvitationPending:
		return "pending"
	case InvitationAccepted:
		return "accepted"
	case InvitationDeclined:
		return "declined"
	case InvitationWithdrawn:
		return "withdrawn"
	default:
		return fmt.Sprintf("status %d", uint8(s))
	}
}
