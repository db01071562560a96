package archtest

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// tree is the module's Go source, parsed.
type tree struct {
	fset     *token.FileSet
	packages []*pkg // sorted by dir
}

// pkg is a folder with Go files; its external test package belongs to it.
type pkg struct {
	dir   string
	files []*file
}

type file struct {
	path  string
	test  bool
	lines int
	ast   *ast.File
	fset  *token.FileSet
}

// fault is a broken rule: where and what.
type fault struct {
	where, what string
}

func (f fault) String() string { return f.where + ": " + f.what }

// parse reads every Go file below root. Folders that the go command ignores, testdata and other modules are left out.
func parse(root fs.FS) (*tree, error) {
	t := &tree{fset: token.NewFileSet()}
	byDir := map[string]*pkg{}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return descend(root, name)
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		f, err := t.parseFile(root, name)
		if err != nil {
			return err
		}
		dir := path.Dir(name)
		if byDir[dir] == nil {
			byDir[dir] = &pkg{dir: dir}
			t.packages = append(t.packages, byDir[dir])
		}
		byDir[dir].files = append(byDir[dir].files, f)
		return nil
	})
	slices.SortFunc(t.packages, func(a, b *pkg) int { return strings.Compare(a.dir, b.dir) })
	return t, err
}

func descend(root fs.FS, dir string) error {
	base := path.Base(dir)
	if dir == "." {
		return nil
	}
	if base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return fs.SkipDir
	}
	if _, err := fs.Stat(root, path.Join(dir, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

func (t *tree) parseFile(root fs.FS, name string) (*file, error) {
	source, err := fs.ReadFile(root, name)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.ParseFile(t.fset, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return &file{
		path: name, test: strings.HasSuffix(name, "_test.go"), ast: parsed, fset: t.fset,
		lines: lineCount(source),
	}, nil
}

func lineCount(source []byte) int {
	n := bytes.Count(source, []byte("\n"))
	if !bytes.HasSuffix(source, []byte("\n")) {
		n++
	}
	return n
}

func (f *file) at(n ast.Node) string {
	position := f.fset.Position(n.Pos())
	return position.Filename + ":" + strconv.Itoa(position.Line)
}

// span is the number of lines that a node covers.
func (f *file) span(n ast.Node) int {
	return f.fset.Position(n.End()).Line - f.fset.Position(n.Pos()).Line + 1
}

func (f *file) imports() []string {
	var paths []string
	for _, spec := range f.ast.Imports {
		paths = append(paths, importPath(spec))
	}
	return paths
}

// importNames maps the names by which a file calls its imports to their paths.
func (f *file) importNames() map[string]string {
	names := map[string]string{}
	for _, spec := range f.ast.Imports {
		imported := importPath(spec)
		name := lastName(imported)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = imported
	}
	return names
}

func importPath(spec *ast.ImportSpec) string {
	return strings.Trim(spec.Path.Value, "`\"")
}

// lastName guesses a package's name from its path: the last element that is no major version.
func lastName(imported string) string {
	base := path.Base(imported)
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" {
		base = path.Base(path.Dir(imported))
	}
	return base
}

// production are the package's files that the program links.
func (p *pkg) production() []*file {
	var files []*file
	for _, f := range p.files {
		if !f.test {
			files = append(files, f)
		}
	}
	return files
}

// ourDir turns an import path of ours into its folder.
func ourDir(imported string) (dir string, ok bool) {
	return strings.CutPrefix(imported, module+"/")
}

// below reports whether name is parent or lies below it.
func below(name, parent string) bool {
	return name == parent || strings.HasPrefix(name, parent+"/")
}

// checkout is the tree of this repository.
func checkout(t *testing.T) *tree {
	t.Helper()
	parsed, err := parse(os.DirFS(repository(t)))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// repository is the nearest folder above the test that holds a go.mod.
func repository(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}

// planted is a tree of made-up files: path, source, path, source.
func planted(t *testing.T, pairs ...string) *tree {
	t.Helper()
	files := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		files[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	parsed, err := parse(files)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// rule inspects a tree and returns what breaks it.
type rule func(*tree) []fault

// holds fails the test for every place where the checkout breaks the rule.
func holds(t *testing.T, check rule) {
	t.Helper()
	for _, f := range check(checkout(t)) {
		t.Error(f)
	}
}

// plant is a small tree and what the rule must say of it; want is empty for a tree that keeps the rule.
type plant struct {
	name  string
	pairs []string
	want  string // part of the only fault
}

// finds proves that the rule reports each planted fault, and nothing in the sound trees.
func finds(t *testing.T, check rule, plants []plant) {
	t.Helper()
	for _, p := range plants {
		t.Run(p.name, func(t *testing.T) {
			faults := check(planted(t, p.pairs...))
			if p.want == "" && len(faults) > 0 {
				t.Errorf("a sound tree is refused: %v", faults)
			}
			if p.want != "" && (len(faults) != 1 || !strings.Contains(faults[0].String(), p.want)) {
				t.Errorf("got %v, want one fault that says %q", faults, p.want)
			}
		})
	}
}

func TestParseLeavesOutWhatIsNotOurs(t *testing.T) {
	parsed := planted(t,
		"a/a.go", "package a",
		"a/testdata/x.go", "package x",
		"tools/go.mod", "module other",
		"tools/x/x.go", "package x",
		".hidden/x.go", "package x",
		"_old/x.go", "package x",
	)
	if len(parsed.packages) != 1 || parsed.packages[0].dir != "a" {
		t.Errorf("parsed %d packages, want only a", len(parsed.packages))
	}
}

func TestCheckoutIsFound(t *testing.T) {
	var dirs []string
	for _, p := range checkout(t).packages {
		dirs = append(dirs, p.dir)
	}
	if !slices.Contains(dirs, "internal/archtest") {
		t.Errorf("this package is not among %v", dirs)
	}
}
