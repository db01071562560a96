package native_test

import (
	"net/http"
	"testing"
)

// TestRoles makes, reads, changes, hands out and deletes a custom role.
func TestRoles(t *testing.T) {
	w := newWorld(t)
	const all, member = "/v1/tenants/acme/roles", "/v1/tenants/acme/members/" + mary
	made := w.must(http.StatusCreated, call{as: adam, method: http.MethodPost, path: all, body: `{"name":"App manager","actions":["resource.write","app.manage","app.manage"]}`})
	id, _ := made.object(t)["id"].(string)
	want := map[string]any{"id": id, "tenant_id": acme, "name": "App manager", "actions": []any{"app.manage", "resource.write"}}
	w.same(want, made)
	read := w.must(http.StatusOK, call{as: adam, method: http.MethodGet, path: all + "/" + id})
	w.same(want, read)
	w.tagged(made, read)
	if ids := w.pages(adam, all+"?limit=1", "id"); len(ids) != 2 {
		t.Errorf("acme has the roles %v, want two", ids)
	}
	allowed := func() bool { return w.ask(mary, "", "app.manage", "acme", "").object(t)["allow"] == true }
	if allowed() {
		t.Error("a member manages apps without the role")
	}
	held := w.must(http.StatusOK, call{as: adam, method: http.MethodPatch, path: member, body: `{"role_ids":["` + id + `","` + editor + `","` + id + `"]}`})
	if ids, _ := held.object(t)["role_ids"].([]any); len(ids) != 2 || !allowed() {
		t.Errorf("mary holds %v, and may manage apps: %t", ids, allowed())
	}
	patched := w.must(http.StatusOK, call{as: adam, method: http.MethodPatch, path: all + "/" + id, body: `{"actions":[]}`})
	want["actions"] = []any{}
	w.same(want, patched)
	w.tagged(patched, w.must(http.StatusOK, call{as: adam, method: http.MethodGet, path: all + "/" + id}))
	if allowed() {
		t.Error("a role that gives nothing lets mary manage apps")
	}
	w.must(http.StatusNoContent, call{as: adam, method: http.MethodDelete, path: all + "/" + id})
	w.refused(http.StatusNotFound, "role_unknown", call{as: adam, method: http.MethodGet, path: all + "/" + id})
	left := w.must(http.StatusOK, call{as: adam, method: http.MethodGet, path: member}).object(t)
	if ids, _ := left["role_ids"].([]any); len(ids) != 1 || ids[0] != editor {
		t.Errorf("after a role was deleted mary holds %v", ids)
	}
	w.must(http.StatusNoContent, call{as: adam, method: http.MethodDelete, path: member})
	again := w.must(http.StatusCreated, call{as: adam, method: http.MethodPost, path: "/v1/tenants/acme/members", body: `{"user_id":"` + mary + `"}`}).object(t)
	if ids, _ := again["role_ids"].([]any); len(ids) != 0 {
		t.Errorf("re-adding mary brought back %v", ids)
	}
}

func TestRoleRefusals(t *testing.T) {
	w := newWorld(t)
	const all, members = "/v1/tenants/acme/roles", "/v1/tenants/acme/members"
	post := func(as, body string) call { return call{as: as, method: http.MethodPost, path: all, body: body} }
	patch := func(as, path, body string) call {
		return call{as: as, method: http.MethodPatch, path: path, body: body}
	}
	for name, c := range map[string]struct {
		status int
		code   string
		call
	}{
		"a name that is taken":                 {409, "name_taken", post(adam, `{"name":"editor","actions":[]}`)},
		"a blank name":                         {422, "invalid", post(adam, `{"name":" ","actions":[]}`)},
		"a name with a control character":      {422, "invalid", post(adam, `{"name":"a\u0007","actions":[]}`)},
		"no actions":                           {422, "invalid", post(adam, `{"name":"x"}`)},
		"an action that is none":               {422, "invalid", post(adam, `{"name":"x","actions":["Do It"]}`)},
		"a description, which is not served":   {422, "invalid", post(adam, `{"name":"x","actions":[],"description":"y"}`)},
		"actions that an admin cannot hold":    {403, "actions_exceeded", post(adam, `{"name":"x","actions":["tenant.delete"]}`)},
		"by a member":                          {403, "not_permitted", post(mary, `{"name":"editor","actions":["tenant.delete"]}`)},
		"by a suspended admin":                 {403, "not_permitted", post(dora, `{"name":"x","actions":[]}`)},
		"a patch of nothing":                   {422, "invalid", patch(adam, all+"/"+editor, `{}`)},
		"more actions than an admin can hold":  {403, "actions_exceeded", patch(adam, all+"/"+editor, `{"actions":["tenant.delete"]}`)},
		"another tenant's role":                {404, "role_unknown", patch(adam, all+"/"+guest, `{"name":"x"}`)},
		"another tenant's role, deleted":       {404, "role_unknown", call{as: adam, method: http.MethodDelete, path: all + "/" + guest}},
		"another tenant's role, handed out":    {404, "role_unknown", patch(adam, members+"/"+mary, `{"role_ids":["`+guest+`"]}`)},
		"a role that there is not, handed out": {404, "role_unknown", patch(adam, members+"/"+mary, `{"role_ids":["`+nowhere+`"]}`)},
		"a role to somebody new":               {404, "role_unknown", call{as: adam, method: http.MethodPost, path: members, body: `{"user_id":"` + nina + `","role_ids":["` + guest + `"]}`}},
		"a role's name for its id":             {422, "invalid", patch(adam, members+"/"+mary, `{"role_ids":["editor"]}`)},
		"roles that are null":                  {422, "invalid", patch(adam, members+"/"+mary, `{"role_ids":null}`)},
		"a role among roles that is null":      {422, "invalid", patch(adam, members+"/"+mary, `{"role_ids":[null]}`)},
		"a role for oneself":                   {403, "not_permitted", patch(mary, members+"/"+mary, `{"role_ids":["`+editor+`"]}`)},
	} {
		t.Run(name, func(t *testing.T) { w.in(t).refused(c.status, c.code, c.call) })
	}
}

// TestAnOwnersRoleIsNotAnAdminsToGive: nobody hands out actions that they
// could not hold, whoever made the role.
func TestAnOwnersRoleIsNotAnAdminsToGive(t *testing.T) {
	w := newWorld(t)
	made := w.must(http.StatusCreated, call{as: olga, method: http.MethodPost, path: "/v1/tenants/acme/roles", body: `{"name":"end","actions":["tenant.delete"]}`})
	id, _ := made.object(t)["id"].(string)
	w.refused(http.StatusForbidden, "actions_exceeded", call{as: adam, method: http.MethodPatch, path: "/v1/tenants/acme/members/" + mary, body: `{"role_ids":["` + id + `"]}`})
	w.refused(http.StatusForbidden, "actions_exceeded", call{as: adam, method: http.MethodPost, path: "/v1/tenants/acme/invitations", body: `{"email":"kim@example.com","role_ids":["` + id + `"]}`})
}
