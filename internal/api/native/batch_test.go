package native_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const batch = "/v1/tenants/acme/members/batch"

func batched(as string, operations ...string) call {
	return call{as: as, method: http.MethodPost, path: batch, body: `{"operations":[` + strings.Join(operations, ",") + `]}`}
}

// TestABatch adds, changes and removes in one transaction.
func TestABatch(t *testing.T) {
	w := newWorld(t)
	before := w.store.Revision()
	answer := w.must(http.StatusOK, batched(adam,
		`{"op":"add","user_id":"`+nina+`","level":"viewer","role_ids":["`+editor+`"],"not_before":null}`,
		`{"op":"add","email":"kim@example.com"}`,
		`{"op":"update","user_id":"`+mary+`","developer":true,"expires_at":"2999-01-01T00:00:00Z"}`,
		`{"op":"remove","user_id":"`+vic+`"}`))
	object := answer.object(t)
	results, _ := object["results"].([]any)
	var got []string
	for _, result := range results {
		r, _ := result.(map[string]any)
		member, _ := r["member"].(map[string]any)
		got = append(got, strings.TrimSpace(fmt.Sprintln(r["index"], r["status"], member["email"], member["level"], member["role_ids"], member["pending"], member["expires_at"])))
	}
	want := []string{
		"0 201 7@example.com viewer [" + editor + "] false <nil>",
		"1 201 kim@example.com member [] true <nil>",
		"2 200 3@example.com member [] false 2999-01-01T00:00:00Z",
		"3 204 <nil> <nil> <nil> <nil> <nil>",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if after := w.store.Revision(); after != before+1 || object["revision"] != float64(after) || answer.Header.Get("ETag") == "" {
		t.Errorf("the batch went from revision %d to %d and answered %v %v", before, after, object["revision"], answer.Header)
	}
	w.refused(http.StatusNotFound, "tenant_unknown", call{as: vic, method: http.MethodGet, path: "/v1/tenants/acme"})
	w.must(http.StatusOK, call{as: nina, method: http.MethodGet, path: "/v1/tenants/acme"})
}

// TestABatchIsAllOrNothing: the first failure gives the status, the results
// list every item that fails, and nothing is written.
func TestABatchIsAllOrNothing(t *testing.T) {
	w := newWorld(t)
	remove := func(who string) string { return `{"op":"remove","user_id":"` + who + `"}` }
	for name, c := range map[string]struct {
		status  int
		call    call
		results string // index, status and code of each
	}{
		"the owner among them": {403, batched(adam, remove(mary), remove(olga), remove(vic)), "1 403 owner_permanent"},
		"several":              {404, batched(adam, remove(nina), `{"op":"add","user_id":"`+mary+`"}`, remove(vic), remove(nobody), remove(olga)), "0 404 target_not_member, 1 409 already_member, 3 404 user_unknown, 4 403 owner_permanent"},
		"who may not":          {403, batched(mary, remove(vic), remove(nobody)), "0 403 not_permitted, 1 403 not_permitted"},
		"a stranger":           {404, batched(nina, remove(vic), `{"op":"add","email":"3@example.com"}`, `{"op":"add","email":"3@example.com"}`), "0 404 tenant_unknown, 1 404 tenant_unknown, 2 404 tenant_unknown"},
		"twice":                {422, batched(adam, remove(vic), remove(mary), `{"op":"update","user_id":"`+strings.ToUpper(vic)+`","level":"member"}`), "2 422 invalid"},
		"twice, and changed":   {422, batched(adam, `{"op":"update","user_id":"`+mary+`","level":"viewer"}`, `{"op":"update","user_id":"`+strings.ToUpper(mary)+`","level":"member"}`), "1 422 invalid"},
		"an address twice":     {422, batched(adam, `{"op":"add","email":"kim@example.com"}`, `{"op":"add","email":"KIM@example.com"}`), "1 422 invalid"},
		"a role of another's":  {404, batched(adam, `{"op":"add","user_id":"`+nina+`","role_ids":["`+guest+`"]}`), "0 404 role_unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			w := w.in(t)
			before := w.pages(adam, "/v1/tenants/acme/members?limit=1000", "user_id")
			revision := w.store.Revision()
			answer := w.do(c.call)
			problem := answer.object(t)
			var got []string
			items, _ := problem["results"].([]any)
			for _, item := range items {
				r, _ := item.(map[string]any)
				got = append(got, fmt.Sprint(r["index"], " ", r["status"], " ", r["code"]))
			}
			if answer.Status != c.status || strings.Join(got, ", ") != c.results {
				t.Errorf("= %d %s, want %d %s", answer.Status, answer.Body, c.status, c.results)
			}
			after := w.pages(adam, "/v1/tenants/acme/members?limit=1000", "user_id")
			if diff := cmp.Diff(before, after); diff != "" || w.store.Revision() != revision {
				t.Errorf("something was written:\n%s", diff)
			}
		})
	}
}

