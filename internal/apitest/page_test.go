package apitest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A page that promises too much, or too little, is found.
func TestUnlistedFindsWhatIsMissing(t *testing.T) {
	const head = "| operation | transcripts |\n|---|---|\n"
	for _, row := range []struct {
		name, page string
		wrong      []string
	}{
		{"all named", head + "| `GET /a` | `one`, `two` |\n", nil},
		{"another table", "| a | b |\n|---|---|\n| `three` | `four` |\n\n" + head + "| | `one`, `two` |\n", nil},
		{"one left out", head + "| `GET /a` | `one` |\n", []string{"names no transcript two"}},
		{"one that is not there", head + "| `GET /a` | `one`, `two`, `three` |\n", []string{"there is no transcript three"}},
		{"a row without", head + "| `GET /a` | `one`, `two` |\n| `GET /b` | |\n", []string{"no transcript in | `GET /b` | |\n"}},
		{"a row without names", head + "| `GET /a` | `one`, `two` |\n| `GET /b` | none |\n", []string{"no transcript in | `GET /b` | none |\n"}},
		{"no table", "`one` `two`\n", []string{"names no transcript one", "names no transcript two"}},
	} {
		if diff := cmp.Diff(row.wrong, unlisted(row.page, []string{"one", "two"})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}
