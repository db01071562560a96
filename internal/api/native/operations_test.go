package native_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// settled leaves out what differs from run to run.
var settled = cmpopts.IgnoreMapEntries(func(name string, _ any) bool {
	return strings.HasSuffix(name, "_at") && name != "expires_at" || name == "decision_id" || name == "revision"
})

func (w *world) same(want map[string]any, got reply) {
	w.t.Helper()
	if diff := cmp.Diff(want, got.object(w.t), settled); diff != "" {
		w.t.Errorf("the answer is not the one of the contract (-want +got):\n%s", diff)
	}
}

func TestUsers(t *testing.T) {
	w := newWorld(t)
	const id = "0ddddddd-0000-4000-8000-000000000001"
	made := w.must(http.StatusCreated, call{as: platform, method: http.MethodPost, path: "/v1/users", body: `{"id":"` + strings.ToUpper(id) + `","email":" Kim@Example.com ","given_name":"Kim","surname":"K","kind":"service"}`})
	want := map[string]any{
		"id": id, "email": "Kim@Example.com", "given_name": "Kim", "surname": "K", "kind": "service", "signed_up": true, "enabled": true,
	}
	w.same(want, made)
	read := w.must(http.StatusOK, call{as: platform, method: http.MethodGet, path: "/v1/users/" + id})
	if diff := cmp.Diff(made.Body, read.Body); diff != "" {
		t.Errorf("reading shows something else than creating:\n%s", diff)
	}
	w.tagged(made, read)
	found := w.must(http.StatusOK, call{as: platform, method: http.MethodGet, path: "/v1/users?email=kIM@example.com"})
	w.same(map[string]any{"items": []any{read.object(t)}, "next_cursor": nil}, found)
	none := w.must(http.StatusOK, call{as: platform, method: http.MethodGet, path: "/v1/users?email=none@example.com"})
	w.same(map[string]any{"items": []any{}, "next_cursor": nil}, none)

	w.must(http.StatusOK, call{as: mary, method: http.MethodGet, path: "/v1/users/" + mary})
	w.refused(http.StatusNotFound, "user_unknown", call{as: platform, method: http.MethodGet, path: "/v1/users/" + nobody})
	w.refused(http.StatusNotFound, "user_unknown", call{as: platform, method: http.MethodGet, path: "/v1/users/kim"})
	w.refused(http.StatusForbidden, "not_permitted", call{as: mary, method: http.MethodGet, path: "/v1/users/" + olga})
	w.refused(http.StatusForbidden, "not_permitted", call{as: mary, method: http.MethodGet, path: "/v1/users/" + nobody})
	w.refused(http.StatusForbidden, "not_permitted", call{as: mary, method: http.MethodGet, path: "/v1/users/kim"})
	w.refused(http.StatusForbidden, "not_permitted", call{as: mary, method: http.MethodGet, path: "/v1/users?email=kim@example.com"})
	w.refused(http.StatusForbidden, "not_permitted", call{as: mary, method: http.MethodPost, path: "/v1/users", body: `{"email":"new@example.com","password":"short"}`})
	w.refused(http.StatusConflict, "email_taken", call{as: platform, method: http.MethodPost, path: "/v1/users", body: `{"email":"KIM@example.com"}`})
	w.refused(http.StatusConflict, "id_taken", call{as: platform, method: http.MethodPost, path: "/v1/users", body: `{"email":"new@example.com","id":"` + id + `"}`})
	w.refused(http.StatusUnprocessableEntity, "invalid", call{as: platform, method: http.MethodPost, path: "/v1/users", body: `{"email":"new@example.com","password":"short"}`})
}

// tagged checks that both answers name the same state, by a strong tag.
func (w *world) tagged(a, b reply) {
	w.t.Helper()
	tag := a.Header.Get("ETag")
	if tag != b.Header.Get("ETag") || len(tag) < 3 || tag[0] != '"' || tag[len(tag)-1] != '"' {
		w.t.Errorf("tags are %s and %s, want one strong tag", tag, b.Header.Get("ETag"))
	}
	if a.Header.Get("Memberward-Revision") == "" || a.Header.Get("X-Decision-Id") == "" {
		w.t.Errorf("a change names no revision or decision: %v", a.Header)
	}
}

