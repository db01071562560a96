package boltstore

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/tenancy"
)

// recordVersion is the format of every kind of record but those that gained a
// field: each has a version of its own, and its decode reads all of them.
const (
	recordVersion     = 1
	userVersion       = 2 // with TokenEpoch
	tenantVersion     = 2 // with its organization, and what format 3 says of it besides
	membershipVersion = 2 // with roles, capabilities, projects, and the level before
	countersVersion   = 2 // with datasets
	partVersion       = 2 // of the change log: with the kinds of record of format 3
	receiptVersion    = 2 // with their results, and all that is shown of a member
)

// newest gives the newest version of a bucket's records.
func newest(b bucket) byte {
	switch b {
	case bucketUsers:
		return userVersion
	case bucketTenants:
		return tenantVersion
	case bucketMemberships:
		return membershipVersion
	case bucketCounters:
		return countersVersion
	case bucketChanges:
		return partVersion
	case bucketReceipts:
		return receiptVersion
	default:
		return recordVersion
	}
}

// decode reads a framed record with the fields function of its kind.
func decode[T any](b bucket, key, frame []byte, fields func(*decoder) T) (T, error) {
	var none T
	version, payload, err := unframe(b, key, frame)
	if err != nil {
		return none, err
	}
	if version == 0 || version > newest(b) {
		return none, fmt.Errorf("%w: record %s %s has format %d, which this program does not know", errDamaged, b, keyName(b, key), version)
	}
	d := decoder{buf: payload, version: version}
	v := fields(&d)
	if err := d.end(); err != nil {
		return none, fmt.Errorf("record %s %s: %w", b, keyName(b, key), err)
	}
	return v, nil
}

// pair is the key of an index over two ids.
func pair(a, b [16]byte) [32]byte {
	var key [32]byte
	copy(key[:16], a[:])
	copy(key[16:], b[:])
	return key
}

func encodeIdentity(v identity) []byte {
	e := newEncoder(recordVersion, 32)
	e.string(v.magic)
	e.uint(v.schema)
	e.time(v.created)
	return e.seal(bucketMeta, metaStore)
}

func decodeIdentity(d *decoder) identity {
	return identity{magic: d.string(), schema: d.uint(), created: d.time()}
}

func encodeState(v state) []byte {
	e := newEncoder(recordVersion, 56)
	e.uint(uint64(v.revision))
	e.uint(v.chain.Seq)
	e.raw(v.chain.Head[:])
	return e.seal(bucketMeta, metaState)
}

func decodeState(d *decoder) state {
	return state{revision: tenancy.Revision(d.uint()), chain: audit.Chain{Seq: d.uint(), Head: audit.Hash(d.hash())}}
}

func encodeTallies(v *tallies) []byte {
	e := newEncoder(recordVersion, 16*len(v))
	for _, t := range v[bucketMeta+1:] {
		e.uint(t.count)
		e.fixed(t.sum)
	}
	return e.seal(bucketMeta, metaTallies)
}

// tallies reads those of the buckets before end.
func (d *decoder) tallies(end bucket) (v tallies) {
	for b := bucketMeta + 1; b < end; b++ {
		v[b] = tally{count: d.uint(), sum: d.fixed()}
	}
	return v
}

// encodeLogBegin frames the revision after which the change log begins.
func encodeLogBegin(v tenancy.Revision) []byte {
	e := newEncoder(recordVersion, 10)
	e.uint(uint64(v))
	return e.seal(bucketMeta, metaLog)
}

func decodeLogBegin(d *decoder) tenancy.Revision { return tenancy.Revision(d.uint()) }

func encodeUser(v tenancy.User) []byte {
	e := newEncoder(userVersion, 96+len(v.Email)+len(v.GivenName)+len(v.Surname)+len(v.PasswordHash))
	e.user(v)
	return e.seal(bucketUsers, v.ID[:])
}

// user writes the fields of an account in version userVersion.
func (e *encoder) user(v tenancy.User) {
	e.string(v.Email)
	e.string(v.GivenName)
	e.string(v.Surname)
	e.string(string(v.Kind))
	e.flags(v.SignedUp, v.Enabled, v.Unverified)
	e.string(v.PasswordHash)
	e.raw(v.ActiveTenant[:])
	e.time(v.CreatedAt)
	e.uint(v.TokenEpoch)
}

func decodeUser(d *decoder) tenancy.User { return d.user(d.version) }

