package gate

import (
	"context"
	"errors"
	"slices"

	"github.com/memberward/memberward/internal/tenancy"
)

// Evaluate answers questions in AuthZEN's words, in their order and in one
// snapshot. The platform may ask, and a key whose scopes name it: anybody else
// gets a *tenancy.Refusal, and so does a key that is bound to a tenant, once a
// question is about anything else. Whatever is wrong with a single question
// denies it.
func (g *Gate) Evaluate(ctx context.Context, actor tenancy.Actor, questions []tenancy.Evaluation) ([]tenancy.Verdict, error) {
	if actor.IsZero() || actor.Operator {
		return nil, unauthenticated("nobody is signed in")
	}
	return g.answerAll(ctx, len(questions), func(tx Reader, i int) (*matter, tenancy.Verdict, error) {
		if m, err := g.mayEvaluate(tx, actor, questions[i]); err != nil {
			return m, tenancy.Verdict{}, err
		}
		return g.evaluate(ctx, tx, questions[i])
	})
}

// mayEvaluate refuses who may not ask. No rule is asked: what an operator's
// rules say of the entities they judge must not open the asking.
func (g *Gate) mayEvaluate(tx Reader, actor tenancy.Actor, e tenancy.Evaluation) (*matter, error) {
	m := g.open(tx, actor, tenancy.ActionEvaluate, tenancy.DialectAuthZEN)
	if err := m.gatherActor(tx); err != nil {
		return m, err
	}
	may := m.in.Actor.Active && actor.InScope(tenancy.ActionEvaluate) &&
		(actor.Platform || slices.Contains(actor.Scopes, tenancy.ActionEvaluate))
	if may {
		var err error
		if may, err = inBounds(tx, actor, e); err != nil || may {
			return m, err
		}
	}
	m.found = []tenancy.Finding{tenancy.Find(tenancy.CodeNotPermitted)}
	m.outcome.Reasons = m.found
	return m, &tenancy.Refusal{Outcome: m.outcome}
}

// inBounds reports whether a question is about the tenant that the credential
// of who asks is bound to, if it is bound to one.
func inBounds(tx Reader, actor tenancy.Actor, e tenancy.Evaluation) (bool, error) {
	if actor.Tenant.IsZero() {
		return true, nil
	}
	tenant, known, err := resolve(tx, tenantOf(e))
	return known && tenant.ID == actor.Tenant, err
}

// nowhere is a tenant that cannot be: slugs hold no such character.
const nowhere = "?"

// tenantOf is the tenant that a question belongs to: the resource where it is
// one, else what the context names; the zero reference for none.
func tenantOf(e tenancy.Evaluation) tenancy.TenantRef {
	if id := e.Resource.Tenant(); !id.IsZero() {
		return tenancy.RefTo(id)
	}
	named, given := e.Context["tenant"]
	if !given {
		return tenancy.TenantRef{}
	}
	text, _ := named.(string)
	ref, err := tenancy.ParseTenantRef(text)
	if err != nil {
		return tenancy.TenantRef{Slug: nowhere}
	}
	return ref
}

// evaluate judges one question. An account is judged as in any check. Any
// other subject has no account, no membership and no right that the store
// knows of: an operator's rules go by what the registry says.
func (g *Gate) evaluate(ctx context.Context, tx Reader, e tenancy.Evaluation) (*matter, tenancy.Verdict, error) {
	judged := tenancy.Actor{User: e.Subject.User(), Via: tenancy.ViaNothing}
	m := g.open(tx, judged, e.Action, tenancy.DialectAuthZEN)
	m.entity = !e.Subject.Own()
	if err := m.gatherParties(tx, e); err != nil {
		return m, tenancy.Verdict{}, err
	}
	q := tenancy.Question{Action: e.Action, Tenant: tenantOf(e), Resource: tenancy.Resource(e.Resource.EntityRef)}
	var err error
	if judged.User.IsZero() {
		err = g.judgeParty(ctx, tx, m, q)
	} else {
		err = g.judgeQuestion(ctx, tx, m, q)
	}
	var failed *tenancy.Error
	if errors.As(err, &failed) && failed.Code == tenancy.CodeInvalid { // no question that can be asked
		m.found, err = []tenancy.Finding{{Code: failed.Code, Message: failed.Msg}}, nil
	}
	if err != nil {
		return m, tenancy.Verdict{}, err
	}
	return m, m.verdict(), nil
}

// judgeParty judges a subject that has no account. It changes nothing here, so
// what is a change is denied, and in every tenant it is a stranger.
func (g *Gate) judgeParty(ctx context.Context, tx Reader, m *matter, q tenancy.Question) error {
	m.in.Actor = ActorFacts{}
	if q.Action.Changes() || !m.entity {
		m.find(tenancy.Find(tenancy.CodeNotPermitted))
		return nil
	}
	if err := m.gatherTenant(tx, q.Tenant); err != nil {
		return err
	}
	if err := m.gatherTarget(tx, targetOf(q.Resource)); err != nil {
		return err
	}
	return g.judgeAccess(ctx, m)
}

// gatherParties puts what was sent, and what the registry says of it, before
// the rules.
func (m *matter) gatherParties(tx Reader, e tenancy.Evaluation) error {
	m.in.Sent, m.in.Context = e.ActionProperties, e.Context
	m.in.Subject = SubjectFacts{Type: e.Subject.Type, ID: spelt(e.Subject.EntityRef), Properties: e.Subject.Properties}
	m.in.Resource = ResourceFacts{Type: e.Resource.Type, ID: spelt(e.Resource.EntityRef), Properties: e.Resource.Properties}
	if !e.Subject.Own() {
		entity, _, err := tx.Entity(e.Subject.EntityRef)
		if err != nil {
			return err
		}
		m.in.Subject.Stored = entity.Stored()
	}
	if e.Resource.Own() {
		return nil
	}
	entity, _, err := tx.Entity(e.Resource.EntityRef)
	if err != nil {
		return err
	}
	m.in.Resource.Stored = entity.Stored()
	m.in.Resource.Mine = entity.Owner != "" && m.in.Subject.Type == tenancy.TypeUser && m.in.Subject.ID == spelt(tenancy.EntityRef{Type: tenancy.TypeUser, ID: entity.Owner})
	return nil
}

// spelt is the id of an entity, or that of a record of Memberward's in the
// form that rules compare.
func spelt(ref tenancy.EntityRef) string {
	switch {
	case !ref.User().IsZero():
		return ref.User().String()
	case !ref.Tenant().IsZero():
		return ref.Tenant().String()
	default:
		return ref.ID
	}
}
