package gate

import (
	"context"
	"errors"
	"fmt"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/tenancy"
)

// errDryRun ends the transaction of a dry run that would have been committed.
var errDryRun = errors.New("a dry run commits nothing")

// Apply decides a change and makes it, in one transaction. A refusal is a
// *tenancy.Refusal with every finding; a store that could not commit is a
// *tenancy.Error, as are idempotency_reused and, while the same attempt still
// runs, conflict; a context that ended leaves nothing.
func (g *Gate) Apply(ctx context.Context, actor tenancy.Actor, change tenancy.Change, opts tenancy.ApplyOptions) (tenancy.Outcome, error) {
	if actor.IsZero() || actor.Operator {
		return tenancy.Outcome{}, unauthenticated("nobody is signed in")
	}
	job, err := g.jobOf(change, &actor, opts.Dialect)
	if err != nil {
		return tenancy.Outcome{}, err
	}
	attempt := newAttempt(actor, opts)
	if !g.running.begin(attempt) {
		return tenancy.Outcome{}, &tenancy.Error{
			Code: tenancy.CodeConflict, Msg: "a request with this Idempotency-Key is still running: try again in a moment",
		}
	}
	defer g.running.end(attempt)
	m := &matter{actor: actor, in: Input{Action: job.action(actor), Dialect: opts.Dialect}}
	revision, err := g.store.Update(ctx, func(tx Tx) error {
		m = g.open(tx, actor, job.action(actor), opts.Dialect) // afresh: fn may run again
		return g.attempt(ctx, tx, m, job, opts, attempt)
	})
	return g.settle(ctx, m, revision, err, opts)
}

// job is what Apply does in one transaction: one change, or a batch of them.
type job interface {
	action(actor tenancy.Actor) tenancy.Action
	run(ctx context.Context, g *Gate, tx Tx, m *matter, opts tenancy.ApplyOptions) error
}

// single is one change.
type single struct{ step }

func (j single) run(ctx context.Context, g *Gate, tx Tx, m *matter, opts tenancy.ApplyOptions) error {
	return g.change(ctx, tx, m, j.step, opts)
}

func (g *Gate) jobOf(change tenancy.Change, actor *tenancy.Actor, dialect tenancy.Dialect) (job, error) {
	if b, ok := change.(tenancy.Batch); ok {
		return g.batchOf(b, actor, dialect)
	}
	step, err := g.stepOf(change, actor, dialect)
	return single{step}, err
}

// settle turns what the transaction came to into the answer.
func (g *Gate) settle(ctx context.Context, m *matter, revision tenancy.Revision, err error, opts tenancy.ApplyOptions) (tenancy.Outcome, error) {
	kind := tenancy.DecisionChange
	if opts.DryRun {
		kind = tenancy.DecisionDryRun
	}
	switch {
	case m.items != nil && !m.outcome.Replayed:
		return g.settleItems(ctx, kind, m, revision, err)
	case errors.Is(err, errDryRun):
		g.watch(kind, m, true, nil)
	case err != nil && opts.DryRun && m.in.Action != tenancy.ActionUserPassword: // a guess at a password is recorded, dry or not
		g.watch(kind, m, false, err)
		return tenancy.Outcome{}, err
	case err != nil:
		g.watch(kind, m, false, errors.Join(err, g.recordRefusal(ctx, m, err)))
		return tenancy.Outcome{}, err
	case !m.outcome.Replayed:
		m.outcome.Revision = revision
		g.watch(kind, m, true, nil)
	}
	return m.outcome, nil
}

// recordRefusal queues the audit record of a refused change; any other error
// has none.
func (g *Gate) recordRefusal(ctx context.Context, m *matter, cause error) error {
	var refusal *tenancy.Refusal
	if !errors.As(cause, &refusal) {
		return nil
	}
	record, err := m.record(g.newID(), audit.Refused)
	if err != nil {
		return err
	}
	record, worth := g.refusals.admit(record)
	if !worth {
		return nil
	}
	if err := g.store.Append(ctx, record); err != nil {
		return fmt.Errorf("record refusal %s: %w", m.outcome.DecisionID, err)
	}
	return nil
}

// attempt is the inside of the transaction: what an earlier attempt came to,
// or else facts, decision, effect, record.
func (g *Gate) attempt(ctx context.Context, tx Tx, m *matter, job job, opts tenancy.ApplyOptions, attempt attempt) error {
	if err := m.gatherActor(tx); err != nil {
		return err
	}
	replayed, err := attempt.replay(tx, m)
	if replayed || err != nil {
		return err
	}
	if err := job.run(ctx, g, tx, m, opts); err != nil {
		return err
	}
	if opts.DryRun {
		return errDryRun
	}
	return attempt.keep(tx, m)
}

// change decides and, when nothing stands against it, performs and records.
func (g *Gate) change(ctx context.Context, tx Tx, m *matter, step step, opts tenancy.ApplyOptions) error {
	if err := m.gather(tx, step); err != nil {
		return err
	}
	m.findStale(step.before(m), opts.IfMatch)
	if err := g.judge(ctx, m, step); err != nil {
		return err
	}
	if parts, ok := step.(composite); ok && len(m.found) == 0 {
		if err := g.inEachTenant(ctx, tx, m, parts); err != nil {
			return err
		}
	}
	if len(m.found) > 0 {
		m.outcome.Reasons = m.found
		return &tenancy.Refusal{Outcome: m.outcome}
	}
	return g.perform(tx, m, step)
}

func (g *Gate) perform(tx Tx, m *matter, step step) error {
	result, err := step.perform(tx, m)
	if err != nil {
		return fmt.Errorf("perform %s: %w", m.in.Action, err)
	}
	m.outcome.Result = result
	record, err := m.record(g.newID(), audit.Allowed)
	if err != nil {
		return err
	}
	return tx.Record(record)
}

// findStale notes that the record acted upon is not in a version that the
// caller names, or not there (RFC 9110, 13.1.1).
func (m *matter) findStale(before any, wanted []tenancy.Version) {
	if wanted == nil {
		return
	}
	is := tenancy.VersionOf(before)
	for _, version := range wanted {
		if is != "" && (version == is || version == tenancy.AnyVersion) {
			return
		}
	}
	m.find(tenancy.Find(tenancy.CodeStale))
}
