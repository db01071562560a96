package native_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOrganizations makes one, fills it, and ends it.
func TestOrganizations(t *testing.T) {
	w := newWorld(t)
	const all = "/v1/organizations"
	made := w.must(http.StatusCreated, call{as: platform, method: http.MethodPost, path: all, body: `{"name":"Sam & Co"}`})
	id, _ := made.object(t)["id"].(string)
	want := map[string]any{"id": id, "name": "Sam & Co", "short_name": "sam-co"}
	w.same(want, made)
	w.refused(http.StatusNotFound, "organization_unknown", call{as: sam, method: http.MethodGet, path: all + "/sam-co"})

	placed := w.must(http.StatusOK, call{as: platform, method: http.MethodPut, path: all + "/sam-co/members/" + sam, body: `{"admin":true}`})
	place := map[string]any{"organization_id": id, "user_id": sam, "email": "6@example.com", "admin": true, "enabled": true}
	w.same(place, placed)
	for _, ref := range []string{id, "sam-co"} {
		w.tagged(made, w.must(http.StatusOK, call{as: sam, method: http.MethodGet, path: all + "/" + ref}))
		w.tagged(placed, w.must(http.StatusOK, call{as: sam, method: http.MethodGet, path: all + "/" + ref + "/members/" + sam}))
	}
	w.must(http.StatusOK, call{as: sam, method: http.MethodPut, path: all + "/sam-co/members/" + nina, body: `{"user_id":"` + strings.ToUpper(nina) + `","enabled":false}`})
	w.refused(http.StatusNotFound, "organization_unknown", call{as: nina, method: http.MethodGet, path: all + "/sam-co"})
	if ids := w.pages(sam, all+"/sam-co/members?limit=1", "user_id"); !cmp.Equal(ids, []string{sam, nina}) {
		t.Errorf("the members are %v", ids)
	}
	patched := w.must(http.StatusOK, call{as: sam, method: http.MethodPatch, path: all + "/" + id, body: `{"short_name":"sams"}`})
	want["short_name"] = "sams"
	w.same(want, patched)

	tenant := w.must(http.StatusCreated, call{as: sam, method: http.MethodPost, path: "/v1/tenants", body: `{"name":"Branch","organization_id":"sams"}`}).object(t)
	if tenant["organization_id"] != id {
		t.Errorf("the tenant is %v", tenant)
	}
	w.refused(http.StatusConflict, "conflict", call{as: platform, method: http.MethodDelete, path: all + "/sams"})
	w.must(http.StatusNoContent, call{as: sam, method: http.MethodDelete, path: "/v1/tenants/branch"})
	w.must(http.StatusNoContent, call{as: sam, method: http.MethodDelete, path: all + "/sams/members/" + nina})
	w.refused(http.StatusNotFound, "target_not_member", call{as: sam, method: http.MethodDelete, path: all + "/sams/members/" + nina})
	w.must(http.StatusNoContent, call{as: sam, method: http.MethodDelete, path: all + "/sams"})
	w.refused(http.StatusNotFound, "organization_unknown", call{as: platform, method: http.MethodGet, path: all + "/sams"})
}

// TestOrganizationsCannotBeEnumerated: to a stranger, one that is there reads
// as one that is not.
func TestOrganizationsCannotBeEnumerated(t *testing.T) {
	w := newWorld(t)
	for _, c := range []call{
		{method: http.MethodGet, path: ""},
		{method: http.MethodPatch, path: "", body: `{"short_name":"empty"}`},
		{method: http.MethodDelete, path: ""},
		{method: http.MethodGet, path: "/members"},
		{method: http.MethodGet, path: "/members/" + mary},
		{method: http.MethodPut, path: "/members/" + nina, body: `{"admin":true}`},
		{method: http.MethodPut, path: "/members/" + nobody, body: `{}`},
		{method: http.MethodDelete, path: "/members/" + mary},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			w := w.in(t)
			ask := func(ref string) map[string]any {
				c := c
				c.as, c.path = nina, "/v1/organizations/"+ref+c.path
				w.refused(http.StatusNotFound, "organization_unknown", c)
				return w.do(c).blind(t)
			}
			want := ask(group)
			for _, ref := range []string{"acme-group", nowhere, "no-such", "No%20Such", "%00", emptyGroup} {
				if diff := cmp.Diff(want, ask(ref)); diff != "" {
					t.Errorf("%s differs from a foreign organization:\n%s", ref, diff)
				}
			}
		})
	}
}