func (d *decoder) user(version byte) (v tenancy.User) {
	v.Email, v.GivenName, v.Surname, v.Kind = d.string(), d.string(), d.string(), tenancy.Kind(d.string())
	d.flags(&v.SignedUp, &v.Enabled, &v.Unverified)
	v.PasswordHash, v.ActiveTenant, v.CreatedAt = d.string(), d.id(), d.time()
	if version >= userVersion {
		v.TokenEpoch = d.uint()
	}
	return v
}

func encodeTenant(v tenancy.Tenant) []byte {
	e := newEncoder(tenantVersion, 128+len(v.Slug)+len(v.Name)+len(v.Plan)+len(v.Description)+len(v.CustomData))
	e.tenant(v)
	return e.seal(bucketTenants, v.ID[:])
}

// tenant writes the fields of a tenant in version tenantVersion.
func (e *encoder) tenant(v tenancy.Tenant) {
	e.string(v.Slug)
	e.string(v.Name)
	e.raw(v.Owner[:])
	e.string(v.Plan)
	e.int(v.MemberLimit)
	e.time(v.CreatedAt)
	e.time(v.UpdatedAt)
	e.raw(v.Organization[:])
	e.string(v.Description)
	e.string(v.CustomData)
	e.raw(v.CreatedBy[:])
	encodeStrings(e, v.Capabilities)
}

func decodeTenant(d *decoder) tenancy.Tenant { return d.tenant(d.version) }

func (d *decoder) tenant(version byte) tenancy.Tenant {
	v := tenancy.Tenant{
		Slug: d.string(), Name: d.string(), Owner: d.id(), Plan: d.string(), MemberLimit: d.int(), CreatedAt: d.time(), UpdatedAt: d.time(),
	}
	if version >= 2 {
		v.Organization, v.Description, v.CustomData, v.CreatedBy = d.id(), d.string(), d.string(), d.id()
		v.Capabilities = decodeStrings[tenancy.Capability](d)
	}
	return v
}

func encodeKey(v tenancy.Key) []byte {
	e := newEncoder(recordVersion, 128+len(v.Label))
	e.key(v)
	return e.seal(bucketKeys, v.ID[:])
}

func (e *encoder) key(v tenancy.Key) {
	e.string(v.Label)
	e.flags(v.Platform)
	e.raw(v.User[:])
	e.raw(v.Tenant[:])
	encodeStrings(e, v.Scopes)
	e.raw(v.Digest[:])
	e.time(v.CreatedAt)
	e.time(v.ExpiresAt)
}

func decodeKey(d *decoder) (v tenancy.Key) {
	v.Label = d.string()
	d.flags(&v.Platform)
	v.User, v.Tenant = d.id(), d.id()
	v.Scopes = decodeStrings[tenancy.Action](d)
	v.Digest, v.CreatedAt, v.ExpiresAt = d.hash(), d.time(), d.time()
	return v
}

func encodeSigningKey(v tenancy.SigningKey) []byte {
	e := newEncoder(recordVersion, 48)
	e.raw(v.Seed[:])
	e.time(v.CreatedAt)
	return e.seal(bucketSigningKeys, v.ID[:])
}

func decodeSigningKey(d *decoder) tenancy.SigningKey {
	return tenancy.SigningKey{Seed: d.hash(), CreatedAt: d.time()}
}

// encodeID frames an index entry that leads to an id.
func encodeID(b bucket, key []byte, id [16]byte) []byte {
	e := newEncoder(recordVersion, len(id))
	e.raw(id[:])
	return e.seal(b, key)
}

func decodeID(d *decoder) [16]byte { return d.id() }

// encodeNothing frames an index entry whose key says everything.
func encodeNothing(b bucket, key []byte) []byte { return newEncoder(recordVersion, 0).seal(b, key) }

func decodeNothing(*decoder) struct{} { return struct{}{} }

func encodeTime(b bucket, key []byte, at time.Time) []byte {
	e := newEncoder(recordVersion, 10)
	e.time(at)
	return e.seal(b, key)
}

func decodeTime(d *decoder) time.Time { return d.time() }

// encodeAudit frames a record's canonical bytes.
func encodeAudit(key, canonical []byte) []byte {
	e := newEncoder(recordVersion, len(canonical))
	e.raw(canonical)
	return e.seal(bucketAudit, key)
}

// decodeAudit copies the canonical bytes.
func decodeAudit(d *decoder) []byte { return append([]byte(nil), d.take(len(d.buf))...) }

func auditKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }
