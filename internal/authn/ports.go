package authn

import (
	"context"

	"github.com/memberward/memberward/internal/tenancy"
)

// Directory is what this package needs to know of the store. A bool result
// says whether there is such a record; an error is a failure of the store and
// is handed on as it is.
type Directory interface {
	Keys
	People
	// Touch notes that a credential was used. It never waits for the disk.
	Touch(tenancy.Touch)
}

// Keys reads API keys and platform keys, and keeps the keys that sign tokens.
type Keys interface {
	Key(ctx context.Context, id tenancy.KeyID) (tenancy.Key, bool, error)
	KeyByDigest(ctx context.Context, digest tenancy.Digest) (tenancy.Key, bool, error)
	SigningKeys(ctx context.Context) ([]tenancy.SigningKey, error)
	AddSigningKey(ctx context.Context, key tenancy.SigningKey) error
	// DeleteSigningKey forgets a key; that there is none is no error.
	DeleteSigningKey(ctx context.Context, id tenancy.KeyID) error
}

// People reads accounts and memberships.
type People interface {
	UserByID(ctx context.Context, id tenancy.UserID) (tenancy.User, bool, error)
	// UserByEmail takes the form that tenancy.EmailKey gives.
	UserByEmail(ctx context.Context, emailKey string) (tenancy.User, bool, error)
	Member(ctx context.Context, tenant tenancy.TenantID, user tenancy.UserID) (tenancy.Membership, bool, error)
	ResolveTenant(ctx context.Context, ref tenancy.TenantRef) (tenancy.TenantID, bool, error)
}
