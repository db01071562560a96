package gate

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/tenancy"
)

// RuleInput is what a rule of any package is asked with: an input that the
// caller made up, and what the store knows beside it.
type RuleInput struct {
	tenancy.RuleQuestion
	Now   time.Time // the transaction's time; pins time.now_ns
	Facts []byte    // JSON; nil: the input names nobody
}

// resourceRule is the kind of resource that an evaluation is of.
const resourceRule = "rule"

// EvaluateRule gives the value of a rule or of data, and changes nothing. Whoever
// asks needs the right to read decisions (audit.read) in the tenant that the
// input names, as for a check about others; where it names nobody, it takes
// the platform. Else the error is a *tenancy.Refusal. An undefined value is no
// error; a failed evaluation is a *tenancy.Error with a policy code.
func (g *Gate) EvaluateRule(ctx context.Context, actor tenancy.Actor, q tenancy.RuleQuestion) (tenancy.RuleAnswer, error) {
	if actor.IsZero() || actor.Operator {
		return tenancy.RuleAnswer{}, unauthenticated("nobody is signed in")
	}
	if len(q.Path) == 0 {
		return tenancy.RuleAnswer{}, &tenancy.Error{Code: tenancy.CodeInvalid, Msg: "name a rule or a document"}
	}
	var m *matter
	var answer tenancy.RuleAnswer
	err := g.store.View(ctx, func(tx Reader) error {
		m = g.open(tx, actor, tenancy.ActionAuditRead, tenancy.DialectOPA)
		var err error
		answer, err = g.evaluateRule(ctx, tx, m, q)
		return err
	})
	if m != nil {
		g.watch(tenancy.DecisionCheck, m, err == nil, err)
	}
	return answer, err
}

func (g *Gate) evaluateRule(ctx context.Context, tx Reader, m *matter, q tenancy.RuleQuestion) (tenancy.RuleAnswer, error) {
	m.in.Resource = ResourceFacts{Type: resourceRule, ID: strings.Join(q.Path, "/")}
	var tenant tenancy.TenantRef
	if q.About != nil {
		tenant, m.target = q.About.Tenant, q.About.User.String()
	}
	may, err := g.mayAudit(ctx, tx, m, tenant)
	if err != nil {
		return tenancy.RuleAnswer{}, err
	}
	if !may {
		m.found = []tenancy.Finding{tenancy.Find(tenancy.CodeNotPermitted)}
		m.outcome.Reasons = m.found
		return tenancy.RuleAnswer{}, &tenancy.Refusal{Outcome: m.outcome}
	}
	in := RuleInput{RuleQuestion: q, Now: m.in.Now}
	if q.About != nil {
		if in.Facts, err = g.placeOf(tx, m, *q.About); err != nil {
			return tenancy.RuleAnswer{}, err
		}
	}
	value, err := g.decider.Evaluate(ctx, &in)
	switch {
	case ctx.Err() != nil:
		return tenancy.RuleAnswer{}, ctx.Err()
	case err != nil:
		m.foundFault(err)
		return tenancy.RuleAnswer{}, fmt.Errorf("evaluate %s: %w", m.in.Resource.ID, err)
	}
	return tenancy.RuleAnswer{Outcome: m.outcome, Value: value}, nil
}

// placeOf gives what the store knows of somebody in a tenant, as JSON: the
// actor and the tenant of a policy input, in the words of the schema, and the
// store's revision. Of a tenant or an account that is not there they are
// neutral.
func (g *Gate) placeOf(tx Reader, asking *matter, about tenancy.Place) ([]byte, error) {
	m := g.open(tx, tenancy.Actor{User: about.User, Via: tenancy.ViaNothing}, tenancy.ActionAuditRead, tenancy.DialectOPA)
	if err := m.gatherActor(tx); err != nil {
		return nil, err
	}
	if err := m.gatherTenant(tx, about.Tenant); err != nil {
		return nil, err
	}
	asking.in.Tenant = m.in.Tenant
	return placeIn(&m.in, asking.outcome.Revision)
}

// placeIn gives the facts that an input holds of its actor and its tenant.
func placeIn(in *Input, revision tenancy.Revision) ([]byte, error) {
	o := audit.NewObject(usualDocument)
	writeActor(o, &in.Actor, in.Actor.User.String())
	writeTenant(o, &in.Tenant)
	o.Int("revision", int64(revision))
	facts, err := o.Done()
	if err != nil {
		return nil, fmt.Errorf("write down what is known of a person: %w", err)
	}
	return facts, nil
}
