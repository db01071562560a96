package tenancy

import "time"

// Digest is the SHA-256 of a key's secret; the secret itself is never stored.
type Digest [32]byte

// Key is a credential of a user, or of the platform. Its text is
// mw_<id>_<secret>, except for keys that an operator chose.
type Key struct {
	ID        KeyID
	Label     string
	Platform  bool     // a platform key belongs to no user
	User      UserID   // zero for a platform key
	Tenant    TenantID // zero: not bound; else good in this tenant only
	Scopes    []Action // empty: all that its user may do
	Digest    Digest
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
}

// Expired reports whether the key's time is over. The end is exclusive.
func (k Key) Expired(now time.Time) bool {
	return !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt)
}

// SigningKey signs the tokens that this program issues.
type SigningKey struct {
	ID        KeyID
	Seed      [32]byte // Ed25519 (RFC 8032)
	CreatedAt time.Time
}

// Touch notes that a credential was used. It is written behind the answer
// and raises no revision; exactly one of User and Key is set.
type Touch struct {
	User UserID // signed in with a password
	Key  KeyID  // used
	At   time.Time
}

// KeyView is a key with when it was last used (zero: never, or less than a
// second ago).
type KeyView struct {
	Key
	LastUsedAt time.Time
}