func TestKeys(t *testing.T) {
	w := newWorld(t)
	path := "/v1/users/" + mary + "/api-keys"
	made := w.must(http.StatusCreated, call{as: mary, method: http.MethodPost, path: path, body: `{"label":"laptop","tenant_id":"acme","scopes":["member.list","member.list"],"expires_at":"2999-01-01T02:00:00.0000009+02:00"}`})
	object := made.object(t)
	text, _ := object["key"].(string)
	id, _ := object["id"].(string)
	want := map[string]any{
		"id": id, "key": text, "label": "laptop", "user_id": mary, "tenant_id": acme, "scopes": []any{"member.list"},
		"expires_at": "2999-01-01T00:00:00Z",
	}
	w.same(want, made)
	if !strings.HasPrefix(text, "mw_") {
		t.Fatalf("the key is %q", text)
	}
	with := []string{"X-Api-Key", text}
	w.must(http.StatusOK, call{method: http.MethodGet, path: "/v1/tenants/acme/members", header: with})
	w.refused(http.StatusForbidden, "not_permitted", call{method: http.MethodGet, path: "/v1/tenants/acme", header: with})

	listed := w.must(http.StatusOK, call{as: mary, method: http.MethodGet, path: path})
	if strings.Contains(listed.Body, text) || strings.Contains(listed.Body, `"key"`) || !strings.Contains(listed.Body, id) {
		t.Errorf("the list of keys is %s", listed.Body)
	}
	w.refused(http.StatusForbidden, "not_permitted", call{as: adam, method: http.MethodGet, path: path})
	w.refused(http.StatusForbidden, "not_permitted", call{as: adam, method: http.MethodPost, path: path, body: `{}`})
	w.refused(http.StatusNotFound, "tenant_unknown", call{as: mary, method: http.MethodPost, path: path, body: `{"tenant_id":"globex"}`})
	w.refused(http.StatusNotFound, "tenant_unknown", call{as: mary, method: http.MethodPost, path: path, body: `{"tenant_id":"no such"}`})
	w.refused(http.StatusNotFound, "user_unknown", call{as: platform, method: http.MethodPost, path: "/v1/users/" + nobody + "/api-keys", body: `{}`})
	w.refused(http.StatusNotFound, "key_unknown", call{as: adam, method: http.MethodDelete, path: "/v1/api-keys/" + id})
	w.refused(http.StatusNotFound, "key_unknown", call{as: adam, method: http.MethodDelete, path: "/v1/api-keys/" + noKey})
	w.refused(http.StatusNotFound, "key_unknown", call{as: adam, method: http.MethodDelete, path: "/v1/api-keys/key"})

	gone := w.must(http.StatusNoContent, call{as: mary, method: http.MethodDelete, path: "/v1/api-keys/" + id})
	if gone.Body != "" || gone.Header.Get("ETag") == "" || gone.Header.Get("Memberward-Revision") == "" {
		t.Errorf("a removal answers %v %q", gone.Header, gone.Body)
	}
	w.refused(http.StatusUnauthorized, "unauthenticated", call{method: http.MethodGet, path: "/v1/tenants/acme/members", header: with})
}

// TestAKeyNeverLastsLongerThanAsked: no time that is asked for turns into
// "never".
func TestAKeyNeverLastsLongerThanAsked(t *testing.T) {
	w := newWorld(t)
	for _, at := range []string{
		"0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00Z", "2027-02-30T00:00:00Z", "tomorrow", "",
	} {
		w.refused(http.StatusUnprocessableEntity, "invalid", call{as: mary, method: http.MethodPost, path: "/v1/users/" + mary + "/api-keys", body: `{"expires_at":"` + at + `"}`})
	}
	for at, says := range map[string]string{
		"tomorrow": "body.expires_at: want a time like 2027-01-31T09:00:00Z", "1970-01-01T00:00:00Z": "the time is past",
		time.Now().UTC().Format(time.RFC3339): "the time is past",
	} {
		p := w.refused(http.StatusUnprocessableEntity, "invalid", call{as: mary, method: http.MethodPost, path: "/v1/users/" + mary + "/api-keys", body: `{"expires_at":"` + at + `"}`})
		if p["detail"] != says {
			t.Errorf("%s: %q, want %q", at, p["detail"], says)
		}
	}
}

