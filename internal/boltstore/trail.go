package boltstore

import "context"

// Audit gives the canonical bytes of at most limit audit records after the
// sequence number after (0: from the first), in the order of the chain. Those
// queued by Append are not among them until they are committed. Errors are
// those of [Store.View].
func (s *Store) Audit(ctx context.Context, after uint64, limit int) ([][]byte, error) {
	records, _, err := answer(ctx, s, func(r *reader) ([][]byte, bool, error) {
		found, err := list(r.from, bucketAudit, nil, auditKey(after), limit, func(key, frame []byte) ([]byte, error) {
			return decode(bucketAudit, key, frame, decodeAudit)
		})
		return found, true, err
	})
	return records, err
}
