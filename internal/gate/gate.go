package gate

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

// Gate is the one way to the store.
type Gate struct {
	store     Store
	decider   Decider
	clock     func() time.Time
	newID     func() uuid.UUID
	observe   func(Observation)
	refusals  *refusalLog
	running   *running
	recent    *ring
	matters   sync.Pool // of *matter, which are large: those of checks serve again
	checkings sync.Pool // of *checking
}

// Options of a gate. Clock and NewID are required.
type Options struct {
	Clock   func() time.Time  // the time of each transaction
	NewID   func() uuid.UUID  // UUIDv7, for decisions, records, users and tenants
	Observe func(Observation) // called once for each decision, after it; nil: nobody watches
}

// Observation is one decision as metrics and the decision log see it.
type Observation struct {
	Kind    tenancy.DecisionKind
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
		refusals: newRefusalLog(), running: newRunning(), recent: newRing(),
	}
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
	m, isUsed := g.matters.Get().(*matter)
	if !isUsed {
		m = &matter{}
	}
	m.actor = actor
	m.in.Action, m.in.Dialect, m.in.Now = action, dialect, g.clock().UTC().Truncate(time.Microsecond)
	m.in.Tenant.Limit = tenancy.Unlimited
	m.outcome.DecisionID, m.outcome.Revision = tenancy.DecisionID(g.newID()), tx.Revision()
	return m
}

// close ends a matter that nobody refers to any more.
func (g *Gate) close(m *matter) {
	*m = matter{}
	g.matters.Put(m)
}

func (g *Gate) watch(kind tenancy.DecisionKind, m *matter, allow bool, err error) {
	m.outcome.Reasons = m.found
	g.recent.remember(kind, m, allow)
	g.observe(Observation{
		Kind: kind, Action: m.in.Action, Actor: m.actor, Tenant: m.in.Tenant.ID, Target: m.target, Dialect: m.in.Dialect,
		Allow: allow, Outcome: m.outcome, Err: err,
	})
}
