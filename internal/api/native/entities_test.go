package native_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/tenancy"
)

const entities = "/v1/entities"

// at is the path of an entity.
func at(kind, id string) string {
	return entities + "/" + url.PathEscape(kind) + "/" + url.PathEscape(id)
}

func put(kind, id, body string) call {
	return call{as: platform, method: http.MethodPut, path: at(kind, id), body: body}
}

func get(kind, id string) call {
	return call{as: platform, method: http.MethodGet, path: at(kind, id)}
}

func TestEntities(t *testing.T) {
	w := newWorld(t)
	made := w.must(http.StatusOK, put("user", "alice", `{"properties":{"name":"Alice","n":9007199254740993,"deep":{"a":[1,null,{}]}}}`))
	want := map[string]any{
		"type": "user", "id": "alice", "owner": nil, "properties": map[string]any{"name": "Alice", "n": 9007199254740993.0, "deep": map[string]any{"a": []any{1.0, nil, map[string]any{}}}},
	}
	w.same(want, made)
	if !strings.Contains(made.Body, "9007199254740993") {
		t.Errorf("a number lost digits: %s", made.Body)
	}
	read := w.must(http.StatusOK, get("user", "alice"))
	if diff := cmp.Diff(made.Body, read.Body); diff != "" {
		t.Errorf("reading shows something else than putting:\n%s", diff)
	}
	w.tagged(made, read)

	other := w.must(http.StatusOK, put("user", "alice", `{"owner":"bob"}`))
	w.same(map[string]any{"type": "user", "id": "alice", "owner": "bob", "properties": map[string]any{}}, other)
	if a, b := made.object(t), other.object(t); a["created_at"] != b["created_at"] || a["updated_at"] == b["updated_at"] {
		t.Errorf("made at %v and %v, changed at %v and %v", a["created_at"], b["created_at"], a["updated_at"], b["updated_at"])
	}
	w.same(map[string]any{"type": "user", "id": "alice", "owner": nil, "properties": map[string]any{}}, w.must(http.StatusOK, put("user", "alice", `{}`)))

	w.must(http.StatusNoContent, call{as: platform, method: http.MethodDelete, path: at("user", "alice")})
	w.refused(http.StatusNotFound, "entity_unknown", get("user", "alice"))
	w.refused(http.StatusNotFound, "entity_unknown", call{as: platform, method: http.MethodDelete, path: at("user", "alice")})
}

