package policy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// factsKey is where rules of any package find what the store knows: below
// input. A caller cannot set it.
const factsKey = "memberward"

// Evaluate gives the value of any rule or data of the active set, for an input
// of the caller's own; see [gate.Decider]. A built-in that fails is an error,
// never a value, unlike OPA's own default.
func (e *Engine) Evaluate(ctx context.Context, in *gate.RuleInput) (tenancy.Value, error) {
	return e.Active().evaluateRule(ctx, in)
}

func (s *Set) evaluateRule(ctx context.Context, in *gate.RuleInput) (tenancy.Value, error) {
	ref, err := refOf(in.Path)
	if err != nil {
		return tenancy.Value{}, fault(tenancy.CodePolicyError, err)
	}
	input, err := callersInput(in)
	if err != nil {
		return tenancy.Value{}, fault(tenancy.CodePolicyError, err)
	}
	query, err := s.asked.prepare(ctx, s.evaluator, ref)
	telling := observed(in)
	if isRuledOut(err) {
		return telling.value(nil)
	}
	if err != nil {
		return tenancy.Value{}, fault(tenancy.CodePolicyError, fmt.Errorf("prepare %v: %w", ref, err))
	}
	answer, err := s.evaluator.evaluate(ctx, query, input, in.Now, telling.options...)
	var failed *tenancy.Error
	if err != nil && (!errors.As(err, &failed) || failed.Code != tenancy.CodePolicyUndefined) {
		return tenancy.Value{}, err
	}
	value, err := telling.value(answer)
	if err != nil {
		return tenancy.Value{}, fault(tenancy.CodePolicyError, err)
	}
	return value, nil
}

// isRuledOut reports whether the types of the rules alone say that a reference
// is undefined, whatever the input.
func isRuledOut(err error) bool {
	var several ast.Errors
	if !errors.As(err, &several) || len(several) == 0 {
		return false
	}
	for _, one := range several {
		if one.Code != ast.TypeErr {
			return false
		}
	}
	return true
}

// refOf gives the reference that a path below data names. A whole number is
// an index, as in OPA.
func refOf(path []string) (ast.Ref, error) {
	ref := ast.Ref{ast.DefaultRootDocument}
	for _, element := range path {
		if element == "" {
			return nil, errors.New("an element of the path is empty")
		}
		if n, err := strconv.ParseInt(element, 10, 64); err == nil {
			ref = append(ref, ast.IntNumberTerm(int(n)))
			continue
		}
		ref = append(ref, ast.StringTerm(element))
	}
	return ref, nil
}

// callersInput gives the input as Rego sees it, nil for none, with the facts
// in it. Numbers stay as they are written.
func callersInput(in *gate.RuleInput) (ast.Value, error) {
	if in.Input == nil {
		if in.Facts != nil {
			return nil, errors.New("there are facts and no input to put them in")
		}
		return nil, nil
	}
	input, err := ast.ValueFromReader(bytes.NewReader(in.Input))
	if err != nil {
		return nil, fmt.Errorf("read the input: %w", err)
	}
	object, isObject := input.(ast.Object)
	if isObject && object.Get(ast.StringTerm(factsKey)) != nil {
		return nil, errors.New("the input claims facts of the store")
	}
	if in.Facts == nil {
		return input, nil
	}
	facts, err := ast.ValueFromReader(bytes.NewReader(in.Facts))
	if err != nil || !isObject {
		return nil, errors.Join(errors.New("there are facts and no object to put them in"), err)
	}
	object.Insert(ast.StringTerm(factsKey), ast.NewTerm(facts))
	return object, nil
}

// telling is what is told of one evaluation beside its value.
type telling struct {
	trace   *steps
	metrics metrics.Metrics
	options []rego.EvalOption
}

func observed(in *gate.RuleInput) *telling {
	t := &telling{}
	if in.Trace != tenancy.TraceNone {
		t.trace = &steps{kind: in.Trace}
		t.options = append(t.options, rego.EvalQueryTracer(t.trace))
	}
	if in.Measure {
		t.metrics = metrics.New()
		t.options = append(t.options, rego.EvalMetrics(t.metrics))
	}
	return t
}

// value puts together what an evaluation came to; a nil answer is undefined.
func (t *telling) value(answer ast.Value) (value tenancy.Value, err error) {
	if answer != nil {
		plain, err := ast.JSON(answer)
		if err != nil {
			return value, fmt.Errorf("the value is no JSON: %w", err)
		}
		if value.JSON, err = json.Marshal(plain); err != nil {
			return value, fmt.Errorf("the value is no JSON: %w", err)
		}
	}
	if t.trace != nil {
		if value.Trace, err = t.trace.json(); err != nil {
			return value, err
		}
	}
	if t.metrics != nil {
		if value.Metrics, err = json.Marshal(t.metrics.All()); err != nil {
			return value, err
		}
	}
	return value, nil
}
