package gate

import (
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/memberward/memberward/internal/tenancy"
)

// attempt is one try of a change that is to happen once. The zero value is a
// change without such a promise.
type attempt struct {
	id      tenancy.Digest // of who asks, and their Idempotency-Key
	request tenancy.Digest
}

// newAttempt names the attempt. Keys are each actor's own: that of another
// actor, or of a credential that is bound to another tenant, is another key. A
// dry run leaves nothing to find, and finds nothing.
func newAttempt(actor tenancy.Actor, opts tenancy.ApplyOptions) attempt {
	if opts.Idempotency.Key == "" || opts.DryRun {
		return attempt{}
	}
	id := sha256.Sum256(fmt.Appendf(nil, "%s\n%t\n%s\n%s", actor, actor.Delegated, actor.Tenant, opts.Idempotency.Key))
	return attempt{id: id, request: opts.Idempotency.Request}
}

func (a attempt) isZero() bool { return a == attempt{} }

// replay takes over what the first attempt came to, if it was committed within
// the lifetime of its receipt. A credential that is out of scope learns
// nothing of it, and an account nothing of one before it that had its id.
func (a attempt) replay(tx Reader, m *matter) (bool, error) {
	if a.isZero() || !m.actor.InScope(m.in.Action) {
		return false, nil
	}
	receipt, found, err := tx.Receipt(a.id)
	if err != nil || !found || !m.in.Now.Before(receipt.At.Add(tenancy.ReceiptLifetime)) {
		return false, err
	}
	if receipt.At.Before(m.since) {
		return false, nil
	}
	if receipt.Request != a.request {
		return false, &tenancy.Error{
			Code: tenancy.CodeIdempotencyReused, Msg: "this Idempotency-Key belongs to another request of yours: take a new one",
		}
	}
	m.outcome = receipt.Outcome
	m.outcome.Replayed = true
	return true, nil
}

// keep leaves the receipt for later attempts.
func (a attempt) keep(tx Tx, m *matter) error {
	if a.isZero() {
		return nil
	}
	return tx.PutReceipt(tenancy.Receipt{ID: a.id, Request: a.request, At: m.in.Now, Outcome: m.outcome})
}

// running knows the attempts that are under way.
type running struct {
	mu  sync.Mutex
	ids map[tenancy.Digest]struct{}
}

func newRunning() *running { return &running{ids: map[tenancy.Digest]struct{}{}} }

// begin reports whether no other request makes the same attempt.
func (r *running) begin(a attempt) bool {
	if a.isZero() {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, busy := r.ids[a.id]; busy {
		return false
	}
	r.ids[a.id] = struct{}{}
	return true
}

func (r *running) end(a attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.ids, a.id)
}