func TestBatchInput(t *testing.T) {
	w := newWorld(t)
	many := make([]string, 1001)
	for i := range many {
		many[i] = fmt.Sprintf(`{"op":"add","email":"p%d@example.com"}`, i)
	}
	for name, c := range map[string]struct {
		call     call
		location string
	}{
		"none":                         {batched(adam), "body.operations"},
		"1001":                         {batched(adam, many...), "body.operations"},
		"an operation of no kind":      {batched(adam, `{"user_id":"`+mary+`"}`), "body.operations.0"},
		"an operation of another kind": {batched(adam, `{"op":"ban","user_id":"`+mary+`"}`), "body.operations.0.op"},
		"nobody added":                 {batched(adam, `{"op":"add"}`), "body.operations.0.user_id"},
		"two at once":                  {batched(adam, `{"op":"add","user_id":"`+nina+`","email":"7@example.com"}`), "body.operations.0.user_id"},
		"updated by address":           {batched(adam, `{"op":"update","email":"3@example.com","level":"viewer"}`), "body.operations.0.user_id"},
		"updated in nothing":           {batched(adam, `{"op":"update","user_id":"`+mary+`"}`), "body.operations.0.level"},
		"removed with a level":         {batched(adam, `{"op":"remove","user_id":"`+mary+`","level":"viewer"}`), "body.operations.0.op"},
		"removed with a time of null":  {batched(adam, `{"op":"remove","user_id":"`+mary+`","expires_at":null}`), "body.operations.0.op"},
		"a level of null":              {batched(adam, `{"op":"update","user_id":"`+mary+`","level":null}`), "body.operations.0.level"},
		"an operation that is null":    {batched(adam, `null`), "body.operations.0"},
		"an unknown property":          {batched(adam, `{"op":"add","user_id":"`+nina+`","pending":true}`), "body.operations.0.pending"},
		"no id":                        {batched(adam, `{"op":"remove","user_id":"`+vic+`"}`, `{"op":"remove","user_id":"mary"}`), "body.operations.1.user_id"},
	} {
		t.Run(name, func(t *testing.T) {
			p := w.in(t).refused(http.StatusUnprocessableEntity, "invalid", c.call)
			faults, _ := p["errors"].([]any)
			first, _ := append(faults, map[string]any{})[0].(map[string]any)
			if first["location"] != c.location {
				t.Errorf("the faults are %v, want one at %s", faults, c.location)
			}
		})
	}
	p := w.refused(http.StatusUnprocessableEntity, "invalid", batched(adam, `{"op":"add"}`, `{"op":"remove","user_id":"`+vic+`"}`, `{"op":"update","user_id":"`+mary+`"}`))
	if faults, _ := p["errors"].([]any); len(faults) != 2 {
		t.Errorf("two operations that cannot be read have the faults %v", faults)
	}
}

// TestABatchUnderACondition: everybody who is named has to have the version,
// or to be there.
func TestABatchUnderACondition(t *testing.T) {
	w := newWorld(t)
	both := batched(adam, `{"op":"update","user_id":"`+mary+`","developer":true}`, `{"op":"remove","user_id":"`+vic+`"}`)
	both.header = []string{"If-Match", `"x"`}
	w.refused(http.StatusPreconditionFailed, "stale", both)
	added := batched(adam, `{"op":"add","user_id":"`+nina+`"}`)
	added.header = []string{"If-Match", "*"}
	w.refused(http.StatusPreconditionFailed, "stale", added)
	both.header = []string{"If-Match", "*"}
	w.must(http.StatusOK, both)
}
