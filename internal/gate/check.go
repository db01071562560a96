package gate

import (
	"context"
	"errors"

	"github.com/memberward/memberward/internal/tenancy"
)

// Check says whether somebody may do something, and does nothing. Whoever
// asks about others needs the right to read the tenant's decisions
// (audit.read), else the answer is a *tenancy.Refusal, for an unknown tenant
// as for a foreign one. Any denial of what was asked is a verdict, not an
// error.
func (g *Gate) Check(ctx context.Context, actor tenancy.Actor, q tenancy.Question) (tenancy.Verdict, error) {
	if actor.IsZero() || actor.Operator {
		return tenancy.Verdict{}, unauthenticated("nobody is signed in")
	}
	m := &matter{actor: actor, in: Input{Action: q.Action, Dialect: q.Dialect}}
	err := g.store.View(ctx, func(tx Reader) error {
		judged := actor
		if !q.Subject.IsZero() && (actor.Platform || q.Subject != actor.User) {
			if err := g.mayAsk(ctx, tx, actor, q); err != nil {
				return err
			}
			judged = tenancy.Actor{User: q.Subject, Via: tenancy.ViaNothing}
		}
		m = g.open(tx, judged, q.Action, q.Dialect)
		return g.answer(ctx, tx, m, q)
	})
	if err != nil {
		var refusal *tenancy.Refusal
		if errors.As(err, &refusal) { // the asking was refused
			m.outcome = refusal.Outcome
		}
		g.watch(KindCheck, m, false, err)
		return tenancy.Verdict{}, err
	}
	verdict := tenancy.Verdict{Outcome: m.outcome, Allow: len(m.found) == 0}
	if verdict.Allow {
		verdict.Tenant, verdict.Level = m.tenant.ID, m.in.Actor.Level
	}
	verdict.Reasons = m.found
	m.outcome.Reasons = m.found
	g.watch(KindCheck, m, verdict.Allow, nil)
	return verdict, nil
}

// mayAsk refuses who may not ask about others.
func (g *Gate) mayAsk(ctx context.Context, tx Reader, actor tenancy.Actor, q tenancy.Question) error {
	m := g.open(tx, actor, tenancy.ActionAuditRead, q.Dialect)
	if err := m.gatherActor(tx); err != nil {
		return err
	}
	if err := m.gatherTenant(tx, q.Tenant); err != nil {
		return err
	}
	if actor.Platform {
		m.found = nil // an unknown tenant denies what was asked, not the asking
	}
	if err := g.judgeAccess(ctx, m); err != nil {
		return err
	}
	if len(m.found) == 0 {
		return nil
	}
	m.outcome.Reasons = []tenancy.Finding{tenancy.Find(tenancy.CodeNotPermitted)}
	return &tenancy.Refusal{Outcome: m.outcome}
}

// answer judges the question: a change as it would be judged when asked for,
// anything else by the access rules.
func (g *Gate) answer(ctx context.Context, tx Reader, m *matter, q tenancy.Question) error {
	m.in.Resource = ResourceFacts{Type: q.Resource.Type, ID: q.Resource.ID}
	m.in.Context, m.in.Route, m.in.HTTP = q.Context, q.Route, q.HTTP
	if q.Action.Changes() {
		step, err := g.stepAsked(q, &m.actor)
		if err != nil {
			return err
		}
		m.in.Action = step.action(m.actor)
		if err := m.gather(tx, step); err != nil {
			return err
		}
		return g.judge(ctx, m, step)
	}
	if err := m.gatherActor(tx); err != nil {
		return err
	}
	if err := m.gatherTenant(tx, q.Tenant); err != nil {
		return err
	}
	if err := m.gatherTarget(tx, targetOf(q.Resource)); err != nil {
		return err
	}
	return g.judgeAccess(ctx, m)
}

// targetOf is the account that a resource of type user names; none otherwise.
func targetOf(r tenancy.Resource) tenancy.UserID {
	if r.Type != "user" {
		return tenancy.UserID{}
	}
	id, err := tenancy.ParseUserID(r.ID)
	if err != nil {
		return tenancy.UserID{}
	}
	return id
}

// judgeAccess asks the access rules. A non-member is refused whatever they
// say; so are an inactive member and a credential out of scope.
func (g *Gate) judgeAccess(ctx context.Context, m *matter) error {
	ruling, err := g.decider.Allow(ctx, &m.in)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	m.outcome.PolicyRevision = ruling.PolicyRevision
	ruling.Granted, ruling.Violations = ruling.Allow, nil
	m.rule(ruling, err)
	m.found = tenancy.SortFindings(m.found)
	return nil
}
