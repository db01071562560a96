package gate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/memberward/memberward/internal/tenancy"
)

// BatchLimit is how many changes one batch takes (contracts/README.md, rule
// 11).
const BatchLimit = 1000

// batch is several changes in one transaction: each is decided in the state
// that those made before it left and recorded as a decision of its own, and all
// of them happen or none.
type batch struct {
	steps []step
	once  bool
}

func (g *Gate) batchOf(b tenancy.Batch, actor *tenancy.Actor, dialect tenancy.Dialect) (job, error) {
	if len(b.Changes) == 0 || len(b.Changes) > BatchLimit {
		return nil, &tenancy.Error{Code: tenancy.CodeInvalid, Msg: fmt.Sprintf("a batch has 1 to %d changes", BatchLimit)}
	}
	steps := make([]step, len(b.Changes))
	for i, change := range b.Changes {
		step, err := g.stepOf(change, actor, dialect)
		if err != nil {
			return nil, &tenancy.ItemError{Index: i, Err: err}
		}
		if _, parts := step.(composite); parts {
			return nil, &tenancy.ItemError{Index: i, Err: fmt.Errorf("a change of type %T is no part of a batch", change)}
		}
		steps[i] = step
	}
	return batch{steps: steps, once: b.Once}, nil
}

// action is that of the first change: until there is an item, it stands for
// all.
func (b batch) action(actor tenancy.Actor) tenancy.Action { return b.steps[0].action(actor) }

func (b batch) run(ctx context.Context, g *Gate, tx Tx, m *matter, opts tenancy.ApplyOptions) error {
	m.items = make([]*matter, 0, len(b.steps))
	outcomes := make([]tenancy.Outcome, len(b.steps))
	var refused []tenancy.ItemRefusal
	acted := map[tenancy.UserID]bool{}
	for _, i := range b.order(m) {
		step := b.steps[i]
		item := m.item(g, tx, step)
		m.items = append(m.items, item)
		err := g.change(ctx, tx, item, step, opts)
		var refusal *tenancy.Refusal
		refusing := errors.As(err, &refusal)
		user := item.in.Target.User
		switch {
		case b.once && acted[user] && (err == nil || refusing):
			return &tenancy.ItemError{Index: i, Err: &tenancy.Error{Code: tenancy.CodeInvalid, Msg: "the same person is named twice"}}
		case refusing:
			refused = append(refused, tenancy.ItemRefusal{Index: i, Outcome: refusal.Outcome})
			continue // who else is meant is told to nobody who lacks the right
		case err != nil:
			return &tenancy.ItemError{Index: i, Err: err}
		}
		acted[user] = !user.IsZero()
		outcomes[i] = item.outcome
	}
	if len(refused) > 0 {
		return m.refuseItems(refused)
	}
	first := outcomes[0]
	m.outcome.DecisionID, m.outcome.PolicyRevision, m.outcome.Result = first.DecisionID, first.PolicyRevision, outcomes
	return nil
}

// order gives the places of the changes in the order in which they are made:
// the actor leaves last, since whoever has left may do nothing more.
func (b batch) order(m *matter) []int {
	var order, leaving []int
	for i, step := range b.steps {
		if removal, is := step.(removeMember); is && removal.isOf(m.self) {
			leaving = append(leaving, i)
			continue
		}
		order = append(order, i)
	}
	return append(order, leaving...)
}

// item begins the decision of one change, with what the batch has found out
// about the actor.
func (m *matter) item(g *Gate, tx Reader, step step) *matter {
	item := g.open(tx, m.actor, step.action(m.actor), m.in.Dialect)
	item.in.Now, item.in.Actor = m.in.Now, m.in.Actor
	item.self, item.since, item.until = m.self, m.since, m.until
	return item
}

func (m *matter) refuseItems(refused []tenancy.ItemRefusal) error {
	slices.SortFunc(refused, func(a, b tenancy.ItemRefusal) int { return cmp.Compare(a.Index, b.Index) })
	first := refused[0]
	m.found = first.Reasons
	m.outcome.DecisionID, m.outcome.PolicyRevision = first.DecisionID, first.PolicyRevision
	m.outcome.Reasons, m.outcome.Result = first.Reasons, refused
	return &tenancy.Refusal{Outcome: m.outcome}
}

// settleItems is settle of a batch: each of its decisions is told of. Of a
// batch that was refused, those that would have been allowed are none.
func (g *Gate) settleItems(ctx context.Context, kind tenancy.DecisionKind, m *matter, revision tenancy.Revision, err error) (tenancy.Outcome, error) {
	done := err == nil || errors.Is(err, errDryRun)
	for _, item := range m.items {
		if done {
			item.outcome.Revision = revision
			g.watch(kind, item, true, nil)
			continue
		}
		if len(item.found) == 0 {
			continue
		}
		cause := error(&tenancy.Refusal{Outcome: item.outcome})
		if kind != tenancy.DecisionDryRun {
			cause = errors.Join(cause, g.recordRefusal(ctx, item, cause))
		}
		g.watch(kind, item, false, cause)
	}
	if !done {
		return tenancy.Outcome{}, err
	}
	if err == nil {
		m.outcome.Revision = revision
	}
	return m.outcome, nil
}
