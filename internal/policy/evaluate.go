package policy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/memberward/memberward/internal/tenancy"
)

// The entry points of every set.
const (
	decisionEntry = "data.membership.decision"
	accessEntry   = "data.access.allow"
)

// evaluator asks one compiled set. Safe for concurrent use.
type evaluator struct {
	decision, access rego.PreparedEvalQuery
	routing          rego.PreparedEvalQuery // when routes
	routes           bool                   // there is a rule that maps requests
	compiler         *ast.Compiler
	store            storage.Store
	data             document
	snapshot         storage.Transaction // for reading, never ended: nothing writes
	limit            time.Duration
	clock            func() time.Time
}

func newEvaluator(ctx context.Context, compiler *ast.Compiler, data ast.Object, opts Options) (*evaluator, error) {
	store := inmem.NewFromASTObject(data)
	e := &evaluator{compiler: compiler, store: store, data: document{data}, limit: opts.TimeLimit, clock: opts.Clock}
	var err error
	if e.snapshot, err = store.NewTransaction(ctx); err != nil {
		return nil, err
	}
	if e.decision, err = prepare(ctx, decisionEntry, compiler, store); err != nil {
		return nil, err
	}
	if e.access, err = prepare(ctx, accessEntry, compiler, store); err != nil {
		return nil, err
	}
	if e.routes = len(compiler.GetRulesExact(ast.MustParseRef(routingEntry))) > 0; e.routes {
		e.routing, err = prepare(ctx, routingEntry, compiler, store)
	}
	return e, err
}

// prepare readies one entry point. A built-in that fails ends the evaluation,
// instead of leaving a rule silently undefined: that rule may be an objection.
func prepare(ctx context.Context, entry string, compiler *ast.Compiler, data storage.Store) (rego.PreparedEvalQuery, error) {
	query, err := rego.New(
		rego.Query(entry), rego.Compiler(compiler), rego.Store(data),
		rego.StrictBuiltinErrors(true),
		rego.GenerateJSON(asValue),
	).PrepareForEval(ctx)
	if err != nil {
		return query, fmt.Errorf("prepare %s: %w", entry, err)
	}
	return query, nil
}

// asValue leaves an answer as it is.
func asValue(term *ast.Term, _ *rego.EvalContext) (any, error) { return term.Value, nil }

// evaluate gives the value of an entry point for an input at a time. Its
// errors are *tenancy.Error with a policy code: an end of the context or of
// the time is policy_timeout, no value policy_undefined, a panic and all else
// policy_error.
func (e *evaluator) evaluate(
	ctx context.Context, query rego.PreparedEvalQuery, input ast.Value, now time.Time, more ...rego.EvalOption,
) (answer ast.Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			answer, err = nil, fault(tenancy.CodePolicyError, fmt.Errorf("panic: %v", r))
		}
	}()
	if now.IsZero() {
		return nil, fault(tenancy.CodePolicyError, errors.New("the input has no time")) // OPA would read the clock
	}
	limit := e.deadline(ctx)
	results, err := query.Eval(ctx, func(to *rego.EvalContext) {
		rego.EvalParsedInput(input)(to)
		rego.EvalTime(now)(to)
		rego.EvalTransaction(e.snapshot)(to)
		rego.EvalBaseCache(e.data)(to)
		rego.EvalMetrics(metrics.NoOp())(to)
		rego.EvalExternalCancel(limit)(to) // without one, OPA starts a goroutine for each evaluation
		for _, option := range more {
			option(to)
		}
	})
	switch {
	case topdown.IsCancel(err):
		return nil, fault(tenancy.CodePolicyTimeout, errors.Join(err, ctx.Err()))
	case err != nil:
		return nil, fault(tenancy.CodePolicyError, err)
	case len(results) == 0:
		return nil, fault(tenancy.CodePolicyUndefined, nil)
	case len(results) != 1 || len(results[0].Expressions) != 1:
		return nil, fault(tenancy.CodePolicyError, errors.New("more than one answer"))
	}
	answer, isValue := results[0].Expressions[0].Value.(ast.Value)
	if !isValue {
		return nil, fault(tenancy.CodePolicyError, errors.New("no value"))
	}
	return answer, nil
}

func fault(code tenancy.Code, cause error) *tenancy.Error {
	return &tenancy.Error{Code: code, Msg: tenancy.Find(code).Message, Cause: cause}
}

// document is the data of a set, which never changes: every look-up of every
// evaluation is answered by the one copy.
type document struct{ root ast.Object }

var _ topdown.BaseCache = document{}

// Get gives the value at a reference that begins with data, or nil.
func (d document) Get(ref ast.Ref) ast.Value {
	value, err := d.root.Find(ref[1:])
	if err != nil {
		return nil
	}
	return value
}

// Put keeps nothing: what is not in the document is not in the store.
func (document) Put(ast.Ref, ast.Value) {}

// stride is how many steps of an evaluation share one look at the clock,
// which costs more than such a step.
const stride = 64

// deadline ends an evaluation when its time or its context is over. The
// evaluation asks it between steps, so no goroutine has to watch. One
// evaluation uses it, on one goroutine.
type deadline struct {
	ctx   context.Context
	clock func() time.Time
	at    time.Time
	steps int
	over  bool
}

var _ topdown.Cancel = (*deadline)(nil)

// deadline begins the time that an evaluation has.
func (e *evaluator) deadline(ctx context.Context) *deadline {
	return &deadline{ctx: ctx, clock: e.clock, at: e.clock().Add(e.limit)}
}

// Cancel ends the evaluation at its next step.
func (d *deadline) Cancel() { d.over = true }

// Cancelled reports whether the evaluation has to end.
func (d *deadline) Cancelled() bool {
	if d.over {
		return true
	}
	if d.steps%stride == 0 {
		d.over = d.ctx.Err() != nil || !d.clock().Before(d.at)
	}
	d.steps++
	return d.over
}