// TestThePlatformWithdrawsItsKeys: a platform key ends as any other does, and
// only the platform ends it.
func TestThePlatformWithdrawsItsKeys(t *testing.T) {
	w := newWorld(t)
	path := "/v1/api-keys/" + spareKey
	w.must(http.StatusOK, call{as: spare, method: http.MethodGet, path: "/v1/tenants"})
	w.refused(http.StatusNotFound, "key_unknown", call{as: olga, method: http.MethodDelete, path: path})
	w.must(http.StatusNoContent, call{as: platform, method: http.MethodDelete, path: path})
	w.refused(http.StatusUnauthorized, "unauthenticated", call{as: spare, method: http.MethodGet, path: "/v1/tenants"})
	w.must(http.StatusOK, call{as: platform, method: http.MethodGet, path: "/v1/tenants"})
	w.refused(http.StatusNotFound, "key_unknown", call{as: platform, method: http.MethodDelete, path: path})
}

// TestInputsAreToldWhatIsWanted: a newcomer's usual mistakes are answered with
// what to do.
func TestInputsAreToldWhatIsWanted(t *testing.T) {
	w := newWorld(t)
	const keys = "/v1/users/" + mary + "/api-keys"
	for name, c := range map[string]struct {
		status   int
		location string
		detail   string
		call
	}{
		"an e-mail for the owner":   {422, "body.owner_id", "want a user's id", call{as: platform, method: http.MethodPost, path: "/v1/tenants", body: `{"name":"X","owner_id":"olga@example.com"}`}},
		"an e-mail for a member":    {422, "body.user_id", "want a user's id", call{as: adam, method: http.MethodPost, path: "/v1/tenants/acme/members", body: `{"user_id":"nina@example.com"}`}},
		"an id without its dashes":  {422, "body.owner_id", "want a user's id: an id has 36 characters, not 32", call{as: platform, method: http.MethodPost, path: "/v1/tenants", body: `{"name":"X","owner_id":"` + strings.ReplaceAll(olga, "-", "") + `"}`}},
		"an e-mail for a subject":   {422, "body.subject", "want a user's id: an id has 36 characters, not 16", call{as: adam, method: http.MethodPost, path: "/v1/check", body: `{"action":"tenant.read","tenant":"acme","subject":"olga@example.com"}`}},
		"a name for an id":          {422, "body.id", "want an id: a UUID of 36 characters", call{as: platform, method: http.MethodPost, path: "/v1/users", body: `{"id":"kim","email":"kim@example.com"}`}},
		"a list of all accounts":    {400, "query.email", "give ?email=; accounts are not listed", call{as: platform, method: http.MethodGet, path: "/v1/users"}},
		"a property that is not":    {422, "body.lable", `there is no property "lable"`, call{as: mary, method: http.MethodPost, path: keys, body: `{"lable":"x"}`}},
		"a property with a quote":   {422, `body.a"`, `there is no property "a\""`, call{as: mary, method: http.MethodPost, path: keys, body: `{"a\"":1}`}},
		"a property of a long name": {422, "body." + strings.Repeat("x", 65), "there is no such property", call{as: mary, method: http.MethodPost, path: keys, body: `{"` + strings.Repeat("x", 65) + `":1}`}},
		"nothing that is required":  {422, "body", "to is required", call{as: olga, method: http.MethodPost, path: "/v1/tenants/acme/transfer-ownership", body: `{}`}},
		"a word that is no choice":  {422, "body.kind", "want one of: human, service", call{as: platform, method: http.MethodPost, path: "/v1/users", body: `{"email":"kim@example.com","kind":"robot"}`}},
		"a number too small":        {422, "body.limits.members", "want a number of at least 1", call{as: olga, method: http.MethodPost, path: "/v1/tenants", body: `{"name":"X","limits":{"members":0}}`}},
		"a text too short":          {422, "body.name", "want a length of at least 1", call{as: olga, method: http.MethodPost, path: "/v1/tenants", body: `{"name":""}`}},
		"a text too long":           {422, "body.label", "want a length of at most 256", call{as: mary, method: http.MethodPost, path: keys, body: `{"label":"` + strings.Repeat("x", 257) + `"}`}},
		"too few elements":          {422, "body.operations", "want a list of at least 1", call{as: adam, method: http.MethodPost, path: "/v1/tenants/acme/members/batch", body: `{"operations":[]}`}},
		"too many elements":         {422, "body.scopes", "want 100 elements at most", call{as: mary, method: http.MethodPost, path: keys, body: `{"scopes":["a"` + strings.Repeat(`,"a"`, 100) + `]}`}},
		"a page too small":          {400, "query.limit", "want a number of at least 1", call{as: olga, method: http.MethodGet, path: "/v1/tenants?limit=0"}},
		"a page too large":          {400, "query.limit", "want a number of at most 1000", call{as: olga, method: http.MethodGet, path: "/v1/tenants?limit=1001"}},
		"a long number in full":     {422, "body.expires_in", "want a number of at most 2592000", call{as: adam, method: http.MethodPost, path: "/v1/tenants/acme/invitations", body: `{"email":"kim@example.com","expires_in":2592001}`}},
		"a page of no number":       {400, "query.limit", "want a whole number", call{as: olga, method: http.MethodGet, path: "/v1/tenants?limit=all"}},
		"a word for a time":         {400, "query.since", "want a time like 2027-01-31T09:00:00Z", call{as: platform, method: http.MethodGet, path: "/v1/audit?since=yesterday"}},
		"a number for a time":       {422, "body.expires_at", "want a time like 2027-01-31T09:00:00Z", call{as: mary, method: http.MethodPost, path: keys, body: `{"expires_at":1}`}},
	} {
		t.Run(name, func(t *testing.T) {
			p := w.in(t).refused(c.status, "invalid", c.call)
			want := []any{map[string]any{"location": c.location, "message": c.detail}}
			detail := c.detail
			if c.location != "body" {
				detail = c.location + ": " + detail
			}
			if diff := cmp.Diff(want, p["errors"]); diff != "" || p["detail"] != detail {
				t.Errorf("%v\n%s", p["detail"], diff)
			}
		})
	}
}

