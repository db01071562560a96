package policy

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// Engine judges by the active set. Safe for concurrent use: every decision
// sees one set from beginning to end.
type Engine struct{ active atomic.Pointer[Set] }

var _ gate.Decider = (*Engine)(nil)

// NewEngine makes an engine with its first active set.
func NewEngine(set *Set) *Engine {
	e := &Engine{}
	e.active.Store(set)
	return e
}

// Active gives the set in force.
func (e *Engine) Active() *Set { return e.active.Load() }

// Decide judges a change by data.membership.decision; see [gate.Decider].
func (e *Engine) Decide(ctx context.Context, in *gate.Input) (gate.Ruling, error) {
	return e.Active().decide(ctx, in)
}

// Allow judges anything else by data.access.allow; see [gate.Decider].
func (e *Engine) Allow(ctx context.Context, in *gate.Input) (gate.Ruling, error) {
	return e.Active().allow(ctx, in)
}

// decide asks the rich entry point. The ruling carries the set's revision
// even beside an error.
func (s *Set) decide(ctx context.Context, in *gate.Input) (gate.Ruling, error) {
	if !in.Action.Changes() {
		return s.nothing(), fault(tenancy.CodePolicyError, fmt.Errorf("%s is no change", in.Action))
	}
	return s.recall(ctx, in)
}

// allow asks the boolean entry point. A change never gets there: it would
// escape the objections.
func (s *Set) allow(ctx context.Context, in *gate.Input) (gate.Ruling, error) {
	if in.Action.Changes() {
		return s.nothing(), fault(tenancy.CodePolicyError, fmt.Errorf("%s is a change", in.Action))
	}
	return s.recall(ctx, in)
}

// rule evaluates an input.
func (s *Set) rule(ctx context.Context, in *gate.Input) (gate.Ruling, error) {
	input, err := s.vocabulary.input(in)
	if err != nil {
		return s.nothing(), fault(tenancy.CodePolicyError, err)
	}
	return s.judge(ctx, in.Action.Changes(), input, in.Now)
}

// judge evaluates one of the entry points and takes nothing but a well-formed
// answer.
func (s *Set) judge(ctx context.Context, changes bool, input ast.Value, now time.Time) (gate.Ruling, error) {
	query, read := s.evaluator.access, accessOf
	if changes {
		query, read = s.evaluator.decision, decisionOf
	}
	answer, err := s.evaluator.evaluate(ctx, query, input, now)
	if err != nil {
		return s.nothing(), err
	}
	ruling, err := read(answer)
	if err != nil {
		return s.nothing(), fault(tenancy.CodePolicyError, err)
	}
	ruling.PolicyRevision = s.revision
	return ruling, nil
}

func (s *Set) nothing() gate.Ruling { return gate.Ruling{PolicyRevision: s.revision} }
