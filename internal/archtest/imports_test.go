package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"
)

func TestLayout(t *testing.T) {
	holds(t, layoutFaults)
	finds(t, layoutFaults, []plant{
		{"audit uses tenancy", source("internal/audit", `import "`+module+`/internal/tenancy"`), ""},
		{"app uses all", source("internal/app", `import "`+module+`/internal/boltstore"`), ""},
		{"the benchmark drives all", source("bench/baseline", `import "`+module+`/internal/api"`), ""},
		{"a test uses a real neighbour", test("internal/gate", `import "`+module+`/internal/boltstore"`), ""},
		{"an arrow points outward", source("internal/tenancy", `import "`+module+`/internal/gate"`), "may not import internal/gate"},
		{"adapters meet", source("internal/proxy", `import "`+module+`/internal/boltstore"`), "may not import internal/boltstore"},
		{"the command reaches past the cli", source("cmd/memberward", `import "`+module+`/internal/app"`), "may not import internal/app"},
		{"a package without a row", source("internal/novelty", ""), "no row in the layout"},
	})
}

// layoutFaults holds the tree against the table layout.
func layoutFaults(t *tree) []fault {
	var faults []fault
	for _, p := range t.packages {
		if isFree(p.dir) {
			continue
		}
		row := slices.IndexFunc(layout, func(a allowance) bool { return a.dir == p.dir })
		if row < 0 {
			faults = append(faults, fault{p.dir, "has no row in the layout (layout_test.go and the design's table)"})
			continue
		}
		if slices.Contains(layout[row].ours, anything) {
			continue
		}
		for _, imported := range p.ours() {
			if !slices.Contains(layout[row].ours, imported) {
				faults = append(faults, fault{p.dir, "may not import " + imported})
			}
		}
	}
	return faults
}

// ours are the folders that the package's production files import, each once.
func (p *pkg) ours() []string {
	var dirs []string
	for _, f := range p.production() {
		for _, imported := range f.imports() {
			if dir, ok := ourDir(imported); ok && !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
	}
	return dirs
}

func TestHeavyLibrariesHaveOneImporter(t *testing.T) {
	holds(t, ownershipFaults)
	finds(t, ownershipFaults, []plant{
		{"the store opens bbolt", source("internal/boltstore", `import "go.etcd.io/bbolt"`), ""},
		{"a dialect uses gin", source("internal/api/cognee", `import "github.com/gin-gonic/gin"`), ""},
		{"the benchmark is free", source("bench/baseline", `import "github.com/gin-gonic/gin"`), ""},
		{"a name that only begins alike", source("internal/gate", `import "go.etcd.io/bbolted"`), ""},
		{"the gate evaluates Rego itself", source("internal/gate", `import "github.com/open-policy-agent/opa/v1/rego"`), "only internal/policy"},
		{"the app opens bbolt", source("internal/app", `import "go.etcd.io/bbolt"`), "only internal/boltstore"},
		{"the proxy uses a framework", source("internal/proxy", `import "github.com/gin-gonic/gin"`), "only internal/api"},
		{"a dialect uses huma", source("internal/api/cognee", `import "github.com/danielgtaylor/huma/v2"`), "only internal/api"},
		{"the api reads tokens", source("internal/api", `import "github.com/lestrrat-go/jwx/v3/jwt"`), "only internal/authn"},
		{"the command builds verbs", source("cmd/memberward", `import "github.com/spf13/cobra"`), "only internal/cli"},
	})
}

// ownershipFaults finds libraries outside the packages that keep them.
func ownershipFaults(t *tree) []fault {
	var faults []fault
	for _, p := range t.packages {
		if isFree(p.dir) {
			continue
		}
		for _, f := range p.production() {
			for _, o := range onlyImporters {
				if f.importsBelow(o.library) && !slices.Contains(o.owners, p.dir) {
					faults = append(faults, fault{f.path, "imports " + o.library + "; only " + strings.Join(o.owners, ", ") + " may"})
				}
			}
		}
	}
	return faults
}

func isFree(dir string) bool {
	return slices.ContainsFunc(free, func(parent string) bool { return below(dir, parent) })
}

func (f *file) importsBelow(library string) bool {
	return slices.ContainsFunc(f.imports(), func(imported string) bool { return below(imported, library) })
}

func TestDialectsNeverMeet(t *testing.T) {
	holds(t, dialectFaults)
	finds(t, dialectFaults, []plant{
		{"a dialect uses the shell", source("internal/api/cognee", `import "`+module+`/internal/api"`), ""},
		{"its external test uses itself", test("internal/api/cognee", `import "`+module+`/internal/api/cognee"`), ""},
		{"a dialect uses another", source("internal/api/cognee", `import "`+module+`/internal/api/native"`), "never import each other"},
		{"not even in a test", test("internal/api/cognee", `import "`+module+`/internal/api/native"`), "never import each other"},
	})
}

func dialectFaults(t *tree) []fault {
	var faults []fault
	for _, p := range t.packages {
		if path.Dir(p.dir) != dialects {
			continue
		}
		for _, f := range p.files {
			for _, imported := range f.imports() {
				if dir, ok := ourDir(imported); ok && path.Dir(dir) == dialects && dir != p.dir {
					faults = append(faults, fault{f.path, "imports " + dir + "; dialects never import each other"})
				}
			}
		}
	}
	return faults
}

func TestBans(t *testing.T) {
	holds(t, banFaults)
	finds(t, banFaults, []plant{
		{"the proxy speaks HTTP", source("internal/proxy", `import "net/http"`), ""},
		{"the app reads the clock", source("internal/app", `import "time"`+"\nfunc f() { time.Now() }"), ""},
		{"a test reads the clock", test("internal/gate", `import "time"`+"\nfunc f() { time.Now() }"), ""},
		{"a parsed id is no randomness", source("internal/tenancy", `import "github.com/google/uuid"`+"\nfunc f() { uuid.Parse(``) }"), ""},
		{"the gate speaks HTTP", source("internal/gate", `import "net/http"`), "imports net/http"},
		{"what lies below is meant too", source("internal/audit", `import "net/http/httptest"`), "imports net/http"},
		{"the gate reads the clock", source("internal/gate", `import "time"`+"\nfunc f() { time.Now() }"), "uses time.Now"},
		{"under another name", source("internal/gate", `import clock "time"`+"\nvar f = clock.Now"), "uses time.Now"},
		{"a policy draws lots", source("internal/policy", `import "math/rand/v2"`), "imports math/rand"},
		{"the audit makes its own ids", source("internal/audit", `import "github.com/google/uuid"`+"\nfunc f() { uuid.NewV7() }"), "uses uuid.NewV7"},
	})
}

// banFaults finds banned imports and banned functions, called or passed on.
func banFaults(t *tree) []fault {
	var faults []fault
	for _, p := range t.packages {
		for _, b := range bans {
			if !slices.ContainsFunc(b.dirs, func(dir string) bool { return below(p.dir, dir) }) {
				continue
			}
			for _, f := range p.production() {
				faults = append(faults, b.importsIn(f)...)
				faults = append(faults, b.callsIn(f)...)
			}
		}
	}
	return faults
}

func (b ban) importsIn(f *file) []fault {
	var faults []fault
	for _, banned := range b.imports {
		if f.importsBelow(banned) {
			faults = append(faults, fault{f.path, "imports " + banned + ": " + b.why})
		}
	}
	return faults
}

func (b ban) callsIn(f *file) []fault {
	var faults []fault
	names := f.importNames()
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if name := qualified(n, names); slices.Contains(b.calls, name) {
			faults = append(faults, fault{f.at(n), "uses " + name + ": " + b.why})
		}
		return true
	})
	return faults
}

