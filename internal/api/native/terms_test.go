package native_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/audit"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// terms are the headers and parameters that the document says a request takes.
func (w *world) terms(c call) map[string]bool {
	w.t.Helper()
	request, err := http.NewRequest(c.method, "http://memberward.test"+c.path, http.NoBody)
	check(w.t, err)
	route, _, err := w.held.router.FindRoute(request)
	check(w.t, err)
	taken := map[string]bool{}
	for _, param := range route.Operation.Parameters {
		if param.Value.In == openapi3.ParameterInHeader || param.Value.Name == "dry_run" {
			taken[param.Value.Name] = true
		}
	}
	return taken
}

// hostileTerms sends terms that are taken in forms that are not.
func (w *world) hostileTerms(c call, taken map[string]bool) {
	w.t.Helper()
	tags := []string{"", "1", `"`, `"a`, `a"`, `"a" "b"`, `"a",`, `,"a"`, `"a",,"b"`, `w/"a"`, `"a", *`, "*, *", "\"a\x7f\"", `"a b"`, "W/", "**"}
	for name, values := range map[string][]string{
		"Idempotency-Key":     {"", strings.Repeat("k", 256), "é", "a\x7f", "a\tb"},
		"Memberward-At-Least": {"", "-1", "+1", "1.0", "0x1", "18446744073709551616", "r1", "1 2", "1,2"},
		"If-Match":            tags,
		"If-None-Match":       tags,
	} {
		for _, value := range values {
			if !taken[name] {
				continue
			}
			c.header = []string{name, value}
			w.refused(http.StatusBadRequest, "invalid", c)
		}
	}
	for _, name := range []string{"Idempotency-Key", "Memberward-At-Least"} {
		if taken[name] {
			c.header, c.twice = []string{name, "1"}, true
			w.refused(http.StatusBadRequest, "invalid", c)
		}
	}
}

// changing are the endpoints that the document says can be run dry.
func (w *world) changing() []endpoint {
	var found []endpoint
	for _, e := range endpoints {
		if w.terms(e.call)["dry_run"] {
			found = append(found, e)
		}
	}
	return found
}

// state is what a change leaves behind: the revision and the audit's end.
func (w *world) state() (tenancy.Revision, audit.Chain) {
	w.t.Helper()
	var chain audit.Chain
	var revision tenancy.Revision
	check(w.t, w.store.View(w.t.Context(), func(r gate.Reader) (err error) {
		revision = r.Revision()
		chain, err = r.Chain()
		return err
	}))
	return revision, chain
}

// TestEveryWriteTakesTheTerms: dry run, Idempotency-Key and If-Match on every
// native write, and on nothing else (contracts/native.md, "Answers").
func TestEveryWriteTakesTheTerms(t *testing.T) {
	w := newWorld(t)
	noWrites := []string{"/v1/tokens", "/v1/check", "/v1/checks", "/v1/admin/verify", "/v1/admin/backup"}
	for _, e := range endpoints {
		writes := e.method != http.MethodGet
		for _, path := range noWrites {
			writes = writes && e.path != path
		}
		taken := w.terms(e.call)
		for _, name := range []string{"dry_run", "Idempotency-Key", "If-Match"} {
			if taken[name] != writes {
				t.Errorf("%s %s takes %s: %t, want %t", e.method, e.path, name, taken[name], writes)
			}
		}
		if reads := !writes && e.path != "/v1/tokens" && e.path != "/openapi.json" && e.path != "/.well-known/jwks.json"; taken["Memberward-At-Least"] != reads {
			t.Errorf("%s %s takes Memberward-At-Least: %t, want %t", e.method, e.path, !reads, reads)
		}
		if public := e.as == ""; taken["X-Act-As"] == public {
			t.Errorf("%s %s takes X-Act-As: %t, want %t", e.method, e.path, public, !public)
		}
	}
}

// TestDryRuns: same path, verdict and reasons; a refusal keeps its status,
// success is 200 with the body of the real answer; nothing written.
func TestDryRuns(t *testing.T) {
	for _, e := range newWorld(t).changing() {
		t.Run(e.method+" "+e.path, func(t *testing.T) {
			w := newWorld(t)
			revision, chain := w.state()
			dry := e.call
			dry.path += "?dry_run=true"
			answer := w.must(http.StatusOK, dry)
			if answer.Header.Get("Memberward-Dry-Run") != "true" || answer.Header.Get("ETag") != "" || answer.Header.Get("X-Decision-Id") == "" {
				t.Errorf("the answer does not say that it is dry: %v", answer.Header)
			}
			if after, end := w.state(); after != revision || end != chain {
				t.Errorf("a dry run went from revision %d to %d, from record %d to %d", revision, after, chain.Seq, end.Seq)
			}
			if strings.Contains(answer.Body, `"key":`) || strings.Contains(answer.Body, `"code":`) {
				t.Errorf("a dry run shows a secret that is none: %s", answer.Body)
			}
			dry.as = nina
			if e.as == nina { // she creates a tenant, which anybody may
				dry.as, dry.body = vic, `{"name":"N","owner_id":"`+olga+`"}`
			}
			if e.as == "" { // whoever holds the code may
				dry.as, dry.path = "", strings.Replace(dry.path, ninasCode, "another", 1)
			}
			refusal := w.do(dry)
			if refusal.Status != http.StatusForbidden && refusal.Status != http.StatusNotFound {
				t.Errorf("a dry run of who may not: %d %s", refusal.Status, refusal.Body)
			}
			if after, end := w.state(); after != revision || end != chain {
				t.Errorf("the refusal of a dry run was recorded")
			}
			wet := e.call
			wet.path += "?dry_run=false"
			made := w.do(wet)
			if made.Status > 299 || made.Header.Get("Memberward-Dry-Run") != "" || made.Header.Get("ETag") == "" {
				t.Errorf("the change itself: %d %v %s", made.Status, made.Header, made.Body)
			}
			if after, _ := w.state(); after != revision+1 {
				t.Errorf("the change went from revision %d to %d", revision, after)
			}
			w.sameShape(answer, made)
		})
	}
}

// sameShape compares a dry answer with the real one: the same members, and the
// same values but for ids and times of what was made, and its secret.
func (w *world) sameShape(dry, made reply) {
	w.t.Helper()
	if made.Body == "" {
		if dry.Body != "{}" {
			w.t.Errorf("a dry run of a change without answer: %s", dry.Body)
		}
		return
	}
	want := made.object(w.t)
	delete(want, "key")
	delete(want, "code")
	if diff := cmp.Diff(blurred(want), blurred(dry.object(w.t))); diff != "" {
		w.t.Errorf("a dry run shows something else than the change (-made +dry):\n%s", diff)
	}
}

// blurred is an answer without the values that differ from run to run.
func blurred(answer any) any {
	switch v := answer.(type) {
	case []any:
		for i, element := range v {
			v[i] = blurred(element)
		}
	case map[string]any:
		for name, value := range v {
			differs := name == "id" || name == "organization_id" || name == "revision" || strings.HasSuffix(name, "_at") && value != nil
			if v[name] = blurred(value); differs {
				v[name] = "…"
			}
		}
	}
	return answer
}
