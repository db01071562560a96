package tenancy

import "time"

// Decision is what is kept of one decision.
type Decision struct {
	ID             DecisionID
	At             time.Time
	Kind           DecisionKind
	Actor          string // as Actor.String names it
	ActingAs       string // the user that a platform key acted for; empty: none
	Dialect        Dialect
	Action         Action
	Tenant         TenantID
	Target         string // the user, key or tenant acted upon
	Allow          bool
	Reasons        []Finding
	PolicyRevision string
	Revision       Revision
	Input          []byte // the policy input, JSON
}

// DecisionKind tells the kinds of decision apart.
type DecisionKind string

// The kinds of decision.
const (
	DecisionChange DecisionKind = "change"
	DecisionDryRun DecisionKind = "dry_run"
	DecisionCheck  DecisionKind = "check"
	DecisionRead   DecisionKind = "read"
)
