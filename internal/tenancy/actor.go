package tenancy

import "time"

// Actor is who asks: what authentication found out about one request. It is
// passed as an argument, never in a context. The zero value is nobody and may
// do nothing.
type Actor struct {
	User        UserID     // zero for the platform itself
	Platform    bool       // a platform key: acts as an owner of every tenant
	Registering bool       // nobody yet: acts as the account that the change creates or activates
	Operator    bool       // the operator at the console: bootstrap data and first keys
	Via         Credential // what was presented
	Key         KeyID      // the key that was presented, or that a token was got with; else zero
	Tenant      TenantID   // the credential is bound to this tenant; zero: to none
	TenantSince time.Time  // a bound token: when the membership it was issued for began
	MemberEpoch uint64     // a bound token that ends when the membership's epoch does: the epoch and one; zero: it does not
	TokenEpoch  uint64     // a token or a password: the epoch of the account that it was issued or checked in
	IssuedAt    time.Time  // a token: when; whole seconds
	Delegated   bool       // a platform key acts for User (X-Act-As)
	Scopes      []Action   // that key's scopes; empty: all
}

// Credential names the kind of credential that was presented.
type Credential string

// The kinds of credential.
const (
	ViaNothing     Credential = "none"
	ViaAPIKey      Credential = "api_key"
	ViaPlatformKey Credential = "platform_key"
	ViaToken       Credential = "token"
	ViaCookie      Credential = "cookie"
	ViaPassword    Credential = "password" // with the e-mail address, where an API signs in so
	ViaConsole     Credential = "console"
	ViaNetwork     Credential = "network" // none: the operator lets a network ask
)

// IsZero reports whether nobody was authenticated.
func (a Actor) IsZero() bool { return a.User.IsZero() && !a.Platform && !a.Registering && !a.Operator }

// InScope reports whether the credential may be used for the action at all.
func (a Actor) InScope(action Action) bool {
	if len(a.Scopes) == 0 {
		return true
	}
	for _, s := range a.Scopes {
		if s == action {
			return true
		}
	}
	return false
}

// ByToken reports whether a token of ours was presented.
func (a Actor) ByToken() bool { return a.Via == ViaToken || a.Via == ViaCookie }

// String names the actor for records: a user id, "platform", "operator",
// "registration" or "nobody".
func (a Actor) String() string {
	switch {
	case !a.User.IsZero():
		return a.User.String()
	case a.Platform:
		return "platform"
	case a.Operator:
		return "operator"
	case a.Registering:
		return "registration"
	default:
		return "nobody"
	}
}
