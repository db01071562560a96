package policy

import (
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// guest is a rule book with packages of others beside the one that decides, as
// it comes from an OPA server.
func guest(t testing.TB, more book) *Set { return guestWithin(t, time.Minute, more) }

func guestWithin(t testing.TB, limit time.Duration, more book) *Set {
	t.Helper()
	set, err := Load(t.Context(), withoutTests(t, more), Options{TimeLimit: limit, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

const gateway = `package gateway

import data.access

default allow := false

allow if {
	input.request.method == "GET"
	input.request.path[0] == "public"
}

allow if input.memberward.actor.level in {"admin", "owner"}

level := input.memberward.actor.level

echo := input

number := input.n

things contains "b"

things contains "a"

rows := [["zero"], ["one", {"two": null}]]

table := {"a/b": 1, "a": {"b": 2}}

never if input.nothing

broken := 1 / input.zero

many[x] if some x in numbers.range(1, 4000)

forever := count([1 | some x in numbers.range(1, 20000); some y in numbers.range(1, 20000); x == y + 20001])

odd if count(input.request.path) == 7

decides if access.allow

the_time := time.now_ns()
`

func TestEvaluate(t *testing.T) {
	set := guest(t, book{"gateway/gateway.rego": gateway, "gateway/data.yaml": "words: {\"\": nothing}\n"})
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const facts = `{"actor":{"level":"admin"},"tenant":{"id":"x"},"revision":7}`
	for name, tt := range map[string]struct {
		path, input, facts string
		want               string // "": undefined
		code               tenancy.Code
	}{
		"a rule that holds":                   {path: "gateway/allow", input: `{"request":{"method":"GET","path":["public"]}}`, want: `true`},
		"a rule that does not":                {path: "gateway/allow", input: `{"request":{"method":"PUT","path":["public"]}}`, want: `false`},
		"no input":                            {path: "gateway/allow", want: `false`},
		"no input is not null":                {path: "gateway/echo"},
		"null":                                {path: "gateway/echo", input: `null`, want: `null`},
		"no object":                           {path: "gateway/echo", input: `[1]`, want: `[1]`},
		"facts":                               {path: "gateway/allow", input: `{}`, facts: facts, want: `true`},
		"a fact":                              {path: "gateway/level", input: `{}`, facts: facts, want: `"admin"`},
		"no facts":                            {path: "gateway/level", input: `{}`},
		"a large number":                      {path: "gateway/number", input: `{"n":12345678901234567891}`, want: `12345678901234567891`},
		"a set":                               {path: "gateway/things", want: `["a","b"]`},
		"an index":                            {path: "gateway/rows/1/0", want: `"one"`},
		"null within":                         {path: "gateway/rows/1/1/two", want: `null`},
		"no such index":                       {path: "gateway/rows/9"},
		"what the types rule out":             {path: "gateway/allow/more"},
		"undefined":                           {path: "gateway/never"},
		"no such package":                     {path: "nothing/at/all"},
		"data":                                {path: "roles/access/viewer/0", want: `"`},
		"a rule that decides, nothing known":  {path: "access/allow", input: `{"action":{"name":"resource.read"}}`, want: `false`},
		"a guest reads a rule that decides":   {path: "gateway/decides", input: `{}`},
		"the time is the transaction's":       {path: "gateway/the_time", want: `1767323045000000000`},
		"Rego in the path is a name":          {path: `gateway/allow"]; true; x := data["y`},
		"a wildcard in the path is a name":    {path: "gateway/_"},
		"brackets in the path are a name":     {path: "gateway[allow]"},
		"a built-in fails":                    {path: "gateway/broken", input: `{"zero":0}`, code: tenancy.CodePolicyError},
		"an empty element":                    {path: "gateway//allow", code: tenancy.CodePolicyError},
		"a claimed fact":                      {path: "gateway/level", input: `{"memberward":{"actor":{"level":"owner"}}}`, code: tenancy.CodePolicyError},
		"a claimed fact beside a real one":    {path: "gateway/level", input: `{"memberward":{"actor":{"level":"owner"}}}`, facts: facts, code: tenancy.CodePolicyError},
		"no JSON":                             {path: "gateway/echo", input: `{`, code: tenancy.CodePolicyError},
		"facts and no object to put them in":  {path: "gateway/echo", input: `1`, facts: facts, code: tenancy.CodePolicyError},
		"facts and no input to put them into": {path: "gateway/echo", facts: facts, code: tenancy.CodePolicyError},
	} {
		in := gate.RuleInput{RuleQuestion: tenancy.RuleQuestion{Path: strings.Split(tt.path, "/")}, Now: now}
		if tt.input != "" {
			in.Input = []byte(tt.input)
		}
		if tt.facts != "" {
			in.Facts = []byte(tt.facts)
		}
		value, err := set.evaluateRule(t.Context(), &in)
		if tt.code != "" {
			if err == nil || codeOfError(t, err) != tt.code || value.JSON != nil {
				t.Errorf("%s: got %s, %v; want %s", name, value.JSON, err, tt.code)
			}
			continue
		}
		got := string(value.JSON)
		if err != nil || (value.JSON == nil) != (tt.want == "") || !strings.HasPrefix(got, tt.want) || (tt.want != `"` && got != tt.want) {
			t.Errorf("%s: got %s, %v; want %s", name, got, err, tt.want)
		}
	}
}

// A rule that takes too long has no value.
func TestEvaluateIsBounded(t *testing.T) {
	set := guestWithin(t, 100*time.Millisecond, book{"gateway/gateway.rego": gateway})
	in := gate.RuleInput{RuleQuestion: tenancy.RuleQuestion{Path: []string{"gateway", "forever"}}, Now: probeTime()}
	if value, err := set.evaluateRule(t.Context(), &in); err == nil || codeOfError(t, err) != tenancy.CodePolicyTimeout || value.JSON != nil {
		t.Errorf("got %s, %v", value.JSON, err)
	}
}

// What is told of an evaluation is in OPA's shape, and bounded.
func TestEvaluateTells(t *testing.T) {
	set := guest(t, book{"gateway/gateway.rego": gateway})
	ask := func(q tenancy.RuleQuestion) tenancy.Value {
		t.Helper()
		value, err := set.evaluateRule(t.Context(), &gate.RuleInput{RuleQuestion: q, Now: probeTime()})
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	allow := []string{"gateway", "allow"}
	if got := ask(tenancy.RuleQuestion{Path: allow}); got.Trace != nil || got.Metrics != nil {
		t.Errorf("told unasked: %s %s", got.Trace, got.Metrics)
	}
	if got := ask(tenancy.RuleQuestion{Path: allow, Measure: true}); !strings.Contains(string(got.Metrics), `"timer_rego_query_eval_ns":`) {
		t.Errorf("metrics %s", got.Metrics)
	}
	sizes := map[tenancy.Trace]int{}
	for _, kind := range []tenancy.Trace{tenancy.TraceFull, tenancy.TraceFails, tenancy.TraceNotes, tenancy.TraceDebug} {
		got := string(ask(tenancy.RuleQuestion{Path: []string{"gateway", "odd"}, Trace: kind, Input: []byte(`{"request":{"method":"GET","path":["private"]}}`)}).Trace)
		sizes[kind] = len(got)
		if !strings.HasPrefix(got, "[") || kind == tenancy.TraceFails && !strings.Contains(got, `"op":"fail"`) {
			t.Errorf("%s: %s", kind, got)
		}
	}
	if sizes[tenancy.TraceNotes] >= sizes[tenancy.TraceFull] {
		t.Errorf("the kinds of trace tell as much: %v", sizes)
	}
	many := string(ask(tenancy.RuleQuestion{Path: []string{"gateway", "many"}, Trace: tenancy.TraceDebug}).Trace)
	if steps := strings.Count(many, `"op":`); steps > stepLimit || len(many) > traceLimit+2 {
		t.Errorf("%d steps of %d bytes are told, want %d of %d at most", steps, len(many), stepLimit, traceLimit)
	}
}

// The schema binds what decides and what that reads, and nobody else.
func TestTheSchemaBindsWhatDecides(t *testing.T) {
	helper := "package terms\n\nlate if input.actor.levle == \"owner\"\n"
	for name, tt := range map[string]struct {
		files book
		fault string
	}{
		"a package that decides": {book{"access/more.rego": "package access\n\nimport rego.v2\n\nallow if input.actor.levle == \"owner\"\n"}, "levle"},
		"what it reads": {book{
			"terms/terms.rego": helper,
			"access/more.rego": "package access\n\nimport rego.v2\n\nimport data.terms\n\nallow if terms.late\n",
		}, "levle"},
		"what nobody reads": {book{"terms/terms.rego": helper}, ""},
		"no Rego":           {book{"terms/terms.rego": "package terms\n\nlate if {\n"}, "terms.rego"},
		"a network":         {book{"terms/terms.rego": "package terms\n\nlate := http.send({\"method\": \"get\", \"url\": \"http://x\"})\n"}, "http.send"},
	} {
		_, err := Load(t.Context(), withoutTests(t, tt.files), Options{Clock: time.Now})
		if (err == nil) != (tt.fault == "") || err != nil && !strings.Contains(err.Error(), tt.fault) {
			t.Errorf("%s: %v, want a complaint about %q", name, err, tt.fault)
		}
	}
}

// Numbers that are no index are names.
func TestRefOf(t *testing.T) {
	ref, err := refOf([]string{"a", "1", "-1", "1e3", "99999999999999999999", "0x1"})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []ast.Value{ast.String("a"), ast.Number("1"), ast.Number("-1"), ast.String("1e3"), ast.String("99999999999999999999"), ast.String("0x1")} {
		if ref[i+1].Value.Compare(want) != 0 {
			t.Errorf("element %d is %v, want %v", i, ref[i+1], want)
		}
	}
}