// qualified returns package.Name for a selector on an import, with the package's own name whatever the file calls it.
func qualified(n ast.Node, imports map[string]string) string {
	selector, ok := n.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	x, ok := selector.X.(*ast.Ident)
	if !ok || imports[x.Name] == "" {
		return ""
	}
	return lastName(imports[x.Name]) + "." + selector.Sel.Name
}

func TestNothingRegistersItself(t *testing.T) {
	holds(t, blankImportFaults)
	finds(t, blankImportFaults, []plant{
		{"embedding needs it", source("policies", `import _ "embed"`), ""},
		{"a driver by side effect", source("internal/app", `import _ "example.org/driver"`), "side effect"},
	})
}

// blankImportFaults finds packages that are imported for what their initialisation does.
func blankImportFaults(t *tree) []fault {
	var faults []fault
	for _, p := range t.packages {
		for _, f := range p.production() {
			for _, spec := range f.ast.Imports {
				if spec.Name != nil && spec.Name.Name == "_" && importPath(spec) != "embed" {
					faults = append(faults, fault{f.at(spec), "imports " + importPath(spec) + " for its side effect"})
				}
			}
		}
	}
	return faults
}

func TestImportEdges(t *testing.T) {
	holds(t, edgeFaults)
	crowded := []string{}
	for _, dir := range []string{"a", "b"} {
		crowded = append(crowded, dir+"/x.go", fmt.Sprintf("package %s\nimport (\n%q\n%q\n%q\n)", dir,
			module+"/internal/one", module+"/internal/two", module+"/internal/three"))
	}
	finds(t, edgeFaults, []plant{
		{"few", source("internal/api", `import "`+module+`/internal/tenancy"`), ""},
		{"many", crowded, "3.00 imports of ours per package"},
	})
}

// edgeFaults holds the average number of imports of ours against its limit. The free packages are not counted.
func edgeFaults(t *tree) []fault {
	packages, edges := 0, 0
	for _, p := range t.packages {
		if isFree(p.dir) || len(p.production()) == 0 {
			continue
		}
		packages++
		edges += len(p.ours())
	}
	if packages == 0 || float64(edges)/float64(packages) <= averageImports {
		return nil
	}
	return []fault{{"the module", fmt.Sprintf("has %.2f imports of ours per package, limit %.1f", float64(edges)/float64(packages), averageImports)}}
}

func TestPackageNames(t *testing.T) {
	holds(t, nameFaults)
	finds(t, nameFaults, []plant{
		{"a domain word", source("internal/gate", ""), ""},
		{"a drawer", source("internal/util", ""), "says nothing"},
		{"a drawer above", source("pkg/gate", ""), "says nothing"},
	})
}

func nameFaults(t *tree) []fault {
	var faults []fault
	for _, p := range t.packages {
		for element := range strings.SplitSeq(p.dir, "/") {
			if slices.Contains(drawers, element) {
				faults = append(faults, fault{p.dir, "the name " + element + " says nothing about the domain"})
			}
		}
	}
	return faults
}

// source is a tree with one production file in dir.
func source(dir, body string) []string {
	return []string{dir + "/x.go", "package " + path.Base(dir) + "\n" + body}
}

// test is a tree with one test file in dir.
func test(dir, body string) []string {
	return []string{dir + "/x_test.go", "package " + path.Base(dir) + "_test\n" + body}
}
