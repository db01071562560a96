package native_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNarrowedLists: each filter, alone and with others, at any page size.
func TestNarrowedLists(t *testing.T) {
	w := newWorld(t)
	const all = "/v1/tenants/acme/members"
	w.must(http.StatusCreated, call{as: platform, method: http.MethodPost, path: "/v1/users", body: `{"id":"` + nobody + `","email":"kim@elsewhere.org","given_name":"Kim","surname":"Meier"}`})
	w.must(http.StatusCreated, call{as: adam, method: http.MethodPost, path: all, body: `{"user_id":"` + nobody + `","not_before":"2999-01-01T00:00:00Z"}`})
	w.must(http.StatusCreated, call{as: adam, method: http.MethodPost, path: all, body: `{"email":"p@example.com"}`})
	pending := w.pages(adam, all+"?limit=9&status=pending", "user_id")
	for query, want := range map[string][]string{
		"level=owner":                      {olga},
		"level=admin":                      {adam, dora},
		"status=active":                    {olga, adam, mary, vic},
		"status=disabled":                  {dora},
		"status=expired":                   {},
		"status=disabled&level=viewer":     {},
		"q=KIM":                            {nobody},
		"q=m%20mei":                        {nobody},
		"q=elsewhere":                      {nobody},
		"q=3@":                             {mary},
		"q=nobody":                         {},
		"can=resource.write":               {olga, adam, mary},
		"can=tenant.delete":                {olga},
		"can=resource.read&level=viewer":   {vic},
		"can=resource.read&q=%25":          {},
		"status=active&q=example&level=":   nil, // an empty parameter is refused
		"as_of=1&level=owner":              {olga},
		"as_of=1&q=kim":                    {},
		"as_of=1&can=resource.read":        nil,
		"can=member.remove":                nil, // about somebody else than the tenant
		"can=tenant.read&can=tenant.write": nil,
	} {
		if want == nil {
			w.refused(http.StatusBadRequest, "invalid", call{as: adam, method: http.MethodGet, path: all + "?" + query})
			continue
		}
		for _, limit := range []int{1, 2, 1000} {
			got := w.pages(adam, fmt.Sprintf("%s?limit=%d&%s", all, limit, query), "user_id")
			if slices.Sort(got); !cmp.Equal(append([]string{}, got...), want) {
				t.Errorf("%s, limit %d: %v, want %v", query, limit, got, want)
			}
		}
	}
	if len(pending) != 1 {
		t.Errorf("pending are %v, want one", pending)
	}
	w.refused(http.StatusForbidden, "not_permitted", call{as: mary, method: http.MethodGet, path: all + "?can=tenant.read"})
	w.must(http.StatusOK, call{as: mary, method: http.MethodGet, path: all + "?q=a"})
	narrow := w.must(http.StatusOK, call{as: adam, method: http.MethodGet, path: all + "?limit=1&level=admin"}).object(t)
	cursor, _ := narrow["next_cursor"].(string)
	w.refused(http.StatusBadRequest, "invalid", call{as: adam, method: http.MethodGet, path: all + "?limit=1&cursor=" + cursor})
	w.refused(http.StatusBadRequest, "invalid", call{as: adam, method: http.MethodGet, path: all + "?limit=1&level=viewer&cursor=" + cursor})
}

// TestUsersTenants lists where somebody belongs, with what they are there.
func TestUsersTenants(t *testing.T) {
	w := newWorld(t)
	path := "/v1/users/" + mary + "/tenants"
	made := w.must(http.StatusCreated, call{as: mary, method: http.MethodPost, path: "/v1/tenants", body: `{"name":"Own"}`}).object(t)
	listed := w.must(http.StatusOK, call{as: mary, method: http.MethodGet, path: path}).object(t)
	items, _ := listed["items"].([]any)
	levels := map[any]any{}
	for _, item := range items {
		object, _ := item.(map[string]any)
		tenant, _ := object["tenant"].(map[string]any)
		member, _ := object["member"].(map[string]any)
		levels[tenant["slug"]] = fmt.Sprint(member["level"], " ", member["tenant_id"] == tenant["id"])
	}
	if diff := cmp.Diff(map[any]any{"acme": "member true", made["slug"]: "owner true"}, levels); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	count := func(as, query string) (n int) {
		next := ""
		for {
			page := w.must(http.StatusOK, call{as: as, method: http.MethodGet, path: path + query + next}).object(t)
			items, _ := page["items"].([]any)
			cursor, more := page["next_cursor"].(string)
			if n += len(items); !more {
				return n
			}
			next = "&cursor=" + cursor
		}
	}
	for query, want := range map[string]int{"?limit=1": 2, "?limit=1&can=tenant.read": 2, "?limit=1&can=tenant.delete": 1, "?limit=1000&can=tenant.delete": 1, "?limit=1&can=no.such": 0} {
		if n := count(mary, query); n != want {
			t.Errorf("%s: %d tenants, want %d", query, n, want)
		}
		if n := count(platform, query); n != want {
			t.Errorf("%s, by the platform: %d tenants, want %d", query, n, want)
		}
	}
	w.refused(http.StatusForbidden, "not_permitted", call{as: adam, method: http.MethodGet, path: path})
	w.refused(http.StatusForbidden, "not_permitted", call{as: adam, method: http.MethodGet, path: strings.Replace(path, mary, nobody, 1)})
	w.refused(http.StatusNotFound, "user_unknown", call{as: platform, method: http.MethodGet, path: strings.Replace(path, mary, nobody, 1)})
	w.refused(http.StatusBadRequest, "invalid", call{as: mary, method: http.MethodGet, path: path + "?can=member.remove"})
}

// TestUsage keeps what is reported, in parts, and gives it a version.
func TestUsage(t *testing.T) {
	w := newWorld(t)
	put := call{as: adam, method: http.MethodPut, path: "/v1/tenants/acme/usage", body: `{"process_count":3,"storage_used_bytes":9007199254740991}`}
	w.must(http.StatusOK, put)
	put.body = `{"dataset_count":2,"process_count":0}`
	kept := w.must(http.StatusOK, put)
	w.same(map[string]any{"process_count": 0.0, "dataset_count": 2.0, "storage_used_bytes": 9007199254740991.0}, kept)
	put.header = []string{"If-Match", `"x"`}
	w.refused(http.StatusPreconditionFailed, "stale", put)
	put.header[1] = kept.Header.Get("ETag")
	w.must(http.StatusOK, put)
	put.header = nil
	for _, body := range []string{`{}`, `{"process_count":-1}`, `{"process_count":9007199254740992}`, `{"process_count":1.5}`, `{"process_count":"1"}`, `{"processes":1}`} {
		put.body = body
		w.refused(http.StatusUnprocessableEntity, "invalid", put)
	}
	put.body, put.as = `{"process_count":1}`, mary
	w.refused(http.StatusForbidden, "not_permitted", put)
	made := w.must(http.StatusCreated, call{as: adam, method: http.MethodPost, path: "/v1/users/" + adam + "/api-keys", body: `{"scopes":["usage.report"],"tenant_id":"acme"}`}).object(t)
	key, _ := made["key"].(string)
	w.must(http.StatusOK, call{method: http.MethodPut, path: put.path, body: put.body, header: []string{"X-Api-Key", key}})
	w.refused(http.StatusForbidden, "not_permitted", call{method: http.MethodPatch, path: "/v1/tenants/acme/members/" + mary, body: `{"level":"viewer"}`, header: []string{"X-Api-Key", key}})
}
