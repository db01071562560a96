package boltstore

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// TestOldReceiptsAreForgottenWithoutAWriter: more of them than one transaction
// takes, and none that a retry may still ask for.
func TestOldReceiptsAreForgottenWithoutAWriter(t *testing.T) {
	var now atomic.Int64
	s := fresh(t, Options{})
	s.opts.Clock = func() time.Time { return time.Unix(now.Load(), 0) }
	const old = forgottenAtOnce + 10
	put := func(n int, at time.Time) {
		t.Helper()
		_, err := s.Update(t.Context(), func(tx gate.Tx) error {
			for i := range n {
				r := tenancy.Receipt{ID: tenancy.Digest{byte(i), byte(i >> 8), byte(at.Unix())}, At: at}
				if err := tx.PutReceipt(r); err != nil {
					return err
				}
			}
			return putUser(byte(at.Unix()))(tx)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	put(old, time.Unix(1, 0))
	put(3, time.Unix(2, 0))
	before := s.Revision()
	now.Store(2 + int64(tenancy.ReceiptLifetime/time.Second))
	if n, err := s.ForgetReceipts(t.Context()); err != nil || n != old {
		t.Errorf("ForgetReceipts = %d, %v; want %d", n, err, old)
	}
	if n, err := s.ForgetReceipts(t.Context()); err != nil || n != 0 {
		t.Errorf("once more: %d, %v; want none", n, err)
	}
	for i := range 3 {
		_, found, err := answer(t.Context(), s, func(r *reader) (tenancy.Receipt, bool, error) { return r.Receipt(tenancy.Digest{byte(i), 0, 2}) })
		if err != nil || !found {
			t.Errorf("receipt %d that is a day old = %v, %v; want it kept", i, found, err)
		}
	}
	if s.Revision() != before {
		t.Errorf("forgetting raised the revision to %d, from %d", s.Revision(), before)
	}
	isWhole(t, s)
}
