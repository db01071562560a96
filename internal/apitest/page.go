package apitest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Page holds the page of a dialect against the folder of its transcripts. The
// page has a table whose last column is called "transcripts": every row names
// one at least, each that it names is there, and each that is there is named.
func Page(t *testing.T, page, folder string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts in %s: %v", folder, err)
	}
	var there []string
	for _, file := range files {
		there = append(there, strings.TrimSuffix(filepath.Base(file), ".txtar"))
	}
	for _, wrong := range unlisted(string(text), there) {
		t.Errorf("%s: %s", page, wrong)
	}
}

// unlisted says what is wrong with the table of a page.
func unlisted(page string, there []string) []string {
	var wrong, named []string
	name := regexp.MustCompile("`([^`]+)`")
	inTable := false
	for line := range strings.Lines(page) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		last := strings.TrimSpace(cells[len(cells)-1])
		switch {
		case !strings.HasPrefix(line, "|"):
			inTable = false
		case last == "transcripts":
			inTable = true
		case inTable && strings.Trim(last, "-:") != "":
			names := name.FindAllStringSubmatch(last, -1)
			if len(names) == 0 {
				wrong = append(wrong, "no transcript in "+line)
			}
			for _, found := range names {
				named = append(named, found[1])
			}
		case inTable && last == "":
			wrong = append(wrong, "no transcript in "+line)
		}
	}
	for _, found := range named {
		if !slices.Contains(there, found) {
			wrong = append(wrong, "there is no transcript "+found)
		}
	}
	for _, file := range there {
		if !slices.Contains(named, file) {
			wrong = append(wrong, "names no transcript "+file)
		}
	}
	return wrong
}
