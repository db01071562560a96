package main

import (
	"strings"
	"testing"
)

// The reports below are cut from real ones. Each row that holds a fault must be counted as one.
var goReports = []struct {
	name   string
	report string
	strict bool
	want   counts
	says   string
}{
	{
		name: "one passes, its subtest is not counted",
		report: `{"Action":"run","Package":"m/a","Test":"TestA"}
{"Action":"pass","Package":"m/a","Test":"TestA/one","Elapsed":0}
{"Action":"pass","Package":"m/a","Test":"TestA","Elapsed":0}
{"Action":"pass","Package":"m/a","Elapsed":0.2}`,
		want: counts{passed: 1}, says: "1 passed   0 failed   0 skipped  m/a",
	},
	{
		name: "a failure is printed in full",
		report: `{"Action":"output","Package":"m/a","Test":"TestA","Output":"    a_test.go:7: got 1, want 2\n"}
{"Action":"fail","Package":"m/a","Test":"TestA","Elapsed":0}
{"Action":"fail","Package":"m/a","Elapsed":0.2}`,
		want: counts{failed: 1}, says: "got 1, want 2",
	},
	{
		name:   "a package that does not compile fails",
		report: `{"ImportPath":"m/a","Action":"build-output","Output":"a.go:3: undefined: x\n"}` + "\n" + `{"Action":"fail","Package":"m/a","Elapsed":0,"FailedBuild":"m/a"}`,
		want:   counts{failed: 1}, says: "undefined: x",
	},
	{
		name:   "a test that never ended fails",
		report: `{"Action":"run","Package":"m/a","Test":"TestA"}` + "\n" + `{"Action":"fail","Package":"m/a","Elapsed":0.2}`,
		want:   counts{failed: 1}, says: "never ended",
	},
	{
		name: "a skip is never a pass",
		report: `{"Action":"output","Package":"m/a","Test":"TestA","Output":"    a_test.go:7: nginx is missing: apt-get install nginx\n"}
{"Action":"skip","Package":"m/a","Test":"TestA","Elapsed":0}
{"Action":"pass","Package":"m/a","Elapsed":0.2}`,
		want: counts{skipped: 1}, says: "nginx is missing",
	},
	{
		name: "a missing program fails where everything must run",
		report: `{"Action":"output","Package":"m/a","Test":"TestA","Output":"    a_test.go:7: nginx is missing: apt-get install nginx\n"}
{"Action":"skip","Package":"m/a","Test":"TestA","Elapsed":0}
{"Action":"pass","Package":"m/a","Elapsed":0.2}`,
		strict: true, want: counts{failed: 1}, says: "could not run",
	},
	{
		name: "a skipped subtest does not hide behind its parent",
		report: `{"Action":"skip","Package":"m/a","Test":"TestA/one","Elapsed":0}
{"Action":"pass","Package":"m/a","Test":"TestA","Elapsed":0}
{"Action":"pass","Package":"m/a","Elapsed":0.2}`,
		want: counts{passed: 1, skipped: 1}, says: "SKIP TestA/one",
	},
	{
		name: "what a table prints is shown",
		report: `{"Action":"output","Package":"m/a","Test":"TestTable","Output":"=== RUN   TestTable\n"}
{"Action":"output","Package":"m/a","Test":"TestTable","Output":"    a_test.go:7: one row\n"}
{"Action":"pass","Package":"m/a","Test":"TestTable","Elapsed":0}
{"Action":"pass","Package":"m/a","Elapsed":0.2}`,
		want: counts{passed: 1}, says: "TestTable\n        a_test.go:7: one row\n  ",
	},
	{
		name:   "a package without tests counts nothing",
		report: `{"Action":"skip","Package":"m/a","Elapsed":0}`,
		want:   counts{},
	},
}

func TestGoReports(t *testing.T) {
	for _, row := range goReports {
		t.Run(row.name, func(t *testing.T) {
			var out strings.Builder
			got, err := summarise("go", row.strict, "^TestTable$", strings.NewReader(row.report), &out)
			if err != nil || got != row.want {
				t.Errorf("summarise = %+v, %v; want %+v\n%s", got, err, row.want, out.String())
			}
			if !strings.Contains(out.String(), row.says) {
				t.Errorf("output lacks %q:\n%s", row.says, out.String())
			}
		})
	}
}

func TestAPatternThatIsNoneIsRefused(t *testing.T) {
	if _, err := summarise("go", true, "(", strings.NewReader(""), &strings.Builder{}); err == nil {
		t.Error("the pattern ( was taken")
	}
}

func TestOPAReport(t *testing.T) {
	report := `[{"package":"data.m","name":"test_a"},
		{"package":"data.m","name":"test_b","fail":true,"sub_results":{"owner leaves":{"name":"owner leaves","fail":true}}},
		{"package":"data.m","name":"todo_test_c","skip":true}]`
	var out strings.Builder
	got, err := summarise("opa", true, "", strings.NewReader(report), &out)
	if want := (counts{passed: 1, failed: 1, skipped: 1}); err != nil || got != want {
		t.Errorf("summarise = %+v, %v; want %+v", got, err, want)
	}
	if !strings.Contains(out.String(), "owner leaves") {
		t.Errorf("output lacks the failed case:\n%s", out.String())
	}
}

func TestOPAReportCutShort(t *testing.T) {
	if _, err := summarise("opa", true, "", strings.NewReader(`[{"package":`), &strings.Builder{}); err == nil {
		t.Error("a report that was cut short was accepted")
	}
}

func TestCoverage(t *testing.T) {
	for report, want := range map[string]counts{
		`{"coverage":100,"files":{"a.rego":{}}}`:                                           {passed: 1},
		`{"coverage":90,"files":{"a.rego":{"not_covered":[{"start":{"row":3,"col":1}}]}}}`: {failed: 1},
		`{}`: {failed: 1},
	} {
		var out strings.Builder
		if got, err := summarise("coverage", true, "", strings.NewReader(report), &out); err != nil || got != want {
			t.Errorf("summarise(%s) = %+v, %v; want %+v\n%s", report, got, err, want, out.String())
		}
	}
}
