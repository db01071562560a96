package opadata_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/memberward/memberward/internal/api/opadata"
	"github.com/memberward/memberward/internal/apitest"
	"github.com/memberward/memberward/internal/tenancy"
)

func TestTranscripts(t *testing.T) {
	apitest.Play(t, "../../../testdata/dialects/opadata", func(t *testing.T, _ string) *apitest.Stage { return set(t, real).Stage })
}

// failing is an evaluator that fails.
type failing struct{ err error }

// EvaluateRule implements opadata.Evaluator.
func (f failing) EvaluateRule(context.Context, tenancy.Actor, tenancy.RuleQuestion) (tenancy.RuleAnswer, error) {
	return tenancy.RuleAnswer{Value: tenancy.Value{JSON: []byte("true")}}, f.err
}

// Nothing that goes wrong is a 2xx, and no cause is told.
func TestFailures(t *testing.T) {
	s := set(t, real)
	for name, tt := range map[string]struct {
		err    error
		status int
		code   string
	}{
		"rules that fail":            {&tenancy.Error{Code: tenancy.CodePolicyError, Cause: errors.New("a secret")}, 500, "internal_error"},
		"rules that take too long":   {&tenancy.Error{Code: tenancy.CodePolicyTimeout}, 500, "internal_error"},
		"a refusal":                  {&tenancy.Refusal{Outcome: tenancy.Outcome{Reasons: []tenancy.Finding{tenancy.Find(tenancy.CodeNotPermitted)}}}, 403, "unauthorized"},
		"a key that ended meanwhile": {&tenancy.Error{Code: tenancy.CodeUnauthenticated}, 401, "unauthorized"},
		"a store that is closed":     {&tenancy.Error{Code: tenancy.CodeUnavailable}, 503, "internal_error"},
		"no time left":               {context.DeadlineExceeded, 503, "internal_error"},
		"anything else":              {errors.New("a secret"), 500, "internal_error"},
	} {
		broken := set(t, func(opadata.Evaluator) opadata.Evaluator { return failing{tt.err} })
		for _, path := range []string{"/v1/data/kong/allow", "/v0/data/kong/allow"} {
			got := broken.Ask(t, "platform", http.MethodPost, path, `{}`, nil)
			if got.Status != tt.status || !strings.HasPrefix(got.Body, `{"code":"`+tt.code+`","message":"`) || strings.Contains(got.Body, "secret") {
				t.Errorf("%s: %s = %d %s, want %d %s", name, path, got.Status, got.Body, tt.status, tt.code)
			}
		}
	}
	if got := s.Ask(t, "platform", http.MethodPost, "/v1/data/kong/allow", `{}`, nil); got.Status != 200 || !strings.Contains(got.Body, `"result":false`) {
		t.Errorf("nothing wrong: %d %s", got.Status, got.Body)
	}
}

func TestHealth(t *testing.T) {
	s := set(t, real)
	for _, query := range []string{"", "?bundles", "?plugins&exclude-plugin=status"} {
		if got := s.Ask(t, "nobody", http.MethodGet, "/health"+query, "", nil); got.Status != 200 || got.Body != "{}" {
			t.Errorf("GET /health%s = %d %s", query, got.Status, got.Body)
		}
	}
	s.unready.Store(true)
	if got := s.Ask(t, "nobody", http.MethodGet, "/health", "", nil); got.Status != 500 || got.Body != `{"error":"not ready"}` {
		t.Errorf("while it is not ready: %d %s", got.Status, got.Body)
	}
}

