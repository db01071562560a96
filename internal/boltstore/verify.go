package boltstore

import (
	"context"
	"fmt"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/tenancy"
)

// Report is what Verify or CheckFile found.
type Report struct {
	Format   uint64           `json:"format"`
	Revision tenancy.Revision `json:"revision"`
	Audit    uint64           `json:"audit"`   // records in the audit chain, by its stored end
	Head     audit.Hash       `json:"head"`    // of that chain
	Records  uint64           `json:"records"` // of all buckets but meta
	Faults   []Fault          `json:"faults"`  // the first thousand; none: the store is whole
}

// Fault is one record, or page, that is not as the others say it is.
type Fault struct {
	Bucket string `json:"bucket,omitzero"`
	Key    string `json:"key,omitzero"`  // in words: ids, numbers and texts, joined by "/"; empty: the bucket as a whole
	Page   uint64 `json:"page,omitzero"` // of a damaged page, which belongs to no bucket
	What   string `json:"what"`
}

// String names the record and what is wrong with it.
func (f Fault) String() string {
	switch {
	case f.Bucket == "" && f.Page == 0:
		return f.What
	case f.Bucket == "":
		return fmt.Sprintf("page %d: %s", f.Page, f.What)
	case f.Key == "":
		return fmt.Sprintf("%s: %s", f.Bucket, f.What)
	default:
		return fmt.Sprintf("%s %s: %s", f.Bucket, f.Key, f.What)
	}
}

// faultLimit bounds a report.
const faultLimit = 1000

// Verify decodes every record of one snapshot and compares what is said twice:
// each index with the records that it leads to, in both directions, each
// tenant's counters with its memberships, each bucket with its tally, each
// record with what the change log says was left of it, each decision's input
// with its audit record, and the audit chain with its stored end. The report
// is whole when its Faults are empty; the error says why the snapshot could
// not be read to its end.
//
// A checksum finds what a disk or a slip altered. Whoever forges the checksum
// and the tallies as well is found where the record is told of twice: not in
// signing keys, times of use and the outcomes of receipts.
//
// It holds one reading transaction open for its whole time, and remembers each
// record that the change log tells of, and who holds which role.
func (s *Store) Verify(ctx context.Context) (Report, error) {
	var report Report
	err := s.view(ctx, func(r *reader) (err error) {
		report, err = verify(ctx, r, nil)
		return err
	})
	return report, err
}

// verifier checks one snapshot.
type verifier struct {
	*reader
	ctx      context.Context
	progress func(records uint64)
	report   Report
	tally    tallies
	sum      uint32 // checksum of the record at hand
	begin    tenancy.Revision
	last     map[recordKey]trace // what the change log left of each record
	counted  map[tenancy.TenantID]tenancy.Counters
	holding  map[[32]byte]tenancy.TenantID // role and user → where the user holds the role
	working  map[[32]byte]tenancy.TenantID // project and user → where the user works in the project
}

// recordKey names a record that the change log tells of.
type recordKey struct {
	kind tenancy.EffectKind
	key  [32]byte
}

// trace is what the last change of a record left.
type trace struct {
	at      tenancy.Revision
	part    uint32
	version byte // of the part
	sum     uint32
	gone    bool
}

func verify(ctx context.Context, r *reader, progress func(uint64)) (Report, error) {
	v := &verifier{
		reader: r, ctx: ctx, progress: progress, last: make(map[recordKey]trace), counted: make(map[tenancy.TenantID]tenancy.Counters),
		holding: make(map[[32]byte]tenancy.TenantID), working: make(map[[32]byte]tenancy.TenantID),
	}
	err := v.run()
	return v.report, err
}

func (v *verifier) run() error {
	who, err := required(v.from, metaStore, decodeIdentity)
	if err != nil {
		return err
	}
	at, err := required(v.from, metaState, decodeState)
	if err != nil {
		return err
	}
	v.report.Format, v.report.Revision, v.report.Audit, v.report.Head = who.schema, at.revision, at.chain.Seq, at.chain.Head
	parts := []func() error{v.accounts, v.keys, v.tenants, v.memberships, v.signing}
	if who.schema > 1 {
		if v.begin, err = required(v.from, metaLog, decodeLogBegin); err != nil {
			return err
		}
		parts = append([]func() error{v.changes}, parts...) // first: the others compare with it
		if who.schema > 2 {
			parts = append(parts, v.roles, v.projects, v.datasets, v.grants, v.invitations, v.organizations, v.organizationMembers, v.usage, v.entities)
		}
		parts = append(parts, v.traces, v.tenantChanges, v.tenantAudit, v.decisions, v.receipts)
	}
	parts = append(parts, v.counters) // last: the others count
	for _, part := range append(parts, v.chain) {
		if err := part(); err != nil {
			return err
		}
	}
	return v.tallies(bucketsOf(who.schema))
}

func (v *verifier) fault(b bucket, key []byte, what string) {
	if len(v.report.Faults) < faultLimit {
		v.report.Faults = append(v.report.Faults, Fault{Bucket: b.String(), Key: keyName(b, key), What: what})
	}
}

// each decodes the records of a bucket and hands them to check. What check
// returns is a fault of that record; "" is none.
func each[T any](v *verifier, b bucket, keyLength int, fields func(*decoder) T, check func(key []byte, value T) string) error {
	return v.from.scan(b, nil, nil, func(key, frame []byte) (bool, error) {
		if v.report.Records++; v.progress != nil && v.report.Records%progressEvery == 0 {
			v.progress(v.report.Records)
		}
		v.tally[b].count++
		if len(frame) >= frameHeader {
			v.sum = checksumOf(frame)
			v.tally[b].sum += uint64(v.sum)
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

// firstOf gives the first fault of several checks.
func firstOf(checks ...func() string) string {
	for _, check := range checks {
		if what := check(); what != "" {
			return what
		}
	}
	return ""
}

// nothing more is to be said of a record that decodes.
func nothing[T any](key []byte, value T) string { return "" }

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

// tallies compares the stored ones with what was found.
func (v *verifier) tallies(end bucket) error {
	stored, err := required(v.from, metaTallies, func(d *decoder) tallies { return d.tallies(end) })
	for b := bucketMeta + 1; err == nil && b < end; b++ {
		if stored[b] != v.tally[b] {
			v.fault(b, nil, fmt.Sprintf("it holds %d records where %d belong, or others than those", v.tally[b].count, stored[b].count))
		}
	}
	return err
}
