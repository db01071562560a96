package gate

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/tenancy"
)

// CheckRestricted answers a question as Check does, and where it would allow,
// asks a rule of the operator's, in the same snapshot: unless that allows too,
// the verdict denies, and so it does where the rule fails, is undefined or
// says anything but yes or no. Of a public request the rule decides alone.
func (g *Gate) CheckRestricted(
	ctx context.Context, actor tenancy.Actor, q tenancy.Question, r tenancy.Restriction,
) (tenancy.Verdict, error) {
	if !r.Public && actor.IsZero() || actor.Operator {
		return tenancy.Verdict{}, unauthenticated("nobody is signed in")
	}
	if len(r.Rule) == 0 {
		return tenancy.Verdict{}, &tenancy.Error{Code: tenancy.CodeInvalid, Msg: "name a rule"}
	}
	verdicts, err := g.answerAll(ctx, 1, func(tx Reader, _ int) (*matter, tenancy.Verdict, error) {
		m, verdict, err := g.checkUnlessPublic(ctx, tx, actor, q, r.Public)
		if err != nil || !verdict.Allow {
			return m, verdict, err
		}
		return g.restrict(ctx, m, r)
	})
	if err != nil {
		return tenancy.Verdict{}, err
	}
	return verdicts[0], nil
}

// checkUnlessPublic judges the question, or lets it pass as nobody's.
func (g *Gate) checkUnlessPublic(
	ctx context.Context, tx Reader, actor tenancy.Actor, q tenancy.Question, public bool,
) (*matter, tenancy.Verdict, error) {
	if !public {
		return g.checkOne(ctx, tx, actor, q)
	}
	m := g.open(tx, tenancy.Actor{}, tenancy.ActionEvaluate, q.Dialect)
	m.in.Context, m.in.Route, m.in.HTTP = q.Context, q.Route, q.HTTP
	return m, tenancy.Verdict{Allow: true}, nil
}

// restrict asks the rule about what was allowed.
func (g *Gate) restrict(ctx context.Context, m *matter, r tenancy.Restriction) (*matter, tenancy.Verdict, error) {
	in, err := restricted(m, r)
	if err != nil {
		return m, tenancy.Verdict{}, err
	}
	value, err := g.decider.Evaluate(ctx, in)
	switch {
	case ctx.Err() != nil:
		return m, tenancy.Verdict{}, ctx.Err()
	case err != nil: // its text may quote a credential that the rule read
		m.foundFault(err)
		return m, m.verdict(), nil
	}
	allowed, object, code := readRestriction(value.JSON)
	if !allowed {
		m.found = []tenancy.Finding{tenancy.Find(code)}
	}
	verdict := m.verdict()
	verdict.Rule = object
	return m, verdict, nil
}

// readRestriction reads a rule's answer: a boolean, or an object whose allowed
// is one. Anything else is no answer.
func readRestriction(value []byte) (allowed bool, object []byte, code tenancy.Code) {
	switch string(value) {
	case "true":
		return true, nil, ""
	case "false":
		return false, nil, tenancy.CodeNotPermitted
	case "":
		return false, nil, tenancy.CodePolicyUndefined
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(value, &members) != nil {
		return false, nil, tenancy.CodePolicyError
	}
	switch string(members["allowed"]) {
	case "true":
		return true, value, ""
	case "false":
		return false, value, tenancy.CodeNotPermitted
	default:
		return false, nil, tenancy.CodePolicyError
	}
}

// restricted gives what the rule is asked with: the input of the decision,
// what came beside it, and the place of who asks, as rules of other programs
// find it.
func restricted(m *matter, r tenancy.Restriction) (*RuleInput, error) {
	o := audit.NewObject(2 * usualDocument)
	writeFacts(o, &m.in)
	for _, member := range r.Beside {
		o.Raw(member.Name, member.Value)
	}
	input, err := o.Done()
	if err != nil {
		return nil, fmt.Errorf("write the input of a rule: %w", err)
	}
	facts, err := placeIn(&m.in, m.outcome.Revision)
	if err != nil {
		return nil, err
	}
	return &RuleInput{RuleQuestion: tenancy.RuleQuestion{Path: r.Rule, Input: input}, Now: m.in.Now, Facts: facts}, nil
}
