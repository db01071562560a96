package boltstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

// prunedAtOnce is how many receipts that are too old one new receipt removes:
// more than it adds, so that their number falls to what the lifetime allows.
const prunedAtOnce = 4

// receipt is one that waits for the revision of its change.
type receipt struct {
	id   tenancy.Digest
	at   time.Time
	rest []byte // its fields after the revision
}

// receiptTimeKey sorts by time, also before 1970.
func receiptTimeKey(at time.Time, id tenancy.Digest) []byte {
	micro := uint64(micros(at)) ^ 1<<63
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(id)), micro), id[:]...)
}

// receiptTime reads back when the receipt of an index entry was made.
func receiptTime(key []byte) time.Time {
	return time.UnixMicro(int64(binary.BigEndian.Uint64(key) ^ 1<<63)).UTC()
}

// PutReceipt keeps the outcome of the change, without secrets, with the
// revision that the change makes. It removes up to four receipts older than
// tenancy.ReceiptLifetime at the receipt's own time.
func (t *tx) PutReceipt(r tenancy.Receipt) error {
	if r.ID == (tenancy.Digest{}) || r.At.IsZero() {
		return fmt.Errorf("put receipt: it lacks an id or a time")
	}
	rest, err := encodeReceiptRest(r)
	if err != nil {
		return fmt.Errorf("put receipt: %w", err)
	}
	if _, err := t.pruneReceipts(r.At, prunedAtOnce); err != nil {
		return fmt.Errorf("put receipt: %w", err)
	}
	for i, waiting := range t.over.receipts {
		if waiting.id == r.ID { // the later one of the same change stays
			t.over.receipts[i] = receipt{id: r.ID, at: r.At, rest: rest}
			return nil
		}
	}
	old, found, err := t.reader.Receipt(r.ID)
	if err == nil && found {
		err = t.forgetReceipt(old.ID, old.At)
	}
	if err != nil {
		return fmt.Errorf("put receipt: %w", err)
	}
	t.over.receipts = append(t.over.receipts, receipt{id: r.ID, at: r.At, rest: rest})
	return nil
}

// pruneReceipts removes at most so many that are too old, and says how many.
func (t *tx) pruneReceipts(now time.Time, most int) (int, error) {
	var old []tenancy.Receipt
	err := t.over.scan(bucketReceiptTimes, nil, nil, func(key, frame []byte) (bool, error) {
		id, err := receiptOf(key, frame)
		if err != nil || now.Sub(receiptTime(key)) <= tenancy.ReceiptLifetime {
			return false, err
		}
		old = append(old, tenancy.Receipt{ID: id, At: receiptTime(key)})
		return len(old) < most, nil
	})
	if err != nil {
		return 0, err
	}
	for _, r := range old {
		if err := t.forgetReceipt(r.ID, r.At); err != nil {
			return 0, err
		}
	}
	return len(old), nil
}

// forgottenAtOnce is how many receipts one transaction of ForgetReceipts takes.
const forgottenAtOnce = 1000

// ForgetReceipts removes every receipt that is older than
// tenancy.ReceiptLifetime: what they say of people is not kept longer than
// retries need it, also in a store to which nobody writes. It raises no
// revision. Errors are those of [Store.Update].
func (s *Store) ForgetReceipts(ctx context.Context) (forgotten int, err error) {
	for {
		some := 0
		_, err := s.update(&call{ctx: ctx, silent: true, fn: func(t *tx) (err error) {
			some, err = t.pruneReceipts(s.opts.Clock(), forgottenAtOnce)
			return err
		}})
		if err != nil {
			return forgotten, err
		}
		if forgotten += some; some < forgottenAtOnce {
			return forgotten, nil
		}
	}
}

// receiptOf gives the receipt that an index entry leads to.
func receiptOf(key, frame []byte) (id tenancy.Digest, err error) {
	if _, err := decode(bucketReceiptTimes, key, frame, decodeNothing); err != nil {
		return id, err
	}
	if len(key) != 8+len(id) {
		return id, damaged("a key of %s has %d bytes", bucketReceiptTimes, len(key))
	}
	return tenancy.Digest(key[8:]), nil
}

func (t *tx) forgetReceipt(id tenancy.Digest, at time.Time) error {
	if err := t.over.put(bucketReceiptTimes, receiptTimeKey(at, id), nil); err != nil {
		return err
	}
	return t.over.put(bucketReceipts, id[:], nil)
}

// Receipt reads a receipt; that of the change itself has the revision that the
// change makes as far as it has come.
func (t *tx) Receipt(id tenancy.Digest) (tenancy.Receipt, bool, error) {
	for _, waiting := range t.over.receipts {
		if waiting.id != id {
			continue
		}
		at := t.revision
		if t.over.wrote {
			at++
		}
		v, err := decode(bucketReceipts, id[:], waiting.frame(at), decodeReceipt)
		v.ID = id
		return v, err == nil, err
	}
	return t.reader.Receipt(id)
}

// frame is the receipt of a change that made a revision.
func (r receipt) frame(made tenancy.Revision) []byte {
	e := newEncoder(receiptVersion, 10+len(r.rest))
	e.uint(uint64(made))
	e.raw(r.rest)
	return e.seal(bucketReceipts, r.id[:])
}

// entries are the records that a receipt becomes.
func (r receipt) entries(made tenancy.Revision) []entry {
	key := receiptTimeKey(r.at, r.id)
	return []entry{
		{bucketReceipts, r.id[:], r.frame(made)},
		{bucketReceiptTimes, key, encodeNothing(bucketReceiptTimes, key)},
	}
}

// encodeReceiptRest writes all fields but the revision, which is known when
// the change is applied.
func encodeReceiptRest(r tenancy.Receipt) ([]byte, error) {
	e := &encoder{buf: make([]byte, 0, 256)}
	e.raw(r.Request[:])
	e.time(r.At)
	if err := e.outcome(r.Outcome); err != nil {
		return nil, err
	}
	if len(e.buf) > recordLimit-2*frameHeader {
		return nil, fmt.Errorf("the outcome takes %d bytes; there is room for %d", len(e.buf), recordLimit-2*frameHeader)
	}
	return e.buf, nil
}

func decodeReceipt(d *decoder) (v tenancy.Receipt) {
	made := tenancy.Revision(d.uint())
	v.Request, v.At = d.hash(), d.time()
	v.Outcome = d.outcome(made)
	return v
}
