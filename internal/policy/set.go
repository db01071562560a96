package policy

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/memberward/memberward/internal/tenancy"
)

// revisionLength is how much of the digest names a set, in hexadecimal digits.
const revisionLength = 12

// Set is a rule book that may judge: it was loaded and kept the contract. It
// never changes, but for what it remembers.
type Set struct {
	source, digest, revision string
	catalogue                []Rule
	warnings                 []string
	vocabulary               *vocabulary
	evaluator                *evaluator
	memory                   *memory
	levels                   map[tenancy.Level][]tenancy.Action // what the role table gives
	terms                    map[tenancy.Dialect]tenancy.Terms
	permissions              func() []permission // what explanations ask
	actions                  []tenancy.Action    // that the rules name
	asked                    *preparedRules
	modules                  []tenancy.Module
}

// Revision names the set in answers and records: the beginning of its digest.
func (s *Set) Revision() string { return s.revision }

// Digest is the SHA-256 of the set's files, in hexadecimal.
func (s *Set) Digest() string { return s.digest }

// Source is "embedded", or the folder that the set was loaded from.
func (s *Set) Source() string { return s.source }

// Catalogue lists the set's rules in the order of files and codes. The caller
// owns the list.
func (s *Set) Catalogue() []Rule { return slices.Clone(s.catalogue) }

// Warnings lists what an operator should mend although the set may judge, with
// file and line where there is one. The caller owns the list.
func (s *Set) Warnings() []string { return slices.Clone(s.warnings) }

// Modules lists the files of rules without their tests, in the order of their
// paths. The caller owns the list.
func (s *Set) Modules() []tenancy.Module { return slices.Clone(s.modules) }

// modules gives the files of rules as they were read.
func (l *loading) modules() []tenancy.Module {
	var modules []tenancy.Module
	for _, f := range l.files {
		if f.isModule() && !f.isTest() {
			modules = append(modules, tenancy.Module{Path: f.path, Text: string(f.content)})
		}
	}
	return modules
}

// Rule is one sentence of the rule book, for people.
type Rule struct {
	Kind        Kind
	Code        string // of an objection, where it is written out; else ""
	Title       string
	Description string
	File        string // below the source
	Line        int    // of its head
}

// Kind says what a rule does.
type Kind string

// The kinds of rule.
const (
	KindGrant     Kind = "grant"     // says who may
	KindObjection Kind = "objection" // says what may never be
	KindAccess    Kind = "access"    // says what a position permits
)

// sentence is what a package calls those of its rules that decide. All others
// are helpers.
type sentence struct {
	kind   Kind
	name   string
	called string // the name, in words
}

// sentences holds the packages whose rules are sentences.
var sentences = map[string]sentence{
	"membership.grant":  {KindGrant, "allowed", "a grant is called allowed"},
	"membership.forbid": {KindObjection, "violation", "an objection is called violation"},
	"access":            {KindAccess, "allow", "a rule that gives access is called allow"},
}

// isSentence reports whether a rule is a sentence of that kind.
func isSentence(rule *ast.Rule, kind Kind) bool {
	expected := sentences[packageName(rule.Module.Package)]
	return expected.kind == kind && rule.Head.Ref().String() == expected.name
}

// catalogueOf lists the sentences of a set in which nothing is misnamed.
func catalogueOf(modules map[string]*ast.Module) []Rule {
	var rules []Rule
	for name, module := range modules {
		kind := sentences[packageName(module.Package)].kind
		for _, rule := range module.Rules {
			if entry, worth := entryOf(rule); worth && isSentence(rule, kind) {
				entry.Kind, entry.File = kind, name
				rules = append(rules, entry)
			}
		}
	}
	slices.SortStableFunc(rules, func(a, b Rule) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Code, b.Code))
	})
	return slices.CompactFunc(rules, func(a, b Rule) bool { return a.File == b.File && a.Code == b.Code && b.Title == "" })
}

// entryOf gives what a rule says of itself. A default that says nothing is no
// sentence.
func entryOf(rule *ast.Rule) (Rule, bool) {
	entry := Rule{Code: codeOf(rule.Head), Line: rule.Location.Row}
	for _, annotation := range rule.Annotations {
		if annotation.Scope == "rule" {
			entry.Title, entry.Description = annotation.Title, annotation.Description
			return entry, true
		}
	}
	return entry, !rule.Default
}

// unexplained warns of the sentences that say too little of themselves.
func unexplained(rules []Rule) []string {
	var warnings []string
	for _, rule := range rules {
		lacks := "title"
		if rule.Title != "" {
			lacks = "description"
		}
		if rule.Title == "" || rule.Description == "" {
			warnings = append(warnings, fmt.Sprintf("%s:%d: no %s, so GET /v1/policies cannot explain it", rule.File, rule.Line, lacks))
		}
	}
	return warnings
}

// codeOf gives the code that a rule's head writes out, or "".
func codeOf(head *ast.Head) string {
	if head.Key == nil {
		return ""
	}
	return codeIn(head.Key)
}

// codeIn gives the code of a violation, or "".
func codeIn(violation *ast.Term) string {
	if object, isObject := violation.Value.(ast.Object); isObject {
		return textAt(object, "code")
	}
	return ""
}
