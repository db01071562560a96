package boltstore

import (
	"encoding/binary"

	"github.com/memberward/memberward/internal/tenancy"
)

// effectsPerPart bounds a record of the change log: an effect takes at most
// 150 bytes, so that a part stays far below recordLimit.
const effectsPerPart = 1000

// effect is one effect as it is stored: with the checksum of the record that
// it left, which tells at a later check whether that record was altered.
type effect struct {
	tenancy.Effect
	sum uint32 // zero when the record was deleted
}

// part is one record of the change log. The first of a commit says how many
// effects all its parts hold.
type part struct {
	first  bool
	commit tenancy.Commit // of the first part: without revision and effects
	total  uint64         // of the first part
	held   []effect
}

// changeKey is the key of a part, from 0.
func changeKey(r tenancy.Revision, part uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, uint64(r)), part)
}

// tenantSeq is the key of an index from a tenant to a revision, or to the
// sequence number of an audit record.
func tenantSeq(tenant tenancy.TenantID, n uint64) []byte {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, 24), tenant[:]...), n)
}

func encodePart(v part, key []byte) []byte {
	e := newEncoder(recordVersion, 48+len(v.commit.Action)+150*len(v.held))
	e.flags(v.first)
	if v.first {
		e.time(v.commit.At)
		e.string(string(v.commit.Action))
		e.raw(v.commit.DecisionID[:])
		e.uint(v.total)
	}
	for _, f := range v.held {
		e.effect(f)
	}
	return e.seal(bucketChanges, key)
}

func decodePart(d *decoder) (v part) {
	d.flags(&v.first)
	if v.first {
		v.commit = tenancy.Commit{At: d.time(), Action: tenancy.Action(d.string()), DecisionID: d.id()}
		v.total = d.uint()
	}
	for d.err == nil && len(d.buf) > 0 {
		v.held = append(v.held, d.effect())
	}
	return v
}

func (e *encoder) effect(v effect) {
	e.byte(byte(v.Kind))
	e.flags(!v.Tenant.IsZero(), !v.User.IsZero(), !v.Key.IsZero(), v.Before != nil, v.After != nil, v.Deleted)
	for _, id := range [][16]byte{v.Tenant, v.User, v.Key} {
		if id != [16]byte{} {
			e.raw(id[:])
		}
	}
	for _, m := range []*tenancy.Membership{v.Before, v.After} {
		if m != nil {
			e.membership(*m)
		}
	}
	if !v.Deleted {
		e.raw(binary.LittleEndian.AppendUint32(nil, v.sum))
	}
}

func (d *decoder) effect() (v effect) {
	v.Kind = tenancy.EffectKind(d.byte())
	if v.Kind < tenancy.EffectUser || v.Kind > tenancy.EffectKey {
		d.fail("the effect is on no kind of record that this program knows")
	}
	var tenant, user, key, before, after bool
	d.flags(&tenant, &user, &key, &before, &after, &v.Deleted)
	if tenant {
		v.Tenant = d.id()
	}
	if user {
		v.User = d.id()
	}
	if key {
		v.Key = d.id()
	}
	if before {
		v.Before = d.membershipOf(v.Tenant, v.User)
	}
	if after {
		v.After = d.membershipOf(v.Tenant, v.User)
	}
	if v.Deleted {
		return v
	}
	if sum := d.take(4); sum != nil {
		v.sum = binary.LittleEndian.Uint32(sum)
	}
	return v
}

func (d *decoder) membershipOf(tenant tenancy.TenantID, user tenancy.UserID) *tenancy.Membership {
	m := decodeMembership(d)
	m.Tenant, m.User = tenant, user
	return &m
}

// noted is the change log of one change while it is applied.
type noted struct{ effects []effect }

// note adds what a write did: old and frame are the record before and after
// the whole change, nil where there was, or is, none. Buckets that the log
// does not tell of add nothing, and neither does a record that ended as it
// began.
func (n *noted) note(b bucket, key, old, frame []byte) (err error) {
	f := effect{Effect: tenancy.Effect{Deleted: frame == nil}}
	if frame != nil {
		f.sum = checksumOf(frame)
	}
	switch b {
	case bucketUsers:
		f.Kind, f.User = tenancy.EffectUser, tenancy.UserID(key)
	case bucketTenants:
		f.Kind, f.Tenant = tenancy.EffectTenant, tenancy.TenantID(key)
	case bucketMemberships:
		f.Kind, f.Tenant, f.User = tenancy.EffectMembership, tenancy.TenantID(key[:16]), tenancy.UserID(key[16:])
		f.Before, f.After, err = bothMemberships(key, old, frame)
	case bucketKeys:
		f.Kind, f.Key = tenancy.EffectKey, tenancy.KeyID(key)
		f.User, f.Tenant, err = holderOf(key, old, frame)
	default:
		return nil
	}
	n.effects = append(n.effects, f)
	return err
}

func bothMemberships(key, old, frame []byte) (before, after *tenancy.Membership, err error) {
	if old != nil {
		m, err := readMembership(key, old)
		if err != nil {
			return nil, nil, err
		}
		before = &m
	}
	if frame != nil {
		m, err := readMembership(key, frame)
		if err != nil {
			return nil, nil, err
		}
		after = &m
	}
	return before, after, nil
}

// holderOf gives whose key it is, and the tenant that it is bound to.
func holderOf(key, old, frame []byte) (tenancy.UserID, tenancy.TenantID, error) {
	if frame == nil {
		frame = old
	}
	k, err := decode(bucketKeys, key, frame, decodeKey)
	return k.User, k.Tenant, err
}

// entries are the records that the change log gains by one change.
func (n *noted) entries(c tenancy.Commit) []entry {
	var made []entry
	left := n.effects
	for i := uint32(0); i == 0 || len(left) > 0; i++ {
		held := left[:min(len(left), effectsPerPart)]
		left = left[len(held):]
		key := changeKey(c.Revision, i)
		frame := encodePart(part{first: i == 0, commit: c, total: uint64(len(n.effects)), held: held}, key)
		made = append(made, entry{bucketChanges, key, frame})
	}
	touched := make(map[tenancy.TenantID]bool)
	for _, f := range n.effects {
		if tenant := f.Tenant; f.ofTenant() && !touched[tenant] {
			touched[tenant] = true
			key := tenantSeq(tenant, uint64(c.Revision))
			made = append(made, entry{bucketTenantChanges, key, encodeNothing(bucketTenantChanges, key)})
		}
	}
	return made
}

// ofTenant reports whether the effect is on a tenant or a membership in it.
func (f effect) ofTenant() bool {
	return f.Kind == tenancy.EffectTenant || f.Kind == tenancy.EffectMembership
}
