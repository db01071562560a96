package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/memberward/memberward/internal/gate"
)

// projection is everything that an entry point can depend on: two inputs with
// the same key get the same ruling, whatever else differs between them.
//
// It is found in the compiled rules that the entry point reads. A fact that is
// only compared with another, or with a constant, is in it as how the two
// compare; one that is only tested for its type, which never changes, is not
// in it; any other is in it with its value. What cannot be followed ends the
// search: then there is no projection.
type projection []part

// key gives the key of an input, appended to buf.
func (p projection) key(buf []byte, in *gate.Input) []byte {
	for _, part := range p {
		buf = part(buf, in)
	}
	return buf
}

// projectionOf finds the projection of an entry point. The error says what it
// cannot be found for.
func (l *loading) projectionOf(entry string) (projection, error) {
	s := &survey{facts: facts(), parts: map[string]part{}}
	for rule := range l.reached(entry) {
		s.rule(rule)
	}
	if s.fault != nil {
		return nil, s.fault
	}
	var found projection
	for _, name := range slices.Sorted(maps.Keys(s.parts)) {
		found = append(found, s.parts[name])
	}
	return found, nil
}

// survey gathers what rules read.
type survey struct {
	facts map[string]fact
	parts map[string]part // by what is read
	fault error

	// Of the rule that is looked at:
	uses  map[ast.Var]int     // how often a variable stands in it
	bound map[ast.Var]binding // variables that the compiler put in a fact's place
	done  map[*ast.Expr]bool  // what is in parts already
}

// binding is an expression that does nothing but give a fact a name.
type binding struct {
	expr *ast.Expr
	path string
}

func (s *survey) object(format string, args ...any) {
	if s.fault == nil {
		s.fault = fmt.Errorf(format, args...)
	}
}

// rule notes what a rule reads: first the comparisons and the tests of a type,
// then every fact that stands anywhere else.
func (s *survey) rule(rule *ast.Rule) {
	if rule.Else != nil {
		s.object("%v: there is an else", rule.Location)
		return
	}
	s.uses, s.bound, s.done = map[ast.Var]int{}, map[ast.Var]binding{}, map[*ast.Expr]bool{}
	ast.WalkVars(rule, func(v ast.Var) bool { s.uses[v]++; return false })
	ast.WalkExprs(rule, func(expr *ast.Expr) bool { s.bind(expr); return false })
	ast.WalkExprs(rule, func(expr *ast.Expr) bool { s.compare(expr); return false })
	s.walk(rule)
}

// bind notes an expression of the form variable = fact whose variable stands
// in one other place only.
func (s *survey) bind(expr *ast.Expr) {
	if !expr.IsEquality() || len(expr.Operands()) != 2 {
		return
	}
	for i, term := range expr.Operands() {
		name, isVar := term.Value.(ast.Var)
		path, isFact := s.path(expr.Operand(1 - i))
		if isVar && isFact && name.IsGenerated() && s.uses[name] == 2 {
			s.bound[name] = binding{expr, path}
		}
	}
}

// compare takes in a comparison, or a test of a type, of nothing but facts and
// constants.
func (s *survey) compare(expr *ast.Expr) {
	if !expr.IsCall() || len(expr.With) > 0 {
		return
	}
	operands := expr.Operands()
	switch expr.Operator().String() {
	case "is_array", "is_boolean", "is_number", "is_string":
		if len(operands) == 1 {
			if _, bound, isFact := s.operand(operands[0]); isFact {
				s.take(expr, bound)
			}
		}
	case "eq", "neq":
		if len(operands) == 2 && !binds(expr) {
			s.comparison(expr, true, operands[0], operands[1])
		}
	case "lt", "lte", "gt", "gte":
		if len(operands) == 2 {
			s.comparison(expr, false, operands[0], operands[1])
		}
	}
}

// binds reports whether the expression gives a variable its value.
func binds(expr *ast.Expr) bool {
	return expr.IsEquality() && slices.ContainsFunc(expr.Operands(), func(t *ast.Term) bool {
		_, isVar := t.Value.(ast.Var)
		return isVar
	})
}