func TestTokens(t *testing.T) {
	w := newWorld(t)
	const password = "correct horse battery"
	made := w.must(http.StatusCreated, call{as: platform, method: http.MethodPost, path: "/v1/users", body: `{"email":"kim@example.com","password":"` + password + `"}`})
	id, _ := made.object(t)["id"].(string)
	w.must(http.StatusCreated, call{as: adam, method: http.MethodPost, path: "/v1/tenants/acme/members", body: `{"user_id":"` + id + `"}`})

	free := w.must(http.StatusOK, call{method: http.MethodPost, path: "/v1/tokens", body: `{"email":"KIM@example.com","password":"` + password + `"}`})
	object := free.object(t)
	text, _ := object["access_token"].(string)
	w.same(map[string]any{"access_token": text, "token_type": "Bearer", "expires_in": time.Hour.Seconds()}, free)
	w.must(http.StatusOK, call{method: http.MethodGet, path: "/v1/users/" + id, header: []string{"Authorization", "bearer " + text}})

	bound := w.must(http.StatusOK, call{method: http.MethodPost, path: "/v1/tokens", body: `{"email":"kim@example.com","password":"` + password + `","tenant_id":"acme"}`}).object(t)
	text, _ = bound["access_token"].(string)
	w.must(http.StatusOK, call{method: http.MethodGet, path: "/v1/tenants/acme", header: []string{"Authorization", "Bearer " + text}})

	answers := map[string]bool{}
	for name, body := range map[string]string{
		"another password":        `{"email":"kim@example.com","password":"wrong horse"}`,
		"nobody's address":        `{"email":"none@example.com","password":"` + password + `"}`,
		"no address":              `{"email":"","password":"` + password + `"}`,
		"an account without one":  `{"email":"3@example.com","password":"` + password + `"}`,
		"a foreign tenant":        `{"email":"kim@example.com","password":"` + password + `","tenant_id":"globex"}`,
		"an unknown tenant":       `{"email":"kim@example.com","password":"` + password + `","tenant_id":"` + nowhere + `"}`,
		"no reference to any":     `{"email":"kim@example.com","password":"` + password + `","tenant_id":"No Such"}`,
		"an empty reference":      `{"email":"kim@example.com","password":"` + password + `","tenant_id":""}`,
		"a password of 1025 byte": `{"email":"kim@example.com","password":"` + strings.Repeat("x", 1025) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			w := w.in(t)
			w.refused(http.StatusUnauthorized, "unauthenticated", call{method: http.MethodPost, path: "/v1/tokens", body: body})
			answers[w.do(call{method: http.MethodPost, path: "/v1/tokens", body: body}).Body] = true
		})
	}
	if len(answers) != 1 {
		t.Errorf("a failed login tells what was wrong: %v", answers)
	}
}

