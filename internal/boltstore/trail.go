package boltstore

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/tenancy"
)

// decisionID reads the id that an audit record names its decision by.
func decisionID(s string) (id tenancy.DecisionID, ok bool) {
	v, err := uuid.Parse(s)
	return tenancy.DecisionID(v), err == nil && v != uuid.Nil
}

// Record notes the record of the decision; it takes its place in the chain
// when the change is applied, and its input lies beside it. The store keeps
// the input: it must not be altered afterwards. An input of a decision without
// an id, or whose id has an input already, is refused.
func (t *tx) Record(r audit.Record) error {
	if t.over.ended {
		return errTxOver
	}
	if err := checkInput(r); err != nil {
		return err
	}
	taken, err := t.hasInput(r)
	if err == nil && taken {
		err = fmt.Errorf("the decision %s has been recorded already", r.DecisionID)
	}
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	t.over.records = append(t.over.records, r)
	return nil
}

// checkInput refuses a record whose input could not be found or read again.
func checkInput(r audit.Record) error {
	if len(r.Input) == 0 {
		return nil
	}
	if _, ok := decisionID(r.DecisionID); !ok {
		return fmt.Errorf("the record %s has an input, but %q is no id of a decision", r.ID, r.DecisionID)
	}
	if limit := recordLimit - 2*frameHeader - binary.MaxVarintLen64; len(r.Input) > limit {
		return fmt.Errorf("the input of decision %s has %d bytes; there is room for %d", r.DecisionID, len(r.Input), limit)
	}
	return nil
}

// hasInput reports whether the record's input would take another's place.
func (t *tx) hasInput(r audit.Record) (bool, error) {
	if len(r.Input) == 0 {
		return false, nil
	}
	for _, other := range t.over.records {
		if other.DecisionID == r.DecisionID && len(other.Input) > 0 {
			return true, nil
		}
	}
	id, _ := decisionID(r.DecisionID)
	frame, err := t.over.get(bucketDecisions, id[:])
	return frame != nil, err
}

// refused takes the records of refusals. They are beyond asking: a second
// input of the same decision is left out, and the record stays.
func (t *tx) refused(records []audit.Record) error {
	for _, r := range records {
		taken, err := t.hasInput(r)
		if err != nil {
			return err
		}
		if taken {
			r.Input = nil
		}
		t.over.records = append(t.over.records, r)
	}
	return nil
}

// recorded gives what records become, the first of them following at, and the
// chain that ends with the last.
func recorded(records []audit.Record, at state) ([]entry, audit.Chain, error) {
	made := make([]entry, 0, 3*len(records))
	chain := at.chain
	for _, r := range records {
		r.Revision = at.revision
		canonical, next, err := chain.Append(r)
		if err != nil {
			return nil, chain, err
		}
		chain = next
		key := auditKey(chain.Seq)
		made = append(made, entry{bucketAudit, key, encodeAudit(key, canonical)})
		if id, ok := decisionID(r.DecisionID); ok && len(r.Input) > 0 {
			made = append(made, entry{bucketDecisions, id[:], encodeDecision(decision{seq: chain.Seq, input: r.Input}, id)})
		}
		if tenant, err := tenancy.ParseTenantID(r.Tenant); err == nil {
			key := tenantSeq(tenant, chain.Seq)
			made = append(made, entry{bucketTenantAudit, key, encodeNothing(bucketTenantAudit, key)})
		}
	}
	return made, chain, nil
}

// decision leads from a decision to its audit record.
type decision struct {
	seq   uint64
	input []byte
}

func encodeDecision(v decision, id tenancy.DecisionID) []byte {
	e := newEncoder(recordVersion, 10+len(v.input))
	e.uint(v.seq)
	e.raw(v.input)
	return e.seal(bucketDecisions, id[:])
}

// decodeDecision copies the input.
func decodeDecision(d *decoder) decision {
	return decision{seq: d.uint(), input: bytes.Clone(d.take(len(d.buf)))}
}

// Chain is the end of the audit chain; in a change, before its own records.
func (r *reader) Chain() (audit.Chain, error) {
	if r.chain != nil {
		return *r.chain, nil
	}
	at, err := required(r.from, metaState, decodeState)
	if err == nil {
		r.chain = &at.chain
	}
	return at.chain, err
}

// Audit gives the canonical bytes of at most limit audit records after the
// sequence number after (0: from the first), in the order of the chain. Those
// queued by Append, and those of the change itself, are not among them.
func (r *reader) Audit(after uint64, limit int) ([][]byte, error) {
	return list(r.from, bucketAudit, nil, auditKey(after), limit, func(key, frame []byte) ([]byte, error) {
		return decode(bucketAudit, key, frame, decodeAudit)
	})
}

// AuditOf gives those of one tenant.
func (r *reader) AuditOf(tenant tenancy.TenantID, after uint64, limit int) ([][]byte, error) {
	return list(r.from, bucketTenantAudit, tenant[:], tenantSeq(tenant, after), limit, func(key, frame []byte) ([]byte, error) {
		seq, err := seqOf(bucketTenantAudit, key, frame)
		if err != nil {
			return nil, err
		}
		return r.auditAt(seq)
	})
}

// seqOf gives the number that an index entry of a tenant leads to.
func seqOf(b bucket, key, frame []byte) (uint64, error) {
	if _, err := decode(b, key, frame, decodeNothing); err != nil {
		return 0, err
	}
	if len(key) != 24 {
		return 0, damaged("a key of %s has %d bytes", b, len(key))
	}
	return binary.BigEndian.Uint64(key[16:]), nil
}

// auditAt gives an audit record that something leads to.
func (r *reader) auditAt(seq uint64) ([]byte, error) {
	canonical, found, err := lookup(r.from, bucketAudit, auditKey(seq), decodeAudit)
	if err == nil && !found {
		err = damaged("the audit record %d is missing", seq)
	}
	return canonical, err
}

// Decision finds the audit record of a decision and its input. Decisions that
// were recorded without an input are not found.
func (r *reader) Decision(id tenancy.DecisionID) (record, input []byte, found bool, err error) {
	v, found, err := lookup(r.from, bucketDecisions, r.id(id), decodeDecision)
	if !found || err != nil {
		return nil, nil, false, err
	}
	if record, err = r.auditAt(v.seq); err != nil {
		return nil, nil, false, err
	}
	return record, v.input, true, nil
}

// Receipt reads a receipt, however old.
func (r *reader) Receipt(id tenancy.Digest) (tenancy.Receipt, bool, error) {
	v, found, err := lookup(r.from, bucketReceipts, id[:], decodeReceipt)
	if found {
		v.ID = id
	}
	return v, found, err
}
