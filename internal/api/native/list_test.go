package native_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/memberward/memberward/internal/tenancy"
)

// mostPages is more than any list of these tests has.
const mostPages = 5000

// pages reads a list to its end and gives the ids of its elements, in order.
func (w *world) pages(as, path, id string) []string {
	w.t.Helper()
	var ids []string
	next := ""
	for range mostPages {
		answer := w.must(http.StatusOK, call{as: as, method: http.MethodGet, path: path + next}).object(w.t)
		items, _ := answer["items"].([]any)
		for _, item := range items {
			object, _ := item.(map[string]any)
			text, _ := object[id].(string)
			ids = append(ids, text)
		}
		cursor, more := answer["next_cursor"].(string)
		if !more {
			return ids
		}
		next = "&cursor=" + cursor
	}
	w.t.Fatalf("%s has not ended after %d pages", path, mostPages)
	return nil
}

// crowd makes n accounts and members of acme, and gives their ids.
func (w *world) crowd(n int) []string {
	w.t.Helper()
	ids := make([]string, n)
	for i := range ids {
		made := w.must(http.StatusCreated, call{as: platform, method: http.MethodPost, path: "/v1/users", body: fmt.Sprintf(`{"email":"crowd%d@example.com"}`, i)})
		ids[i], _ = made.object(w.t)["id"].(string)
		w.must(http.StatusCreated, call{as: olga, method: http.MethodPost, path: "/v1/tenants/acme/members", body: `{"user_id":"` + ids[i] + `"}`})
	}
	return ids
}

func TestPagesHoldEverybodyOnceWhileOthersWrite(t *testing.T) {
	w := newWorld(t)
	staying := append(w.crowd(20), olga, adam, mary, vic, dora)
	stop := make(chan struct{})
	var writers sync.WaitGroup
	writers.Go(func() {
		for round := 0; ; round++ {
			select {
			case <-stop:
				return
			default:
			}
			if round%2 == 0 {
				w.do(call{as: adam, method: http.MethodPost, path: "/v1/tenants/acme/members", body: `{"user_id":"` + nina + `"}`})
			} else {
				w.do(call{as: adam, method: http.MethodDelete, path: "/v1/tenants/acme/members/" + nina})
			}
		}
	})
	for limit := 1; limit <= 7; limit += 3 {
		times := map[string]int{}
		for _, id := range w.pages(olga, fmt.Sprintf("/v1/tenants/acme/members?limit=%d", limit), "user_id") {
			times[id]++
		}
		for _, id := range staying {
			if times[id] != 1 {
				t.Errorf("limit %d: %s is listed %d times", limit, id, times[id])
			}
		}
	}
	close(stop)
	writers.Wait()
}

func TestPageSizes(t *testing.T) {
	w := newWorld(t)
	for i := range 6 {
		w.must(http.StatusCreated, call{as: nina, method: http.MethodPost, path: "/v1/tenants", body: fmt.Sprintf(`{"name":"N %d"}`, i)})
		w.must(http.StatusCreated, call{as: nina, method: http.MethodPost, path: "/v1/users/" + nina + "/api-keys", body: `{}`})
	}
	for path, want := range map[string]int{
		"/v1/tenants?limit=%d":                     6,
		"/v1/users/" + nina + "/api-keys?limit=%d": 7, // one more came with the cast
	} {
		for _, limit := range []int{1, 2, 3, 6, 7, 1000} {
			seen := map[string]bool{}
			ids := w.pages(nina, fmt.Sprintf(path, limit), "id")
			for _, id := range ids {
				seen[id] = true
			}
			if len(ids) != want || len(seen) != want {
				t.Errorf("%s, limit %d: %d elements, %d of them different, want %d", path, limit, len(ids), len(seen), want)
			}
		}
	}
	first := w.must(http.StatusOK, call{as: nina, method: http.MethodGet, path: "/v1/tenants?limit=6"}).object(t)
	if first["next_cursor"] != nil {
		t.Error("a full last page promises another")
	}
	for _, limit := range []string{"0", "-1", "1001", "1e3", "ten", "9223372036854775808", "5.0", "%20"} {
		w.refused(http.StatusBadRequest, "invalid", call{as: nina, method: http.MethodGet, path: "/v1/tenants?limit=" + limit})
	}
}

