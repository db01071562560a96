package native_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const invitations = "/v1/tenants/acme/invitations"

// askIn invites an address and gives the code.
func (w *world) askIn(body string) string {
	w.t.Helper()
	made := w.must(http.StatusCreated, call{as: adam, method: http.MethodPost, path: invitations, body: body})
	code, _ := made.object(w.t)["code"].(string)
	if !strings.HasPrefix(code, "mwi_") {
		w.t.Fatalf("an invitation shows the code %q", code)
	}
	return code
}

func accept(code, body string) call {
	return call{method: http.MethodPost, path: "/v1/invitations/" + code + "/accept", body: body}
}

func decline(code string) call {
	return call{method: http.MethodPost, path: "/v1/invitations/" + code + "/decline"}
}

// TestInvitations invites somebody without an account, who signs up with it.
func TestInvitations(t *testing.T) {
	w := newWorld(t)
	first := w.askIn(`{"email":"Ivy@example.com"}`)
	made := w.must(http.StatusCreated, call{as: adam, method: http.MethodPost, path: invitations, body: `{"email":"ivy@Example.com","level":"viewer","role_ids":["` + editor + `"],"expires_in":3600}`}).object(t)
	second, _ := made["code"].(string)
	w.refused(http.StatusNotFound, "invitation_unknown", accept(first, "")) // replaced

	joined := w.must(http.StatusOK, accept(second, `{"password":"correct horse battery","given_name":"Ivy","surname":"I"}`))
	user, _ := joined.object(t)["user_id"].(string)
	w.same(map[string]any{
		"tenant_id": acme, "user_id": user, "email": "ivy@Example.com", "level": "viewer", "role_ids": []any{editor}, "developer": false,
		"pending": false, "enabled": true, "not_before": nil, "expires_at": nil, "invited_by": adam,
	}, joined)
	w.tagged(joined, w.must(http.StatusOK, call{as: adam, method: http.MethodGet, path: "/v1/tenants/acme/members/" + user}))
	token := w.must(http.StatusOK, call{method: http.MethodPost, path: "/v1/tokens", body: `{"email":"ivy@example.com","password":"correct horse battery","tenant_id":"acme"}`}).object(t)
	text, _ := token["access_token"].(string)
	w.must(http.StatusOK, call{method: http.MethodGet, path: "/v1/tenants/acme", header: []string{"Authorization", "Bearer " + text}})

	w.refused(http.StatusNotFound, "invitation_unknown", accept(second, ""))
	w.refused(http.StatusNotFound, "invitation_unknown", decline(second))
	w.refused(http.StatusConflict, "already_member", call{as: adam, method: http.MethodPost, path: invitations, body: `{"email":"IVY@example.com"}`})
	listed := w.must(http.StatusOK, call{as: adam, method: http.MethodGet, path: invitations})
	items, _ := listed.object(t)["items"].([]any)
	status := map[any]int{}
	for _, item := range items {
		object, _ := item.(map[string]any)
		status[object["status"]]++
	}
	if len(items) != 3 || status["pending"] != 1 || status["accepted"] != 1 || status["withdrawn"] != 1 || strings.Contains(listed.Body, `"code"`) {
		t.Errorf("the list is %s", listed.Body)
	}
}

// TestInvitedWithAnAccount: the account is the one that there is; its
// password and its names stay.
func TestInvitedWithAnAccount(t *testing.T) {
	w := newWorld(t)
	w.refused(http.StatusConflict, "conflict", accept(ninasCode, `{"password":"another password"}`))
	joined := w.must(http.StatusOK, accept(ninasCode, `{"given_name":"Somebody","surname":"Else"}`)).object(t)
	if joined["user_id"] != nina || joined["level"] != "viewer" {
		t.Errorf("nina joined as %v", joined)
	}
	if is := w.must(http.StatusOK, call{as: nina, method: http.MethodGet, path: "/v1/users/" + nina}).object(t); is["given_name"] != "" {
		t.Errorf("an invitation renamed nina: %v", is)
	}
	w.must(http.StatusNoContent, call{as: adam, method: http.MethodDelete, path: "/v1/tenants/acme/members/" + nina})
	w.refused(http.StatusNotFound, "invitation_unknown", accept(ninasCode, ""))
}

func TestInvitationsThatEnd(t *testing.T) {
	w := newWorld(t)
	declined, deleted := w.askIn(`{"email":"kim@example.com"}`), ninasCode
	w.must(http.StatusNoContent, decline(declined))
	w.must(http.StatusNoContent, call{as: adam, method: http.MethodDelete, path: invitations + "/" + invited})
	w.refused(http.StatusNotFound, "invitation_unknown", call{as: adam, method: http.MethodDelete, path: invitations + "/" + invited})
	for _, code := range []string{declined, deleted, "mwi_made-up", strings.Repeat("x", 5000)} {
		w.refused(http.StatusNotFound, "invitation_unknown", accept(code, ""))
		w.refused(http.StatusNotFound, "invitation_unknown", decline(code))
	}
	w.must(http.StatusCreated, call{as: adam, method: http.MethodPost, path: "/v1/tenants/acme/members", body: `{"email":"lea@example.com"}`})
	w.must(http.StatusCreated, call{as: adam, method: http.MethodPost, path: invitations, body: `{"email":"lea@example.com"}`}) // who waits may be sent a code
	w.refused(http.StatusConflict, "already_member", call{as: adam, method: http.MethodPost, path: invitations, body: `{"email":"2@example.com"}`})
}

