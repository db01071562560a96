package policy

import (
	"maps"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/memberward/memberward/internal/tenancy"
)

// Actions lists every action that the rules of the active set name, sorted:
// what a search for actions looks at. The caller owns the list.
func (e *Engine) Actions() []tenancy.Action { return slices.Clone(e.Active().actions) }

// actionNames finds the texts that the rules hold the name of the action
// against: constants, data, and what other rules hold of them. Too many do no
// harm, since each is judged before it is shown; one that a rule only ever
// makes out of other texts is not found.
func (l *loading) actionNames() []tenancy.Action {
	n := &naming{loading: l, found: map[tenancy.Action]bool{}, seen: map[*ast.Rule]bool{}}
	for rule := range l.reached(decisionEntry, accessEntry) {
		n.rule(rule)
	}
	return slices.Sorted(maps.Keys(n.found))
}

// naming gathers the names of actions.
type naming struct {
	*loading
	found map[tenancy.Action]bool
	seen  map[*ast.Rule]bool // rules whose every text was taken
}

// rule takes the texts of the expressions that the action's name stands in, or
// a variable that stands in one of those.
func (n *naming) rule(rule *ast.Rule) {
	var exprs []*ast.Expr
	ast.WalkExprs(rule, func(expr *ast.Expr) bool { exprs = append(exprs, expr); return false })
	about, taken := map[ast.Var]bool{}, map[*ast.Expr]bool{}
	for grown := true; grown; {
		grown = false
		for _, expr := range exprs {
			if taken[expr] || !isAboutAction(expr, about) {
				continue
			}
			taken[expr], grown = true, true
			ast.WalkVars(expr, func(v ast.Var) bool {
				about[v] = about[v] || !v.Equal(ast.InputRootDocument.Value) && !v.Equal(ast.DefaultRootDocument.Value)
				return false
			})
			n.texts(expr)
		}
	}
}

// isAboutAction reports whether an expression reads the action's name, or one
// of the variables.
func isAboutAction(expr *ast.Expr, about map[ast.Var]bool) bool {
	name, found := ast.MustParseRef("input.action.name"), false
	ast.WalkRefs(expr, func(ref ast.Ref) bool {
		found = found || ref.HasPrefix(name)
		return found
	})
	ast.WalkVars(expr, func(v ast.Var) bool {
		found = found || about[v]
		return found
	})
	return found
}

// texts takes every text that stands in a part of a rule, and what the
// references in it lead to.
func (n *naming) texts(in any) {
	ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case ast.String:
			n.take(string(x))
		case ast.Ref:
			n.ref(x)
			return true
		}
		return false
	}).Walk(in)
}

// ref takes what a reference to rules or to data can give.
func (n *naming) ref(ref ast.Ref) {
	if !ref.HasPrefix(ast.DefaultRootRef) {
		return
	}
	ground := ref.GroundPrefix()
	for _, rule := range n.compiler.GetRules(ground) {
		n.whole(rule)
	}
	if value, err := n.document.Find(ground[1:]); err == nil {
		n.texts(value)
	}
}

// whole takes every text of a rule, once.
func (n *naming) whole(rule *ast.Rule) {
	if n.seen[rule] {
		return
	}
	n.seen[rule] = true
	n.texts(rule.Head.Args)
	for _, term := range []*ast.Term{rule.Head.Key, rule.Head.Value} {
		if term != nil {
			n.texts(term)
		}
	}
	n.texts(rule.Body)
}

func (n *naming) take(text string) {
	if text != "" {
		n.found[tenancy.Action(text)] = true
	}
}
