//go:build !race

package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// mutant is a rule book with one fault planted in it.
type mutant struct {
	file  string // below the source
	rule  string // its name; the second of a file of the same name is name[2]
	line  int
	what  string            // what was done
	spoil func(*ast.Module) // does it, to a copy of the file
}

// String names the mutant in the table, and in the list of equivalents: no
// line number, so that a comment moves nothing.
func (m mutant) String() string { return fmt.Sprintf("%s: %s: %s", m.file, m.rule, m.what) }

// mutantsOf plants every fault that the check knows in a file, one at a time:
// each rule is deleted and negated, so is each condition; each element of a
// set, list or object that is written out is taken away; each comparison of
// order includes its bound or no longer does.
func mutantsOf(file string, module *ast.Module) []mutant {
	var found []mutant
	for i, rule := range module.Rules {
		add := func(line int, what string, spoil func(*ast.Rule)) {
			found = append(found, mutant{
				file: file, rule: ordinal(module.Rules, i), line: line, what: what,
				spoil: func(m *ast.Module) { spoil(m.Rules[i]) },
			})
		}
		found = append(found, mutant{
			file: file, rule: ordinal(module.Rules, i), line: rule.Location.Row, what: "the rule is deleted",
			spoil: func(m *ast.Module) { m.Rules = slices.Delete(m.Rules, i, i+1) },
		})
		addNegated(rule, add)
		addConditions(rule, add)
		addElements(rule, add)
		addBounds(rule, add)
	}
	return found
}

// ordinal names a rule among those of its name in a file.
func ordinal(rules []*ast.Rule, i int) string {
	name, before := rules[i].Head.Ref().String(), 1
	for _, earlier := range rules[:i] {
		if earlier.Head.Ref().String() == name {
			before++
		}
	}
	if before == 1 {
		return name
	}
	return fmt.Sprintf("%s[%d]", name, before)
}

type adder func(line int, what string, spoil func(*ast.Rule))

// addNegated negates a whole rule: its body, or the truth that it gives by
// default. Of a body of one condition, that condition's negation is the same.
func addNegated(rule *ast.Rule, add adder) {
	if rule.Default {
		add(rule.Location.Row, "the default is negated", func(r *ast.Rule) {
			value, isBoolean := r.Head.Value.Value.(ast.Boolean)
			r.Head.Value = ast.BooleanTerm(isBoolean && !bool(value))
		})
		return
	}
	if len(rule.Body) > 1 {
		add(rule.Location.Row, "the rule is negated", func(r *ast.Rule) {
			not := ast.NewExpr(&ast.Not{Body: r.Body, ExplicitBody: true}).SetLocation(r.Location)
			r.Body = ast.NewBody(not)
		})
	}
}

// written reports whether somebody wrote the condition: the parser gives a
// rule without any the condition true.
func written(condition *ast.Expr) bool {
	term, isTerm := condition.Terms.(*ast.Term)
	return !isTerm || !ast.Boolean(true).Equal(term.Value)
}

func addConditions(rule *ast.Rule, add adder) {
	for j, condition := range rule.Body {
		if !written(condition) {
			continue
		}
		line, text := condition.Location.Row, oneLine(condition.Location.Text)
		add(line, "deleted: "+text, func(r *ast.Rule) {
			rest := slices.Delete(slices.Clone(r.Body), j, j+1)
			if len(rest) == 0 {
				rest = append(rest, ast.NewExpr(ast.BooleanTerm(true)).SetLocation(r.Location))
			}
			r.Body = ast.NewBody(rest...)
		})
		add(line, "negated: "+text, func(r *ast.Rule) {
			r.Body = ast.NewBody(slices.Replace(slices.Clone(r.Body), j, j+1, ast.Complement(r.Body[j])...)...)
		})
	}
}

// nameLimit is how much of a condition its mutant's name quotes, in bytes.
const nameLimit = 70

// oneLine quotes what a rule says, from its beginning.
func oneLine(text []byte) string {
	line := strings.Join(strings.Fields(string(text)), " ")
	if len(line) > nameLimit {
		line = strings.ToValidUTF8(line[:nameLimit], "") + "…"
	}
	return line
}

// literals gives the sets, lists and objects that a rule writes out, in an
// order that a copy of the rule has as well.
func literals(rule *ast.Rule) []*ast.Term {
	var found []*ast.Term
	ast.WalkTerms(rule, func(term *ast.Term) bool {
		switch term.Value.(type) {
		case ast.Set, *ast.Array, ast.Object:
			found = append(found, term)
		}
		return false
	})
	return found
}

func addElements(rule *ast.Rule, add adder) {
	for k, literal := range literals(rule) {
		for n, element := range elements(literal) {
			add(element.Location.Row, fmt.Sprintf("without %s in %s", element, oneLine(literal.Location.Text)), func(r *ast.Rule) {
				term := literals(r)[k]
				term.Value = lessOne(term, n)
			})
		}
	}
}

// elements gives the elements of a set or list, or the keys of an object, in
// the order in which they are written.
func elements(literal *ast.Term) []*ast.Term {
	var found []*ast.Term
	switch value := literal.Value.(type) {
	case ast.Set:
		found = value.Slice()
	case ast.Object:
		found = value.Keys()
	case *ast.Array:
		value.Foreach(func(element *ast.Term) { found = append(found, element) })
	}
	slices.SortFunc(found, func(a, b *ast.Term) int { return a.Location.Compare(b.Location) })
	return found
}

// lessOne gives a literal's value without its n-th element.
func lessOne(literal *ast.Term, n int) ast.Value {
	kept := slices.Delete(elements(literal), n, n+1)
	object, isObject := literal.Value.(ast.Object)
	switch _, isSet := literal.Value.(ast.Set); {
	case isSet:
		return ast.NewSet(kept...)
	case !isObject:
		return ast.NewArray(kept...)
	}
	rest := ast.NewObject()
	for _, key := range kept {
		rest.Insert(key, object.Get(key))
	}
	return rest
}

// bounds gives each comparison of order the one that differs at the bound.
var bounds = map[string]*ast.Builtin{
	ast.LessThan.Name: ast.LessThanEq, ast.LessThanEq.Name: ast.LessThan,
	ast.GreaterThan.Name: ast.GreaterThanEq, ast.GreaterThanEq.Name: ast.GreaterThan,
}

func addBounds(rule *ast.Rule, add adder) {
	for j, condition := range rule.Body {
		terms, isCall := condition.Terms.([]*ast.Term)
		if !isCall || bounds[terms[0].Value.String()] == nil {
			continue
		}
		other := bounds[terms[0].Value.String()]
		add(condition.Location.Row, fmt.Sprintf("%s instead: %s", other.Infix, oneLine(condition.Location.Text)), func(r *ast.Rule) {
			r.Body[j].Terms.([]*ast.Term)[0] = ast.NewTerm(other.Ref())
		})
	}
}