func TestOrganizationRefusals(t *testing.T) {
	w := newWorld(t)
	const all, one = "/v1/organizations", "/v1/organizations/acme-group"
	for name, c := range map[string]struct {
		status int
		code   string
		call
	}{
		"made by somebody":              {403, "not_permitted", call{as: greta, method: http.MethodPost, path: all, body: `{"name":"X"}`}},
		"a blank name":                  {422, "invalid", call{as: platform, method: http.MethodPost, path: all, body: `{"name":" "}`}},
		"a short name in capitals":      {422, "invalid", call{as: platform, method: http.MethodPost, path: all, body: `{"name":"X","short_name":"X"}`}},
		"a short name that is reserved": {422, "invalid", call{as: platform, method: http.MethodPost, path: all, body: `{"name":"X","short_name":"current"}`}},
		"a short name that is taken":    {409, "name_taken", call{as: platform, method: http.MethodPost, path: all, body: `{"name":"X","short_name":"acme-group"}`}},
		"an id that is taken":           {409, "id_taken", call{as: platform, method: http.MethodPost, path: all, body: `{"name":"X","id":"` + group + `"}`}},
		"changed by a member of it":     {403, "not_permitted", call{as: mary, method: http.MethodPatch, path: one, body: `{"name":"X"}`}},
		"a patch of nothing":            {422, "invalid", call{as: greta, method: http.MethodPatch, path: one, body: `{}`}},
		"to another's short name":       {409, "name_taken", call{as: greta, method: http.MethodPatch, path: one, body: `{"short_name":"empty"}`}},
		"another in the body":           {422, "invalid", call{as: greta, method: http.MethodPut, path: one + "/members/" + nina, body: `{"user_id":"` + mary + `","admin":true}`}},
		"no id in the body":             {422, "invalid", call{as: greta, method: http.MethodPut, path: one + "/members/" + nina, body: `{"user_id":"nina","admin":true}`}},
		"a member by a member":          {403, "not_permitted", call{as: mary, method: http.MethodPut, path: one + "/members/" + mary, body: `{"admin":true}`}},
		"nobody, made a member":         {404, "user_unknown", call{as: greta, method: http.MethodPut, path: one + "/members/" + nobody, body: `{}`}},
		"no id, made a member":          {404, "user_unknown", call{as: greta, method: http.MethodPut, path: one + "/members/mary", body: `{}`}},
		"no id, removed":                {404, "user_unknown", call{as: greta, method: http.MethodDelete, path: one + "/members/mary"}},
		"no member, read":               {404, "target_not_member", call{as: greta, method: http.MethodGet, path: one + "/members/" + nina}},
		"with a tenant in it":           {409, "conflict", call{as: greta, method: http.MethodDelete, path: one}},
	} {
		t.Run(name, func(t *testing.T) { w.in(t).refused(c.status, c.code, c.call) })
	}
}

// TestAdministratorsOfAnOrganization act in its tenants as an owner would,
// except for transfer and deletion; a suspended one is a stranger.
func TestAdministratorsOfAnOrganization(t *testing.T) {
	w := newWorld(t)
	w.must(http.StatusOK, call{as: greta, method: http.MethodGet, path: "/v1/tenants/acme/members"})
	w.must(http.StatusCreated, call{as: greta, method: http.MethodPost, path: "/v1/tenants/acme/members", body: `{"user_id":"` + nina + `","level":"admin"}`})
	w.must(http.StatusNoContent, call{as: greta, method: http.MethodDelete, path: "/v1/tenants/acme/members/" + adam})
	w.refused(http.StatusForbidden, "owner_permanent", call{as: greta, method: http.MethodDelete, path: "/v1/tenants/acme/members/" + olga})
	w.refused(http.StatusForbidden, "not_permitted", call{as: greta, method: http.MethodDelete, path: "/v1/tenants/acme"})
	w.refused(http.StatusForbidden, "not_permitted", call{as: greta, method: http.MethodPost, path: "/v1/tenants/acme/transfer-ownership", body: `{"to":"` + mary + `"}`})
	w.refused(http.StatusNotFound, "tenant_unknown", call{as: greta, method: http.MethodGet, path: "/v1/tenants/globex"})
	w.must(http.StatusOK, call{as: platform, method: http.MethodPut, path: "/v1/organizations/acme-group/members/" + greta, body: `{"enabled":false}`})
	w.refused(http.StatusNotFound, "tenant_unknown", call{as: greta, method: http.MethodGet, path: "/v1/tenants/acme/members"})
}
