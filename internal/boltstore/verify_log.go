package boltstore

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/tenancy"
)

// changes follows the change log: no change and no part of one is missing, and
// each begins where the one before left its records. What it leaves of them is
// noted for the records to be held against.
func (v *verifier) changes() error {
	at, parts, missing := v.begin, uint32(0), uint64(0)
	err := each(v, bucketChanges, 12, decodePart, func(key []byte, p part) string {
		revision, number := tenancy.Revision(binary.BigEndian.Uint64(key)), binary.BigEndian.Uint32(key[8:])
		switch {
		case p.first != (number == 0):
			return "it does not say which part of its change it is"
		case p.first && (revision != at+1 || missing > 0), !p.first && (revision != at || number != parts):
			v.fault(bucketChanges, key, fmt.Sprintf("something is missing between change %d and it", at))
		}
		if p.first {
			missing = p.total
		}
		at, parts = revision, number+1
		if uint64(len(p.held)) > missing {
			return "it holds more than its change announced"
		}
		missing -= uint64(len(p.held))
		return firstOf(func() string { return v.decided(revision, p) }, func() string { return v.follow(revision, number, p) })
	})
	if err == nil && (at != v.report.Revision || missing > 0) {
		v.fault(bucketChanges, nil, fmt.Sprintf("it ends at change %d, not at %d, or within it", at, v.report.Revision))
	}
	return err
}

// decided compares a change with the audit record of its decision, where that
// can be found.
func (v *verifier) decided(revision tenancy.Revision, p part) string {
	if !p.first || p.commit.DecisionID.IsZero() {
		return ""
	}
	canonical, _, found, err := v.Decision(p.commit.DecisionID)
	if !found || err != nil {
		return "" // told where the decisions are checked
	}
	r, _, err := audit.Decode(canonical)
	if err == nil && (r.Revision != revision || r.Action != string(p.commit.Action) || micros(r.Time) != micros(p.commit.At)) {
		return fmt.Sprintf("the audit record %d of its decision tells otherwise", r.Seq)
	}
	return ""
}

// follow notes what a change left of each record.
func (v *verifier) follow(revision tenancy.Revision, number uint32, p part) string {
	what := ""
	for _, f := range p.held {
		before, known := v.last[f.record()]
		switch {
		case f.Before != nil && known && (before.gone || before.sum != membershipSum(before.version, *f.Before)),
			f.Before == nil && f.Kind == tenancy.EffectMembership && known && !before.gone:
			what = fmt.Sprintf("it does not begin where change %d left %s", before.at, f.name())
		case f.Kind == tenancy.EffectMembership && (f.After == nil) != f.Deleted,
			f.After != nil && f.sum != membershipSum(p.version, *f.After):
			what = "what it says that it left of " + f.name() + " does not agree"
		}
		v.last[f.record()] = trace{at: revision, part: number, version: p.version, sum: f.sum, gone: f.Deleted}
		if f.ofTenant() && what == "" {
			_, found, err := lookup(v.from, bucketTenantChanges, tenantSeq(f.Tenant, uint64(revision)), decodeNothing)
			what = holds(found, err)
		}
	}
	return what
}

// membershipSum is the checksum of a membership as the program wrote it that
// wrote change-log records of a version.
func membershipSum(version byte, m tenancy.Membership) uint32 {
	key := pair(m.Tenant, m.User)
	return checksumOf(encodeMembershipAs(version, m, key[:]))
}

// record names what an effect is on.
func (f effect) record() recordKey {
	k := recordKey{kind: f.Kind}
	switch f.Kind {
	case tenancy.EffectUser:
		copy(k.key[:], f.User[:])
	case tenancy.EffectTenant, tenancy.EffectUsage:
		copy(k.key[:], f.Tenant[:])
	case tenancy.EffectMembership:
		k.key = pair(f.Tenant, f.User)
	case tenancy.EffectKey:
		copy(k.key[:], f.Key[:])
	case tenancy.EffectGrant:
		k.key = pair(f.ID, f.Principal)
	case tenancy.EffectOrganizationMember:
		k.key = pair(f.ID, f.User)
	default:
		copy(k.key[:], f.ID[:])
	}
	return k
}

func (f effect) name() string { return f.record().String() }

// String names the record as faults do.
func (k recordKey) String() string {
	b, key := k.of()
	return b.String() + " " + keyName(b, key)
}

// of gives where the record stands. Its key is of one id, or of two.
func (k recordKey) of() (bucket, []byte) {
	b := effectBuckets[k.kind]
	return b, k.key[:partID.size()*len(layoutOf(b))]
}

// traced says whether the record at hand is as the change log left it. Where
// they disagree nobody knows which of them was altered: both are named.
func (v *verifier) traced(kind tenancy.EffectKind, key []byte) func() string {
	return func() string {
		if v.report.Format == 1 {
			return ""
		}
		k := recordKey{kind: kind}
		copy(k.key[:], key)
		left, told := v.last[k]
		delete(v.last, k)
		what := ""
		switch {
		case !told && v.begin > 0: // from before the log
		case !told:
			return "no change is known that wrote it"
		case left.gone:
			what = fmt.Sprintf("change %d deleted it", left.at)
		case left.sum != v.sum:
			what = fmt.Sprintf("it is not as change %d left it", left.at)
		}
		if what != "" {
			v.disagrees(k, left)
		}
		return what
	}
}

