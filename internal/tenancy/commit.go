package tenancy

import "time"

// Commit is one committed change as the change log keeps it: what was written,
// without secrets.
type Commit struct {
	Revision   Revision
	At         time.Time // of the transaction
	Action     Action
	DecisionID DecisionID
	Effects    []Effect
}

// Effect is one record that a change wrote or deleted. The ids that apply are
// set: a membership's are Tenant and User, a grant's the dataset's, in ID, and
// its principal's.
type Effect struct {
	Kind      EffectKind
	Tenant    TenantID
	User      UserID
	Key       KeyID
	ID        RecordID // of a record of any further kind
	Principal PrincipalID
	// Before and After are a membership's states; nil: it was not there.
	Before, After *Membership
	Deleted       bool // the record is gone after the change
}

// RecordID is the id of a record whose kind is said beside it.
type RecordID = ID[Effect]

// EffectKind names what kind of record an effect is on.
type EffectKind uint8

// The kinds of record. The numbers are part of the file format: append only.
const (
	EffectUser               EffectKind = 1
	EffectTenant             EffectKind = 2
	EffectMembership         EffectKind = 3
	EffectKey                EffectKind = 4
	EffectRole               EffectKind = 5
	EffectProject            EffectKind = 6
	EffectDataset            EffectKind = 7
	EffectGrant              EffectKind = 8
	EffectInvitation         EffectKind = 9
	EffectOrganization       EffectKind = 10
	EffectOrganizationMember EffectKind = 11 // User is the member, ID the organization
	EffectUsage              EffectKind = 12
	EffectEntity             EffectKind = 13 // ID is made of its type and its id
)
