// Command testsum condenses the report of a test run for the check script: failures in full, skips with their
// reasons, one line per package, and the counts in a file.
//
//	go test -json ./... | testsum -counts FILE
//	opa test --format json policies | testsum -format opa -counts FILE
//	opa test --coverage policies | testsum -format coverage
//
// It exits 1 when something failed or nothing ran. With -strict, a test skipped because a program is missing counts
// as failed. With -show, what the passing tests of these names print is shown as well: tables and histograms.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
)

// counts is what a run came to. Only top-level tests count as passed or failed; a skipped subtest counts as
// skipped, for the pass of its parent would hide it.
type counts struct {
	passed, failed, skipped int
}

func main() {
	format := flag.String("format", "go", "what standard input holds: go (go test -json), opa (opa test --format json), coverage (opa test --coverage)")
	file := flag.String("counts", "", "file that receives the counts as \"passed failed skipped\"")
	strict := flag.Bool("strict", false, "count a test skipped for want of a program as failed")
	show := flag.String("show", "^$", "regular expression: the Go tests whose output is shown although they pass")
	flag.Parse()
	total, err := summarise(*format, *strict, *show, os.Stdin, os.Stdout)
	if err == nil && *file != "" {
		err = os.WriteFile(*file, fmt.Appendf(nil, "%d %d %d\n", total.passed, total.failed, total.skipped), 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(1)
	}
	if total.failed > 0 || total.passed+total.skipped == 0 {
		os.Exit(1)
	}
}

func summarise(format string, strict bool, show string, in io.Reader, out io.Writer) (counts, error) {
	switch format {
	case "go":
		shown, err := regexp.Compile(show)
		if err != nil {
			return counts{}, fmt.Errorf("-show: %w", err)
		}
		return summariseGo(in, out, strict, shown)
	case "opa":
		return summariseOPA(in, out)
	case "coverage":
		return summariseCoverage(in, out)
	default:
		return counts{}, fmt.Errorf("unknown format %q", format)
	}
}
