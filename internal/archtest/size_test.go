package archtest

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
	"testing"
)

func TestSizes(t *testing.T) {
	holds(t, sizeFaults)
	finds(t, sizeFaults, []plant{
		{"a file at the cap", source("a", strings.Repeat("\n", fileCap-1)), ""},
		{"a file over the cap", test("a", strings.Repeat("\n", fileCap)), "601 lines"},
		{"a function at the cap", test("a", function(functionCap)), ""},
		{"a function over the cap", test("a", function(functionCap+1)), "f has 101 lines"},
	})
}

// function is the source of a function of that many lines.
func function(lines int) string {
	return "func f() {" + strings.Repeat("\n", lines-1) + "}\n"
}

// sizeFaults finds files and functions over their caps, in tests too.
func sizeFaults(t *tree) []fault {
	var faults []fault
	for _, p := range t.packages {
		for _, f := range p.files {
			if f.lines > fileCap {
				faults = append(faults, fault{f.path, fmt.Sprintf("has %d lines, cap %d", f.lines, fileCap)})
			}
		}
	}
	t.functions(func(f *file, d *ast.FuncDecl) {
		if n := f.span(d); n > functionCap {
			faults = append(faults, fault{f.at(d), fmt.Sprintf("%s has %d lines, cap %d", d.Name.Name, n, functionCap)})
		}
	})
	return faults
}

func TestTypicalSizes(t *testing.T) {
	holds(t, typicalFaults)
	finds(t, typicalFaults, []plant{
		{"one long function in twenty", source("a", strings.Repeat(function(3), 19)+function(90)), ""},
		{"a long test", test("a", strings.Repeat(function(90), 5)), ""},
		{"half of the functions long", source("a", strings.Repeat(function(3), 3)+strings.Repeat(function(40), 3)), "functions: the 90th percentile is 40 lines"},
		{"a long file", source("a", strings.Repeat("\n", fileP90)), "files: the 90th percentile is 351 lines"},
	})
}

// typicalFaults holds the 90th percentiles of production files and functions against their limits.
func typicalFaults(t *tree) []fault {
	var files, functions []int
	for _, p := range t.packages {
		for _, f := range p.production() {
			files = append(files, f.lines)
		}
	}
	t.functions(func(f *file, d *ast.FuncDecl) {
		if !f.test {
			functions = append(functions, f.span(d))
		}
	})
	return slices.Concat(over("files", files, fileP90), over("functions", functions, functionP90))
}

func over(what string, sizes []int, limit int) []fault {
	if len(sizes) == 0 {
		return nil
	}
	slices.Sort(sizes)
	p90 := sizes[(len(sizes)*9+9)/10-1] // nearest rank
	if p90 <= limit {
		return nil
	}
	return []fault{{what, fmt.Sprintf("the 90th percentile is %d lines, limit %d", p90, limit)}}
}

func TestNesting(t *testing.T) {
	holds(t, nestingFaults)
	finds(t, nestingFaults, []plant{
		{"three deep", source("a", "func f() { for { if true { switch { default: } } } }"), ""},
		{"else if is no deeper", source("a", "func f() { if true {} else if true {} else if true {} else if true {} else {} }"), ""},
		{"side by side", source("a", "func f() { for {}; for {}; for {}; for {} }"), ""},
		{"a test", test("a", "func f() { for { for { for { for {} } } } }"), ""},
		{"four deep", source("a", "func f() { for { if true { switch { default: for range 3 {} } } } }"), "nests 4 deep"},
		{"through a function literal", source("a", "func f() { for { if true { func() { select { default: if true {} } }() } } }"), "nests 4 deep"},
		{"in the last else", source("a", "func f() { if true {} else { for { for { for {} } } } }"), "nests 4 deep"},
	})
}

func nestingFaults(t *tree) []fault {
	var faults []fault
	t.functions(func(f *file, d *ast.FuncDecl) {
		if n := depth(d.Body); !f.test && n > nestingCap {
			faults = append(faults, fault{f.at(d), fmt.Sprintf("%s nests %d deep, cap %d", d.Name.Name, n, nestingCap)})
		}
	})
	return faults
}

// depth is how many for, if, switch and select statements stand within each other below a node. An else if stands
// beside its if; a function literal counts for what it holds.
func depth(n ast.Node) int {
	if n == nil {
		return 0
	}
	deepest := 0
	ast.Inspect(n, func(child ast.Node) bool {
		if child == nil || child == n {
			return true
		}
		switch x := child.(type) {
		case *ast.IfStmt:
			if outer, ok := n.(*ast.IfStmt); ok && outer.Else == x {
				deepest = max(deepest, depth(x))
				return false
			}
		case *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
		default:
			return true
		}
		deepest = max(deepest, 1+depth(child))
		return false
	})
	return deepest
}

func TestInterfaces(t *testing.T) {
	holds(t, interfaceFaults)
	methods := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "M%d()\n", i)
		}
		return "type i interface{\n" + b.String() + "error\n}"
	}
	finds(t, interfaceFaults, []plant{
		{"eight methods and an embedded interface", source("a", methods(interfaceCap)), ""},
		{"nine methods", source("a", methods(interfaceCap+1)), "9 methods"},
	})
}

func interfaceFaults(t *tree) []fault {
	var faults []fault
	for _, p := range t.packages {
		for _, f := range p.files {
			ast.Inspect(f.ast, func(n ast.Node) bool {
				if i, ok := n.(*ast.InterfaceType); ok && ownMethods(i) > interfaceCap {
					faults = append(faults, fault{f.at(i), fmt.Sprintf("interface with %d methods, cap %d", ownMethods(i), interfaceCap)})
				}
				return true
			})
		}
	}
	return faults
}

func ownMethods(i *ast.InterfaceType) int {
	own := 0
	for _, field := range i.Methods.List {
		own += len(field.Names)
	}
	return own
}
