//go:build !race

package policy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/tester"
)

// equivalentsFile lists the mutants that no test can kill, each with its
// reason, reviewed by people.
const equivalentsFile = "testdata/equivalents.txt"

// castFile holds what the tests of membership have in common.
const castFile = "membership/cases_test.rego"

// TestEveryMutantIsKilled plants one fault after another in the shipped rules
// (see mutantsOf) and wants the rules' own tests to notice: those beside the
// rule if they can, else any other. It prints which test killed which mutant.
func TestEveryMutantIsKilled(t *testing.T) {
	listed, err := os.ReadFile(equivalentsFile)
	if err != nil {
		t.Fatal(err)
	}
	table, problems := try(t, parsedBook(t, Embedded()), func(mutant) bool { return true }).judge(string(listed))
	t.Log(table)
	for _, problem := range problems {
		t.Error(problem)
	}
}

// TestMutantsThatLiveAreFound plants rules that are tested too little, and
// lists of equivalents that are wrong.
func TestMutantsThatLiveAreFound(t *testing.T) {
	const own = "membership/forbid/own.rego"
	const lives = own + `: violation: deleted: input.dialect == "native"`
	files := forbidding("violation contains {\"code\": \"own\", \"message\": \"own\"} if {\n\tinput.action.name == \"user.create\"\n\t" +
		"input.dialect == \"native\"\n}")
	files["membership/forbid/own_test.rego"] = module("membership.forbid_test", `import data.membership.cases
import data.membership.forbid

test_own[want] if {
	some action, want in {"user.create": {"own"}, "key.create": set()}
	given := {"action": {"name": action}, "target": {"self": true}}
	cases.codes(forbid.violation) == want with input as cases.given(given)
}`)
	mutants := try(t, parsedBook(t, shipped(t, files)), func(m mutant) bool { return m.file == own })
	for _, row := range []struct {
		name, listed string
		want         []string
	}{
		{"a condition that no test needs", "", []string{"no test kills " + lives}},
		{"it is listed", lives + "\n  it is planted\n", nil},
		{"it is listed without a reason", lives + "\n", []string{"gives no reason", "no test kills " + lives}},
		{"it is listed twice", lives + "\n  planted\n" + lives + "\n  planted\n", []string{"is listed twice"}},
		{
			"what is listed is killed", lives + "\n  planted\n" + own + ": violation: the rule is deleted\n  planted\n",
			[]string{own + ": violation: the rule is deleted is listed as equivalent, and killed by"},
		},
		{"what is listed is gone", lives + "\n  planted\n" + own + ": gone\n  planted\n", []string{own + ": gone is listed as equivalent, and is no mutant"}},
		{"a reason for nothing", "  planted\n" + lives + "\n  planted\n", []string{"a reason for nothing"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, problems := mutants.judge(row.listed)
			if len(problems) != len(row.want) {
				t.Fatalf("got %q, want %q", problems, row.want)
			}
			for i, want := range row.want {
				if !strings.Contains(problems[i], want) {
					t.Errorf("got %q, want %q", problems[i], want)
				}
			}
		})
	}
}

// tried is what became of the mutants of a rule book.
type tried struct {
	mutants []mutant
	killers []string // the test that noticed each; "" for none
}

// try tries the chosen mutants of a rule book whose tests pass.
func try(t *testing.T, book *loading, chosen func(mutant) bool) tried {
	t.Helper()
	if result, err := book.runTests(context.Background(), nil); err != nil || result.Failed > 0 || result.Passed == 0 {
		t.Fatalf("without any fault, the tests come to %+v, %v", result, err)
	}
	var mutants []mutant
	for _, file := range slices.Sorted(maps.Keys(book.shipped)) {
		mutants = append(mutants, slices.DeleteFunc(mutantsOf(file, book.shipped[file]), func(m mutant) bool { return !chosen(m) })...)
	}
	for i, m := range mutants {
		if slices.ContainsFunc(mutants[:i], func(earlier mutant) bool { return earlier.String() == m.String() }) {
			t.Errorf("two mutants are called %s", m)
		}
	}
	return tried{mutants, kill(book, mutants)}
}

