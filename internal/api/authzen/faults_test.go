package authzen_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/memberward/memberward/internal/api/authzen"
	"github.com/memberward/memberward/internal/apitest"
	"github.com/memberward/memberward/internal/tenancy"
)

const (
	question = `{"subject":{"type":"user","id":"alice"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"}}`
	jsonType = "application/json"
)

func ask(t *testing.T, s *apitest.Stage, path, body string) apitest.Answer {
	t.Helper()
	return s.Ask(t, "platform", "POST", "/access/v1/"+path, body, http.Header{"Content-Type": {jsonType}})
}

// failing is a gate whose store cannot answer.
type failing struct {
	authzen.Gate
	err error
}

func (f failing) Evaluate(context.Context, tenancy.Actor, []tenancy.Evaluation) ([]tenancy.Verdict, error) {
	return nil, f.err
}

func (f failing) Search(context.Context, tenancy.Actor, tenancy.Search) (tenancy.Found, error) {
	return tenancy.Found{}, f.err
}

// A store that cannot answer is 503, a mistake of ours 500, and neither is a
// decision.
func TestAStoreThatCannotAnswer(t *testing.T) {
	for _, row := range []struct {
		err    error
		status int
	}{
		{&tenancy.Error{Code: tenancy.CodeUnavailable, Msg: "secret"}, http.StatusServiceUnavailable},
		{context.DeadlineExceeded, http.StatusServiceUnavailable},
		{context.Canceled, http.StatusServiceUnavailable},
		{errors.New("secret"), http.StatusInternalServerError},
	} {
		s := set(t, records, func(g authzen.Gate) authzen.Gate { return failing{g, row.err} }, pointURL)
		for path, body := range map[string]string{
			"evaluation": question, "evaluations": `{"evaluations":[` + question + `]}`, "search/subject": question, "search/resource": question, "search/action": question,
		} {
			got := ask(t, s, path, body)
			if got.Status != row.status || strings.Contains(got.Body, "decision") || strings.Contains(got.Body, "secret") {
				t.Errorf("%s, %v = %d %s, want %d", path, row.err, got.Status, got.Body, row.status)
			}
		}
	}
}

// Hostile bodies are a 4xx in a JSON text, and never a decision.
func TestHostileBodies(t *testing.T) {
	s := set(t, records, nil, pointURL)
	long := strings.Repeat("x", 1025)
	for name, body := range map[string]string{
		"a key twice":            `{"subject":{"type":"user","type":"user","id":"alice"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"}}`,
		"a key in another case":  strings.Replace(question, `"id":"alice"`, `"id":"alice","ID":"bob"`, 1),
		"NUL":                    strings.Replace(question, "alice", `a\u0000`, 1),
		"invalid UTF-8":          strings.Replace(question, "alice", "a\xff", 1),
		"trailing garbage":       question + "{}",
		"an array":               "[" + question + "]",
		"null":                   "null",
		"a long id":              strings.Replace(question, "alice", long, 1),
		"a long name":            strings.Replace(question, "read", long, 1),
		"a long type":            strings.Replace(question, `"user"`, `"`+long+`"`, 1),
		"deep properties":        strings.Replace(question, `"alice"`, `"alice","properties":{"a":`+strings.Repeat("[", 70)+strings.Repeat("]", 70)+`}`, 1),
		"a number out of bounds": strings.Replace(question, `"alice"`, `"alice","properties":{"a":1e999999999}`, 1),
		"large properties":       strings.Replace(question, `"alice"`, `"alice","properties":{"a":"`+strings.Repeat("x", 70000)+`"}`, 1),
		"too many questions":     `{"evaluations":[` + strings.Repeat(question+",", 1000) + question + `]}`,
		"a body over the limit":  strings.Replace(question, "alice", strings.Repeat("x", 1<<20), 1),
	} {
		for _, path := range []string{"evaluation", "evaluations", "search/action"} {
			if path == "search/action" && name == "a long name" { // the action is ignored there
				continue
			}
			got := ask(t, s, path, body)
			if got.Status < 400 || got.Status >= 500 || !strings.HasPrefix(got.Body, `"`) || got.Header.Get("Content-Type") != jsonType {
				t.Errorf("%s, %s = %d %s %.200s", path, name, got.Status, got.Header.Get("Content-Type"), got.Body)
			}
		}
	}
}