// TestCursorsBelongToTheirList: a cursor that is not the list's own is an
// error, and never a shorter list.
func TestCursorsBelongToTheirList(t *testing.T) {
	w := newWorld(t)
	cursorOf := func(as, path string) string {
		answer := w.must(http.StatusOK, call{as: as, method: http.MethodGet, path: path + "?limit=1"})
		cursor, ok := answer.object(t)["next_cursor"].(string)
		if !ok {
			t.Fatalf("%s has one page: %s", path, answer.Body)
		}
		return cursor
	}
	w.must(http.StatusCreated, call{as: sam, method: http.MethodPost, path: "/v1/tenants/globex/members", body: `{"user_id":"` + olga + `"}`})
	ofAcme, ofGlobex := cursorOf(olga, "/v1/tenants/acme/members"), cursorOf(olga, "/v1/tenants/globex/members")
	ofAll, ofOlgas := cursorOf(platform, "/v1/tenants"), cursorOf(olga, "/v1/tenants")
	raw, err := base64.RawURLEncoding.DecodeString(ofAcme)
	check(t, err)
	another := func(change func(b []byte)) string {
		b := append([]byte{}, raw...)
		change(b)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	for name, cursor := range map[string]string{
		"of another tenant":    ofGlobex,
		"of another list":      ofAll,
		"of one's own tenants": ofOlgas,
		"of another version":   another(func(b []byte) { b[0]++ }),
		"with another place":   another(func(b []byte) { b[16] ^= 1 }),
		"with another sum":     another(func(b []byte) { b[24] ^= 1 }),
		"cut off":              ofAcme[:len(ofAcme)-1],
		"longer":               ofAcme + "A",
		"padded":               ofAcme + "==",
		"with a new line":      ofAcme[:4] + "%0A" + ofAcme[4:],
		"an id":                mary,
		"not base64":           "!",
		"very long":            strings.Repeat("A", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			w.in(t).refused(http.StatusBadRequest, "invalid", call{as: olga, method: http.MethodGet, path: "/v1/tenants/acme/members?cursor=" + cursor})
		})
	}
	w.must(http.StatusOK, call{as: olga, method: http.MethodGet, path: "/v1/tenants/acme/members?cursor=" + ofAcme})
	w.refused(http.StatusBadRequest, "invalid", call{as: olga, method: http.MethodGet, path: "/v1/tenants?cursor=" + ofAll})
	w.refused(http.StatusNotFound, "tenant_unknown", call{as: nina, method: http.MethodGet, path: "/v1/tenants/acme/members?cursor=" + ofAcme})
}

// TestAnyLimitGivesTheWholeList compares page sizes with one another.
func TestAnyLimitGivesTheWholeList(t *testing.T) {
	w := newWorld(t)
	want := w.pages(olga, "/v1/tenants/acme/members?limit=1000", "user_id")
	rapid.Check(t, func(r *rapid.T) {
		limit := rapid.IntRange(1, 8).Draw(r, "limit")
		if got := w.pages(olga, fmt.Sprintf("/v1/tenants/acme/members?limit=%d", limit), "user_id"); strings.Join(got, " ") != strings.Join(want, " ") {
			r.Fatalf("limit %d: %v, want %v", limit, got, want)
		}
	})
	for i := 1; i < len(want); i++ {
		if tenancy.UserID(uuid.MustParse(want[i-1])).String() >= want[i] {
			t.Errorf("the list is not in order: %v", want)
		}
	}
}

// TestMembersAsTheyWere looks back by revision and by time, in pages.
func TestMembersAsTheyWere(t *testing.T) {
	w := newWorld(t)
	const list = "/v1/tenants/acme/members?limit=2"
	before := w.must(http.StatusOK, call{as: olga, method: http.MethodGet, path: list})
	were := w.pages(olga, list, "user_id")
	revision := before.object(t)["revision"]
	w.must(http.StatusNoContent, call{as: olga, method: http.MethodDelete, path: "/v1/tenants/acme/members/" + vic})
	w.crowd(3)
	then := fmt.Sprintf("%s&as_of=%.0f", list, revision)
	if got := w.pages(olga, then, "user_id"); !slices.Equal(got, were) {
		t.Errorf("as of revision %v: %v; want %v", revision, got, were)
	}
	if got := w.pages(olga, list+"&as_of=1970-01-02T00:00:00Z", "user_id"); len(got) != 0 {
		t.Errorf("long before there was the tenant: %v", got)
	}
	cursor, _ := w.must(http.StatusOK, call{as: olga, method: http.MethodGet, path: list}).object(t)["next_cursor"].(string)
	for query, status := range map[string]int{
		"&as_of=0": 400, "&as_of=-1": 400, "&as_of=yesterday": 400, "&as_of=1.5": 400,
		"&as_of=999999":                       409, // a revision to come
		"&as_of=9999-01-01T00:00:00Z":         409, // a time to come
		"&as_of=1&cursor=" + cursor:           400, // of the list as it is
		"&as_of=18446744073709551616":         400,
		"&as_of=" + strings.Repeat("1", 41):   400,
		"&as_of=1969-12-31T23:59:59Z":         400,
		"&as_of=2026-01-01T00:00:00Z&as_of=1": 400,
	} {
		if got := w.do(call{as: olga, method: http.MethodGet, path: list + query}); got.Status != status {
			t.Errorf("%s = %d %s, want %d", query, got.Status, got.Body, status)
		}
	}
	if got := w.do(call{as: sam, method: http.MethodGet, path: list + "&as_of=1"}); got.Status != http.StatusNotFound {
		t.Errorf("a stranger looks back: %d, want 404", got.Status)
	}
}