// comparison takes in how two facts, or a fact and a constant, compare. Ids
// are told apart and never ordered.
func (s *survey) comparison(expr *ast.Expr, equality bool, a, b *ast.Term) {
	left, leftBound, aFact := s.operand(a)
	right, rightBound, bFact := s.operand(b)
	switch {
	case aFact && !bFact:
		right = constantLike(left, b)
	case bFact && !aFact:
		left = constantLike(right, a)
	case !aFact && !bFact:
		return
	}
	if left.id != nil && !equality {
		return
	}
	if compared := left.against(right); compared != nil {
		s.parts[nameOf(a, leftBound)+" against "+nameOf(b, rightBound)] = compared
		s.take(expr, leftBound, rightBound)
	}
}

// constantLike gives a constant as a fact that never changes; none unless it
// is of the type of the other.
func constantLike(other fact, term *ast.Term) fact {
	switch value := term.Value.(type) {
	case ast.Number:
		if n, fits := value.Int64(); fits && other.number != nil {
			return fact{number: func(*gate.Input) int64 { return n }}
		}
	case ast.String:
		if value == "" && other.id != nil {
			return fact{id: func(*gate.Input) [16]byte { return uuid.Nil }}
		}
	}
	return fact{}
}

// operand gives the fact that a term stands for, and the binding through which
// it does.
func (s *survey) operand(term *ast.Term) (fact, binding, bool) {
	if path, isFact := s.path(term); isFact {
		return s.facts[path], binding{}, true
	}
	if name, isVar := term.Value.(ast.Var); isVar {
		if bound, isBound := s.bound[name]; isBound {
			return s.facts[bound.path], bound, true
		}
	}
	return fact{}, binding{}, false
}

// nameOf names an operand of a comparison.
func nameOf(term *ast.Term, bound binding) string {
	if bound.path != "" {
		return "input." + bound.path
	}
	return term.String()
}

// take leaves out an expression that parts hold, with what it alone uses.
func (s *survey) take(expr *ast.Expr, bindings ...binding) {
	s.done[expr] = true
	for _, bound := range bindings {
		if bound.expr != nil {
			s.done[bound.expr] = true
		}
	}
}

// walk takes in the value of every fact that stands in what is not done.
func (s *survey) walk(in any) {
	ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case *ast.Expr:
			if len(x.With) > 0 {
				s.object("%v: there is a with", x.Location)
			}
			return s.done[x]
		case ast.Ref:
			s.ref(x)
			return true
		case ast.Var:
			if x.Equal(ast.InputRootDocument.Value) {
				s.object("the whole input is read")
			}
		}
		return false
	}).Walk(in)
}

// ref takes in the fact that a reference leads to or into.
func (s *survey) ref(ref ast.Ref) {
	for _, term := range ref[1:] {
		s.walk(term)
	}
	builtin, isBuiltin := ast.BuiltinMap[ref.String()]
	switch {
	case isBuiltin && builtin.Nondeterministic:
		s.object("%v: %v does not depend on the input alone", ref[0].Location, ref)
	case !ref.HasPrefix(ast.InputRootRef):
		if _, isVar := ref[0].Value.(ast.Var); !isVar {
			s.walk(ref[0])
		}
	default:
		s.whole(ref)
	}
}

func (s *survey) whole(ref ast.Ref) {
	for end := 2; end <= len(ref); end++ {
		if path, isFact := s.path(ast.NewTerm(ref[:end])); isFact {
			s.parts["input."+path] = s.facts[path].whole()
			return
		}
	}
	s.object("%v: %v is no fact that can be remembered", ref[0].Location, ref)
}

// path gives the path of a reference that leads to one fact exactly.
func (s *survey) path(term *ast.Term) (string, bool) {
	ref, isRef := term.Value.(ast.Ref)
	if !isRef || !ref.HasPrefix(ast.InputRootRef) {
		return "", false
	}
	names := make([]string, 0, len(ref))
	for _, term := range ref[1:] {
		name, isText := term.Value.(ast.String)
		if !isText || strings.Contains(string(name), ".") {
			return "", false
		}
		names = append(names, string(name))
	}
	path := strings.Join(names, ".")
	_, isFact := s.facts[path]
	return path, isFact
}