// A request id comes back, on errors too; one that could not stand in a header
// is replaced.
func TestRequestIDsAreEchoed(t *testing.T) {
	s := set(t, records, nil, pointURL)
	for _, id := range []string{"bfe9eb29-ab87-4ca3-be83-a1d5d8305716", `any "text" {at} all`, "Anfrage für Zoë", "\xff", strings.Repeat("x", 1024)} {
		for name, row := range map[string]struct {
			status                  int
			who, method, path, body string
		}{
			"a decision":           {200, "platform", "POST", "/access/v1/evaluation", question},
			"bad JSON":             {400, "platform", "POST", "/access/v1/search/subject", "{"},
			"no credential":        {401, "nobody", "POST", "/access/v1/evaluations", question},
			"who may not ask":      {403, "olga", "POST", "/access/v1/evaluation", question},
			"no such path":         {404, "platform", "POST", "/access/v1/nothing", question},
			"no such method":       {405, "platform", "PUT", "/access/v1/search/action", question},
			"too large":            {413, "platform", "POST", "/access/v1/evaluation", strings.Repeat(" ", 1<<20) + question},
			"metadata":             {200, "nobody", "GET", "/.well-known/authzen-configuration", ""},
			"no metadata are POST": {405, "nobody", "POST", "/.well-known/authzen-configuration", ""},
		} {
			got := s.Ask(t, row.who, row.method, row.path, row.body, http.Header{"Content-Type": {jsonType}, "X-Request-Id": {id}})
			if got.Status != row.status || got.Header.Get("X-Request-Id") != id {
				t.Errorf("%s: %d with X-Request-Id %q, want %d with %q", name, got.Status, got.Header.Get("X-Request-Id"), row.status, id)
			}
		}
	}
	got := s.Ask(t, "platform", "POST", "/access/v1/evaluation", question, http.Header{"Content-Type": {"text/plain"}, "X-Request-Id": {"1"}})
	if got.Status != http.StatusBadRequest || got.Header.Get("X-Request-Id") != "1" {
		t.Errorf("another content type: %d with X-Request-Id %q", got.Status, got.Header.Get("X-Request-Id"))
	}
	got = s.Ask(t, "platform", "POST", "/access/v1/evaluation", question, http.Header{"Content-Type": {jsonType}, "X-Request-Id": {strings.Repeat("x", 5000)}})
	if id := got.Header.Get("X-Request-Id"); id == "" || len(id) > 128 {
		t.Errorf("X-Request-Id %q", id)
	}
}

// Who is removed is denied on the next question, and in the next search; an
// entity counts as it is now.
func TestAnswersAreOfNow(t *testing.T) {
	s := set(t, shipped, nil, pointURL)
	mary := fmt.Sprintf(`{"subject":{"type":"user","id":"%s"},"action":{"name":"resource.read"},"resource":{"type":"tenant","id":"%s"}}`,
		apitest.User("mary"), apitest.Tenant("acme"))
	if got := ask(t, s, "evaluation", mary); got.Body != `{"decision":true}` {
		t.Fatalf("before: %s", got.Body)
	}
	change := tenancy.RemoveMember{Tenant: tenancy.RefTo(apitest.Tenant("acme")), User: apitest.User("mary")}
	if _, err := s.Gate.Apply(t.Context(), apitest.As("olga"), change, tenancy.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, s, "evaluation", mary); got.Body != `{"decision":false}` {
		t.Errorf("after: %s", got.Body)
	}
	if got := ask(t, s, "search/subject", mary); strings.Contains(got.Body, apitest.User("mary").String()) {
		t.Errorf("found after: %s", got.Body)
	}
}

// Twenty callers at once get the same answer.
func TestTwentyAtOnce(t *testing.T) {
	s := set(t, records, nil, pointURL)
	answers := make([]string, 20)
	var wait sync.WaitGroup
	for i := range answers {
		wait.Go(func() { answers[i] = ask(t, s, "search/subject", question).Body })
	}
	wait.Wait()
	for _, got := range answers {
		if got != answers[0] || !strings.Contains(got, "alice") {
			t.Errorf("%s, want the same as %s", got, answers[0])
		}
	}
}