func TestTenants(t *testing.T) {
	w := newWorld(t)
	made := w.must(http.StatusCreated, call{as: nina, method: http.MethodPost, path: "/v1/tenants", body: `{"name":"Nina & Co","plan":"free","limits":{"members":2}}`})
	id, _ := made.object(t)["id"].(string)
	own, _ := made.object(t)["organization_id"].(string)
	want := map[string]any{
		"id": id, "slug": "nina-co", "name": "Nina & Co", "owner_id": nina, "plan": "free", "limits": map[string]any{"members": 2.0}, "organization_id": own,
	}
	w.same(want, made)
	w.same(map[string]any{"id": own, "name": "Nina & Co", "short_name": "nina-co"}, w.must(http.StatusOK, call{as: nina, method: http.MethodGet, path: "/v1/organizations/" + own}))
	for _, ref := range []string{id, strings.ToUpper(id), "nina-co"} {
		read := w.must(http.StatusOK, call{as: nina, method: http.MethodGet, path: "/v1/tenants/" + ref})
		w.same(want, read)
		w.tagged(made, read)
	}
	w.same(map[string]any{"items": []any{made.object(t)}, "next_cursor": nil}, w.must(http.StatusOK, call{as: nina, method: http.MethodGet, path: "/v1/tenants"}))
	all := w.must(http.StatusOK, call{as: platform, method: http.MethodGet, path: "/v1/tenants"}).object(t)
	if items, _ := all["items"].([]any); len(items) != 3 {
		t.Errorf("the platform lists %d tenants, want 3", len(items))
	}
	const chosen = "0eeeeeee-0000-4000-8000-000000000001"
	byPlatform := w.must(http.StatusCreated, call{as: platform, method: http.MethodPost, path: "/v1/tenants", body: `{"id":"` + chosen + `","slug":"chosen","name":"C","owner_id":"` + nina + `","limits":{"members":null}}`})
	w.same(map[string]any{
		"id": chosen, "slug": "chosen", "name": "C", "owner_id": nina, "plan": "", "limits": map[string]any{"members": nil}, "organization_id": byPlatform.object(t)["organization_id"],
	}, byPlatform)

	for name, c := range map[string]struct {
		status int
		code   string
		as     string
		body   string
	}{
		"the platform names no owner":      {422, "invalid", platform, `{"name":"X"}`},
		"an owner that does not exist":     {404, "user_unknown", platform, `{"name":"X","owner_id":"` + nobody + `"}`},
		"for somebody else":                {403, "not_permitted", nina, `{"name":"X","owner_id":"` + olga + `"}`},
		"for nobody, by somebody":          {403, "not_permitted", nina, `{"name":"X","owner_id":"` + nobody + `"}`},
		"an id, by somebody":               {403, "not_permitted", nina, `{"name":"X","id":"` + nowhere + `"}`},
		"an id that is taken, by somebody": {403, "not_permitted", nina, `{"name":"X","id":"` + acme + `"}`},
		"an id that is taken":              {409, "id_taken", platform, `{"name":"X","id":"` + acme + `","owner_id":"` + nina + `"}`},
		"a slug that is taken":             {409, "slug_taken", nina, `{"name":"X","slug":"acme"}`},
		"a slug that is an id":             {422, "invalid", nina, `{"name":"X","slug":"` + nowhere + `"}`},
		"a slug that is reserved":          {422, "invalid", nina, `{"name":"X","slug":"current"}`},
		"a slug in capitals":               {422, "invalid", nina, `{"name":"X","slug":"Acme"}`},
		"no name":                          {422, "invalid", nina, `{}`},
		"a blank name":                     {422, "invalid", nina, `{"name":" "}`},
		"a name with a control character":  {422, "invalid", nina, `{"name":"a\u0007b"}`},
		"no room":                          {422, "invalid", nina, `{"name":"X","limits":{"members":0}}`},
		"room beyond exact integers":       {422, "invalid", nina, `{"name":"X","limits":{"members":9007199254740992}}`},
		"room in parts":                    {422, "invalid", nina, `{"name":"X","limits":{"members":1.5}}`},
		"an unknown organization":          {404, "organization_unknown", nina, `{"name":"X","organization_id":"` + nowhere + `"}`},
		"somebody else's organization":     {404, "organization_unknown", nina, `{"name":"X","organization_id":"` + group + `"}`},
		"an organization by a bad name":    {404, "organization_unknown", nina, `{"name":"X","organization_id":"No Such"}`},
		"an organization, as its member":   {403, "not_permitted", mary, `{"name":"X","organization_id":"acme-group"}`},
		"an organization that is null":     {422, "invalid", greta, `{"name":"X","organization_id":null}`},
		"a limit of another thing":         {422, "invalid", nina, `{"name":"X","limits":{"datasets":1}}`},
		"limits that are null":             {422, "invalid", nina, `{"name":"X","limits":null}`},
	} {
		t.Run(name, func(t *testing.T) {
			w.in(t).refused(c.status, c.code, call{as: c.as, method: http.MethodPost, path: "/v1/tenants", body: c.body})
		})
	}
}

