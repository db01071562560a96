package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every dialect has a page, each row of whose table names the transcripts that
// show it; they are there, and none is without a row.
func TestThePagesNameTheTranscripts(t *testing.T) {
	folders, err := filepath.Glob("../../testdata/dialects/*")
	if err != nil || len(folders) < 4 {
		t.Fatalf("%d dialects: %v", len(folders), err)
	}
	for _, folder := range folders {
		name := filepath.Base(folder)
		page, err := os.ReadFile(filepath.Join("../../docs/dialects", name+".md"))
		if err != nil {
			t.Error(err)
			continue
		}
		files, err := filepath.Glob(filepath.Join(folder, "*.txtar"))
		if err != nil {
			t.Fatal(err)
		}
		for i, file := range files {
			files[i] = strings.TrimSuffix(filepath.Base(file), ".txtar")
		}
		for _, fault := range transcriptFaults(string(page), files) {
			t.Errorf("docs/dialects/%s.md: %s", name, fault)
		}
	}
}

// transcriptFaults holds the table of a page against the transcripts that
// there are. It is the table whose last column is headed "transcripts".
func transcriptFaults(page string, files []string) []string {
	var faults, named []string
	inTable := false
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		cells := strings.Split(strings.Trim(line, "|"), "|")
		last := strings.TrimSpace(cells[len(cells)-1])
		switch {
		case !strings.HasPrefix(line, "|"):
			inTable = false
		case last == "transcripts":
			inTable = true
		case inTable && strings.Trim(last, "-") != "":
			row := quoted(last)
			if len(row) == 0 {
				faults = append(faults, "no transcript in the row of"+cells[0])
			}
			named = append(named, row...)
		case inTable && last == "":
			faults = append(faults, "no transcript in the row of"+cells[0])
		}
	}
	for _, name := range named {
		if !slices.Contains(files, name) {
			faults = append(faults, fmt.Sprintf("there is no transcript %s", name))
		}
	}
	for _, file := range files {
		if !slices.Contains(named, file) {
			faults = append(faults, fmt.Sprintf("no row names the transcript %s", file))
		}
	}
	return faults
}

// quoted lists what stands between backquotes.
func quoted(text string) []string {
	var words []string
	for _, match := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(text, -1) {
		words = append(words, match[1])
	}
	return words
}

// The guard above, each time with a page that it has to find.
func TestATableThatMissesATranscriptIsFound(t *testing.T) {
	const head = "| operation | transcripts |\n|---|---|\n"
	for _, row := range []struct {
		what, page string
		faults     int
	}{
		{"all of them", head + "| `GET /a` | `one`, `two` |\n", 0},
		{"one without a row", head + "| `GET /a` | `one` |\n", 1},
		{"a row without one", head + "| `GET /a` | `one`, `two` |\n| `GET /b` | |\n", 1},
		{"a row with words alone", head + "| `GET /a` | `one`, `two` |\n| `GET /b` | the same |\n", 1},
		{"one that is not there", head + "| `GET /a` | `one`, `two`, `three` |\n", 1},
		{"another table", head + "| `GET /a` | `one` |\n\n| status | what |\n|---|---|\n| 404 | `two` |\n", 1},
		{"no table", "`one` and `two`\n", 2},
	} {
		if faults := transcriptFaults(row.page, []string{"one", "two"}); len(faults) != row.faults {
			t.Errorf("%s: %q, want %d faults", row.what, faults, row.faults)
		}
	}
}
