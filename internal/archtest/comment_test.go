package archtest

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

func TestPackagesAreDocumented(t *testing.T) {
	holds(t, packageDocFaults)
	finds(t, packageDocFaults, []plant{
		{"a package", []string{"a/doc.go", "// Package a is a.\npackage a", "a/x.go", "package a"}, ""},
		{"a command", []string{"cmd/a/main.go", "// Command a runs.\npackage main"}, ""},
		{"tests alone", []string{"a/x_test.go", "// Package a tests.\npackage a"}, ""},
		{"no comment", source("a", ""), "no package comment"},
		{"detached", []string{"a/doc.go", "// Package a is a.\n\npackage a"}, "no package comment"},
		{"about something else", []string{"a/doc.go", "// Copyright.\npackage a"}, "no package comment"},
		{"only on a test", []string{"a/x.go", "package a", "a/x_test.go", "// Package a is a.\npackage a"}, "no package comment"},
	})
}

func packageDocFaults(t *tree) []fault {
	var faults []fault
	for _, p := range t.packages {
		files := p.production()
		if len(files) == 0 {
			files = p.files
		}
		if !slices.ContainsFunc(files, (*file).describesPackage) {
			faults = append(faults, fault{p.dir, "no package comment (// Package " + files[0].ast.Name.Name + " …)"})
		}
	}
	return faults
}

func (f *file) describesPackage() bool {
	text := f.ast.Doc.Text()
	if f.ast.Name.Name == "main" {
		return strings.HasPrefix(text, "Command ")
	}
	return strings.HasPrefix(text, "Package "+f.ast.Name.Name+" ")
}

func TestExportedNamesAreDocumented(t *testing.T) {
	holds(t, docFaults)
	finds(t, docFaults, []plant{
		{"documented", source("a", "// F does.\nfunc F() {}\n// T is.\ntype T int\n// M does.\nfunc (T) M() {}\n// C is.\nconst C = 1"), ""},
		{"a group under one comment", source("a", "// Levels.\nconst (\nA = 1\nB = 2\n)"), ""},
		{"beside the line", source("a", "const (\nA = 1 // one\n)"), ""},
		{"not exported", source("a", "func f() {}\ntype t int\nfunc (t) M() {}\nvar v = []int{}"), ""},
		{"a test", test("a", "func TestX() {}"), ""},
		{"a function", source("a", "func F() {}"), "F has no comment"},
		{"a type", source("a", "type T int"), "T has no comment"},
		{"a method", source("a", "// T is.\ntype T int\nfunc (*T) M() {}"), "M has no comment"},
		{"a method of a generic type", source("a", "// T is.\ntype T[K any] struct{}\nfunc (*T[K]) M() {}"), "M has no comment"},
		{"a variable", source("a", "var ErrX = []int{}"), "ErrX has no comment"},
		{"one of a group", source("a", "const (\n// A is.\nA = 1\nB = 2\n)"), "B has no comment"},
		{"only a directive", source("a", "//go:noinline\nfunc F() {}"), "F has no comment"},
	})
}

// docFaults finds exported names of production code without a comment.
func docFaults(t *tree) []fault {
	var faults []fault
	for _, p := range t.packages {
		for _, f := range p.production() {
			for _, name := range f.undocumented() {
				faults = append(faults, fault{f.at(name), name.Name + " has no comment"})
			}
		}
	}
	return faults
}

func (f *file) undocumented() []*ast.Ident {
	var names []*ast.Ident
	for _, d := range f.ast.Decls {
		switch x := d.(type) {
		case *ast.FuncDecl:
			if x.Doc.Text() == "" && x.Name.IsExported() && receiverIsExported(x.Recv) {
				names = append(names, x.Name)
			}
		case *ast.GenDecl:
			if x.Doc.Text() == "" && x.Tok != token.IMPORT {
				names = append(names, undocumentedSpecs(x.Specs)...)
			}
		}
	}
	return names
}

func receiverIsExported(receiver *ast.FieldList) bool {
	if receiver == nil {
		return true
	}
	kind := receiver.List[0].Type
	for {
		switch x := kind.(type) {
		case *ast.StarExpr:
			kind = x.X
		case *ast.IndexExpr: // a generic type
			kind = x.X
		case *ast.IndexListExpr:
			kind = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return true
		}
	}
}

func undocumentedSpecs(specs []ast.Spec) []*ast.Ident {
	var names []*ast.Ident
	for _, s := range specs {
		switch x := s.(type) {
		case *ast.TypeSpec:
			if x.Doc.Text() == "" && x.Comment.Text() == "" && x.Name.IsExported() {
				names = append(names, x.Name)
			}
		case *ast.ValueSpec:
			if x.Doc.Text() == "" && x.Comment.Text() == "" {
				names = append(names, slices.DeleteFunc(slices.Clone(x.Names), func(n *ast.Ident) bool { return !n.IsExported() })...)
			}
		}
	}
	return names
}

func TestSkipsGiveTheirReason(t *testing.T) {
	holds(t, skipFaults)
	finds(t, skipFaults, []plant{
		{"with a reason", test("a", "func f(t T) { t.Skip(`nginx is missing: apt-get install nginx`) }"), ""},
		{"with a format", test("a", "func f(t T) { t.Skipf(`%s is missing`, `nginx`) }"), ""},
		{"without", test("a", "func f(t T) { t.Skip() }"), "without a reason"},
		{"an empty one", test("a", "func f(t T) { t.Skip(``) }"), "without a reason"},
		{"SkipNow", test("a", "func f(t T) { t.SkipNow() }"), "without a reason"},
		{"in a suite", source("internal/storetest", "import `testing`\nfunc f(t *testing.T) { t.Skip() }"), "without a reason"},
	})
}

// skipFaults finds skipped tests that do not say why.
func skipFaults(t *tree) []fault {
	var faults []fault
	for _, p := range t.packages {
		for _, f := range p.files {
			if !f.test && !slices.Contains(f.imports(), "testing") {
				continue
			}
			ast.Inspect(f.ast, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok && skipsSilently(call) {
					faults = append(faults, fault{f.at(call), "skips without a reason"})
				}
				return true
			})
		}
	}
	return faults
}

func skipsSilently(call *ast.CallExpr) bool {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	switch selector.Sel.Name {
	case "SkipNow":
		return true
	case "Skip", "Skipf":
		return len(call.Args) == 0 || isEmptyString(call.Args[0])
	default:
		return false
	}
}

func isEmptyString(e ast.Expr) bool {
	literal, ok := e.(*ast.BasicLit)
	return ok && literal.Kind == token.STRING && strings.Trim(literal.Value, "\"` ") == ""
}
