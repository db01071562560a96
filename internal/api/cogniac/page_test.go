package cogniac_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The page names every transcript, in rows that name operations, and every
// transcript that it names is there.
func TestThePageNamesTheTranscripts(t *testing.T) {
	page, err := os.ReadFile("../../../docs/dialects/cogniac.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| operation | success | transcripts |\n|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	named := map[string]bool{}
	for row := range strings.Lines(table) {
		cells := strings.Split(row, "|")
		names := regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(cells[len(cells)-2], -1)
		if len(names) == 0 {
			t.Errorf("a row names no transcript: %s", row)
		}
		for _, name := range names {
			named[name[1]] = true
			if _, err := os.Stat(filepath.Join(folder, name[1]+".txtar")); err != nil {
				t.Error(err)
			}
		}
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".txtar"); !named[name] {
			t.Errorf("the page does not name the transcript %s", name)
		}
	}
}
