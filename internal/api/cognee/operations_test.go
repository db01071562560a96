package cognee

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

var operations = map[string]operation{
	"adding": adding, "removing": removing, "selecting": selecting, "listing": listing, "finding": finding, "registering": registering,
	"making": making, "revoking": revoking,
	"creatingRole": creatingRole, "deletingRole": deletingRole, "addingToRole": addingToRole, "removingFromRole": removingFromRole,
	"listingHolders": listingHolders, "listingRolesOf": listingRolesOf,
	"creatingDataset": creatingDataset, "sharing": sharing, "listingDatasets": listingDatasets,
	"readingCapabilities": readingCapabilities, "settingCapability": settingCapability,
}

// In whatever order the findings come, the first row of the table answers.
func TestTheTableOrdersTheErrors(t *testing.T) {
	for name, op := range operations {
		for i, first := range op.answers {
			var findings []tenancy.Finding
			for _, row := range op.answers[i:] {
				findings = append([]tenancy.Finding{tenancy.Find(row.Code)}, findings...)
			}
			recorder := rendered(&failure{operation: op, cause: &tenancy.Refusal{Outcome: tenancy.Outcome{Reasons: findings}}})
			want := `{"detail":"` + strings.NewReplacer("{user}", "", "{tenant}", "", "{principal}", "").Replace(first.Body) + `"}`
			if name == "making" && first.Code == tenancy.CodeConflict {
				want = `{"error":{"message":"` + first.Body + `"}}`
			}
			if recorder.Code != first.Status || recorder.Body.String() != want {
				t.Errorf("%s, row %s: %d %s, want %d %s", name, first.Code, recorder.Code, recorder.Body, first.Status, want)
			}
		}
	}
}

// rendered is the dialect's answer to an error.
func rendered(err error) *httptest.ResponseRecorder {
	fails := api.Route{Method: "GET", Path: "/x", Public: true, Handle: func(*gin.Context, tenancy.Actor) error { return err }}
	recorder := httptest.NewRecorder()
	api.New(api.Options{
		Dialects: []api.Dialect{{Prefixes: []string{"/x"}, Render: new(dialect).render, Routes: []api.Route{fails}}},
		Logger:   slog.New(slog.DiscardHandler), NewID: func() string { return "id" }, Now: time.Now,
	}).ServeHTTP(recorder, httptest.NewRequest("GET", "/x", nil))
	return recorder
}

// Permission stands before everything that only those may know who have it.
func TestNothingIsToldBeforePermission(t *testing.T) {
	before := map[string]int{
		"adding": 3, "removing": 2, "listing": 2, "finding": 0, "registering": 0, "making": 0, "revoking": 1,
		"creatingRole": 2, "deletingRole": 2, "addingToRole": 4, "removingFromRole": 3,
		"listingHolders": 3, "listingRolesOf": 2,
		"creatingDataset": 1, "sharing": 1, "listingDatasets": 1, "readingCapabilities": 2, "settingCapability": 2,
	}
	for name, place := range before {
		if got := operations[name].answers[place].Code; got != tenancy.CodeNotPermitted {
			t.Errorf("%s: row %d is %s, want not_permitted", name, place, got)
		}
	}
}

// Every row is answered in some transcript, word for word. Registration is
// denied by operators' own rules alone.
func TestEveryRowIsTranscribed(t *testing.T) {
	files, err := filepath.Glob("../../../testdata/dialects/cognee/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var transcripts strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		transcripts.Write(text)
	}
	for name, op := range operations {
		for _, row := range op.answers {
			if name == "registering" && row.Code == tenancy.CodeNotPermitted {
				continue
			}
			words := strings.NewReplacer(`\{user\}`, `\{[a-z]+\}`, `\{tenant\}`, `\{[a-z]+\}`, `\{principal\}`, `\{[a-z]+\}`).Replace(regexp.QuoteMeta(row.Body))
			if !regexp.MustCompile(fmt.Sprintf(`(?m)^-- %d --\n.*%s`, row.Status, words)).MatchString(transcripts.String()) {
				t.Errorf("%s: no transcript answers %q", name, row.Body)
			}
		}
	}
}
