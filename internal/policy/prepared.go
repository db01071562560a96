package policy

import (
	"context"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// preparedAtMost bounds the references that stay prepared: whoever asks OPA's
// data API names them. A gateway asks the same few for ever.
const preparedAtMost = 64

// preparedRules are references that were asked for, ready to be evaluated.
// The zero value has none. Safe for concurrent use.
type preparedRules struct {
	mu    sync.Mutex
	ready map[string]rego.PreparedEvalQuery
}

// prepare gives the query for a reference. It is a term: no text of a caller's
// is ever parsed as Rego.
func (p *preparedRules) prepare(ctx context.Context, rules *evaluator, ref ast.Ref) (rego.PreparedEvalQuery, error) {
	key := ref.String()
	p.mu.Lock()
	query, isReady := p.ready[key]
	p.mu.Unlock()
	if isReady {
		return query, nil
	}
	query, err := rego.New(
		rego.ParsedQuery(ast.NewBody(ast.NewExpr(ast.NewTerm(ref)))), rego.Compiler(rules.compiler), rego.Store(rules.store),
		rego.StrictBuiltinErrors(true), rego.GenerateJSON(asValue),
	).PrepareForEval(ctx)
	if err != nil {
		return query, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ready == nil || len(p.ready) >= preparedAtMost {
		p.ready = map[string]rego.PreparedEvalQuery{}
	}
	p.ready[key] = query
	return query, nil
}

// Defines reports whether rules of the set make up the document at a path
// below data.
func (s *Set) Defines(path []string) bool {
	ref, err := refOf(path)
	return err == nil && len(path) > 0 && len(s.evaluator.compiler.GetRules(ref)) > 0
}