// Bodies that JSON readers disagree about, and those that are too much, are
// refused, wherever the input stands.
func TestHostileInput(t *testing.T) {
	s := set(t, real)
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	for name, input := range map[string]string{
		"a key twice":            `{"user":"mary","user":"olga"}`,
		"no JSON":                `{"user"`,
		"something after it":     `{} {}`,
		"invalid UTF-8":          "\"\xff\"",
		"NUL":                    `"\u0000"`,
		"too deep":               deep,
		"a list of 1001":         "[" + strings.Repeat("0,", 1000) + "0]",
		"a claim of facts":       `{"memberward":{"actor":{"level":"owner"}}}`,
		"a claim, in escapes":    `{"\u006demberward":{"actor":{"level":"owner"}}}`,
		"a claim of nothing":     `{"memberward":null}`,
		"a number of no number":  `01`,
		"a claim beside a place": `{"tenant":"acme","subject":"` + s.Names["vic"] + `","memberward":{"actor":{"level":"owner"}}}`,
	} {
		for _, got := range []apitest.Answer{
			s.Ask(t, "platform", http.MethodPost, "/v1/data/shapes/known", `{"input":`+input+`}`, nil),
			s.Ask(t, "platform", http.MethodPost, "/v0/data/shapes/known", input, nil),
			s.Ask(t, "platform", http.MethodGet, "/v1/data/shapes/known?input="+url.QueryEscape(input), "", nil),
		} {
			if got.Status != 400 || !strings.Contains(got.Body, `"code":"invalid_parameter"`) {
				t.Errorf("%s: %d %s", name, got.Status, got.Body)
			}
		}
	}
	for name, tt := range map[string]struct {
		method, path, body string
		header             http.Header
		status             int
	}{
		"a body over 1 MiB":          {"POST", "/v1/data/kong/allow", strings.Repeat(" ", 1<<20+1), nil, 413},
		"no object":                  {"POST", "/v1/data/kong/allow", `[]`, nil, 400},
		"null":                       {"POST", "/v1/data/kong/allow", `null`, nil, 400},
		"input in another case":      {"POST", "/v1/data/kong/allow", `{"Input":{}}`, nil, 400},
		"input twice":                {"POST", "/v1/data/kong/allow", `{"input":{},"input":1}`, nil, 400},
		"YAML":                       {"POST", "/v1/data/kong/allow", `{}`, http.Header{"Content-Type": {"application/yaml"}}, 400},
		"input twice in the query":   {"GET", "/v1/data/kong/allow?input={}&input={}", "", nil, 400},
		"a malformed query":          {"GET", "/v1/data/kong/allow?input=%zz", "", nil, 400},
		"an unknown explanation":     {"POST", "/v1/data/kong/allow?explain=everything", `{}`, nil, 400},
		"metrics twice":              {"POST", "/v1/data/kong/allow?metrics&metrics", `{}`, nil, 400},
		"an empty element":           {"POST", "/v1/data/kong//allow", `{}`, nil, 400},
		"two empty elements at end":  {"POST", "/v1/data/kong//", `{}`, nil, 400},
		"nothing but a slash":        {"POST", "/v1/data//", `{}`, nil, 400},
		"another encoding":           {"POST", "/v1/data/kong/allow", `{}`, http.Header{"Content-Encoding": {"br"}}, 400},
		"two encodings":              {"POST", "/v1/data/kong/allow", `{}`, http.Header{"Content-Encoding": {"gzip, gzip"}}, 400},
		"gzip that is none":          {"POST", "/v1/data/kong/allow", `{}`, http.Header{"Content-Encoding": {"gzip"}}, 400},
		"gzip that is cut off":       {"POST", "/v1/data/kong/allow", zipped(`{}`)[:20], http.Header{"Content-Encoding": {"gzip"}}, 400},
		"gzip with something behind": {"POST", "/v1/data/kong/allow", zipped(`{}`) + "x", http.Header{"Content-Encoding": {"gzip"}}, 400},
		"gzip of 2 MiB":              {"POST", "/v1/data/kong/allow", zipped(strings.Repeat(" ", 2<<20)), http.Header{"Content-Encoding": {"gzip"}}, 413},
		"gzip of a key twice":        {"POST", "/v1/data/kong/allow", zipped(`{"input":1,"input":2}`), http.Header{"Content-Encoding": {"gzip"}}, 400},
		"a content type twice":       {"POST", "/v1/data/kong/allow", `{}`, http.Header{"Content-Type": {"application/json", "application/yaml"}}, 400},
		"the whole of data":          {"POST", "/v1/data/", `{}`, nil, 400},
		"invalid UTF-8 in the path":  {"POST", "/v1/data/kong/%ff", `{}`, nil, 400},
		"NUL in the path":            {"POST", "/v1/data/kong/%00", `{}`, nil, 400},
		"no such path":               {"POST", "/v1/data", `{}`, nil, 404},
		"another path":               {"GET", "/opa/v1/data/kong", "", nil, 404},
		"GET of the older version":   {"GET", "/v0/data/kong/allow", "", nil, 405},
		"a write of data":            {"PUT", "/v1/data/kong/allow", `true`, nil, 405},
		"a patch of data":            {"PATCH", "/v1/data/kong", `[]`, nil, 405},
		"a deletion of data":         {"DELETE", "/v1/data/roles", "", nil, 405},
		"a write of policies":        {"PUT", "/opa/v1/policies/kong", `package kong`, nil, 405},
		"a deletion of a policy":     {"DELETE", "/opa/v1/policies/guests/kong.rego", "", nil, 405},
		"a write of all policies":    {"POST", "/opa/v1/policies", "", nil, 405},
		"a write of all data":        {"PUT", "/v1/data", `{}`, nil, 405},
		"a patch of all data":        {"PATCH", "/v1/data", `[]`, nil, 405},
		"a policy, as OPA has it":    {"PUT", "/v1/policies/kong", `package kong`, nil, 405},
		"a policy's end, as OPA's":   {"DELETE", "/v1/policies/guests/kong.rego", "", nil, 405},
		"too many digits":            {"POST", "/v1/data/kong/allow", `{"input":` + strings.Repeat("9", 10_000) + `}`, nil, 400},
		"an exponent too high":       {"GET", "/v1/data/kong/allow?input=1e99999999", "", nil, 400},
		"a policy that is not there": {"GET", "/opa/v1/policies/guests/none.rego", "", nil, 404},
		"a policy with dots":         {"GET", "/opa/v1/policies/guests/../guests/kong.rego", "", nil, 404},
	} {
		got := s.Ask(t, "platform", tt.method, tt.path, tt.body, tt.header)
		if got.Status != tt.status || !strings.HasPrefix(got.Body, `{"code":"`) {
			t.Errorf("%s: %d %s, want %d", name, got.Status, got.Body, tt.status)
		}
		if tt.status == 405 && len(got.Header["Allow"]) == 0 {
			t.Errorf("%s: no Allow", name)
		}
	}
	if got := s.Ask(t, "platform", "GET", "/v1/data/kong/answer", "", nil); got.Status != 200 {
		t.Errorf("after all that: %d %s", got.Status, got.Body)
	}
}

