package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// event is a line of go test -json; see go doc test2json.
type event struct {
	Action     string
	Package    string
	ImportPath string // of build-output and build-fail
	Test       string
	Elapsed    float64 // seconds
	Output     string
}

// missingProgram matches the reason of a skip that an installed program would turn into a run. Tests name the
// package to install in such a reason.
var missingProgram = regexp.MustCompile(`apt-get install|not installed|executable file not found`)

// unit is a package or a test of it.
type unit struct {
	name    string
	output  bytes.Buffer
	verdict string // pass, fail, skip; empty: it never ended
	elapsed float64
}

type packageRun struct {
	unit
	tests map[string]*unit
	order []string
}

func summariseGo(in io.Reader, out io.Writer, strict bool, show *regexp.Regexp) (counts, error) {
	packages := map[string]*packageRun{}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			record(packages, line, out)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return counts{}, fmt.Errorf("read the test report: %w", err)
		}
	}
	var total counts
	for _, path := range slices.Sorted(maps.Keys(packages)) {
		c := packages[path].report(out, strict, show)
		total.passed += c.passed
		total.failed += c.failed
		total.skipped += c.skipped
	}
	return total, nil
}

// record files one line of the report. What is no event (a linker's complaint, say) is passed on.
func record(packages map[string]*packageRun, line []byte, out io.Writer) {
	var e event
	if err := json.Unmarshal(line, &e); err != nil {
		fmt.Fprintf(out, "%s", line)
		return
	}
	if e.Action == "build-output" {
		fmt.Fprint(out, e.Output)
		return
	}
	if e.Package == "" {
		return
	}
	p := packages[e.Package]
	if p == nil {
		p = &packageRun{unit: unit{name: e.Package}, tests: map[string]*unit{}}
		packages[e.Package] = p
	}
	p.of(e.Test).take(e)
}

// of returns the package's test of that name; without a name, the package itself.
func (p *packageRun) of(test string) *unit {
	if test == "" {
		return &p.unit
	}
	u := p.tests[test]
	if u == nil {
		u = &unit{name: test}
		p.tests[test] = u
		p.order = append(p.order, test)
	}
	return u
}

func (u *unit) take(e event) {
	switch e.Action {
	case "output":
		u.output.WriteString(e.Output)
	case "pass", "fail", "skip":
		u.verdict, u.elapsed = e.Action, e.Elapsed
	}
}

// report prints the package's failures and skips, what the tests to show have
// printed, and its line of the table.
func (p *packageRun) report(out io.Writer, strict bool, show *regexp.Regexp) counts {
	var c counts
	failing := false
	for _, name := range p.order {
		u := p.tests[name]
		top := !strings.Contains(name, "/")
		switch u.verdict {
		case "pass":
			if top {
				c.passed++
			}
			if show.MatchString(name) {
				fmt.Fprintf(out, "%s\n%s", name, indent(withoutRunner(u.output.String())))
			}
		case "skip":
			c.skip(out, u, strict)
		default:
			failing = true
			if top {
				c.failed++
			}
			p.printFailure(out, u)
		}
	}
	// A package can fail without a failing test: it does not compile, TestMain gave up, the process died.
	if p.verdict != "pass" && p.verdict != "skip" && !failing && c.failed == 0 {
		c.failed++
		fmt.Fprintf(out, "FAIL %s\n%s", p.name, indent(p.output.String()))
	}
	if len(p.order) > 0 || c.failed > 0 {
		fmt.Fprintf(out, "  %7.1fs  %4d passed %3d failed %3d skipped  %s\n", p.elapsed, c.passed, c.failed, c.skipped, p.name)
	}
	return c
}

func (c *counts) skip(out io.Writer, u *unit, strict bool) {
	reason := skipReason(u.output.String())
	if strict && missingProgram.MatchString(reason) {
		c.failed++
		fmt.Fprintf(out, "FAIL %s: could not run: %s\n", u.name, reason)
		return
	}
	c.skipped++
	fmt.Fprintf(out, "SKIP %s: %s\n", u.name, reason)
}

func (p *packageRun) printFailure(out io.Writer, u *unit) {
	state := "FAIL"
	if u.verdict == "" {
		state = "FAIL (never ended)"
	}
	fmt.Fprintf(out, "%s %s %s\n%s", state, p.name, u.name, indent(u.output.String()))
}

// withoutRunner is a test's output without the lines that the test runner
// wrote.
func withoutRunner(output string) string {
	var kept strings.Builder
	for line := range strings.Lines(output) {
		if text := strings.TrimSpace(line); !strings.HasPrefix(text, "=== ") && !strings.HasPrefix(text, "--- ") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// skipReason is a skipped test's output without the lines that the test runner wrote.
func skipReason(output string) string {
	var kept []string
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "=== ") || strings.HasPrefix(line, "--- ") {
			continue
		}
		kept = append(kept, line)
	}
	return strings.Join(kept, " ")
}

func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("    " + strings.TrimRight(line, "\n") + "\n")
	}
	return b.String()
}
