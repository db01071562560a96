package gate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/tenancy"
)

// Gate is the one way to the store.
type Gate struct {
	store    Store
	decider  Decider
	clock    func() time.Time
	newID    func() uuid.UUID
	observe  func(Observation)
	refusals *refusalLog
}

// Options of a gate. Clock and NewID are required.
type Options struct {
	Clock   func() time.Time  // the time of each transaction
	NewID   func() uuid.UUID  // UUIDv7, for decisions, records, users and tenants
	Observe func(Observation) // called once for each decision, after it; nil: nobody watches
}

// Kind tells the three kinds of decision apart.
type Kind string

// The kinds of decision.
const (
	KindChange Kind = "change"
	KindCheck  Kind = "check"
	KindRead   Kind = "read"
)

// Observation is one decision as metrics and the decision log see it.
type Observation struct {
	Kind    Kind
	Action  tenancy.Action
	Actor   tenancy.Actor
	Tenant  tenancy.TenantID
	Target  string
	Dialect tenancy.Dialect
	Allow   bool
	Outcome tenancy.Outcome
	Err     error // why it was not allowed: a *tenancy.Refusal, or what kept the decision from being made
}

// New makes a gate over a store and the policies.
func New(store Store, decider Decider, opts Options) *Gate {
	observe := opts.Observe
	if observe == nil {
		observe = func(Observation) {}
	}
	return &Gate{
		store: store, decider: decider, clock: opts.Clock, newID: opts.NewID, observe: observe,
		refusals: newRefusalLog(),
	}
}

// Apply decides a change and makes it, in one transaction. A refusal is a
// *tenancy.Refusal with every finding; a store that could not commit is a
// *tenancy.Error; a context that ended leaves nothing.
func (g *Gate) Apply(ctx context.Context, actor tenancy.Actor, change tenancy.Change, opts tenancy.ApplyOptions) (tenancy.Outcome, error) {
	if actor.IsZero() || actor.Operator {
		return tenancy.Outcome{}, &tenancy.Error{Code: tenancy.CodeUnauthenticated, Msg: "nobody is signed in"}
	}
	step, err := g.stepOf(change, &actor)
	if err != nil {
		return tenancy.Outcome{}, err
	}
	m := &matter{actor: actor, in: Input{Action: step.action(actor), Dialect: opts.Dialect}}
	revision, err := g.store.Update(ctx, func(tx Tx) error {
		m = g.open(tx, actor, step.action(actor), opts.Dialect) // afresh: fn may run again
		return g.change(ctx, tx, m, step)
	})
	if err != nil {
		g.watch(KindChange, m, false, errors.Join(err, g.recordRefusal(ctx, m, err)))
		return tenancy.Outcome{}, err
	}
	m.outcome.Revision = revision
	g.watch(KindChange, m, true, nil)
	return m.outcome, nil
}

// recordRefusal queues the audit record of a refused change; any other error
// has none.
func (g *Gate) recordRefusal(ctx context.Context, m *matter, err error) error {
	var refusal *tenancy.Refusal
	if !errors.As(err, &refusal) {
		return nil
	}
	record, worth := g.refusals.admit(m.record(g.newID(), audit.Refused))
	if !worth {
		return nil
	}
	if err := g.store.Append(ctx, record); err != nil {
		return fmt.Errorf("record refusal %s: %w", m.outcome.DecisionID, err)
	}
	return nil
}

// change is the inside of the transaction: facts, decision, effect, record.
func (g *Gate) change(ctx context.Context, tx Tx, m *matter, step step) error {
	if err := m.gather(tx, step); err != nil {
		return err
	}
	if err := g.judge(ctx, m, step); err != nil {
		return err
	}
	if len(m.found) > 0 {
		m.outcome.Reasons = m.found
		return &tenancy.Refusal{Outcome: m.outcome}
	}
	result, err := step.perform(tx, m)
	if err != nil {
		return fmt.Errorf("perform %s: %w", m.in.Action, err)
	}
	m.outcome.Result = result
	return tx.Record(m.record(g.newID(), audit.Allowed))
}

// judge asks the policy and holds the invariants; what stands against the
// change is in m.found afterwards, in the native order. The error is only the
// end of the context: anything else that goes wrong refuses.
func (g *Gate) judge(ctx context.Context, m *matter, step step) error {
	ruling, err := g.decider.Decide(ctx, &m.in)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	m.outcome.PolicyRevision = ruling.PolicyRevision
	if m.tenantUnknown() { // asked all the same, so that an unknown tenant costs and answers what a foreign one does
		ruling, err = Ruling{}, nil
	}
	m.rule(ruling, err)
	if !m.tenantUnknown() && !m.faulty {
		m.find(step.hold(m)...)
	}
	m.found = tenancy.SortFindings(m.found)
	return nil
}

func (g *Gate) open(tx Reader, actor tenancy.Actor, action tenancy.Action, dialect tenancy.Dialect) *matter {
	if dialect == "" {
		dialect = tenancy.DialectNative
	}
	return &matter{
		actor: actor,
		in: Input{
			Action: action, Dialect: dialect, Now: g.clock().UTC().Truncate(time.Microsecond),
			Tenant: TenantFacts{Limit: tenancy.Unlimited},
		},
		outcome: tenancy.Outcome{DecisionID: tenancy.DecisionID(g.newID()), Revision: tx.Revision()},
	}
}

func (g *Gate) watch(kind Kind, m *matter, allow bool, err error) {
	g.observe(Observation{
		Kind: kind, Action: m.in.Action, Actor: m.actor, Tenant: m.in.Tenant.ID, Target: m.target, Dialect: m.in.Dialect,
		Allow: allow, Outcome: m.outcome, Err: err,
	})
}
