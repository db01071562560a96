package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
)

// regoTest is an element of what opa test --format json prints.
type regoTest struct {
	Package  string          `json:"package"`
	Name     string          `json:"name"`
	Fail     bool            `json:"fail"`
	Skip     bool            `json:"skip"`
	Error    json.RawMessage `json:"error"`
	Location struct {
		File string `json:"file"`
		Row  int    `json:"row"`
	} `json:"location"`
	SubResults map[string]json.RawMessage `json:"sub_results"`
	Output     []byte                     `json:"output"`
}

func summariseOPA(in io.Reader, out io.Writer) (counts, error) {
	var tests []regoTest
	if err := json.NewDecoder(in).Decode(&tests); err != nil {
		return counts{}, fmt.Errorf("read the report of opa test: %w", err)
	}
	var c counts
	for _, t := range tests {
		switch {
		case t.Fail || len(t.Error) > 0:
			c.failed++
			fmt.Fprintf(out, "FAIL %s.%s (%s:%d)\n%s", t.Package, t.Name, t.Location.File, t.Location.Row, t.details())
		case t.Skip:
			c.skipped++
			fmt.Fprintf(out, "SKIP %s.%s (%s:%d)\n", t.Package, t.Name, t.Location.File, t.Location.Row)
		default:
			c.passed++
		}
	}
	fmt.Fprintf(out, "  %4d passed %3d failed %3d skipped\n", c.passed, c.failed, c.skipped)
	return c, nil
}

// details are the error, the failed cases of a table test and what the test printed.
func (t regoTest) details() string {
	text := ""
	if len(t.Error) > 0 {
		text += indent("error: " + string(t.Error) + "\n")
	}
	for name, result := range t.SubResults {
		text += indent(fmt.Sprintf("%s: %s\n", name, result))
	}
	return text + indent(string(t.Output))
}

// coverage is what opa test --coverage prints: percent, and per file what no test reached.
type coverage struct {
	Coverage float64                 `json:"coverage"`
	Files    map[string]fileCoverage `json:"files"`
}

type fileCoverage struct {
	NotCovered []struct {
		Start struct {
			Row int `json:"row"`
			Col int `json:"col"`
		} `json:"start"`
	} `json:"not_covered"`
}

// summariseCoverage names every expression that no test reached; anything short of 100 percent fails.
func summariseCoverage(in io.Reader, out io.Writer) (counts, error) {
	var report coverage
	if err := json.NewDecoder(in).Decode(&report); err != nil {
		return counts{}, fmt.Errorf("read the coverage report of opa test: %w", err)
	}
	fmt.Fprintf(out, "  %.2f %% covered\n", report.Coverage)
	missed := 0
	for _, file := range slices.Sorted(maps.Keys(report.Files)) {
		for _, gap := range report.Files[file].NotCovered {
			fmt.Fprintf(out, "FAIL %s:%d:%d: no test reaches this\n", file, gap.Start.Row, gap.Start.Col)
			missed++
		}
	}
	if missed > 0 || report.Coverage < 100 {
		return counts{failed: 1}, nil
	}
	return counts{passed: 1}, nil
}
