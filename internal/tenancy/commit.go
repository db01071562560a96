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
// set: a membership's are Tenant and User.
type Effect struct {
	Kind   EffectKind
	Tenant TenantID
	User   UserID
	Key    KeyID
	// Before and After are a membership's states; nil: it was not there.
	Before, After *Membership
	Deleted       bool // the record is gone after the change
}

// EffectKind names what kind of record an effect is on.
type EffectKind uint8

// The kinds of record. The numbers are part of the file format: append only.
const (
	EffectUser       EffectKind = 1
	EffectTenant     EffectKind = 2
	EffectMembership EffectKind = 3
	EffectKey        EffectKind = 4
)