func TestMembers(t *testing.T) {
	w := newWorld(t)
	const all, one = "/v1/tenants/acme/members", "/v1/tenants/" + acme + "/members/" + nina
	made := w.must(http.StatusCreated, call{as: adam, method: http.MethodPost, path: all, body: `{"user_id":"` + nina + `"}`})
	want := map[string]any{
		"tenant_id": acme, "user_id": nina, "email": "7@example.com", "level": "member", "role_ids": []any{}, "developer": false,
		"pending": false, "enabled": true, "not_before": nil, "expires_at": nil, "invited_by": adam,
	}
	w.same(want, made)
	w.tagged(made, w.must(http.StatusOK, call{as: adam, method: http.MethodGet, path: one}))
	w.refused(http.StatusConflict, "already_member", call{as: adam, method: http.MethodPost, path: all, body: `{"user_id":"` + nina + `"}`})

	patched := w.must(http.StatusOK, call{as: adam, method: http.MethodPatch, path: one, body: `{"level":"viewer","developer":true}`})
	want["level"], want["developer"] = "viewer", true
	w.same(want, patched)
	w.tagged(patched, w.must(http.StatusOK, call{as: adam, method: http.MethodGet, path: one}))
	if patched.Header.Get("ETag") == made.Header.Get("ETag") {
		t.Error("a change left the tag as it was")
	}
	w.must(http.StatusOK, call{as: adam, method: http.MethodPatch, path: one, body: `{"enabled":false}`})
	w.refused(http.StatusForbidden, "not_permitted", call{as: nina, method: http.MethodGet, path: all})
	w.must(http.StatusOK, call{as: adam, method: http.MethodPatch, path: one, body: `{"enabled":true}`})
	w.must(http.StatusOK, call{as: nina, method: http.MethodGet, path: all})

	w.must(http.StatusNoContent, call{as: adam, method: http.MethodDelete, path: one})
	w.refused(http.StatusNotFound, "tenant_unknown", call{as: nina, method: http.MethodGet, path: all})
	w.refused(http.StatusNotFound, "target_not_member", call{as: adam, method: http.MethodDelete, path: one})
	w.must(http.StatusNoContent, call{as: mary, method: http.MethodDelete, path: "/v1/tenants/acme/members/" + mary})
	w.refused(http.StatusNotFound, "user_unknown", call{as: adam, method: http.MethodDelete, path: "/v1/tenants/acme/members/" + nobody})
	w.refused(http.StatusNotFound, "user_unknown", call{as: adam, method: http.MethodGet, path: "/v1/tenants/acme/members/mary"})
	w.refused(http.StatusNotFound, "user_unknown", call{as: adam, method: http.MethodPost, path: all, body: `{"user_id":"` + nobody + `"}`})
}