// TestInvitationsExpire: one whose time is over says so, and opens nothing.
func TestInvitationsExpire(t *testing.T) {
	w := newWorld(t)
	for lasts, want := range map[time.Duration]string{time.Hour: "pending", -time.Minute: "expired"} {
		w.invite(t, lasts)
		if got := w.pages(adam, invitations+"?limit=9", "status"); !slices.Equal(got, []string{want}) {
			t.Errorf("an invitation that lasts %v is %v, want %s", lasts, got, want)
		}
	}
	w.invite(t, -time.Minute)
	w.refused(http.StatusNotFound, "invitation_unknown", accept(ninasCode, ""))
}

func TestInvitationRefusals(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		status         int
		code, as, body string
	}{
		"no address":                  {422, "invalid", adam, `{}`},
		"an address that is none":     {422, "invalid", adam, `{"email":"kim"}`},
		"an owner":                    {403, "owner_by_transfer_only", olga, `{"email":"kim@example.com","level":"owner"}`},
		"more than one holds":         {403, "rank_exceeded", adam, `{"email":"kim@example.com","level":"owner"}`},
		"a level that there is not":   {422, "invalid", adam, `{"email":"kim@example.com","level":"none"}`},
		"an unknown role":             {404, "role_unknown", adam, `{"email":"kim@example.com","role_ids":["` + guest + `"]}`},
		"a member":                    {409, "already_member", adam, `{"email":"3@example.com"}`},
		"no time at all":              {422, "invalid", adam, `{"email":"kim@example.com","expires_in":0}`},
		"more than 30 days":           {422, "invalid", adam, `{"email":"kim@example.com","expires_in":2592001}`},
		"time in parts":               {422, "invalid", adam, `{"email":"kim@example.com","expires_in":1.5}`},
		"by a member":                 {403, "not_permitted", mary, `{"email":"3@example.com"}`},
		"by who is suspended":         {403, "not_permitted", dora, `{"email":"kim@example.com"}`},
		"with a code of one's choice": {422, "invalid", adam, `{"email":"kim@example.com","code":"mwi_1"}`},
	} {
		t.Run(name, func(t *testing.T) {
			w.in(t).refused(c.status, c.code, call{as: c.as, method: http.MethodPost, path: invitations, body: c.body})
		})
	}
	for name, body := range map[string]string{
		"a short password":              `{"password":"short"}`,
		"a password that is too long":   `{"password":"` + strings.Repeat("x", 1025) + `"}`,
		"a name with a control":         `{"given_name":"a\u0007"}`,
		"an address of one's choice":    `{"email":"kim@example.com"}`,
		"a level of one's choice":       `{"level":"admin"}`,
		"a password that is null":       `{"password":null}`,
		"a password that is a number":   `{"password":12345678}`,
		"a user id of one's own choice": `{"user_id":"` + nina + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			w.in(t).refused(http.StatusUnprocessableEntity, "invalid", accept(ninasCode, body))
		})
	}
}

// TestStrangersKeysAreApart: one who holds a code is told nothing by the
// Idempotency-Key of another, and ends nobody's.
func TestStrangersKeysAreApart(t *testing.T) {
	w := newWorld(t)
	w.must(http.StatusOK, once(accept(ninasCode, ""), "1"))
	code := w.askIn(`{"email":"kim@example.com"}`)
	if answer := w.must(http.StatusOK, once(accept(code, ""), "1")); answer.Header.Get("Idempotency-Replayed") != "" {
		t.Errorf("kim was answered with nina's outcome: %s", answer.Body)
	}
	w.refused(http.StatusUnprocessableEntity, "idempotency_reused", once(accept(code, `{"surname":"K"}`), "1"))
	w.refused(http.StatusNotFound, "invitation_unknown", once(accept("mwi_made-up", ""), "1"))
}

// counting counts the passwords that the server hashes.
type counting struct {
	registry
	hashed *atomic.Int64
}

func (c counting) HashPassword(ctx context.Context, password string) (string, error) {
	c.hashed.Add(1)
	return c.registry.HashPassword(ctx, password)
}

// TestGuessesAtCodesCostNothing: who holds no code does not make the server
// hash, and no log holds a code.
func TestGuessesAtCodesCostNothing(t *testing.T) {
	var hashed atomic.Int64
	var log bytes.Buffer
	plain := newWorld(t)
	w := plain.served(t, plain.gate, counting{registry{plain.accounts}, &hashed}, slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	code := w.askIn(`{"email":"kim@example.com"}`)
	w.refused(http.StatusNotFound, "invitation_unknown", accept("mwi_made-up", `{"password":"correct horse battery"}`))
	if n := hashed.Load(); n != 0 {
		t.Errorf("a guess had %d passwords hashed", n)
	}
	w.must(http.StatusOK, accept(code, `{"password":"correct horse battery"}`))
	w.refused(http.StatusNotFound, "invitation_unknown", accept(code, `{"password":"correct horse battery"}`))
	if n := hashed.Load(); n != 1 {
		t.Errorf("%d passwords were hashed, want that of who holds the code", n)
	}
	for _, secret := range []string{code, "mwi_", "correct horse"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	if !strings.Contains(log.String(), "/v1/invitations/:code/accept") {
		t.Errorf("the search finds nothing at all: %s", log.String())
	}
}