// TestEntityIDsAreAnyText: each stands for itself, and for no other.
func TestEntityIDsAreAnyText(t *testing.T) {
	w := newWorld(t)
	texts := []string{
		"x", ".", "..", "...", "a/b", "/", "//", "a%2Fb", "%", "%25", "%00", "a b", " ", "a+b", "?", "#", "a?b=c#d", "ünïcödé", "日本語", "\U0001F600", "e\u0301", "\u00e9", "\u200d", "\u202e",
		"CiRmZDA2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs", "beth@the-smiths.com", `"`, `\`, "'", "<script>", "{type}", ":id", "*", "null", "0", "-1", "a;b", "a=b&c",
		nobody, strings.Repeat("x", tenancy.EntityIDLimit), strings.Repeat("ü", tenancy.EntityIDLimit/2),
	}
	for _, id := range texts {
		body := `{"properties":{"said":` + quote(t, id) + `}}`
		if got := w.must(http.StatusOK, put("record", id, body)).object(t); got["id"] != id || got["type"] != "record" {
			t.Errorf("%q was put as %v", id, got)
		}
		if kind := id; len(kind) <= tenancy.EntityTypeLimit {
			if got := w.must(http.StatusOK, put(kind, "1", `{}`)).object(t); got["type"] != kind {
				t.Errorf("an entity of type %q was put as %v", kind, got)
			}
		}
	}
	for _, id := range texts {
		got := w.must(http.StatusOK, get("record", id)).object(t)
		if properties, _ := got["properties"].(map[string]any); properties["said"] != id {
			t.Errorf("%q reads %v", id, got)
		}
	}
	want := append(slices.Clone(texts), "record-1")
	slices.Sort(want)
	if got := w.pages(platform, entities+"?type=record&limit=3", "id"); !slices.Equal(got, want) {
		t.Errorf("the list holds %q, want %q", got, want)
	}
	for _, id := range texts {
		w.must(http.StatusNoContent, call{as: platform, method: http.MethodDelete, path: at("record", id)})
	}
	if got := w.pages(platform, entities+"?type=record", "id"); !slices.Equal(got, []string{"record-1"}) {
		t.Errorf("the list holds %q after all were deleted", got)
	}
}

func quote(t *testing.T, s string) string {
	t.Helper()
	text, err := json.Marshal(s)
	check(t, err)
	return string(text)
}

// TestWhatIsNoEntity: each is refused with what is wrong, and nothing is put.
func TestWhatIsNoEntity(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("x", tenancy.EntityIDLimit+1)
	for name, c := range map[string]call{
		"an account":                  put("user", nobody, `{}`),
		"an account, in upper case":   put("user", strings.ToUpper(nobody), `{}`),
		"a tenant":                    put("tenant", nowhere, `{}`),
		"a long id":                   put("record", long, `{}`),
		"a long type":                 put(long[:tenancy.EntityTypeLimit+1], "1", `{}`),
		"a control character":         put("record", "a\nb", `{}`),
		"NUL":                         put("record", "a\x00b", `{}`),
		"a control character in type": put("a\x7f", "1", `{}`),
		"invalid UTF-8":               put("record", "a\xff", `{}`),
		"a long owner":                put("record", "1", `{"owner":"`+long+`"}`),
		"an empty owner":              put("record", "1", `{"owner":""}`),
		"an owner with a line break":  put("record", "1", `{"owner":"a\nb"}`),
		"two owners":                  put("record", "1", `{"owner":"a","properties":{"owner":"b"}}`),
		"a list for properties":       put("record", "1", `{"properties":[]}`),
		"a text for properties":       put("record", "1", `{"properties":"a"}`),
		"large properties":            put("record", "1", `{"properties":{"a":"`+strings.Repeat("x", tenancy.PropertiesLimit)+`"}}`),
		"a number out of all bounds":  put("record", "1", `{"properties":{"a":1e999999999}}`),
		"a key twice":                 put("record", "1", `{"properties":{"a":1,"a":2}}`),
		"deep properties":             put("record", "1", `{"properties":{"a":`+strings.Repeat("[", 70)+strings.Repeat("]", 70)+`}}`),
		"an unknown key":              put("record", "1", `{"id":"2"}`),
	} {
		t.Run(name, func(t *testing.T) { w.in(t).bad(c) })
	}
	for _, c := range []call{get("user", nobody), get("record", "a\x00b"), get("record", long), get("nothing", "1")} {
		w.refused(http.StatusNotFound, "entity_unknown", c)
	}
	for _, path := range []string{entities + "/record", entities + "/record/", entities + "//1", entities + "/record/1/2", entities + "/"} {
		w.refused(http.StatusNotFound, "not_found", call{as: platform, method: http.MethodGet, path: path})
	}
}

// TestWhoKeepsTheRegistry: nobody but the platform, not even for somebody, and
// known and unknown entities look alike to anybody else.
func TestWhoKeepsTheRegistry(t *testing.T) {
	w := newWorld(t)
	for _, who := range []string{olga, adam, mary, nina, greta, dora} {
		for _, id := range []string{"record-1", "unknown"} {
			w.refused(http.StatusForbidden, "not_permitted", call{as: who, method: http.MethodGet, path: at("record", id)})
			w.refused(http.StatusForbidden, "not_permitted", call{as: who, method: http.MethodPut, path: at("record", id), body: `{"owner":"` + who + `"}`})
			w.refused(http.StatusForbidden, "not_permitted", call{as: who, method: http.MethodDelete, path: at("record", id)})
		}
		w.refused(http.StatusForbidden, "not_permitted", call{as: who, method: http.MethodGet, path: entities + "?type=record"})
	}
	for _, c := range []call{get("record", "record-1"), put("record", "1", `{}`), {as: platform, method: http.MethodGet, path: entities + "?type=record"}} {
		acting := c
		acting.header = []string{"X-Act-As", olga}
		w.refused(http.StatusForbidden, "not_permitted", acting)
		c.as = ""
		w.refused(http.StatusUnauthorized, "unauthenticated", c)
	}
}

// TestTheListOfEntities: pages hold every entity of the type once, in the order
// of their ids, and a cursor is of its list alone.
func TestTheListOfEntities(t *testing.T) {
	w := newWorld(t)
	want := []string{"record-1"}
	for i := range 11 {
		id := fmt.Sprintf("r%02d", i)
		want = append(want, id)
		w.must(http.StatusOK, put("record", id, `{"owner":"alice"}`))
	}
	w.must(http.StatusOK, put("recorder", "r00", `{}`))
	slices.Sort(want)
	for limit := 1; limit <= len(want)+1; limit++ {
		if got := w.pages(platform, fmt.Sprintf("%s?type=record&limit=%d", entities, limit), "id"); !slices.Equal(got, want) {
			t.Errorf("in pages of %d: %v, want %v", limit, got, want)
		}
	}
	first := w.must(http.StatusOK, call{as: platform, method: http.MethodGet, path: entities + "?type=record&limit=1"}).object(t)
	items, _ := first["items"].([]any)
	one := w.must(http.StatusOK, get("record", want[0])).object(t)
	if diff := cmp.Diff([]any{one}, items); diff != "" {
		t.Errorf("the list shows an entity otherwise than it reads:\n%s", diff)
	}
	cursor, _ := first["next_cursor"].(string)
	for name, path := range map[string]string{
		"of another list": "?type=recorder&cursor=" + cursor, "altered": "?type=record&cursor=" + cursor[:len(cursor)-2] + "AA", "no cursor": "?type=record&cursor=x",
		"of another kind of list": "?type=record&cursor=" + cursorOf(t, w),
	} {
		if got := w.do(call{as: platform, method: http.MethodGet, path: entities + path}); got.Status < 400 || got.Status > 499 {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	for _, path := range []string{"", "?type=", "?type=record&limit=0", "?type=record&limit=1001", "?type=record&type=user", "?type=record&owner=a", "?type=" + strings.Repeat("x", 129)} {
		if got := w.do(call{as: platform, method: http.MethodGet, path: entities + path}); got.Status != http.StatusUnprocessableEntity && got.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
	}
	empty := w.must(http.StatusOK, call{as: platform, method: http.MethodGet, path: entities + "?type=nothing"})
	w.same(map[string]any{"items": []any{}, "next_cursor": nil}, empty)
}

// cursorOf is one of the list of tenants.
func cursorOf(t *testing.T, w *world) string {
	t.Helper()
	cursor, _ := w.must(http.StatusOK, call{as: platform, method: http.MethodGet, path: "/v1/tenants?limit=1"}).object(t)["next_cursor"].(string)
	return cursor
}

// TestEntitiesUnderConditions: a tag that is not the entity's, or on an entity
// that is not there, is 412; a retry is answered and not done again.
func TestEntitiesUnderConditions(t *testing.T) {
	w := newWorld(t)
	with := func(c call, header ...string) call { c.header = header; return c }
	first := w.must(http.StatusOK, put("record", "1", `{"owner":"a"}`))
	tag := first.Header.Get("ETag")
	w.must(http.StatusNotModified, with(get("record", "1"), "If-None-Match", tag))
	second := w.must(http.StatusOK, with(put("record", "1", `{"owner":"b"}`), "If-Match", tag))
	w.refused(http.StatusPreconditionFailed, "stale", with(put("record", "1", `{"owner":"c"}`), "If-Match", tag))
	w.refused(http.StatusPreconditionFailed, "stale", with(put("record", "2", `{"owner":"c"}`), "If-Match", tag))
	w.refused(http.StatusPreconditionFailed, "stale", with(put("record", "2", `{"owner":"c"}`), "If-Match", "*"))
	remove := call{as: platform, method: http.MethodDelete, path: at("record", "1")}
	w.refused(http.StatusPreconditionFailed, "stale", with(remove, "If-Match", tag))

	dry := call{as: platform, method: http.MethodDelete, path: at("record", "1") + "?dry_run=true"}
	w.must(http.StatusOK, dry)
	w.must(http.StatusOK, get("record", "1"))
	dry = put("record", "3", `{"owner":"c"}`)
	dry.path += "?dry_run=true"
	w.must(http.StatusOK, dry)
	w.refused(http.StatusNotFound, "entity_unknown", get("record", "3"))

	w.must(http.StatusNoContent, with(remove, "If-Match", second.Header.Get("ETag"), "Idempotency-Key", "k"))
	w.must(http.StatusOK, put("record", "1", `{"owner":"again"}`))
	again := w.must(http.StatusNoContent, with(remove, "If-Match", second.Header.Get("ETag"), "Idempotency-Key", "k"))
	if again.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("the retry was done again: %v", again.Header)
	}
	w.must(http.StatusOK, get("record", "1"))
}

// TestTheAuditOfEntities: each change has its record, which names the entity;
// the properties are not repeated there.
func TestTheAuditOfEntities(t *testing.T) {
	w := newWorld(t)
	w.must(http.StatusOK, put("record", "a/b", `{"owner":"alice","properties":{"secret":"swordfish"}}`))
	w.must(http.StatusNoContent, call{as: platform, method: http.MethodDelete, path: at("record", "a/b")})
	trail := w.must(http.StatusOK, call{as: platform, method: http.MethodGet, path: "/v1/audit?limit=1000"})
	items, _ := trail.object(t)["items"].([]any)
	var seen []string
	for _, item := range items {
		record, _ := item.(map[string]any)
		if action, _ := record["action"].(string); strings.HasPrefix(action, "entity.") {
			seen = append(seen, action+" "+fmt.Sprint(record["verdict"]))
			if text := fmt.Sprint(record["target"]); !strings.Contains(text, "a/b") {
				t.Errorf("the record of %s is about %v", action, text)
			}
		}
	}
	if want := []string{"entity.put allow", "entity.delete allow"}; !slices.Equal(seen, want) {
		t.Errorf("the audit holds %v, want %v", seen, want)
	}
	if strings.Contains(trail.Body, "swordfish") {
		t.Error("the audit repeats properties")
	}
}
