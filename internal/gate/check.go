package gate

import (
	"context"
	"errors"
	"fmt"

	"github.com/memberward/memberward/internal/tenancy"
)

// Check says whether somebody may do something, and does nothing. Whoever
// asks about others needs the right to read the tenant's decisions
// (audit.read), else the answer is a *tenancy.Refusal, for an unknown tenant
// as for a foreign one. Any denial of what was asked is a verdict, not an
// error.
func (g *Gate) Check(ctx context.Context, actor tenancy.Actor, q tenancy.Question) (tenancy.Verdict, error) {
	if err := mayCheck(actor); err != nil {
		return tenancy.Verdict{}, err
	}
	c, isUsed := g.checkings.Get().(*checking)
	if !isUsed {
		c = &checking{}
	}
	defer func() {
		*c = checking{}
		g.checkings.Put(c)
	}()
	c.gate, c.ctx, c.actor, c.question = g, ctx, actor, q
	err := g.store.View(ctx, c.in)
	if c.matter != nil {
		g.answered(c.matter, err == nil && c.verdict.Allow, err)
	}
	if err != nil {
		return tenancy.Verdict{}, err
	}
	return c.verdict, nil
}

// checking is one question on the way to its answer. Those that are over serve
// again: they are large, and every check needs one.
type checking struct {
	gate     *Gate
	ctx      context.Context
	actor    tenancy.Actor
	question tenancy.Question
	matter   *matter
	verdict  tenancy.Verdict
}

func (c *checking) in(tx Reader) (err error) {
	c.matter, c.verdict, err = c.gate.checkOne(c.ctx, tx, c.actor, c.question)
	return err
}

// mayCheck refuses who may ask nothing.
func mayCheck(actor tenancy.Actor) error {
	if actor.IsZero() || actor.Operator {
		return unauthenticated("nobody is signed in")
	}
	return nil
}

// CheckAll answers questions at one revision, in their order, each as Check
// would. The first that may not be asked is the answer to all.
func (g *Gate) CheckAll(ctx context.Context, actor tenancy.Actor, questions []tenancy.Question) ([]tenancy.Verdict, error) {
	if err := mayCheck(actor); err != nil {
		return nil, err
	}
	return g.answerAll(ctx, len(questions), func(tx Reader, i int) (*matter, tenancy.Verdict, error) {
		m, verdict, err := g.checkOne(ctx, tx, actor, questions[i])
		return m, verdict, atQuestion(err, i, len(questions))
	})
}

// answerAll answers so many questions in one snapshot, and shows each of them
// to whoever watches. The first error is the answer to all.
func (g *Gate) answerAll(
	ctx context.Context, n int, answer func(tx Reader, i int) (*matter, tenancy.Verdict, error),
) ([]tenancy.Verdict, error) {
	matters := make([]*matter, 0, n)
	verdicts := make([]tenancy.Verdict, 0, n)
	err := g.store.View(ctx, func(tx Reader) error {
		matters, verdicts = matters[:0], verdicts[:0]
		for i := range n {
			m, verdict, err := answer(tx, i)
			matters = append(matters, m)
			if err != nil {
				return err
			}
			verdicts = append(verdicts, verdict)
		}
		return nil
	})
	for i, m := range matters {
		if i < len(verdicts) {
			g.answered(m, verdicts[i].Allow, nil)
		} else {
			g.answered(m, false, err)
		}
	}
	if err != nil {
		return nil, err
	}
	return verdicts, nil
}

// answered shows a check to whoever watches, and ends its matter.
func (g *Gate) answered(m *matter, allow bool, err error) {
	g.watch(tenancy.DecisionCheck, m, allow, err)
	g.close(m)
}

// atQuestion names which of several questions could not be asked.
func atQuestion(err error, i, of int) error {
	var failed *tenancy.Error
	if of > 1 && errors.As(err, &failed) && failed.Code == tenancy.CodeInvalid {
		return &tenancy.Error{Code: failed.Code, Msg: fmt.Sprintf("checks[%d]: %s", i, failed.Msg), Cause: failed.Cause}
	}
	return err
}

