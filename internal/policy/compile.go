package policy

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"
	"github.com/open-policy-agent/opa/v1/util"
)

// loading is a set on its way to becoming active.
type loading struct {
	source       Source
	capabilities *ast.Capabilities
	schemas      *ast.SchemaSet
	files        []file
	all          map[string]*ast.Module // by path
	shipped      map[string]*ast.Module // without the tests
	data         map[string]any
	document     ast.Object    // the data
	compiler     *ast.Compiler // of all shipped modules: what is in force
	typed        *ast.Compiler // of those that decide and what they read, which know the shape of the input
	problems     []string
}

// object notes a problem.
func (l *loading) object(format string, args ...any) {
	l.problems = append(l.problems, fmt.Sprintf(format, args...))
}

// objectAll notes each error of a compiler or parser.
func (l *loading) objectAll(err error) {
	var several ast.Errors
	if !errors.As(err, &several) {
		l.object("%v", err)
		return
	}
	for _, one := range several {
		l.object("%v", one)
	}
}

func (l *loading) read() {
	files, err := l.source.read()
	if err != nil {
		l.object("%v", err)
	}
	l.files = files
}

// parse reads every module and data file. Data stands under its folder's
// path, as in every tool of OPA's.
func (l *loading) parse() {
	l.all, l.shipped, l.data = map[string]*ast.Module{}, map[string]*ast.Module{}, map[string]any{}
	opts := parsing(l.capabilities)
	for _, f := range l.files {
		if f.isData() {
			l.parseData(f)
			continue
		}
		module, err := ast.ParseModuleWithOpts(f.path, string(f.content), opts)
		if err != nil {
			l.objectAll(err)
			continue
		}
		l.all[f.path] = module
		l.checkLanguage(module)
		if !f.isTest() {
			l.shipped[f.path] = module
		}
	}
	document, err := ast.InterfaceToValue(l.data)
	if err != nil {
		l.object("read the data: %v", err)
		return
	}
	l.document, _ = document.(ast.Object)
}

// parsing is how every module is read.
func parsing(capabilities *ast.Capabilities) ast.ParserOptions {
	return ast.ParserOptions{ProcessAnnotation: true, Capabilities: capabilities, RegoVersion: ast.RegoV1}
}

// checkLanguage wants the import rego.v2 wherever decisions are made: without
// it, a missing fact under a not makes an objection silently not stand.
func (l *loading) checkLanguage(module *ast.Module) {
	imports := slices.ContainsFunc(module.Imports, func(i *ast.Import) bool { return ast.RegoV2CompatibleRef.Equal(i.Path.Value) })
	if decides(module.Package) && !imports {
		l.object("%v: the package %v has to import rego.v2", module.Package.Location, module.Package.Path)
	}
}

func (l *loading) parseData(f file) {
	var content map[string]any
	if err := util.Unmarshal(f.content, &content); err != nil {
		l.object("%s: %v", f.path, err)
		return
	}
	target := l.data
	if folder := path.Dir(f.path); folder != "." {
		for element := range strings.SplitSeq(folder, "/") {
			inner, isObject := target[element].(map[string]any)
			if !isObject {
				inner = map[string]any{}
				target[element] = inner
			}
			target = inner
		}
	}
	for key, value := range content {
		if _, taken := target[key]; taken {
			l.object("%s: another file has %s already", f.path, key)
		}
		target[key] = value
	}
}

// compile compiles the rules with their tests, then without them: no rule may
// lean on a test. What decides is compiled once more, and held against the
// schema of the input: that finds faults, and leads to the same rules. The other
// packages are asked with inputs of their callers' own.
func (l *loading) compile() {
	if !l.compiled(l.newCompiler(nil), l.all) {
		return
	}
	l.compiler = l.newCompiler(nil)
	if l.compiled(l.compiler, l.shipped) {
		l.typed = l.newCompiler(l.schemas)
		l.compiled(l.typed, l.deciding())
	}
}

// deciding gives the modules in which decisions are made, and those that
// these read at whatever distance.
func (l *loading) deciding() map[string]*ast.Module {
	var rules []*ast.Rule
	packages := map[string]bool{}
	for _, module := range l.compiler.Modules {
		if decides(module.Package) {
			packages[packageName(module.Package)] = true
			rules = append(rules, module.Rules...)
		}
	}
	for rule := range reachedFrom(l.compiler, rules) {
		packages[packageName(rule.Module.Package)] = true
	}
	modules := maps.Clone(l.shipped)
	maps.DeleteFunc(modules, func(_ string, m *ast.Module) bool { return !packages[packageName(m.Package)] })
	return modules
}

func (l *loading) compiled(compiler *ast.Compiler, modules map[string]*ast.Module) bool {
	compiler.Compile(modules)
	compiler.WithPathConflictsCheck(nil) // asked while compiling only; it would keep all that was read alive, with the tests
	if compiler.Failed() {
		l.objectAll(compiler.Errors)
	}
	return !compiler.Failed()
}

// newCompiler makes a strict compiler with the contract's functions and
// schemas, which may be nil. Printing is for tests; the rules in force are
// compiled without it.
func (l *loading) newCompiler(schemas *ast.SchemaSet) *ast.Compiler {
	return ast.NewCompiler().
		WithCapabilities(l.capabilities).
		WithSchemas(schemas).
		WithStrict(true).
		WithPathConflictsCheck(l.holdsData).
		SetErrorLimit(0)
}

// holdsData reports whether data stands where a rule would stand.
func (l *loading) holdsData(path []string) (bool, error) {
	var at any = l.data
	for _, key := range path {
		object, isObject := at.(map[string]any)
		if !isObject {
			return true, nil
		}
		if at, isObject = object[key]; !isObject {
			return false, nil
		}
	}
	return true, nil
}

// checkEntryPoints holds the entry points against the types that an answer
// must have, as far as the compiler can tell them.
func (l *loading) checkEntryPoints() {
	violation := types.NewObject([]*types.StaticProperty{
		types.NewStaticProperty("code", types.S), types.NewStaticProperty("message", types.S),
	}, nil)
	decision := func(violations types.Type) types.Type {
		return types.NewObject([]*types.StaticProperty{
			types.NewStaticProperty("allow", types.B), types.NewStaticProperty("granted", types.B),
			types.NewStaticProperty("violations", violations),
		}, nil)
	}
	missing := slices.Concat(
		l.checkEntryPoint(accessEntry, types.B),
		l.checkEntryPoint(decisionEntry, decision(types.NewSet(violation)), decision(types.NewArray(nil, violation))),
	)
	if len(missing) > 0 {
		l.object("there is no %s; name the folder that holds access/, membership/ and roles/", strings.Join(missing, " and no "))
	}
}

// checkEntryPoint wants an entry point to be of one of the types. It gives
// the name of one that is missing.
func (l *loading) checkEntryPoint(entry string, want ...types.Type) (missing []string) {
	ref := ast.MustParseRef(entry)
	rules := l.typed.GetRulesExact(ref)
	if len(rules) == 0 {
		return []string{entry}
	}
	got := l.typed.TypeEnv.GetByRef(ref)
	if !slices.ContainsFunc(want, func(t types.Type) bool { return fits(got, t) }) {
		l.object("%v: %s is %v, but has to be %v", rules[0].Location, entry, got, want[0])
	}
	return nil
}
