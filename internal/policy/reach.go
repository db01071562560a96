package policy

import (
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// decides reports whether decisions are made in a package: in membership,
// access, or beneath them, and in routing, which says what is asked. Its tests
// have a package of their own.
func decides(pkg *ast.Package) bool {
	root, _ := pkg.Path[1].Value.(ast.String)
	return root == "membership" || root == "access" || root == "routing"
}

// checkReached wants every rule of the packages that decide to be read, at
// whatever distance, from an entry point. A rule that nothing reads is most
// likely misnamed: an objection that never objects.
func (l *loading) checkReached() {
	reached := l.reached(decisionEntry, accessEntry, routingEntry)
	for _, name := range slices.Sorted(maps.Keys(l.compiler.Modules)) {
		module := l.compiler.Modules[name]
		if !decides(module.Package) || strings.HasSuffix(packageName(module.Package), "_test") {
			continue
		}
		for _, rule := range module.Rules {
			if !reached[rule] && !isTestRule(rule) {
				l.object("%v: %s", rule.Location, unread(module.Package, rule))
			}
		}
	}
}

// reached gives the rules that entry points read.
func (l *loading) reached(entries ...string) map[*ast.Rule]bool {
	var rules []*ast.Rule
	for _, entry := range entries {
		rules = append(rules, l.compiler.GetRulesExact(ast.MustParseRef(entry))...)
	}
	return reachedFrom(l.compiler, rules)
}

// reachedFrom gives rules and those that they read, at whatever distance.
func reachedFrom(compiler *ast.Compiler, rules []*ast.Rule) map[*ast.Rule]bool {
	reached := map[*ast.Rule]bool{}
	var visit func(rule *ast.Rule)
	visit = func(rule *ast.Rule) {
		for ; rule != nil && !reached[rule]; rule = rule.Else {
			reached[rule] = true
			for read := range compiler.Graph.Dependencies(rule) {
				if dependency, isRule := read.(*ast.Rule); isRule {
					visit(dependency)
				}
			}
		}
	}
	for _, rule := range rules {
		visit(rule)
	}
	return reached
}

// unread says what is wrong with a rule that nothing reads, and what to do.
func unread(pkg *ast.Package, rule *ast.Rule) string {
	where, name := packageName(pkg), rule.Head.Ref().GroundPrefix().String()
	expected, isKnown := sentences[where]
	fault := "nothing reads the rule " + name + "; "
	switch {
	case strings.HasPrefix(name, "_"):
		return fault + "use it or delete it"
	case isKnown && name == expected.name:
		return fault + decisionEntry + " has to read data." + where + "." + name
	case isKnown:
		return fault + expected.called
	case where == "membership":
		return fault + "the entry point is called decision"
	case where == "routing":
		return fault + "the entry point is called route"
	default:
		return fault + "the package " + where + " is none of membership.forbid, membership.grant and access"
	}
}

// isTestRule reports whether a rule is a test, as opa test tells them.
func isTestRule(rule *ast.Rule) bool {
	name := rule.Head.Ref()[0].Value.String()
	return strings.HasPrefix(name, "test_") || strings.HasPrefix(name, "todo_test_")
}

// packageName gives a package's name as its file writes it.
func packageName(pkg *ast.Package) string { return strings.TrimPrefix(pkg.Path.String(), "data.") }