// checkOne answers one question.
func (g *Gate) checkOne(ctx context.Context, tx Reader, actor tenancy.Actor, q tenancy.Question) (*matter, tenancy.Verdict, error) {
	judged := actor
	m := g.open(tx, actor, q.Action, q.Dialect)
	if err := reached(tx, q.AtLeast); err != nil {
		return m, tenancy.Verdict{}, err
	}
	aboutOthers := !q.Subject.IsZero() && (actor.Platform || q.Subject != actor.User)
	if aboutOthers {
		if err := g.mayAsk(ctx, tx, m, q); err != nil {
			return m, tenancy.Verdict{}, err
		}
		judged = tenancy.Actor{User: q.Subject, Via: tenancy.ViaNothing}
		m = g.open(tx, judged, q.Action, q.Dialect)
	}
	if err := g.answer(ctx, tx, m, q); err != nil {
		return m, tenancy.Verdict{}, err
	}
	verdict := m.verdict()
	if q.Explain && (aboutOthers || actor.Platform || m.in.Actor.Active && !withheld(m.found, m.target, actor.User.String())) {
		if err := g.explain(ctx, m, &verdict); err != nil {
			return m, tenancy.Verdict{}, err
		}
	}
	return m, verdict, nil
}

// verdict gives the answer to a question that was judged.
func (m *matter) verdict() tenancy.Verdict {
	m.outcome.Reasons = m.found
	verdict := tenancy.Verdict{Outcome: m.outcome, Allow: len(m.found) == 0}
	if verdict.Allow {
		verdict.Tenant, verdict.Level, verdict.Roles = m.tenant.ID, m.in.Actor.Level, held(m.in.Actor.Roles)
	}
	return verdict
}

// held gives roles as an answer names them; nil for none.
func held(roles []RoleFact) []tenancy.HeldRole {
	if len(roles) == 0 {
		return nil
	}
	named := make([]tenancy.HeldRole, len(roles))
	for i, role := range roles {
		named[i] = tenancy.HeldRole(role)
	}
	return named
}

// explain adds which rules led to the verdict, and the facts they saw.
func (g *Gate) explain(ctx context.Context, m *matter, verdict *tenancy.Verdict) error {
	input, err := Document(&m.in)
	if err != nil {
		return err
	}
	why, err := g.decider.Explain(ctx, &m.in)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil: // the policies fail: the verdict says so already
		why = tenancy.Explanation{PolicyRevision: m.outcome.PolicyRevision}
	}
	verdict.Explanation, verdict.Input = &why, input
	return nil
}

// mayAsk refuses who may not ask about others. That the tenant is unknown
// denies what was asked, and not the platform's asking.
func (g *Gate) mayAsk(ctx context.Context, tx Reader, m *matter, q tenancy.Question) error {
	may, err := g.mayAudit(ctx, tx, m, q.Tenant)
	if err != nil || may {
		return err
	}
	m.in.Action = tenancy.ActionAuditRead
	m.found = []tenancy.Finding{tenancy.Find(tenancy.CodeNotPermitted)}
	m.outcome.Reasons = m.found
	return &tenancy.Refusal{Outcome: m.outcome}
}

// answer judges the question: a change as it would be judged when asked for,
// anything else by the access rules.
func (g *Gate) answer(ctx context.Context, tx Reader, m *matter, q tenancy.Question) error {
	m.in.Resource = ResourceFacts{Type: q.Resource.Type, ID: q.Resource.ID}
	m.in.Context, m.in.Route, m.in.HTTP = q.Context, q.Route, q.HTTP
	return g.judgeQuestion(ctx, tx, m, q)
}

// judgeQuestion gathers the facts of the store and judges.
func (g *Gate) judgeQuestion(ctx context.Context, tx Reader, m *matter, q tenancy.Question) error {
	if q.Action.Changes() {
		step, err := g.stepAsked(q, &m.actor)
		if err != nil {
			return err
		}
		m.in.Action = step.action(m.actor)
		if err := m.gatherActor(tx); err != nil {
			return err
		}
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