func TestMemberRefusals(t *testing.T) {
	w := newWorld(t)
	const all = "/v1/tenants/acme/members"
	for name, c := range map[string]struct {
		status int
		code   string
		call
	}{
		"a second owner":             {403, "owner_by_transfer_only", call{as: olga, method: http.MethodPost, path: all, body: `{"user_id":"` + nina + `","level":"owner"}`}},
		"more than one holds":        {403, "rank_exceeded", call{as: adam, method: http.MethodPost, path: all, body: `{"user_id":"` + nina + `","level":"owner"}`}},
		"a level that there is not":  {422, "invalid", call{as: olga, method: http.MethodPost, path: all, body: `{"user_id":"` + nina + `","level":"none"}`}},
		"an id with braces":          {422, "invalid", call{as: olga, method: http.MethodPost, path: all, body: `{"user_id":"{` + nina + `}"}`}},
		"the nil id":                 {422, "invalid", call{as: olga, method: http.MethodPost, path: all, body: `{"user_id":"00000000-0000-0000-0000-000000000000"}`}},
		"the owner demoted":          {403, "owner_permanent", call{as: olga, method: http.MethodPatch, path: all + "/" + olga, body: `{"level":"admin"}`}},
		"the owner disabled":         {403, "owner_permanent", call{as: platform, method: http.MethodPatch, path: all + "/" + olga, body: `{"enabled":false}`}},
		"the owner removed by admin": {403, "owner_permanent", call{as: adam, method: http.MethodDelete, path: all + "/" + olga}},
		"the owner leaves":           {403, "owner_permanent", call{as: olga, method: http.MethodDelete, path: all + "/" + olga}},
		"the owner, by the platform": {403, "owner_permanent", call{as: platform, method: http.MethodDelete, path: all + "/" + olga}},
		"a patch of nothing":         {422, "invalid", call{as: adam, method: http.MethodPatch, path: all + "/" + mary, body: `{}`}},
		"a disabled admin":           {403, "not_permitted", call{as: dora, method: http.MethodDelete, path: all + "/" + mary}},
	} {
		t.Run(name, func(t *testing.T) { w.in(t).refused(c.status, c.code, c.call) })
	}
	for _, field := range []string{"projects", "capabilities"} {
		t.Run(field+" is not served yet", func(t *testing.T) {
			for _, c := range []call{
				{as: adam, method: http.MethodPost, path: all, body: `{"user_id":"` + nina + `","` + field + `":null}`},
				{as: adam, method: http.MethodPatch, path: all + "/" + mary, body: `{"enabled":true,"` + field + `":null}`},
			} {
				p := w.in(t).refused(http.StatusUnprocessableEntity, "invalid", c)
				want := []any{map[string]any{"location": "body." + field, "message": `there is no property "` + field + `"`}}
				if diff := cmp.Diff(want, p["errors"]); diff != "" {
					t.Errorf("the problem does not name the field:\n%s", diff)
				}
			}
		})
	}
}

func TestPolicies(t *testing.T) {
	w := newWorld(t)
	set := w.must(http.StatusOK, call{as: nina, method: http.MethodGet, path: "/v1/policies"}).object(t)
	var codes []string
	rules, _ := set["rules"].([]any)
	for _, entry := range rules {
		r, _ := entry.(map[string]any)
		if code, given := r["code"].(string); given {
			codes = append(codes, code)
		}
		if r["description"] == "" || r["file"] == "" {
			t.Errorf("a rule says nothing of itself: %v", r)
		}
	}
	for _, code := range []string{"owner_permanent", "last_administrator", "member_limit"} {
		if !strings.Contains(strings.Join(codes, " "), code) {
			t.Errorf("the catalogue holds %v, and not %s", codes, code)
		}
	}
	if set["revision"] == "" || set["digest"] == "" || set["source"] == "" {
		t.Errorf("the set is %v", set)
	}
}
