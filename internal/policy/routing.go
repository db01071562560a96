package policy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// routingEntry is the rule that makes a question of a proxied request, in sets
// that have one. It sees the input of a decision in which nobody asks for
// anything yet: only input.http says something.
const routingEntry = "data.routing.route"

// ofCredential is what the rule says as tenant_of: the tenant that the caller's
// key or token is bound to.
const ofCredential = "credential"

// checkRouting holds the rule, where there is one, against what an answer must
// be, as far as the compiler can tell.
func (l *loading) checkRouting() {
	ref := ast.MustParseRef(routingEntry)
	rules := l.typed.GetRulesExact(ref)
	if len(rules) == 0 {
		return
	}
	if got := l.typed.TypeEnv.GetByRef(ref); !mayBeObject(got) {
		l.object("%v: %s is %v, but has to be an object", rules[0].Location, routingEntry, got)
	}
}

// mayBeObject reports whether a value of a type may be an object.
func mayBeObject(got types.Type) bool {
	switch got := got.(type) {
	case *types.Object:
		return true
	case types.Any:
		for _, one := range got {
			if mayBeObject(one) {
				return true
			}
		}
		return len(got) == 0 // unknown
	default:
		return false
	}
}

// Routes reports whether the active set has a rule that maps requests.
func (e *Engine) Routes() bool { return e.Active().evaluator.routes }

// Route asks the active set what a proxied request asks for. It reports false
// where the rule is undefined for the request, or the set has none. Its errors
// are *tenancy.Error with a policy code: the evaluation failed, or took too
// long, or gave something that is no question.
func (e *Engine) Route(ctx context.Context, r tenancy.HTTPRequest) (tenancy.Mapped, bool, error) {
	s := e.Active()
	if !s.evaluator.routes {
		return tenancy.Mapped{}, false, nil
	}
	now := s.evaluator.clock()
	input, err := s.vocabulary.input(&gate.Input{
		Now: now, HTTP: r, Dialect: tenancy.DialectProxy, Tenant: gate.TenantFacts{Limit: tenancy.Unlimited},
	})
	if err != nil {
		return tenancy.Mapped{}, false, fault(tenancy.CodePolicyError, err)
	}
	return s.route(ctx, input, now)
}

func (s *Set) route(ctx context.Context, input ast.Value, now time.Time) (tenancy.Mapped, bool, error) {
	answer, err := s.evaluator.evaluate(ctx, s.evaluator.routing, input, now)
	var failed *tenancy.Error
	if errors.As(err, &failed) && failed.Code == tenancy.CodePolicyUndefined {
		return tenancy.Mapped{}, false, nil
	}
	if err != nil {
		return tenancy.Mapped{}, false, err
	}
	mapped, err := mappedOf(answer)
	if err != nil {
		return tenancy.Mapped{}, false, fault(tenancy.CodePolicyError, fmt.Errorf("%s: %w", routingEntry, err))
	}
	return mapped, true, nil
}

// mappedOf takes nothing but a well-formed question. Its errors quote nothing
// of the answer, which may hold what a client sent.
func mappedOf(answer ast.Value) (tenancy.Mapped, error) {
	object, isObject := answer.(ast.Object)
	if !isObject {
		return tenancy.Mapped{}, errors.New("want an object")
	}
	var m tenancy.Mapped
	var action, of string
	known := 0
	for name, read := range map[string]func(ast.Value) bool{
		"public":    readTruth(&m.Public),
		"action":    readText(&action),
		"tenant":    readText(&m.Tenant),
		"tenant_of": readText(&of),
		"resource":  readResource(&m.Resource),
	} {
		value := object.Get(ast.StringTerm(name))
		if value == nil {
			continue
		}
		known++
		if !read(value.Value) {
			return tenancy.Mapped{}, fmt.Errorf("%s is of another type, or empty", name)
		}
	}
	if known != object.Len() {
		return tenancy.Mapped{}, errors.New("want no keys but public, action, tenant, tenant_of and resource")
	}
	if m.Public {
		if known != 1 {
			return tenancy.Mapped{}, errors.New("public asks nobody: there is nothing beside it")
		}
		return m, nil
	}
	return complete(m, action, of)
}

// complete holds a question together: an action, one tenant, a whole resource.
func complete(m tenancy.Mapped, action, of string) (tenancy.Mapped, error) {
	var err error
	if m.Action, err = tenancy.ParseAction(action); err != nil {
		return tenancy.Mapped{}, errors.New("action is no name of an action")
	}
	m.OfCaller = of == ofCredential
	if (m.Tenant == "") == (of == "") || of != "" && !m.OfCaller {
		return tenancy.Mapped{}, errors.New("want either tenant, or tenant_of with the word " + ofCredential)
	}
	return m, nil
}

func readTruth(into *bool) func(ast.Value) bool {
	return func(v ast.Value) bool {
		truth, is := v.(ast.Boolean)
		*into = bool(truth)
		return is
	}
}

func readText(into *string) func(ast.Value) bool {
	return func(v ast.Value) bool {
		text, is := v.(ast.String)
		*into = string(text)
		return is && text != ""
	}
}

// readResource wants a type and an id and nothing else.
func readResource(into *tenancy.Resource) func(ast.Value) bool {
	return func(v ast.Value) bool {
		object, is := v.(ast.Object)
		if !is || object.Len() != 2 {
			return false
		}
		for name, read := range map[string]func(ast.Value) bool{"type": readText(&into.Type), "id": readText(&into.ID)} {
			value := object.Get(ast.StringTerm(name))
			if value == nil || !read(value.Value) {
				return false
			}
		}
		return true
	}
}
