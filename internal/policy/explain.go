package policy

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// Explain says which rules of the active set apply to an input, and which
// would permit it but for one condition. The entry point is that of the
// action: membership.decision for a change, access.allow for anything else.
// It evaluates anew, with tracing, for people who ask; no decision goes this
// way. Its errors are those of [Engine.Decide].
func (e *Engine) Explain(ctx context.Context, in *gate.Input) (tenancy.Explanation, error) {
	return e.Active().explain(ctx, in)
}

func (s *Set) explain(ctx context.Context, in *gate.Input) (tenancy.Explanation, error) {
	explanation := tenancy.Explanation{PolicyRevision: s.revision}
	input, err := s.vocabulary.input(in)
	if err != nil {
		return explanation, fault(tenancy.CodePolicyError, err)
	}
	if explanation.Fired, err = s.fired(ctx, in.Action.Changes(), input, in.Now); err != nil {
		return explanation, err
	}
	explanation.Nearly, err = s.nearly(ctx, in.Action.Changes(), input, in.Now)
	return explanation, err
}

// fired evaluates an entry point with tracing, and gives the sentences that
// applied.
func (s *Set) fired(ctx context.Context, changes bool, input ast.Value, now time.Time) ([]tenancy.Rule, error) {
	trace := &firing{applied: map[tenancy.Rule]bool{}}
	query := s.evaluator.access
	if changes {
		query = s.evaluator.decision
	}
	traced := []rego.EvalOption{rego.EvalQueryTracer(trace), rego.EvalEarlyExit(false)} // else the first grant hides the others
	if _, err := s.evaluator.evaluate(ctx, query, input, now, traced...); err != nil {
		return nil, err
	}
	return trace.rules(), nil
}

// firing is a tracer that keeps the sentences that applied. One evaluation
// uses it, on one goroutine.
type firing struct{ applied map[tenancy.Rule]bool }

var _ topdown.QueryTracer = (*firing)(nil)

// Enabled switches tracing on.
func (*firing) Enabled() bool { return true }

// Config asks for nothing beyond the events.
func (*firing) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

// TraceEvent notes a sentence whose body held.
func (f *firing) TraceEvent(event topdown.Event) {
	rule, isRule := event.Node.(*ast.Rule)
	if event.Op != topdown.ExitOp || !isRule || rule.Default {
		return
	}
	kind := sentences[packageName(rule.Module.Package)].kind
	if kind == "" || !isSentence(rule, kind) {
		return
	}
	code := ""
	switch {
	case kind == KindObjection && rule.Head.Key != nil:
		code = codeIn(event.Plug(rule.Head.Key))
	case kind == KindObjection || rule.Head.Value == nil || !ast.Boolean(true).Equal(event.Plug(rule.Head.Value).Value):
		return // a grant that says false
	}
	f.applied[explained(rule, code)] = true
}

func (f *firing) rules() []tenancy.Rule {
	var rules []tenancy.Rule
	for rule := range f.applied {
		rules = append(rules, rule)
	}
	slices.SortFunc(rules, inFile)
	return rules
}

func inFile(a, b tenancy.Rule) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Code, b.Code))
}

// explained gives a sentence for people.
func explained(rule *ast.Rule, code string) tenancy.Rule {
	where := packageName(rule.Module.Package)
	entry, _ := entryOf(rule)
	return tenancy.Rule{
		Kind: string(sentences[where].kind), Package: where, Name: rule.Head.Ref().String(), Code: code,
		Title: entry.Title, Description: entry.Description, File: rule.Location.File, Line: rule.Location.Row,
	}
}

// permission is a grant, or a rule that gives access, with what is asked to
// find out whether it was nearly given.
type permission struct {
	rule    tenancy.Rule
	changes bool     // it is asked about changes
	whole   ast.Body // compiled
	lacking []lacking
}

// lacking is the body of a permission without one of its conditions.
type lacking struct {
	condition tenancy.Condition
	rest      ast.Body // compiled
}

// whenAsked prepares the permissions of a set when they are asked for first.
// Few programs are asked, and every check would pay the garbage collector for
// what is prepared: so the modules are read once more then.
func whenAsked(compiler *ast.Compiler, capabilities *ast.Capabilities, modules []tenancy.Module) func() []permission {
	return sync.OnceValue(func() []permission {
		parsed := make(map[string]*ast.Module, len(modules))
		for _, m := range modules {
			module, err := ast.ParseModuleWithOpts(m.Path, m.Text, parsing(capabilities))
			if err == nil { // it was read before
				parsed[m.Path] = module
			}
		}
		return permissionsOf(compiler, parsed)
	})
}