// judge holds what became of the mutants against the list of equivalents. It
// gives a table, and whatever is wrong.
func (r tried) judge(listed string) (table string, problems []string) {
	equivalent, problems := readEquivalents(listed)
	var text strings.Builder
	fmt.Fprintf(&text, "%d mutants\n", len(r.mutants))
	for i, m := range r.mutants {
		reason, isListed := equivalent[m.String()]
		delete(equivalent, m.String())
		fate := r.killers[i]
		switch {
		case fate == "" && isListed:
			fate = "equivalent: " + reason
		case fate == "":
			fate = "ALIVE"
			problems = append(problems, fmt.Sprintf("no test kills %s (line %d)", m, m.line))
		case isListed:
			problems = append(problems, fmt.Sprintf("%s is listed as equivalent, and killed by %s", m, fate))
		}
		fmt.Fprintf(&text, "%s:%d | %s | %s | %s\n", m.file, m.line, m.rule, m.what, fate)
	}
	for _, gone := range slices.Sorted(maps.Keys(equivalent)) {
		problems = append(problems, gone+" is listed as equivalent, and is no mutant")
	}
	return text.String(), problems
}

// readEquivalents reads the list: a mutant's name on a line, its reason
// indented on the lines after it. Lines that begin with # are comments.
func readEquivalents(listed string) (reasons map[string]string, problems []string) {
	reasons = map[string]string{}
	name := ""
	for line := range strings.Lines(listed) {
		text := strings.TrimSpace(line)
		switch indented := line[0] == ' '; {
		case text == "" || text[0] == '#':
		case indented && name == "":
			problems = append(problems, "a reason for nothing: "+text)
		case indented:
			reasons[name] = strings.TrimSpace(reasons[name] + " " + text)
		default:
			if _, twice := reasons[text]; twice {
				problems = append(problems, text+" is listed twice")
			}
			name, reasons[text] = text, ""
		}
	}
	for name, reason := range reasons {
		if reason == "" {
			problems = append(problems, name+" gives no reason")
			delete(reasons, name)
		}
	}
	return reasons, problems
}

// kill gives, for each mutant, the test that noticed it, or "".
func kill(book *loading, mutants []mutant) []string {
	killers, small := make([]string, len(mutants)), map[string]*loading{}
	for _, m := range mutants {
		if small[m.file] == nil {
			small[m.file] = about(book, m.file)
		}
	}
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				killers[i] = mutants[i].killer(book, small[mutants[i].file])
			}
		})
	}
	for i := range mutants {
		next <- i
	}
	close(next)
	workers.Wait()
	return killers
}

// killer gives the test that notices the mutant: one beside the spoilt file,
// or any other; "" for none.
func (m mutant) killer(book *loading, small *loading) string {
	if killer := m.noticed(small); killer != "" {
		return killer
	}
	return m.noticed(book)
}

// noticed runs the tests of a book on the mutant, and gives the first that
// fails.
func (m mutant) noticed(book *loading) string {
	spoilt := *book
	spoilt.all = maps.Clone(book.all)
	spoilt.all[m.file] = book.all[m.file].Copy()
	m.spoil(spoilt.all[m.file])
	ctx, enough := context.WithCancel(context.Background())
	defer enough()
	killer, compileError := "", ast.Errors{}
	err := spoilt.eachTest(ctx, nil, func(one *tester.Result) {
		if killer == "" && (one.Fail || one.Error != nil) {
			killer = fmt.Sprintf("%s in %s", one.Name, path.Base(one.Location.File))
			enough()
		}
	})
	switch {
	case killer != "":
		return killer
	case errors.As(err, &compileError):
		return "does not compile: " + oneLine([]byte(compileError[0].Error()))
	case err != nil:
		return "the tests do not run: " + oneLine([]byte(err.Error()))
	default:
		return ""
	}
}

// about gives the part of a book that one file's own test needs: the folder's
// rules, those of the packages that the file imports, the cast and that test. A book of 30 files takes ten times as long.
// Where that is not enough for the test to pass, it gives the whole book.
func about(book *loading, name string) *loading {
	small := *book
	small.all = maps.Clone(book.all)
	beside := strings.TrimSuffix(name, ".rego") + "_test.rego"
	maps.DeleteFunc(small.all, func(other string, module *ast.Module) bool {
		if other == beside || other == castFile {
			return false
		}
		imported := slices.ContainsFunc(book.all[name].Imports, func(i *ast.Import) bool { return i.Path.Value.Compare(module.Package.Path) == 0 })
		return file{path: other}.isTest() || (path.Dir(other) != path.Dir(name) && !imported)
	})
	result, err := small.runTests(context.Background(), nil)
	if err != nil || result.Failed > 0 || result.Passed == 0 {
		return book
	}
	return &small
}
