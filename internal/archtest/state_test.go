package archtest

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

func TestNoInit(t *testing.T) {
	holds(t, initFaults)
	finds(t, initFaults, []plant{
		{"a method of that name", source("a", "type t struct{}\nfunc (t) init() {}"), ""},
		{"an init function", source("a", "func init() {}"), "init function"},
		{"in a test", test("a", "func init() {}"), "init function"},
	})
}

func initFaults(t *tree) []fault {
	var faults []fault
	t.functions(func(f *file, d *ast.FuncDecl) {
		if d.Recv == nil && d.Name.Name == "init" {
			faults = append(faults, fault{f.at(d), "init function; pass what it prepares through New"})
		}
	})
	return faults
}

// functions visits every function and method of the tree, those of tests too.
func (t *tree) functions(visit func(*file, *ast.FuncDecl)) {
	for _, p := range t.packages {
		for _, f := range p.files {
			for _, d := range f.ast.Decls {
				if function, ok := d.(*ast.FuncDecl); ok {
					visit(f, function)
				}
			}
		}
	}
}

func TestPackageVariables(t *testing.T) {
	holds(t, variableFaults)
	finds(t, variableFaults, []plant{
		{"an error", source("a", "import `errors`\nvar ErrX = errors.New(`x`)"), ""},
		{"a table", source("a", "var rows = []struct{ code string }{{`a`}, {`b`}}"), ""},
		{"a pointer to a literal", source("a", "type e struct{}\nvar ErrX = &e{}"), ""},
		{"bytes", source("a", "var bucket = []byte(`members`)"), ""},
		{"an expression", source("a", "import `regexp`\nvar slug = regexp.MustCompile(`x`)"), ""},
		{"a guard", source("a", "type i interface{}\ntype t struct{}\nvar _ i = (*t)(nil)"), ""},
		{"an embedded tree", source("a", "import `embed`\n//go:embed *.rego\nvar fs embed.FS"), ""},
		{"embedded in a group", source("a", "import `embed`\nvar (\n//go:embed *.rego\nfs embed.FS\n)"), ""},
		{"a flag of a test", test("a", "import `flag`\nvar full = flag.Bool(`full`, false, ``)"), ""},

		{"a zero value waits to be set", source("a", "var db *int"), "db"},
		{"a constant that can change", source("a", "var limit = 5"), "limit"},
		{"a seam", source("a", "import `time`\nvar now = time.Now"), "now"},
		{"made by a call", source("a", "var cache = make(map[string]int)"), "cache"},
		{"a lock", source("a", "import `sync`\nvar mu = sync.Mutex{}"), "mu"},
		{"a hook", source("a", "var hook = func() {}"), "hook"},
	})
}

// variableFaults finds package variables of production code that are neither errors, tables, embedded files,
// expressions nor guards. Tests may hold what they like, as long as nothing assigns to it (see assignmentFaults).
func variableFaults(t *tree) []fault {
	var faults []fault
	for _, p := range t.packages {
		for _, f := range p.production() {
			for _, v := range f.variables() {
				if !v.fixed(f.importNames()) {
					faults = append(faults, fault{f.at(v.name), "package variable " + v.name.Name + " holds state; pass it through New"})
				}
			}
		}
	}
	return faults
}

// variable is one name of a package-level var declaration.
type variable struct {
	name     *ast.Ident
	value    ast.Expr // nil without an initialiser
	embedded bool
}

func (f *file) variables() []variable {
	var found []variable
	for _, d := range f.ast.Decls {
		declaration, ok := d.(*ast.GenDecl)
		if !ok || declaration.Tok != token.VAR {
			continue
		}
		for _, s := range declaration.Specs {
			spec := s.(*ast.ValueSpec)
			embedded := hasEmbed(spec.Doc) || hasEmbed(declaration.Doc)
			for i, name := range spec.Names {
				v := variable{name: name, embedded: embedded}
				if i < len(spec.Values) {
					v.value = spec.Values[i]
				}
				found = append(found, v)
			}
		}
	}
	return found
}

func hasEmbed(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") })
}

// fixed reports whether nothing can change what the variable holds but an assignment, which another rule finds.
func (v variable) fixed(imports map[string]string) bool {
	if v.name.Name == "_" || v.embedded {
		return true
	}
	value := v.value
	if pointer, ok := value.(*ast.UnaryExpr); ok && pointer.Op == token.AND {
		value = pointer.X
	}
	switch x := value.(type) {
	case *ast.CompositeLit:
		return !synchronises(x.Type, imports)
	case *ast.CallExpr:
		_, slice := x.Fun.(*ast.ArrayType) // []byte("…")
		return slice || slices.Contains(constructors, qualified(x.Fun, imports))
	default:
		return false
	}
}

// synchronises reports whether the type exists only to change: sync.Mutex, atomic.Int64.
func synchronises(kind ast.Expr, imports map[string]string) bool {
	name := qualified(kind, imports)
	return strings.HasPrefix(name, "sync.") || strings.HasPrefix(name, "atomic.")
}

