package boltstore

import (
	"time"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// reader answers from one snapshot, or from a change's overlay. It is good for
// one goroutine until its transaction ends.
type reader struct {
	from     source
	revision tenancy.Revision
	chain    *audit.Chain // nil: not read yet
	scratch  [32]byte     // the key of the read at hand, so that it needs no allocation
}

var _ gate.Reader = (*reader)(nil)

// id gives the key of a record that is found by one id.
func (r *reader) id(id [16]byte) []byte {
	copy(r.scratch[:], id[:])
	return r.scratch[:16]
}

// pair gives the key of a record that is found by two ids.
func (r *reader) pair(a, b [16]byte) []byte {
	copy(r.scratch[:16], a[:])
	copy(r.scratch[16:], b[:])
	return r.scratch[:]
}

// lookup reads one record.
func lookup[T any](from source, b bucket, key []byte, fields func(*decoder) T) (v T, found bool, err error) {
	frame, err := from.get(b, key)
	if frame == nil || err != nil {
		return v, false, err
	}
	v, err = decode(b, key, frame, fields)
	return v, err == nil, err
}

// list reads at most limit records.
func list[T any](from source, b bucket, prefix, after []byte, limit int, element func(key, frame []byte) (T, error)) ([]T, error) {
	if limit <= 0 {
		return nil, nil
	}
	var found []T
	err := from.scan(b, prefix, after, func(key, frame []byte) (bool, error) {
		v, err := element(key, frame)
		if err != nil {
			return false, err
		}
		found = append(found, v)
		return len(found) < limit, nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// Revision is that of the snapshot; in a change, of the state before it.
func (r *reader) Revision() tenancy.Revision { return r.revision }

// User reads an account.
func (r *reader) User(id tenancy.UserID) (tenancy.User, bool, error) {
	v, found, err := lookup(r.from, bucketUsers, r.id(id), decodeUser)
	if found {
		v.ID = id
	}
	return v, found, err
}

// Users lists the ids of all accounts.
func (r *reader) Users(after tenancy.UserID, limit int) ([]tenancy.UserID, error) {
	return list(r.from, bucketUsers, nil, after[:], limit, func(key, _ []byte) (tenancy.UserID, error) {
		if len(key) != len(after) {
			return tenancy.UserID{}, damaged("the key of a user has %d bytes", len(key))
		}
		return tenancy.UserID(key), nil
	})
}

// UserByEmail finds an account by what tenancy.EmailKey gives.
func (r *reader) UserByEmail(emailKey string) (tenancy.UserID, bool, error) {
	if emailKey == "" {
		return tenancy.UserID{}, false, nil
	}
	id, found, err := lookup(r.from, bucketUserEmails, []byte(emailKey), decodeID)
	return id, found, err
}

// LastLogin is zero when the user never signed in, or less than a second ago.
func (r *reader) LastLogin(id tenancy.UserID) (time.Time, error) {
	at, _, err := lookup(r.from, bucketLastLogins, r.id(id), decodeTime)
	return at, err
}

// Key reads a key.
func (r *reader) Key(id tenancy.KeyID) (tenancy.Key, bool, error) {
	v, found, err := lookup(r.from, bucketKeys, r.id(id), decodeKey)
	if found {
		v.ID = id
	}
	return v, found, err
}

// keyByDigest finds a key by its secret's digest.
func (r *reader) keyByDigest(digest tenancy.Digest) (tenancy.Key, bool, error) {
	id, found, err := lookup(r.from, bucketKeyDigests, digest[:], decodeID)
	if !found || err != nil {
		return tenancy.Key{}, false, err
	}
	v, found, err := r.Key(id)
	if err == nil && !found {
		err = damaged("the digest of key %s leads nowhere", tenancy.KeyID(id))
	}
	return v, found, err
}

// Keys lists a user's keys.
func (r *reader) Keys(user tenancy.UserID, after tenancy.KeyID, limit int) ([]tenancy.Key, error) {
	return through(r, bucketUserKeys, user, after, limit, r.Key)
}

// LastUsed is zero when the key was never used, or less than a second ago.
func (r *reader) LastUsed(id tenancy.KeyID) (time.Time, error) {
	at, _, err := lookup(r.from, bucketLastUses, r.id(id), decodeTime)
	return at, err
}

// signingKeyLimit bounds the list of signing keys; rotation keeps a few.
const signingKeyLimit = 1000

// SigningKeys lists the keys that sign tokens, in the order of their ids.
func (r *reader) SigningKeys() ([]tenancy.SigningKey, error) {
	return list(r.from, bucketSigningKeys, nil, nil, signingKeyLimit, readSigningKey)
}

func readSigningKey(key, frame []byte) (tenancy.SigningKey, error) {
	v, err := decode(bucketSigningKeys, key, frame, decodeSigningKey)
	if err == nil && len(key) != len(v.ID) {
		err = damaged("the key of a signing key has %d bytes", len(key))
	}
	copy(v.ID[:], key)
	return v, err
}

// Tenant reads a tenant.
func (r *reader) Tenant(id tenancy.TenantID) (tenancy.Tenant, bool, error) {
	v, found, err := lookup(r.from, bucketTenants, r.id(id), decodeTenant)
	if found {
		v.ID = id
	}
	return v, found, err
}

// TenantBySlug finds a tenant by its slug.
func (r *reader) TenantBySlug(slug string) (tenancy.TenantID, bool, error) {
	if slug == "" {
		return tenancy.TenantID{}, false, nil
	}
	id, found, err := lookup(r.from, bucketTenantSlugs, []byte(slug), decodeID)
	return id, found, err
}

// Tenants lists all tenants.
func (r *reader) Tenants(after tenancy.TenantID, limit int) ([]tenancy.Tenant, error) {
	return list(r.from, bucketTenants, nil, after[:], limit, readTenant)
}

func readTenant(key, frame []byte) (tenancy.Tenant, error) {
	v, err := decode(bucketTenants, key, frame, decodeTenant)
	if err == nil && len(key) != len(v.ID) {
		err = damaged("the key of a tenant has %d bytes", len(key))
	}
	copy(v.ID[:], key)
	return v, err
}

// Counters are the tenant's; zero when it has no members.
func (r *reader) Counters(id tenancy.TenantID) (tenancy.Counters, error) {
	v, _, err := lookup(r.from, bucketCounters, r.id(id), decodeCounters)
	return v, err
}

// Membership reads one membership.
func (r *reader) Membership(tenant tenancy.TenantID, user tenancy.UserID) (tenancy.Membership, bool, error) {
	v, found, err := lookup(r.from, bucketMemberships, r.pair(tenant, user), decodeMembership)
	if found {
		v.Tenant, v.User = tenant, user
	}
	return v, found, err
}

// Members lists a tenant's memberships.
func (r *reader) Members(tenant tenancy.TenantID, after tenancy.UserID, limit int) ([]tenancy.Membership, error) {
	from := pair(tenant, after)
	return list(r.from, bucketMemberships, tenant[:], from[:], limit, readMembership)
}

func readMembership(key, frame []byte) (tenancy.Membership, error) {
	v, err := decode(bucketMemberships, key, frame, decodeMembership)
	if err == nil && len(key) != 32 {
		err = damaged("the key of a membership has %d bytes", len(key))
	}
	if err != nil {
		return tenancy.Membership{}, err
	}
	v.Tenant, v.User = tenancy.TenantID(key[:16]), tenancy.UserID(key[16:])
	return v, nil
}

// TenantsOf lists the tenants that a user is a member of.
func (r *reader) TenantsOf(user tenancy.UserID, after tenancy.TenantID, limit int) ([]tenancy.TenantID, error) {
	return linked(r, bucketUserTenants, user, after, limit)
}

// linked lists the ids that one id leads to in an index over two.
func linked[ID ~[16]byte](r *reader, b bucket, id [16]byte, after ID, limit int) ([]ID, error) {
	from := pair(id, after)
	return list(r.from, b, id[:], from[:], limit, func(key, frame []byte) (ID, error) {
		to, err := second(b, key, frame)
		return ID(to), err
	})
}

// through lists the records that one id leads to in an index over two.
func through[T any, Kind any](
	r *reader, b bucket, id [16]byte, after tenancy.ID[Kind], limit int, read func(tenancy.ID[Kind]) (T, bool, error),
) ([]T, error) {
	from := pair(id, after)
	return list(r.from, b, id[:], from[:], limit, func(key, frame []byte) (v T, err error) {
		to, err := second(b, key, frame)
		if err != nil {
			return v, err
		}
		v, found, err := read(to)
		if err == nil && !found {
			err = damaged("%s %s leads nowhere", b, keyName(b, key))
		}
		return v, err
	})
}

// second gives the second id of an index over two.
func second(b bucket, key, frame []byte) ([16]byte, error) {
	if _, err := decode(b, key, frame, decodeNothing); err != nil {
		return [16]byte{}, err
	}
	if len(key) != 32 {
		return [16]byte{}, damaged("a key of %s has %d bytes", b, len(key))
	}
	return [16]byte(key[16:]), nil
}
