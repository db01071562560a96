package cogniac

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
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
	"listing": listing, "adding": adding, "removing": removing, "promoting": promoting, "showing": showing, "founding": founding,
	"changing": changing, "deleting": deleting, "listingInvites": listingInvites, "inviting": inviting, "withdrawing": withdrawing,
	"signingIn": signingIn, "reading": reading,
}

// rendered is the dialect's answer to an error of an operation.
func rendered(op operation, err error) *httptest.ResponseRecorder {
	fails := api.Route{Method: "GET", Path: "/x", Public: true, Handle: op.handle(func(*gin.Context, tenancy.Actor) error { return err })}
	recorder := httptest.NewRecorder()
	api.New(api.Options{
		Dialects: []api.Dialect{{Prefixes: []string{"/x"}, Render: render, Routes: []api.Route{fails}}},
		Logger:   slog.New(slog.DiscardHandler), NewID: func() string { return "id" }, Now: time.Now,
	}).ServeHTTP(recorder, httptest.NewRequest("GET", "/x", nil))
	return recorder
}

func refusal(codes ...tenancy.Code) error {
	r := &tenancy.Refusal{}
	for _, code := range codes {
		r.Reasons = append(r.Reasons, tenancy.Find(code))
	}
	return r
}

func body(op operation, row api.Answer) string {
	return fmt.Sprintf(`{"message":"%s ## %s%s ##"}`, row.Body[digits+1:], op.code, row.Body[:digits])
}

// Each row answers its finding, with seven digits, and no refusal is a 401 or
// a 5xx (contracts/README.md, rule 9).
func TestEveryRowAnswers(t *testing.T) {
	form := regexp.MustCompile(`\A\{"message":"[^"#]+ ## (00|01|11)0[0-4][0-9]{3} ##"\}\z`)
	for name, op := range operations {
		for _, row := range op.answers {
			got := rendered(op, refusal(row.Code))
			if got.Code != row.Status || got.Body.String() != body(op, row) || !form.MatchString(got.Body.String()) {
				t.Errorf("%s, %s: %d %s, want %d %s", name, row.Code, got.Code, got.Body, row.Status, body(op, row))
			}
			if got.Code < 400 || got.Code >= 500 || got.Code == http.StatusUnauthorized {
				t.Errorf("%s, %s: a denial answers %d", name, row.Code, got.Code)
			}
		}
	}
}

// Who is no member reads that alone, and so does who lacks the right: nothing
// else that was found is told, in whatever order it comes.
func TestNothingIsToldBeforePermission(t *testing.T) {
	for name, op := range operations {
		for _, row := range op.answers {
			if row.Code == tenancy.CodeTenantUnknown || row.Code == tenancy.CodeNotAMember || row.Code == tenancy.CodeNotPermitted {
				continue
			}
			denied := rendered(op, refusal(tenancy.CodeNotPermitted)).Body.String()
			if got := rendered(op, refusal(row.Code, tenancy.CodeNotPermitted)); got.Body.String() != denied {
				t.Errorf("%s, %s beside not_permitted: %s", name, row.Code, got.Body)
			}
			unknown := rendered(op, refusal(tenancy.CodeTenantUnknown)).Body.String()
			for _, stranger := range []tenancy.Code{tenancy.CodeNotAMember, tenancy.CodeTenantUnknown} {
				if got := rendered(op, refusal(row.Code, tenancy.CodeNotPermitted, stranger)); got.Body.String() != unknown {
					t.Errorf("%s, %s beside %s: %s", name, row.Code, stranger, got.Body)
				}
			}
			for _, fault := range []tenancy.Code{tenancy.CodePolicyError, tenancy.CodePolicyUndefined, tenancy.CodePolicyTimeout, tenancy.CodeFactsIncomplete} {
				if got := rendered(op, refusal(row.Code, fault)); got.Code != http.StatusForbidden || got.Body.String() != denied {
					t.Errorf("%s, %s beside %s: %d %s, want %s", name, row.Code, fault, got.Code, got.Body, denied)
				}
			}
		}
	}
}

// What is no refusal has a row, or is a mistake of ours; none is a success, none
// tells its cause, and only wrong input what is wrong (contracts/README.md,
// rule 15).
func TestFailures(t *testing.T) {
	for code, status := range map[tenancy.Code]int{
		tenancy.CodeStoreFull: 503, tenancy.CodeOutcomeUnknown: 503, tenancy.CodeUnavailable: 503, tenancy.CodeTimeout: 503,
		tenancy.CodeConflict: 409, tenancy.CodeInvalid: 400, tenancy.CodeForbidden: 403, tenancy.CodeUnauthenticated: 401,
		tenancy.CodeNotPermitted: 403, tenancy.CodeNotAMember: 400, tenancy.CodeInternal: 500, "never heard of": 500,
	} {
		got := rendered(removing, &tenancy.Error{Code: code, Msg: "a message", Cause: errors.New("secret")})
		told := strings.Contains(got.Body.String(), "a message")
		if got.Code != status || told != (code == tenancy.CodeInvalid) || strings.Contains(got.Body.String(), "secret") || !regexp.MustCompile(`## [0-9]{7} ##`).MatchString(got.Body.String()) {
			t.Errorf("%s: %d %s, want %d", code, got.Code, got.Body, status)
		}
	}
	own := &tenancy.Refusal{Outcome: tenancy.Outcome{Reasons: []tenancy.Finding{{Code: "weekend", Message: "not on Sundays"}}}}
	if got := rendered(removing, own); got.Code != 403 || got.Body.String() != `{"message":"not on Sundays ## 0004019 ##"}` {
		t.Errorf("an operator's own rule: %d %s", got.Code, got.Body)
	}
}

// Every row is answered in some transcript, word for word, but for what the
// rules that are shipped never find here.
func TestEveryRowIsTranscribed(t *testing.T) {
	files, err := filepath.Glob("../../../testdata/dialects/cogniac/*.txtar")
	if err != nil || len(files) == 0 {
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
	never := map[tenancy.Code]string{
		tenancy.CodeOwnerByTransferOnly: "no role is an owner's",
		tenancy.CodeActionsExceeded:     "no custom role is handed out",
		tenancy.CodeRankExceeded:        "who may act on others has a rank that the roles do not exceed",
		tenancy.CodeMemberLimit:         "an invitation takes no seat, nor does a role",
	}
	for name, op := range operations {
		for _, row := range op.answers {
			if never[row.Code] != "" && !(name == "adding" && row.Code == tenancy.CodeMemberLimit) {
				continue
			}
			if op.code == founding.code && name == "founding" || name == "signingIn" || name == "reading" {
				continue // about no tenant, or the caller alone: for operators' own rules
			}
			if !strings.Contains(transcripts.String(), fmt.Sprintf("-- %d --\n%s", row.Status, body(op, row))) {
				t.Errorf("%s: no transcript answers %s", name, body(op, row))
			}
		}
	}
}