func TestPackageVariablesAreNeverAssigned(t *testing.T) {
	holds(t, assignmentFaults)
	table := "var rows = map[string]int{`a`: 1}\n"
	finds(t, assignmentFaults, []plant{
		{"read", source("a", table+"func f() int { return rows[`a`] }"), ""},
		{"a local of the same name", source("a", table+"func f() { rows := 1; rows = 2; _ = rows }"), ""},
		{"a parameter of the same name", source("a", table+"func f(rows []int) { rows[0] = 2 }"), ""},
		{"a field of a local", source("a", "import `net/http`\nfunc f(r *http.Request) { r.Method = `x` }"), ""},

		{"assigned", source("a", table+"func f() { rows = nil }"), "changes rows"},
		{"an element", source("a", table+"func f() { rows[`a`] = 2 }"), "changes rows"},
		{"counted up", source("a", table+"func f() { rows[`a`]++ }"), "changes rows"},
		{"deleted from", source("a", table+"func f() { delete(rows, `a`) }"), "changes rows"},
		{"cleared", source("a", table+"func f() { clear(rows) }"), "changes rows"},
		{"decoded into", source("a", table+"func f(d func(any)) { d(&rows) }"), "changes rows"},
		{"ranged into", source("a", "var row = struct{}{}\nfunc f() { for _, row = range []struct{}{} {} }"), "changes row"},
		{"in another file", []string{"a/x.go", "package a\n" + table, "a/y.go", "package a\nfunc f() { rows = nil }"}, "changes rows"},
		{"by a test", []string{"a/x.go", "package a\n" + table, "a/x_test.go", "package a\nfunc f() { rows = nil }"}, "changes rows"},
		{"of another package", source("a", "import `"+module+"/internal/api`\nfunc f() { api.Rows[0].Code = 1 }"), "changes api.Rows"},
		{"of a library", source("a", "import `net/http`\nfunc f() { http.DefaultClient.Timeout = 1 }"), "changes http.DefaultClient"},
	})
}

// assignmentFaults finds code that changes a package variable, its elements or its fields, of whatever package. A name
// that the same function also declares counts as the function's own.
func assignmentFaults(t *tree) []fault {
	var faults []fault
	for _, p := range t.packages {
		names := p.variableNames()
		for _, f := range p.files {
			imports := f.importNames()
			for _, d := range f.ast.Decls {
				if function, ok := d.(*ast.FuncDecl); ok {
					faults = append(faults, changes(f, function, names, imports)...)
				}
			}
		}
	}
	return faults
}

func (p *pkg) variableNames() map[string]bool {
	names := map[string]bool{}
	for _, f := range p.files {
		for _, v := range f.variables() {
			names[v.name.Name] = v.name.Name != "_"
		}
	}
	return names
}

func changes(f *file, function *ast.FuncDecl, names map[string]bool, imports map[string]string) []fault {
	var faults []fault
	local := declared(function)
	ast.Inspect(function, func(n ast.Node) bool {
		for _, target := range targets(n) {
			name := root(target, imports)
			outer, _, _ := strings.Cut(name, ".")
			if local[outer] || name == outer && !names[name] {
				continue
			}
			faults = append(faults, fault{f.at(n), "changes " + name + ", a package variable"})
		}
		return true
	})
	return faults
}

// targets are the expressions that a statement or expression writes to, or lets others write to.
func targets(n ast.Node) []ast.Expr {
	switch x := n.(type) {
	case *ast.AssignStmt:
		if x.Tok != token.DEFINE {
			return x.Lhs
		}
	case *ast.IncDecStmt:
		return []ast.Expr{x.X}
	case *ast.RangeStmt:
		if x.Tok == token.ASSIGN {
			return present(x.Key, x.Value)
		}
	case *ast.CallExpr:
		if name, ok := x.Fun.(*ast.Ident); ok && (name.Name == "delete" || name.Name == "clear") && len(x.Args) > 0 {
			return x.Args[:1]
		}
	case *ast.UnaryExpr:
		if _, whole := x.X.(*ast.Ident); x.Op == token.AND && whole {
			return []ast.Expr{x.X}
		}
	}
	return nil
}

func present(expressions ...ast.Expr) []ast.Expr {
	return slices.DeleteFunc(expressions, func(e ast.Expr) bool { return e == nil })
}

// root is the variable whose element, field or target an expression names: rows, or api.Rows for another package's.
func root(e ast.Expr, imports map[string]string) string {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x.Name
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		case *ast.SelectorExpr:
			if outer, ok := x.X.(*ast.Ident); ok && imports[outer.Name] != "" {
				return outer.Name + "." + x.Sel.Name
			}
			e = x.X
		default:
			return ""
		}
	}
}

// declared are the names that a function declares anywhere within: receiver, parameters, results and variables.
func declared(function *ast.FuncDecl) map[string]bool {
	names := map[string]bool{}
	ast.Inspect(function, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.Field:
			add(names, x.Names...)
		case *ast.ValueSpec:
			add(names, x.Names...)
		case *ast.AssignStmt:
			if x.Tok == token.DEFINE {
				addExpressions(names, x.Lhs)
			}
		case *ast.RangeStmt:
			if x.Tok == token.DEFINE {
				addExpressions(names, present(x.Key, x.Value))
			}
		}
		return true
	})
	return names
}

func add(names map[string]bool, identifiers ...*ast.Ident) {
	for _, i := range identifiers {
		names[i.Name] = true
	}
}

func addExpressions(names map[string]bool, expressions []ast.Expr) {
	for _, e := range expressions {
		if i, ok := e.(*ast.Ident); ok {
			add(names, i)
		}
	}
}
