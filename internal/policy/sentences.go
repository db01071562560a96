package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/memberward/memberward/internal/tenancy"
)

// checkSentences checks what a rule of an operator's most easily gets wrong
// without being noticed: the shape of an objection, and the action's name.
func (l *loading) checkSentences() {
	for _, name := range slices.Sorted(maps.Keys(l.shipped)) {
		module := l.shipped[name]
		where := packageName(module.Package)
		if sentences[where].kind == KindObjection {
			l.checkObjections(module)
		}
		if where == "membership" || strings.HasPrefix(where, "membership.") {
			ast.NewGenericVisitor(func(node any) bool { l.checkComparison(node); return false }).Walk(module)
		}
	}
}

// checkObjections holds the objections that a module writes out against the
// form of a violation. What is known only at run time is checked there.
func (l *loading) checkObjections(module *ast.Module) {
	for _, rule := range module.Rules {
		if rule.Head.Key == nil || !isSentence(rule, KindObjection) {
			continue
		}
		if written, isObject := rule.Head.Key.Value.(ast.Object); isObject {
			if err := checkObjection(written); err != nil {
				l.object("%v: %v", rule.Location, err)
			}
		}
	}
}

func checkObjection(written ast.Object) error {
	var keys []string
	for _, key := range written.Keys() {
		text, isString := key.Value.(ast.String)
		if !isString {
			return nil
		}
		keys = append(keys, string(text))
	}
	if slices.Sort(keys); !slices.Equal(keys, []string{"code", "message"}) {
		return fmt.Errorf("an objection has exactly the keys code and message, this one has %q", keys)
	}
	if !ast.IsConstant(written) {
		return nil
	}
	_, err := violationOf(written)
	return err
}

// actionName is the fact that tells a rule which change it judges.
const actionName = "input.action.name"

// comparisons are the operators whose operands are compared.
var comparisons = []string{ast.Equal.Name, ast.NotEqual.Name, ast.Equality.Name, ast.Member.Name}

// checkComparison refuses to compare the action's name with a word that names
// no change: membership.decision is asked about nothing else, so such a rule
// never applies. The access rules are free to name actions of an operator's.
func (l *loading) checkComparison(node any) {
	var terms []*ast.Term
	switch node := node.(type) {
	case *ast.Expr:
		terms, _ = node.Terms.([]*ast.Term)
	case ast.Call:
		terms = node
	}
	if len(terms) != 3 || !slices.Contains(comparisons, terms[0].Value.String()) {
		return
	}
	switch {
	case terms[1].Value.String() == actionName:
		l.checkChanges(terms[2])
	case terms[2].Value.String() == actionName:
		l.checkChanges(terms[1])
	}
}

// checkChanges wants the words that stand in a term to name changes.
func (l *loading) checkChanges(term *ast.Term) {
	switch value := term.Value.(type) {
	case ast.String:
		if !tenancy.Action(value).Changes() {
			l.object("%v: %s is no change; the changes are %s", term.Location, string(value), changeNames())
		}
	case ast.Set:
		value.Foreach(l.checkChanges)
	case *ast.Array:
		value.Foreach(l.checkChanges)
	}
}

func changeNames() string {
	var names []string
	for _, action := range tenancy.ChangeActions() {
		names = append(names, string(action))
	}
	return strings.Join(names, ", ")
}
