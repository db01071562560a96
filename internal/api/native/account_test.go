package native_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// kim makes an account with a password, and gives its id.
func (w *world) kim(password string) string {
	w.t.Helper()
	made := w.must(http.StatusCreated, call{as: platform, method: http.MethodPost, path: "/v1/users", body: `{"email":"kim@example.com","password":"` + password + `"}`})
	id, _ := made.object(w.t)["id"].(string)
	return id
}

// login exchanges kim's password for a token; "" where it is refused.
func (w *world) login(password string) string {
	w.t.Helper()
	answer := w.do(call{method: http.MethodPost, path: "/v1/tokens", body: `{"email":"kim@example.com","password":"` + password + `"}`})
	if answer.Status == http.StatusUnauthorized {
		return ""
	}
	text, _ := answer.object(w.t)["access_token"].(string)
	return text
}

func bearer(token string) []string { return []string{"Authorization", "Bearer " + token} }

// TestPasswords: platform or self, with the current one for one's own; every
// token issued before is refused at once.
func TestPasswords(t *testing.T) {
	w := newWorld(t)
	const old, other = "the password until now", "the password from now on"
	id := w.kim(old)
	path := "/v1/users/" + id + "/password"
	token := w.login(old)
	for name, c := range map[string]struct {
		status int
		code   string
		call
	}{
		"no current one":       {403, "not_permitted", call{header: bearer(token), path: path, body: `{"new":"` + other + `"}`}},
		"a wrong current one":  {403, "not_permitted", call{header: bearer(token), path: path, body: `{"current":"wrong, it is","new":"` + other + `"}`}},
		"an empty current one": {403, "not_permitted", call{header: bearer(token), path: path, body: `{"current":"","new":"` + other + `"}`}},
		"a current one, huge":  {403, "not_permitted", call{header: bearer(token), path: path, body: `{"current":"` + strings.Repeat("x", 5000) + `","new":"` + other + `"}`}},
		"too short":            {422, "invalid", call{header: bearer(token), path: path, body: `{"current":"` + old + `","new":"short"}`}},
		"too long":             {422, "invalid", call{header: bearer(token), path: path, body: `{"current":"` + old + `","new":"` + strings.Repeat("x", 1025) + `"}`}},
		"none":                 {422, "invalid", call{header: bearer(token), path: path, body: `{"current":"` + old + `"}`}},
		"somebody else's":      {403, "not_permitted", call{as: olga, path: path, body: `{"new":"` + other + `"}`}},
		"nobody's":             {403, "not_permitted", call{as: olga, path: "/v1/users/" + nobody + "/password", body: `{"new":"x"}`}},
		"nobody's, platform":   {404, "user_unknown", call{as: platform, path: "/v1/users/" + nobody + "/password", body: `{"new":"` + other + `"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			c.call.method = http.MethodPost
			w.in(t).refused(c.status, c.code, c.call)
		})
	}
	w.must(http.StatusNoContent, call{method: http.MethodPost, path: path, body: `{"current":"` + old + `","new":"` + other + `"}`, header: bearer(token)})
	w.refused(http.StatusUnauthorized, "unauthenticated", call{method: http.MethodGet, path: "/v1/users/" + id, header: bearer(token)})
	if w.login(old) != "" || w.login(other) == "" {
		t.Error("the password is not the new one")
	}
	w.must(http.StatusNoContent, call{as: platform, method: http.MethodPost, path: path, body: `{"new":"` + old + `"}`})
	if w.login(other) != "" || w.login(old) == "" {
		t.Error("the platform set no password")
	}
}

// TestARetryOfAPasswordChange: the current password is another one by then,
// and the retry finds its outcome all the same.
func TestARetryOfAPasswordChange(t *testing.T) {
	w := newWorld(t)
	const old, other = "the password until now", "the password from now on"
	id := w.kim(old)
	key, _ := w.must(http.StatusCreated, call{as: platform, method: http.MethodPost, path: "/v1/users/" + id + "/api-keys", body: `{}`}).object(t)["key"].(string)
	c := once(call{method: http.MethodPost, path: "/v1/users/" + id + "/password", body: `{"current":"` + old + `","new":"` + other + `"}`, header: bearer(key)}, "k")
	w.must(http.StatusNoContent, c)
	if again := w.must(http.StatusNoContent, c); again.Header.Get("Idempotency-Replayed") != "true" {
		t.Error("the retry was not answered with the first outcome")
	}
}

// TestARetryOfAKeyThatHasExpired: what was right when it was asked for first
// is answered again.
func TestARetryOfAKeyThatHasExpired(t *testing.T) {
	w := newWorld(t)
	soon := time.Now().Add(time.Second).UTC().Format(time.RFC3339Nano)
	c := once(call{as: mary, method: http.MethodPost, path: "/v1/users/" + mary + "/api-keys", body: `{"expires_at":"` + soon + `"}`}, "k")
	w.must(http.StatusCreated, c)
	time.Sleep(1100 * time.Millisecond)
	if again := w.must(http.StatusCreated, c); again.Header.Get("Idempotency-Replayed") != "true" {
		t.Error("the retry was not answered with the first outcome")
	}
}

// TestRevocation: every token issued before is refused at once; keys are not.
func TestRevocation(t *testing.T) {
	w := newWorld(t)
	const password = "correct horse battery"
	id := w.kim(password)
	token := w.login(password)
	path := "/v1/users/" + id + "/tokens/revoke"
	w.refused(http.StatusForbidden, "not_permitted", call{as: olga, method: http.MethodPost, path: path})
	w.must(http.StatusNoContent, call{method: http.MethodPost, path: path, header: bearer(token)})
	w.refused(http.StatusUnauthorized, "unauthenticated", call{method: http.MethodPost, path: path, header: bearer(token)})
	w.must(http.StatusOK, call{method: http.MethodGet, path: "/v1/users/" + id, header: bearer(w.login(password))})
	w.must(http.StatusNoContent, call{as: mary, method: http.MethodPost, path: "/v1/users/" + mary + "/tokens/revoke"})
	w.must(http.StatusOK, call{as: mary, method: http.MethodGet, path: "/v1/users/" + mary})
}

func TestUpdatingUsers(t *testing.T) {
	w := newWorld(t)
	path := "/v1/users/" + mary
	patched := w.must(http.StatusOK, call{as: mary, method: http.MethodPatch, path: path, body: `{"given_name":"Mary"}`})
	w.tagged(patched, w.must(http.StatusOK, call{as: mary, method: http.MethodGet, path: path}))
	patched = w.must(http.StatusOK, call{as: platform, method: http.MethodPatch, path: path, body: `{"surname":"M","enabled":false}`})
	w.same(map[string]any{
		"id": mary, "email": "3@example.com", "given_name": "Mary", "surname": "M", "kind": "human", "signed_up": true, "enabled": false,
	}, patched)
	w.refused(http.StatusUnauthorized, "unauthenticated", call{as: mary, method: http.MethodGet, path: "/v1/tenants/acme"})
	w.must(http.StatusOK, call{as: platform, method: http.MethodPatch, path: path, body: `{"enabled":true}`})
	w.must(http.StatusOK, call{as: mary, method: http.MethodGet, path: "/v1/tenants/acme"})
	for name, c := range map[string]struct {
		status int
		code   string
		call
	}{
		"nothing":                   {422, "invalid", call{as: mary, path: path, body: `{}`}},
		"null for a name":           {422, "invalid", call{as: mary, path: path, body: `{"given_name":null}`}},
		"an address":                {422, "invalid", call{as: mary, path: path, body: `{"email":"x@example.com"}`}},
		"a control character":       {422, "invalid", call{as: mary, path: path, body: `{"surname":"a\u0007b"}`}},
		"enabling, by oneself":      {403, "not_permitted", call{as: mary, path: path, body: `{"enabled":true}`}},
		"somebody else":             {403, "not_permitted", call{as: olga, path: path, body: `{"surname":"x"}`}},
		"nobody":                    {403, "not_permitted", call{as: olga, path: "/v1/users/" + nobody, body: `{"surname":"x"}`}},
		"nobody, the platform":      {404, "user_unknown", call{as: platform, path: "/v1/users/" + nobody, body: `{"surname":"x"}`}},
		"an owner, by the platform": {403, "owner_permanent", call{as: platform, path: "/v1/users/" + olga, body: `{"enabled":false}`}},
	} {
		t.Run(name, func(t *testing.T) {
			c.call.method = http.MethodPatch
			w.in(t).refused(c.status, c.code, c.call)
		})
	}
}

// TestDeletingUsers: all memberships and keys in one transaction; 409 while the
// user owns a tenant, naming the tenants.
func TestDeletingUsers(t *testing.T) {
	w := newWorld(t)
	p := w.refused(http.StatusConflict, "conflict", call{as: platform, method: http.MethodDelete, path: "/v1/users/" + olga})
	if detail, _ := p["detail"].(string); !strings.Contains(detail, "acme") {
		t.Errorf("the tenant is not named: %v", p)
	}
	w.refused(http.StatusForbidden, "not_permitted", call{as: adam, method: http.MethodDelete, path: "/v1/users/" + mary})
	w.refused(http.StatusForbidden, "not_permitted", call{as: adam, method: http.MethodDelete, path: "/v1/users/" + nobody})
	w.refused(http.StatusNotFound, "user_unknown", call{as: platform, method: http.MethodDelete, path: "/v1/users/" + nobody})
	w.must(http.StatusNoContent, call{as: mary, method: http.MethodDelete, path: "/v1/users/" + mary})
	w.refused(http.StatusUnauthorized, "unauthenticated", call{as: mary, method: http.MethodGet, path: "/v1/tenants"})
	w.refused(http.StatusNotFound, "user_unknown", call{as: adam, method: http.MethodGet, path: "/v1/tenants/acme/members/" + mary})
	w.refused(http.StatusNotFound, "user_unknown", call{as: platform, method: http.MethodDelete, path: "/v1/users/" + mary})
}

// TestLeavingEverywhere: all or nothing.
func TestLeavingEverywhere(t *testing.T) {
	w := newWorld(t)
	w.must(http.StatusCreated, call{as: sam, method: http.MethodPost, path: "/v1/tenants/globex/members", body: `{"user_id":"` + mary + `"}`})
	left := w.must(http.StatusOK, call{as: mary, method: http.MethodDelete, path: "/v1/users/" + mary + "/memberships"})
	if left.Body != `{"left":2}` || left.Header.Get("ETag") == "" {
		t.Errorf("= %s %v", left.Body, left.Header)
	}
	if again := w.must(http.StatusOK, call{as: mary, method: http.MethodDelete, path: "/v1/users/" + mary + "/memberships"}); again.Body != `{"left":0}` {
		t.Errorf("once more = %s", again.Body)
	}
	w.must(http.StatusCreated, call{as: sam, method: http.MethodPost, path: "/v1/tenants/globex/members", body: `{"user_id":"` + olga + `"}`})
	w.refused(http.StatusForbidden, "owner_permanent", call{as: olga, method: http.MethodDelete, path: "/v1/users/" + olga + "/memberships"})
	w.must(http.StatusOK, call{as: olga, method: http.MethodGet, path: "/v1/tenants/globex"})
	w.refused(http.StatusForbidden, "not_permitted", call{as: olga, method: http.MethodDelete, path: "/v1/users/" + adam + "/memberships"})
}

// TestTransfers: owner or platform; the new owner must be an active member;
// the old one becomes admin.
func TestTransfers(t *testing.T) {
	w := newWorld(t)
	const path = "/v1/tenants/acme/transfer-ownership"
	pending := w.must(http.StatusCreated, call{as: adam, method: http.MethodPost, path: "/v1/tenants/acme/members", body: `{"email":"invited@example.com"}`}).object(t)
	invited, _ := pending["user_id"].(string)
	w.must(http.StatusOK, call{as: adam, method: http.MethodPatch, path: "/v1/tenants/acme/members/" + vic, body: `{"not_before":"2999-01-01T00:00:00Z"}`})
	for name, c := range map[string]struct {
		status int
		code   string
		as, to string
	}{
		"to a stranger":            {404, "target_not_member", olga, nina},
		"to nobody":                {404, "user_unknown", olga, nobody},
		"to a pending member":      {409, "conflict", olga, invited},
		"to a disabled member":     {409, "conflict", olga, dora},
		"to one who is yet to be":  {409, "conflict", olga, vic},
		"to oneself":               {409, "conflict", olga, olga},
		"to a stranger, platform":  {404, "target_not_member", platform, nina},
		"by an administrator":      {403, "not_permitted", adam, mary},
		"by an administrator, own": {403, "not_permitted", adam, adam},
		"by a stranger":            {404, "tenant_unknown", nina, nina},
		"to no id":                 {422, "invalid", olga, "mary"},
	} {
		t.Run(name, func(t *testing.T) {
			w.in(t).refused(c.status, c.code, call{as: c.as, method: http.MethodPost, path: path, body: `{"to":"` + c.to + `"}`})
		})
	}
	before := w.must(http.StatusOK, call{as: olga, method: http.MethodGet, path: "/v1/tenants/acme"})
	moved := w.must(http.StatusOK, call{as: olga, method: http.MethodPost, path: path, body: `{"to":"` + mary + `"}`, header: []string{"If-Match", before.Header.Get("ETag")}})
	if moved.object(t)["owner_id"] != mary {
		t.Errorf("the owner is %v", moved.object(t)["owner_id"])
	}
	w.tagged(moved, w.must(http.StatusOK, call{as: mary, method: http.MethodGet, path: "/v1/tenants/acme"}))
	levels := []any{}
	for _, who := range []string{mary, olga} {
		levels = append(levels, w.must(http.StatusOK, call{as: mary, method: http.MethodGet, path: "/v1/tenants/acme/members/" + who}).object(t)["level"])
	}
	if !slices.Equal(levels, []any{"owner", "admin"}) {
		t.Errorf("mary and olga are %v", levels)
	}
	w.refused(http.StatusForbidden, "not_permitted", call{as: olga, method: http.MethodPost, path: path, body: `{"to":"` + olga + `"}`})
	w.must(http.StatusOK, call{as: platform, method: http.MethodPost, path: path, body: `{"to":"` + adam + `"}`})
	w.must(http.StatusNoContent, call{as: olga, method: http.MethodDelete, path: "/v1/tenants/acme/members/" + olga})
}

func TestUpdatingTenants(t *testing.T) {
	w := newWorld(t)
	patched := w.must(http.StatusOK, call{as: adam, method: http.MethodPatch, path: "/v1/tenants/acme", body: `{"slug":"acme-2","name":"Acme Two","plan":"","limits":{"members":null}}`})
	w.same(map[string]any{
		"id": acme, "slug": "acme-2", "name": "Acme Two", "owner_id": olga, "plan": "", "limits": map[string]any{"members": nil}, "organization_id": group,
	}, patched)
	w.tagged(patched, w.must(http.StatusOK, call{as: adam, method: http.MethodGet, path: "/v1/tenants/acme-2"}))
	w.refused(http.StatusNotFound, "tenant_unknown", call{as: adam, method: http.MethodGet, path: "/v1/tenants/acme"})
	if kept := w.must(http.StatusOK, call{as: adam, method: http.MethodPatch, path: "/v1/tenants/acme-2", body: `{"limits":{"members":5}}`}).object(t); kept["name"] != "Acme Two" {
		t.Errorf("what was not given was changed: %v", kept)
	}
	for name, c := range map[string]struct {
		status int
		code   string
		as     string
		body   string
	}{
		"nothing":                      {422, "invalid", adam, `{}`},
		"limits of nothing":            {422, "invalid", adam, `{"limits":{}}`},
		"limits that are null":         {422, "invalid", adam, `{"limits":null}`},
		"a name that is null":          {422, "invalid", adam, `{"name":null}`},
		"a blank name":                 {422, "invalid", adam, `{"name":" "}`},
		"a slug in capitals":           {422, "invalid", adam, `{"slug":"Acme"}`},
		"a slug that is taken":         {409, "slug_taken", adam, `{"slug":"globex"}`},
		"fewer members than there are": {403, "member_limit", adam, `{"limits":{"members":4}}`},
		"no members":                   {422, "invalid", adam, `{"limits":{"members":0}}`},
		"a limit in parts":             {422, "invalid", adam, `{"limits":{"members":5.5}}`},
		"another owner":                {422, "invalid", adam, `{"owner_id":"` + adam + `"}`},
		"a member":                     {403, "not_permitted", mary, `{"name":"x"}`},
		"a stranger":                   {404, "tenant_unknown", nina, `{"name":"x"}`},
	} {
		t.Run(name, func(t *testing.T) {
			w.in(t).refused(c.status, c.code, call{as: c.as, method: http.MethodPatch, path: "/v1/tenants/" + acme, body: c.body})
		})
	}
}

func TestDeletingTenants(t *testing.T) {
	w := newWorld(t)
	key, _ := w.must(http.StatusCreated, call{as: mary, method: http.MethodPost, path: "/v1/users/" + mary + "/api-keys", body: `{"tenant_id":"acme"}`}).object(t)["key"].(string)
	w.refused(http.StatusForbidden, "not_permitted", call{as: adam, method: http.MethodDelete, path: "/v1/tenants/acme"})
	w.refused(http.StatusNotFound, "tenant_unknown", call{as: nina, method: http.MethodDelete, path: "/v1/tenants/acme"})
	w.must(http.StatusNoContent, call{as: olga, method: http.MethodDelete, path: "/v1/tenants/acme"})
	w.refused(http.StatusNotFound, "tenant_unknown", call{as: olga, method: http.MethodGet, path: "/v1/tenants/acme"})
	w.refused(http.StatusUnauthorized, "unauthenticated", call{method: http.MethodGet, path: "/v1/tenants", header: bearer(key)})
	w.refused(http.StatusNotFound, "tenant_unknown", call{as: platform, method: http.MethodDelete, path: "/v1/tenants/" + acme})
	w.must(http.StatusOK, call{as: mary, method: http.MethodGet, path: "/v1/users/" + mary})
}

// TestMembersByAddress: an unknown address is reserved, and its member is
// pending until somebody signs up with it.
func TestMembersByAddress(t *testing.T) {
	w := newWorld(t)
	const all = "/v1/tenants/acme/members"
	known := w.must(http.StatusCreated, call{as: adam, method: http.MethodPost, path: all, body: `{"email":" 7@EXAMPLE.com "}`}).object(t)
	if known["user_id"] != nina || known["pending"] != false {
		t.Errorf("an address that is known adds %v", known)
	}
	w.refused(http.StatusConflict, "already_member", call{as: adam, method: http.MethodPost, path: all, body: `{"email":"7@example.com"}`})
	invited := w.must(http.StatusCreated, call{as: adam, method: http.MethodPost, path: all, body: `{"email":"New@example.com","level":"viewer"}`}).object(t)
	id, _ := invited["user_id"].(string)
	if invited["pending"] != true || invited["email"] != "New@example.com" || invited["level"] != "viewer" {
		t.Errorf("an address that is unknown adds %v", invited)
	}
	w.refused(http.StatusConflict, "already_member", call{as: adam, method: http.MethodPost, path: all, body: `{"email":"new@EXAMPLE.com"}`})
	signedUp := w.must(http.StatusCreated, call{as: platform, method: http.MethodPost, path: "/v1/users", body: `{"email":"new@example.com"}`}).object(t)
	if signedUp["id"] != id {
		t.Errorf("who signed up is %v, and was invited as %s", signedUp["id"], id)
	}
	if member := w.must(http.StatusOK, call{as: adam, method: http.MethodGet, path: all + "/" + id}).object(t); member["pending"] != false {
		t.Errorf("the member is still pending: %v", member)
	}
	for name, body := range map[string]string{
		"neither": `{"level":"viewer"}`, "both": `{"user_id":"` + nina + `","email":"7@example.com"}`, "no address": `{"email":"nina"}`,
		"an empty one": `{"email":""}`, "null": `{"email":null}`, "an id that is null": `{"user_id":null,"email":"a@example.com"}`,
	} {
		t.Run(name, func(t *testing.T) {
			w.in(t).refused(http.StatusUnprocessableEntity, "invalid", call{as: adam, method: http.MethodPost, path: all, body: body})
		})
	}
}

// TestMembersInTime: a membership begins and ends when it is said; null clears.
func TestMembersInTime(t *testing.T) {
	w := newWorld(t)
	const one = "/v1/tenants/acme/members/" + mary
	patch := func(body string) map[string]any {
		return w.must(http.StatusOK, call{as: adam, method: http.MethodPatch, path: one, body: body}).object(t)
	}
	allowed := func() bool { return w.ask(mary, "", "resource.read", "acme", "").object(t)["allow"] == true }
	if m := patch(`{"not_before":"2999-01-01T02:00:00+02:00","expires_at":"3000-01-01T00:00:00Z"}`); m["not_before"] != "2999-01-01T00:00:00Z" || m["expires_at"] != "3000-01-01T00:00:00Z" || allowed() {
		t.Errorf("yet to begin: %v, allowed %t", m, allowed())
	}
	if m := patch(`{"not_before":null}`); m["not_before"] != nil || m["expires_at"] != "3000-01-01T00:00:00Z" || !allowed() {
		t.Errorf("begun: %v, allowed %t", m, allowed())
	}
	if m := patch(`{"expires_at":"2020-01-01T00:00:00Z"}`); m["expires_at"] != "2020-01-01T00:00:00Z" || allowed() {
		t.Errorf("expired: %v, allowed %t", m, allowed())
	}
	if m := patch(`{"expires_at":null}`); m["expires_at"] != nil || !allowed() {
		t.Errorf("without end: %v, allowed %t", m, allowed())
	}
	if m := patch(`{"not_before":"2020-01-01T00:00:00Z"}`); m["not_before"] != nil {
		t.Errorf("a beginning that is past: %v", m)
	}
	const all = "/v1/tenants/acme/members"
	made := w.must(http.StatusCreated, call{as: adam, method: http.MethodPost, path: all, body: `{"user_id":"` + nina + `","not_before":null,"expires_at":"2999-01-01T00:00:00Z"}`}).object(t)
	if made["not_before"] != nil || made["expires_at"] != "2999-01-01T00:00:00Z" {
		t.Errorf("added: %v", made)
	}
	w.refused(http.StatusForbidden, "owner_permanent", call{as: olga, method: http.MethodPatch, path: all + "/" + olga, body: `{"expires_at":"2999-01-01T00:00:00Z"}`})
	for _, body := range []string{
		`{"expires_at":"2020-01-01T00:00:00Z","not_before":"2999-01-01T00:00:00Z"}`, `{"expires_at":"tomorrow"}`, `{"expires_at":1}`, `{"not_before":""}`,
		`{"expires_at":"0001-01-01T00:00:00Z"}`, `{"not_before":"1969-12-31T23:59:59Z"}`, `{"expires_at":"9999-12-31T23:59:59-23:59"}`,
	} {
		w.refused(http.StatusUnprocessableEntity, "invalid", call{as: adam, method: http.MethodPatch, path: one, body: body})
		w.refused(http.StatusUnprocessableEntity, "invalid", call{as: adam, method: http.MethodPost, path: all, body: `{"user_id":"` + nobody + `",` + body[1:]})
	}
}

// TestActingForAUser: a platform key acts for a user, with their rights.
func TestActingForAUser(t *testing.T) {
	w := newWorld(t)
	as := func(who string) []string { return []string{"X-Act-As", who} }
	w.refused(http.StatusForbidden, "not_permitted", call{as: platform, method: http.MethodDelete, path: "/v1/tenants/acme/members/" + vic, header: as(mary)})
	gone := w.must(http.StatusNoContent, call{as: platform, method: http.MethodDelete, path: "/v1/tenants/acme/members/" + vic, header: as(adam)})
	kept := w.must(http.StatusOK, call{as: olga, method: http.MethodGet, path: "/v1/decisions/" + gone.Header.Get("X-Decision-Id")}).object(t)
	if kept["actor"] != "platform" || kept["acting_as"] != adam {
		t.Errorf("recorded as %v for %v", kept["actor"], kept["acting_as"])
	}
	for _, e := range endpoints {
		if e.as == "" {
			continue
		}
		c := e.call
		c.as, c.header = mary, as(mary)
		w.refused(http.StatusForbidden, "forbidden", c)
		c.as, c.header = platform, as("mary")
		w.refused(http.StatusBadRequest, "invalid", c)
		c.header, c.twice = as(mary), true
		w.refused(http.StatusBadRequest, "invalid", c)
	}
}
