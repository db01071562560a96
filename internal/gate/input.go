package gate

import (
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

// Input is everything that a policy may know of one decision (design,
// "Policy contract"). The policy package turns it into the value that Rego
// sees as input; every key is present there, with a neutral value where it
// does not apply.
type Input struct {
	Action    tenancy.Action
	Sent      tenancy.Properties // with the action
	Dialect   tenancy.Dialect
	Now       time.Time // the transaction's time; pins time.now_ns
	Subject   SubjectFacts
	Actor     ActorFacts
	Tenant    TenantFacts
	Target    TargetFacts
	Requested RequestedFacts
	Resource  ResourceFacts
	Route     tenancy.Route
	HTTP      tenancy.HTTPRequest
	Context   map[string]any
}

// SubjectFacts are about the person judged, in AuthZEN's words. Without a
// type, it is the actor.
type SubjectFacts struct {
	Type       string
	ID         string
	Properties tenancy.Properties // as they were sent
	Stored     tenancy.Properties // as the registry has them
}

// ActorFacts are about the person judged.
type ActorFacts struct {
	User         tenancy.UserID
	Member       bool
	Level        tenancy.Level
	Roles        []RoleFact           // custom roles held in the tenant
	Actions      []tenancy.Action     // that those give; sorted
	Capabilities []tenancy.Capability // in the tenant: own, by roles, by the tenant; sorted
	Active       bool                 // may act at all: the account is enabled and, of a member, the membership is active
	// OrganizationAdmin says that the person administers the organization that
	// the matter is about: the tenant's, where it is about one.
	OrganizationAdmin bool
	Platform          bool
	Scopes            []tenancy.Action // empty: all
}

// RoleFact is a custom role as a policy sees it.
type RoleFact struct {
	ID   tenancy.RoleID
	Name string
}

// TenantFacts are about the tenant. Without one, the id is "" and Limit is
// tenancy.Unlimited.
type TenantFacts struct {
	ID            tenancy.TenantID
	Owner         tenancy.UserID
	Members       int64
	Limit         int64
	LastingAdmins int64
}

// TargetFacts are about the account that is acted upon, and its membership
// in the tenant before the change.
type TargetFacts struct {
	User      tenancy.UserID
	Exists    bool
	Member    bool
	Level     tenancy.Level
	Roles     []RoleFact
	Enabled   bool
	Pending   bool
	Developer bool
	Active    bool
	Lasting   bool // a lasting administrator (contracts/README.md, rule 3)
	Self      bool // the target is the actor
}

// RequestedFacts are the whole membership after the change; of a role that is
// made or changed, the actions that are new and, under Roles, the new name.
type RequestedFacts struct {
	Level     tenancy.Level
	Roles     []RoleFact
	Actions   []tenancy.Action // that the roles give which the change hands out; sorted
	Enabled   bool
	Developer bool
	Expires   bool // has not_before or expires_at
}

// ResourceFacts are about what is acted upon when it is no membership.
type ResourceFacts struct {
	Type        string
	ID          string
	Mine        bool                // the actor owns it
	Permissions tenancy.Permissions // of a dataset: what the actor may do with it
	Properties  tenancy.Properties  // as they were sent
	Stored      tenancy.Properties  // as the registry has them
}