// disagrees names the part of the change log that tells otherwise of a record.
func (v *verifier) disagrees(k recordKey, left trace) {
	v.fault(bucketChanges, changeKey(left.at, left.part), fmt.Sprintf("%s is not as it tells", k))
}

// traces tells of the records that are missing: all others that decode were
// held against the change log.
func (v *verifier) traces() error {
	for k, left := range v.last {
		b, key := k.of()
		frame, err := v.from.get(b, key)
		if err != nil {
			return err
		}
		if frame == nil && !left.gone {
			v.fault(b, key, fmt.Sprintf("it is missing, change %d wrote it", left.at))
			v.disagrees(k, left)
		}
	}
	v.last = nil
	return nil
}

func (v *verifier) tenantChanges() error {
	return each(v, bucketTenantChanges, 24, decodeNothing, func(key []byte, _ struct{}) string {
		c, err := v.commit(tenancy.Revision(binary.BigEndian.Uint64(key[16:])))
		found := false
		for _, f := range c.Effects {
			found = found || (effect{Effect: f}.ofTenant() && f.Tenant == tenancy.TenantID(key[:16]))
		}
		return holds(found, err)
	})
}

func (v *verifier) tenantAudit() error {
	return each(v, bucketTenantAudit, 24, decodeNothing, func(key []byte, _ struct{}) string {
		r, err := v.auditRecord(binary.BigEndian.Uint64(key[16:]))
		tenant, failed := tenancy.ParseTenantID(r.Tenant)
		return holds(failed == nil && tenant == tenancy.TenantID(key[:16]), err)
	})
}

// auditRecord reads the record that something leads to.
func (v *verifier) auditRecord(seq uint64) (audit.Record, error) {
	canonical, err := v.auditAt(seq)
	if err != nil {
		return audit.Record{}, err
	}
	r, _, err := audit.Decode(canonical)
	return r, err
}

func (v *verifier) decisions() error {
	return each(v, bucketDecisions, 16, decodeDecision, func(key []byte, d decision) string {
		r, err := v.auditRecord(d.seq)
		id, ok := decisionID(r.DecisionID)
		if what := holds(ok && id == tenancy.DecisionID(key), err); what != "" {
			return what
		}
		if r.InputHash != sha256.Sum256(d.input) {
			return fmt.Sprintf("its input is not the one that the audit record %d tells of", r.Seq)
		}
		return ""
	})
}

// chain follows the audit records to the stored end of the chain.
func (v *verifier) chain() error {
	var at audit.Chain
	var last tenancy.Revision
	err := each(v, bucketAudit, 8, decodeAudit, func(key, canonical []byte) string {
		r, hash, err := audit.Decode(canonical)
		if err != nil {
			return err.Error()
		}
		before, prev := at, last
		at, last = audit.Chain{Seq: binary.BigEndian.Uint64(key), Head: hash}, r.Revision
		switch {
		case r.Seq != at.Seq:
			return fmt.Sprintf("it holds record %d", r.Seq)
		case before.Seq+1 != r.Seq:
			return fmt.Sprintf("something is missing between record %d and it", before.Seq)
		case r.Prev != before.Head:
			v.fault(bucketAudit, auditKey(before.Seq), fmt.Sprintf("record %d is chained to another than this", r.Seq))
		}
		return firstOf(func() string { return v.auditIsIndexed(r) }, func() string {
			if r.Revision < prev || r.Revision > v.report.Revision {
				return fmt.Sprintf("its revision %d does not lie between %d and %d", r.Revision, prev, v.report.Revision)
			}
			return ""
		})
	})
	if end := (audit.Chain{Seq: v.report.Audit, Head: v.report.Head}); err == nil && at != end {
		v.fault(bucketAudit, auditKey(at.Seq), fmt.Sprintf("the chain ends with record %d (%s) and not with this (%s)", end.Seq, end.Head, at.Head))
	}
	return err
}

// auditIsIndexed looks from an audit record to what leads to it.
func (v *verifier) auditIsIndexed(r audit.Record) string {
	if v.report.Format == 1 {
		return ""
	}
	if tenant, err := tenancy.ParseTenantID(r.Tenant); err == nil {
		_, found, err := lookup(v.from, bucketTenantAudit, tenantSeq(tenant, r.Seq), decodeNothing)
		if what := holds(found, err); what != "" {
			return what
		}
	}
	if id, ok := decisionID(r.DecisionID); ok && r.InputHash != (audit.Hash{}) {
		d, found, err := lookup(v.from, bucketDecisions, id[:], decodeDecision)
		return holds(found && d.seq == r.Seq, err)
	}
	return ""
}