// What clients of OPA send without saying that it is JSON is JSON all the same,
// and a body may be compressed.
func TestWaysToSendABody(t *testing.T) {
	s := set(t, real)
	const asked = `{"input":{"request":{"http":{"method":"GET","path":"/public/x"}}}}`
	for name, tt := range map[string]struct {
		path, body string
		header     http.Header
	}{
		"what curl says of data":   {"/v1/data/kong/allow", asked, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}},
		"text":                     {"/v1/data/kong/allow", asked, http.Header{"Content-Type": {"text/plain"}}},
		"JSON of some kind":        {"/v1/data/kong/allow", asked, http.Header{"Content-Type": {"application/vnd.api+json"}}},
		"a slash at the end":       {"/v1/data/kong/allow/", asked, nil},
		"compressed":               {"/v1/data/kong/allow", zipped(asked), http.Header{"Content-Encoding": {"gzip"}, "Content-Type": {"application/json"}}},
		"compressed, in capitals":  {"/v1/data/kong/allow?pretty", zipped(asked), http.Header{"Content-Encoding": {"GZIP"}}},
		"said not to be so":        {"/v1/data/kong/allow", asked, http.Header{"Content-Encoding": {"identity"}}},
		"the older version, plain": {"/v0/data/kong/allow/", `{"request":{"http":{"method":"GET","path":"/public/x"}}}`, http.Header{"Content-Type": {"text/plain"}}},
	} {
		got := s.Ask(t, "platform", http.MethodPost, tt.path, tt.body, tt.header)
		if got.Status != 200 || got.Body != "true" && !strings.Contains(got.Body, `"result":true`) {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
}

func zipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // into memory
	_ = w.Close()
	return b.String()
}

// Who is removed has no place at the very next question, also while many ask
// at once.
func TestTheRemovedAreGoneAtTheNextQuestion(t *testing.T) {
	s := set(t, real)
	const path = "/v1/data/spring/main"
	body := apitest.Fill(`{"input":{"subject":{"type":"user","id":"{mary}"},"tenant":"acme","action":{"name":"PUT"}}}`, s.Names)
	if got := s.Ask(t, "adam", http.MethodPost, path, body, nil); !strings.Contains(got.Body, `"result":{"decision":true}`) {
		t.Fatalf("a member: %d %s", got.Status, got.Body)
	}
	removal := tenancy.RemoveMember{Tenant: tenancy.RefTo(apitest.Tenant("acme")), User: apitest.User("mary")}
	if _, err := s.Gate.Apply(t.Context(), apitest.As("olga"), removal, tenancy.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got := s.Ask(t, "adam", http.MethodPost, path, body, nil); got.Status != 200 || !strings.Contains(got.Body, `"decision":false`) {
				t.Errorf("removed: %d %s", got.Status, got.Body)
			}
		})
	}
	all.Wait()
}
