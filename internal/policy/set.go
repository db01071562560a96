package policy

import (
	"cmp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// revisionLength is how much of the digest names a set, in hexadecimal digits.
const revisionLength = 12

// Set is a rule book that may judge: it was loaded and kept the contract. It
// never changes.
type Set struct {
	source, digest, revision string
	catalogue                []Rule
	vocabulary               *vocabulary
	evaluator                *evaluator
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

// Rule is one sentence of the rule book, for people.
type Rule struct {
	Kind        Kind
	Code        string // of an objection, where it is written out; else ""
	Title       string
	Description string
	File        string // below the source
}

// Kind says what a rule does.
type Kind string

// The kinds of rule.
const (
	KindGrant     Kind = "grant"     // says who may
	KindObjection Kind = "objection" // says what may never be
	KindAccess    Kind = "access"    // says what a position permits
)

// kinds maps the packages whose rules are sentences to what they do.
var kinds = map[string]Kind{
	"data.membership.grant":  KindGrant,
	"data.membership.forbid": KindObjection,
	"data.access":            KindAccess,
}

func catalogueOf(modules map[string]*ast.Module) []Rule {
	var rules []Rule
	for name, module := range modules {
		kind, isSentence := kinds[module.Package.Path.String()]
		if !isSentence {
			continue
		}
		for _, rule := range module.Rules {
			if entry, worth := entryOf(rule); worth {
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

// entryOf gives what a rule says of itself. Helpers and defaults that say
// nothing are no sentences.
func entryOf(rule *ast.Rule) (Rule, bool) {
	entry := Rule{Code: codeOf(rule.Head)}
	for _, annotation := range rule.Annotations {
		if annotation.Scope == "rule" {
			entry.Title, entry.Description = annotation.Title, annotation.Description
			return entry, true
		}
	}
	return entry, !rule.Default && !strings.HasPrefix(rule.Head.Ref().String(), "_")
}

// codeOf gives the code that a rule's head writes out, or "".
func codeOf(head *ast.Head) string {
	if head.Key == nil {
		return ""
	}
	if object, isObject := head.Key.Value.(ast.Object); isObject {
		return textAt(object, "code")
	}
	return ""
}
