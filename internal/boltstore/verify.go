package boltstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/tenancy"
)

// Report is what Verify found.
type Report struct {
	Revision tenancy.Revision
	Chain    audit.Chain // the stored end of the audit chain
	Records  uint64      // of all buckets but meta
	Faults   []Fault     // the first thousand
}

// Fault is one record that is not as the others say it is.
type Fault struct {
	Bucket string
	Key    string // hexadecimal
	What   string
}

// String names the record and what is wrong with it.
func (f Fault) String() string { return fmt.Sprintf("%s/%s: %s", f.Bucket, f.Key, f.What) }

// faultLimit bounds a report.
const faultLimit = 1000

// Verify decodes every record of one snapshot, compares each index with the
// records that it leads to, in both directions, each tenant's counters with
// its memberships, and each bucket with its tally, and follows the audit chain
// to its stored end. The report is whole when its Faults are empty; the error
// says why the snapshot could not be read to its end.
//
// It holds one reading transaction open for its whole time.
func (s *Store) Verify(ctx context.Context) (Report, error) {
	v := &verifier{ctx: ctx}
	err := s.view(ctx, func(r *reader) error {
		v.reader = r
		return v.run()
	})
	return v.report, err
}

// verifier checks one snapshot.
type verifier struct {
	*reader
	ctx    context.Context
	report Report
	tally  tallies
}

func (v *verifier) fault(b bucket, key []byte, what string) {
	if len(v.report.Faults) < faultLimit {
		v.report.Faults = append(v.report.Faults, Fault{Bucket: b.String(), Key: fmt.Sprintf("%x", key), What: what})
	}
}

