package tenancy

// Terms are what the policy data say of one dialect, beyond what rules judge:
// what differs from product to product is no business of a handler
// (contracts/README.md, rule 13). The zero value is the safest.
type Terms struct {
	// DefaultLevel is that of a member or an invitation for which the request
	// names none.
	DefaultLevel Level
	// AddAgain is what adding a member who is there does.
	AddAgain Again
	// InviteAgain is what inviting an address does that is invited already:
	// AgainKept, or else a new invitation replaces it.
	InviteAgain Again
	// AddsPerMinute is how many requests that add members one tenant takes in a
	// minute; 0: any number.
	AddsPerMinute int
}

// Again says what asking for something that is there already does.
type Again string

// What asking again can do.
const (
	AgainRefused Again = "refused" // the request is refused; also the zero value
	AgainKept    Again = "kept"    // nothing: the answer is what is there
	AgainUpdated Again = "updated" // what the request says is set
)
