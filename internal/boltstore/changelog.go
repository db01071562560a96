package boltstore

import (
	"encoding/binary"
	"slices"

	"github.com/memberward/memberward/internal/tenancy"
)

// What a record of the change log holds: at most so many effects, and none
// begins after so many bytes, so that with two memberships at membershipLimit
// a part stays below recordLimit.
const (
	effectsPerPart = 1000
	partSize       = recordLimit / 4
)

// effect is one effect as it is stored: with the checksum of the record that
// it left, which tells at a later check whether that record was altered.
type effect struct {
	tenancy.Effect
	sum uint32 // zero when the record was deleted
}

// part is one record of the change log. The first of a commit says how many
// effects all its parts hold.
type part struct {
	version byte // that it was read in
	first   bool
	commit  tenancy.Commit // of the first part: without revision and effects
	total   uint64         // of the first part
	held    []effect
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
	e := newEncoder(partVersion, 48+len(v.commit.Action)+150*len(v.held))
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
	v.version = d.version
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
	ids := [...][16]byte{v.Tenant, v.User, v.Key, v.ID, v.Principal}
	set := func(i int) bool { return ids[i] != [16]byte{} }
	e.flags(set(0), set(1), set(2), v.Before != nil, v.After != nil, v.Deleted, set(3), set(4))
	for i := range ids {
		if set(i) {
			e.raw(ids[i][:])
		}
	}
	for _, m := range []*tenancy.Membership{v.Before, v.After} {
		if m != nil {
			e.membership(*m, membershipVersion)
		}
	}
	if !v.Deleted {
		e.raw(binary.LittleEndian.AppendUint32(nil, v.sum))
	}
}

func (d *decoder) effect() (v effect) {
	v.Kind = tenancy.EffectKind(d.byte())
	if last := d.lastEffect(); v.Kind < tenancy.EffectUser || v.Kind > last {
		d.fail("the effect is on no kind of record that this program knows")
	}
	var tenant, user, key, before, after, id, principal bool
	flags := []*bool{&tenant, &user, &key, &before, &after, &v.Deleted, &id, &principal}
	if d.version == 1 {
		flags = flags[:6]
	}
	d.flags(flags...)
	for _, field := range []struct {
		set bool
		to  *[16]byte
	}{
		{tenant, (*[16]byte)(&v.Tenant)},
		{user, (*[16]byte)(&v.User)},
		{key, (*[16]byte)(&v.Key)},
		{id, (*[16]byte)(&v.ID)},
		{principal, (*[16]byte)(&v.Principal)},
	} {
		if field.set {
			*field.to = d.id()
		}
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

// lastEffect gives the last kind of effect that a part of this version knows.
func (d *decoder) lastEffect() tenancy.EffectKind {
	if d.version == 1 {
		return tenancy.EffectKey
	}
	return tenancy.EffectEntity
}

// membershipOf reads a membership within a record of the change log or a
// receipt; it has the version of that record.
func (d *decoder) membershipOf(tenant tenancy.TenantID, user tenancy.UserID) *tenancy.Membership {
	m := d.membership(d.version)
	m.Tenant, m.User = tenant, user
	return &m
}

// noted is the change log of one change while it is applied.
type noted struct{ effects []effect }

// effectBuckets says where the records of each kind of effect stand.
var effectBuckets = [...]bucket{
	tenancy.EffectUser:               bucketUsers,
	tenancy.EffectTenant:             bucketTenants,
	tenancy.EffectMembership:         bucketMemberships,
	tenancy.EffectKey:                bucketKeys,
	tenancy.EffectRole:               bucketRoles,
	tenancy.EffectProject:            bucketProjects,
	tenancy.EffectDataset:            bucketDatasets,
	tenancy.EffectGrant:              bucketGrants,
	tenancy.EffectInvitation:         bucketInvitations,
	tenancy.EffectOrganization:       bucketOrganizations,
	tenancy.EffectOrganizationMember: bucketOrganizationMembers,
	tenancy.EffectUsage:              bucketUsage,
	tenancy.EffectEntity:             bucketEntities,
}

// note adds what a write did: old and frame are the record before and after
// the whole change, nil where there was, or is, none. Buckets that the log
// does not tell of add nothing, and neither does a record that ended as it
// began.
func (n *noted) note(b bucket, key, old, frame []byte) (err error) {
	kind := slices.Index(effectBuckets[:], b)
	if kind < 0 {
		return nil
	}
	f := effect{Effect: tenancy.Effect{Kind: tenancy.EffectKind(kind), Deleted: frame == nil}}
	if frame != nil {
		f.sum = checksumOf(frame)
	}
	held := frame
	if held == nil {
		held = old
	}
	switch f.Kind {
	case tenancy.EffectUser:
		f.User = tenancy.UserID(key)
	case tenancy.EffectTenant, tenancy.EffectUsage:
		f.Tenant = tenancy.TenantID(key)
	case tenancy.EffectMembership:
		f.Tenant, f.User = tenancy.TenantID(key[:16]), tenancy.UserID(key[16:])
		f.Before, f.After, err = bothMemberships(key, old, frame)
	case tenancy.EffectKey:
		f.Key = tenancy.KeyID(key)
		f.User, f.Tenant, err = holderOf(key, held)
	case tenancy.EffectGrant:
		f.ID, f.Principal = tenancy.RecordID(key[:16]), tenancy.PrincipalID(key[16:])
		f.Tenant, err = tenantOf(b, key, held)
	case tenancy.EffectOrganizationMember:
		f.ID, f.User = tenancy.RecordID(key[:16]), tenancy.UserID(key[16:])
	case tenancy.EffectOrganization, tenancy.EffectEntity:
		f.ID = tenancy.RecordID(key)
	default:
		f.ID = tenancy.RecordID(key)
		f.Tenant, err = tenantOf(b, key, held)
	}
	n.effects = append(n.effects, f)
	return err
}

// tenantOf gives the tenant that a record of its own begins with.
func tenantOf(b bucket, key, frame []byte) (tenancy.TenantID, error) {
	_, payload, err := unframe(b, key, frame)
	if err != nil {
		return tenancy.TenantID{}, err
	}
	d := decoder{buf: payload}
	return d.id(), d.err
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
func holderOf(key, frame []byte) (tenancy.UserID, tenancy.TenantID, error) {
	k, err := decode(bucketKeys, key, frame, decodeKey)
	return k.User, k.Tenant, err
}

// entries are the records that the change log gains by one change.
func (n *noted) entries(c tenancy.Commit) []entry {
	var made []entry
	left := n.effects
	for i := uint32(0); i == 0 || len(left) > 0; i++ {
		held := left[:fitting(left)]
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

// fitting gives how many of the effects go into one part: at least one, where
// there is any.
func fitting(left []effect) (n int) {
	for size := 0; n < len(left) && n < effectsPerPart && size < partSize; n++ {
		size += left[n].room()
	}
	return n
}

// room is how many bytes an effect may take.
func (f effect) room() int {
	n := 200
	for _, m := range []*tenancy.Membership{f.Before, f.After} {
		if m == nil {
			continue
		}
		n += 16 * (len(m.Roles) + len(m.Projects.IDs))
		for _, c := range m.Capabilities {
			n += binary.MaxVarintLen32 + len(c)
		}
	}
	return n
}

// ofTenant reports whether the effect is on a tenant or a membership in it.
func (f effect) ofTenant() bool {
	return f.Kind == tenancy.EffectTenant || f.Kind == tenancy.EffectMembership
}