func (v *verifier) run() error {
	at, err := required(v.from, metaState, decodeState)
	if err != nil {
		return err
	}
	v.report.Revision, v.report.Chain = at.revision, at.chain
	for _, part := range []func() error{v.accounts, v.keys, v.tenants, v.memberships, v.signing, v.chain, v.tallies} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// each decodes the records of a bucket and hands them to check. What check
// returns is a fault of that record; "" is none.
func each[T any](v *verifier, b bucket, keyLength int, fields func(*decoder) T, check func(key []byte, value T) string) error {
	return v.from.scan(b, nil, nil, func(key, frame []byte) (bool, error) {
		v.report.Records++
		v.tally[b].count++
		if len(frame) >= frameHeader {
			v.tally[b].sum += uint64(checksumOf(frame))
		}
		value, err := decode(b, key, frame, fields)
		switch {
		case err != nil:
			v.fault(b, key, err.Error())
		case keyLength > 0 && len(key) != keyLength:
			v.fault(b, key, fmt.Sprintf("its key has %d bytes, not %d", len(key), keyLength))
		default:
			if what := check(key, value); what != "" {
				v.fault(b, key, what)
			}
		}
		return true, v.ctx.Err()
	})
}

// holds says in words whether a lookup found what the record at hand leads to.
func holds(found bool, err error) string {
	switch {
	case err != nil:
		return "what it leads to: " + err.Error()
	case !found:
		return "what it leads to does not lead back"
	default:
		return ""
	}
}

func (v *verifier) accounts() error {
	err := each(v, bucketUsers, 16, decodeUser, func(key []byte, u tenancy.User) string {
		if tenancy.EmailKey(u.Email) == "" {
			return ""
		}
		id, found, err := v.UserByEmail(tenancy.EmailKey(u.Email))
		return holds(found && id == tenancy.UserID(key), err)
	})
	if err != nil {
		return err
	}
	err = each(v, bucketUserEmails, 0, decodeID, func(key []byte, id [16]byte) string {
		u, found, err := v.User(id)
		return holds(found && tenancy.EmailKey(u.Email) == string(key), err)
	})
	if err != nil {
		return err
	}
	return each(v, bucketLastLogins, 16, decodeTime, nothing)
}

// nothing more is to be said of a record that decodes.
func nothing[T any](key []byte, value T) string { return "" }

func (v *verifier) keys() error {
	err := each(v, bucketKeys, 16, decodeKey, v.keyIsIndexed)
	if err != nil {
		return err
	}
	err = each(v, bucketKeyDigests, 32, decodeID, func(key []byte, id [16]byte) string {
		k, found, err := v.Key(id)
		return holds(found && string(k.Digest[:]) == string(key), err)
	})
	if err != nil {
		return err
	}
	err = each(v, bucketUserKeys, 32, decodeNothing, func(key []byte, _ struct{}) string {
		k, found, err := v.Key(tenancy.KeyID(key[16:]))
		return holds(found && k.User == tenancy.UserID(key[:16]), err)
	})
	if err != nil {
		return err
	}
	return each(v, bucketLastUses, 16, decodeTime, func(key []byte, _ time.Time) string {
		_, found, err := v.Key(tenancy.KeyID(key))
		return holds(found, err)
	})
}

func (v *verifier) keyIsIndexed(key []byte, k tenancy.Key) string {
	id, found, err := lookup(v.from, bucketKeyDigests, k.Digest[:], decodeID)
	if what := holds(found && id == [16]byte(key), err); what != "" || k.User.IsZero() {
		return what
	}
	listed := pair(k.User, [16]byte(key))
	_, found, err = lookup(v.from, bucketUserKeys, listed[:], decodeNothing)
	return holds(found, err)
}

func (v *verifier) tenants() error {
	err := each(v, bucketTenants, 16, decodeTenant, func(key []byte, t tenancy.Tenant) string {
		if t.Slug == "" {
			return ""
		}
		id, found, err := v.TenantBySlug(t.Slug)
		return holds(found && id == tenancy.TenantID(key), err)
	})
	if err != nil {
		return err
	}
	return each(v, bucketTenantSlugs, 0, decodeID, func(key []byte, id [16]byte) string {
		t, found, err := v.Tenant(id)
		return holds(found && t.Slug == string(key), err)
	})
}

func (v *verifier) memberships() error {
	counted := make(map[[16]byte]tenancy.Counters)
	err := each(v, bucketMemberships, 32, decodeMembership, func(key []byte, m tenancy.Membership) string {
		disabled, err := v.disabled(tenancy.UserID(key[16:]))
		if err != nil {
			return holds(false, err)
		}
		c, w := counted[[16]byte(key)], weight(m, true, !disabled)
		counted[[16]byte(key)] = tenancy.Counters{Members: c.Members + w.Members, LastingAdmins: c.LastingAdmins + w.LastingAdmins}
		back := pair([16]byte(key[16:]), [16]byte(key))
		_, found, err := lookup(v.from, bucketUserTenants, back[:], decodeNothing)
		return holds(found, err)
	})
	if err != nil {
		return err
	}
	err = each(v, bucketUserTenants, 32, decodeNothing, func(key []byte, _ struct{}) string {
		_, found, err := v.Membership(tenancy.TenantID(key[16:]), tenancy.UserID(key[:16]))
		return holds(found, err)
	})
	if err != nil {
		return err
	}
	return v.counters(counted)
}

// counters compares the stored ones with what the memberships come to.
func (v *verifier) counters(counted map[[16]byte]tenancy.Counters) error {
	err := each(v, bucketCounters, 16, decodeCounters, func(key []byte, stored tenancy.Counters) string {
		want := counted[[16]byte(key)]
		delete(counted, [16]byte(key))
		if stored != want {
			return fmt.Sprintf("it counts %+v, the memberships come to %+v", stored, want)
		}
		return ""
	})
	for tenant, want := range counted {
		v.fault(bucketCounters, tenant[:], fmt.Sprintf("it is missing, the memberships come to %+v", want))
	}
	return err
}

func (v *verifier) signing() error { return each(v, bucketSigningKeys, 16, decodeSigningKey, nothing) }

// chain follows the audit records to the stored end of the chain.
func (v *verifier) chain() error {
	var at audit.Chain
	var last tenancy.Revision
	err := each(v, bucketAudit, 8, decodeAudit, func(key, canonical []byte) string {
		next, err := at.Follow(canonical)
		if err != nil {
			return err.Error()
		}
		r, _, err := audit.Decode(canonical)
		if err != nil {
			return err.Error()
		}
		before := last
		at, last = next, r.Revision
		switch {
		case binary.BigEndian.Uint64(key) != r.Seq:
			return fmt.Sprintf("it holds record %d", r.Seq)
		case r.Revision < before || r.Revision > v.report.Revision:
			return fmt.Sprintf("its revision %d does not lie between %d and %d", r.Revision, before, v.report.Revision)
		}
		return ""
	})
	if err == nil && at != v.report.Chain {
		v.fault(bucketAudit, nil, fmt.Sprintf("the chain ends at record %d (%s), not at %d (%s)", at.Seq, at.Head, v.report.Chain.Seq, v.report.Chain.Head))
	}
	return err
}

func (v *verifier) tallies() error {
	stored, err := required(v.from, metaTallies, decodeTallies)
	for b := bucketMeta + 1; err == nil && b < bucketCount; b++ {
		if stored[b] != v.tally[b] {
			v.fault(b, nil, fmt.Sprintf("it holds %d records where %d belong, or others than those", v.tally[b].count, stored[b].count))
		}
	}
	return err
}