// permissionsOf prepares the permissions of a compiled set. A condition that
// others lean on, such as one that declares a variable, cannot be left out.
func permissionsOf(compiler *ast.Compiler, modules map[string]*ast.Module) []permission {
	var found []permission
	for _, module := range modules {
		kind := sentences[packageName(module.Package)].kind
		for _, rule := range module.Rules {
			if rule.Default || kind == KindObjection || !isSentence(rule, kind) {
				continue
			}
			if p, isPlain := permissionOf(compiler, rule); isPlain {
				p.changes = kind == KindGrant
				found = append(found, p)
			}
		}
	}
	slices.SortFunc(found, func(a, b permission) int { return inFile(a.rule, b.rule) })
	return found
}

// permissionOf prepares one permission. The value that its head gives is the
// last condition, unless it is plainly true.
func permissionOf(compiler *ast.Compiler, rule *ast.Rule) (permission, bool) {
	conditions, value := rule.Body.Copy(), rule.Head.Value
	p := permission{rule: explained(rule, "")}
	switch {
	case value == nil:
		return p, false // a set is no answer
	case !ast.IsConstant(value.Value):
		conditions.Append(ast.NewExpr(value.Copy()).SetLocation(value.Location))
	case !ast.Boolean(true).Equal(value.Value):
		return p, false // it permits nothing
	}
	var err error
	if p.whole, err = compileIn(compiler, rule.Module, conditions); err != nil {
		return p, false
	}
	for i, condition := range conditions {
		if namesActions(condition) {
			continue
		}
		rest := slices.Delete(slices.Clone(conditions), i, i+1)
		if len(rest) == 0 {
			rest = ast.NewBody(ast.NewExpr(ast.BooleanTerm(true)))
		}
		compiled, err := compileIn(compiler, rule.Module, rest)
		if err != nil {
			continue
		}
		named := tenancy.Condition{Text: string(condition.Location.Text), Line: condition.Location.Row}
		p.lacking = append(p.lacking, lacking{named, compiled})
	}
	return p, true
}

// compileIn compiles a body as the module's own.
func compileIn(compiler *ast.Compiler, module *ast.Module, body ast.Body) (ast.Body, error) {
	context := ast.NewQueryContext().WithPackage(module.Package).WithImports(module.Imports)
	return compiler.QueryCompiler().WithContext(context).Compile(ast.NewBody(body.Copy()...))
}

// namesActions reports whether a condition compares the action's name with
// constant words. A rule that fails there is about something else, and not
// near at all.
func namesActions(condition *ast.Expr) bool {
	terms, isCall := condition.Terms.([]*ast.Term)
	if !isCall || len(terms) != 3 || !slices.Contains(comparisons, terms[0].Value.String()) {
		return false
	}
	for i, term := range terms[1:] {
		if term.Value.String() == actionName && ast.IsConstant(terms[2-i].Value) {
			return true
		}
	}
	return false
}

// nearly gives the permissions that fail, and hold without one condition.
// All of them together have the time of one evaluation.
func (s *Set) nearly(ctx context.Context, changes bool, input ast.Value, now time.Time) (near []tenancy.NearMiss, err error) {
	defer func() {
		if r := recover(); r != nil {
			near, err = nil, fault(tenancy.CodePolicyError, fmt.Errorf("panic: %v", r))
		}
	}()
	limit := s.evaluator.deadline(ctx)
	holds := func(body ast.Body) bool {
		results, err := topdown.NewQuery(body).
			WithCompiler(s.evaluator.compiler).WithStore(s.evaluator.store).WithTransaction(s.evaluator.snapshot).
			WithBaseCache(s.evaluator.data).WithInput(ast.NewTerm(input)).WithTime(now).WithCancel(limit).
			WithStrictBuiltinErrors(true).
			Run(ctx)
		return err == nil && len(results) > 0 // a body that fails without a guard of its own is not near
	}
	for _, p := range s.permissions() {
		if p.changes == changes && !holds(p.whole) {
			near = append(near, p.missed(holds)...)
		}
	}
	if limit.over {
		return nil, fault(tenancy.CodePolicyTimeout, ctx.Err())
	}
	return near, nil
}

// missed gives the conditions without which the permission holds.
func (p *permission) missed(holds func(ast.Body) bool) (near []tenancy.NearMiss) {
	for _, l := range p.lacking {
		if holds(l.rest) {
			near = append(near, tenancy.NearMiss{Rule: p.rule, Condition: l.condition})
		}
	}
	return near
}
