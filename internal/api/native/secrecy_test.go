package native_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/tenancy"
)

// blind is an answer without what may differ: ids of request and decision.
func (r reply) blind(t *testing.T) map[string]any {
	t.Helper()
	object := r.object(t)
	delete(object, "decision_id")
	delete(object, "revision")
	object["http"] = r.Status
	header := r.Header.Clone()
	for _, name := range []string{"X-Request-Id", "X-Decision-Id"} {
		if header.Get(name) == "" {
			t.Errorf("%d %s: no %s", r.Status, r.Body, name)
		}
		header.Del(name)
	}
	object["header"] = header
	return object
}

// TestTenantsCannotBeEnumerated: to a stranger, a tenant that is there reads
// as one that is not, whatever they ask for.
func TestTenantsCannotBeEnumerated(t *testing.T) {
	w := newWorld(t)
	unknown := []string{nowhere, "no-such", "No%20Such", "0aaaaaaa00004000800000000000000f", "%00"}
	for _, c := range []call{
		{method: http.MethodGet, path: "/v1/tenants/T"},
		{method: http.MethodGet, path: "/v1/tenants/T/members"},
		{method: http.MethodGet, path: "/v1/tenants/T/members?limit=1"},
		{method: http.MethodGet, path: "/v1/tenants/T/members/" + mary},
		{method: http.MethodGet, path: "/v1/tenants/T/members/" + nobody},
		{method: http.MethodPost, path: "/v1/tenants/T/members", body: `{"user_id":"` + nina + `"}`},
		{method: http.MethodPost, path: "/v1/tenants/T/members", body: `{"user_id":"` + olga + `","level":"owner"}`},
		{method: http.MethodPatch, path: "/v1/tenants/T/members/" + olga, body: `{"enabled":false}`},
		{method: http.MethodDelete, path: "/v1/tenants/T/members/" + olga},
		{method: http.MethodDelete, path: "/v1/tenants/T/members/" + nina},
		{method: http.MethodPost, path: "/v1/tenants/T/members/batch", body: `{"operations":[{"op":"remove","user_id":"` + olga + `"}]}`},
		{method: http.MethodPost, path: "/v1/tenants/T/members/batch", body: `{"operations":[{"op":"add","email":"7@example.com"},{"op":"add","email":"7@example.com"}]}`},
		{method: http.MethodGet, path: "/v1/tenants/T/members?status=active&q=example&level=owner"},
		{method: http.MethodPut, path: "/v1/tenants/T/usage", body: `{"process_count":1}`},
		{method: http.MethodGet, path: "/v1/tenants/T/roles"},
		{method: http.MethodGet, path: "/v1/tenants/T/roles/" + editor},
		{method: http.MethodPost, path: "/v1/tenants/T/roles", body: `{"name":"editor","actions":[]}`},
		{method: http.MethodPatch, path: "/v1/tenants/T/roles/" + editor, body: `{"name":"x"}`},
		{method: http.MethodDelete, path: "/v1/tenants/T/roles/" + editor},
		{method: http.MethodGet, path: "/v1/tenants/T/invitations"},
		{method: http.MethodPost, path: "/v1/tenants/T/invitations", body: `{"email":"3@example.com"}`},
		{method: http.MethodDelete, path: "/v1/tenants/T/invitations/" + invited},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			w := w.in(t)
			c.as = nina
			foreign := c
			foreign.path = strings.Replace(c.path, "T", acme, 1)
			w.refused(http.StatusNotFound, "tenant_unknown", foreign)
			want := w.do(foreign).blind(t)
			for _, ref := range append(unknown, "acme") {
				c := c
				c.path = strings.Replace(c.path, "T", ref, 1)
				if diff := cmp.Diff(want, w.do(c).blind(t)); diff != "" {
					t.Errorf("%s differs from a foreign tenant:\n%s", ref, diff)
				}
			}
		})
	}
}

func TestChecksTellStrangersNothing(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		action, resource string
		reasons          []any
	}{
		{"tenant.read", "", []any{"not_permitted"}},
		{"resource.write", `{"type":"document","id":"1"}`, []any{"not_permitted"}},
		{"billing.pay", "", []any{"not_permitted"}},
		{"member.leave", "", []any{"tenant_unknown"}},
		{"member.remove", `{"type":"user","id":"` + olga + `"}`, []any{"tenant_unknown"}},
		{"member.remove", `{"type":"user","id":"` + nobody + `"}`, []any{"tenant_unknown"}},
		{"member.add", `{"type":"user","id":"nobody"}`, []any{"tenant_unknown"}},
	} {
		t.Run(c.action+" "+c.resource, func(t *testing.T) {
			w := w.in(t)
			var want map[string]any
			for _, ref := range []string{acme, "acme", nowhere, "no-such", "No Such", "", strings.Repeat("a", 1000)} {
				got := w.ask(nina, "", c.action, ref, c.resource)
				if diff := cmp.Diff(c.reasons, codes(got.object(t))); diff != "" || got.object(t)["allow"] != false {
					t.Errorf("%q: %s", ref, got.Body)
				}
				if want == nil {
					want = got.blind(t)
				}
				if diff := cmp.Diff(want, got.blind(t)); diff != "" {
					t.Errorf("%q differs from a foreign tenant:\n%s", ref, diff)
				}
			}
		})
	}
}

// TestNobodyWithoutTheRightLearnsTheOwner: to members without the right, and
// to strangers, the owner is a member like any other.
func TestNobodyWithoutTheRightLearnsTheOwner(t *testing.T) {
	w := newWorld(t)
	const all = "/v1/tenants/acme/members/"
	for _, who := range []string{mary, vic, dora, nina, sam} {
		var answers []map[string]any
		for _, target := range []string{olga, adam, mary, vic, nobody} {
			if target == who {
				continue
			}
			for _, c := range []call{
				{as: who, method: http.MethodDelete, path: all + target},
				{as: who, method: http.MethodPatch, path: all + target, body: `{"level":"viewer"}`},
				{as: who, method: http.MethodPatch, path: all + target, body: `{"enabled":false}`},
			} {
				answers = append(answers, w.do(c).blind(t))
			}
			answers = append(answers, w.do(call{as: who, method: http.MethodPost, path: all[:len(all)-1], body: `{"user_id":"` + target + `","level":"owner"}`}).blind(t))
		}
		for _, answer := range answers {
			if diff := cmp.Diff(answers[0], answer); diff != "" {
				t.Errorf("%s can tell members apart:\n%s", who, diff)
			}
		}
	}
}

// TestAPolicyFaultTellsNothingElse: while nobody can say who has the right,
// what else is wrong stays hidden.
func TestAPolicyFaultTellsNothingElse(t *testing.T) {
	for _, fault := range []tenancy.Code{tenancy.CodePolicyError, tenancy.CodePolicyTimeout, tenancy.CodePolicyUndefined, tenancy.CodeFactsIncomplete} {
		shown := tenancy.Shown([]tenancy.Finding{tenancy.Find(tenancy.CodeUserUnknown), tenancy.Find(tenancy.CodeOwnerPermanent), tenancy.Find(fault)})
		if diff := cmp.Diff([]tenancy.Finding{tenancy.Find(fault)}, shown); diff != "" {
			t.Errorf("%s shows more:\n%s", fault, diff)
		}
	}
}

// ask sends a check.
func (w *world) ask(as, subject, action, tenant, resource string) reply {
	w.t.Helper()
	fields := []string{`"action":"` + action + `"`, `"tenant":"` + tenant + `"`}
	if subject != "" {
		fields = append(fields, `"subject":"`+subject+`"`)
	}
	if resource != "" {
		fields = append(fields, `"resource":`+resource)
	}
	return w.do(call{as: as, method: http.MethodPost, path: "/v1/check", body: "{" + strings.Join(fields, ",") + "}"})
}

func codes(answer map[string]any) []any {
	found := []any{}
	reasons, _ := answer["reasons"].([]any)
	for _, r := range reasons {
		object, _ := r.(map[string]any)
		found = append(found, object["code"])
	}
	return found
}

func TestCheck(t *testing.T) {
	w := newWorld(t)
	person := func(id string) string { return `{"type":"user","id":"` + id + `"}` }
	for name, c := range map[string]struct {
		as, subject, action, tenant, resource string
		reasons                               []any // none: allowed
	}{
		"a viewer reads":                     {vic, "", "tenant.read", "acme", "", nil},
		"a viewer does not write":            {vic, "", "resource.write", acme, "", []any{"not_permitted"}},
		"a member writes":                    {mary, "", "resource.write", "acme", `{"type":"doc","id":"1"}`, nil},
		"about oneself by name":              {mary, mary, "resource.write", "acme", "", nil},
		"a disabled admin reads nothing":     {dora, "", "tenant.read", "acme", "", []any{"not_permitted"}},
		"an admin may remove":                {adam, "", "member.remove", "acme", person(mary), nil},
		"an admin may not remove the owner":  {adam, "", "member.remove", "acme", person(olga), []any{"owner_permanent", "rank_exceeded"}},
		"a member may not remove":            {mary, "", "member.remove", "acme", person(olga), []any{"not_permitted"}},
		"removing oneself is leaving":        {mary, "", "member.remove", "acme", person(mary), nil},
		"the owner may not leave":            {olga, "", "member.leave", "acme", "", []any{"owner_permanent"}},
		"somebody who is no member":          {adam, "", "member.remove", "acme", person(nina), []any{"target_not_member"}},
		"a member once more":                 {adam, "", "member.add", "acme", person(mary), []any{"already_member"}},
		"about others, by an admin":          {adam, mary, "member.remove", "acme", person(vic), []any{"not_permitted"}},
		"about others, by the platform":      {platform, vic, "tenant.read", "acme", "", nil},
		"about an unknown tenant, platform":  {platform, vic, "tenant.read", nowhere, "", []any{"tenant_unknown"}},
		"an unknown tenant, the platform":    {platform, "", "resource.write", "no-such", "", []any{"tenant_unknown"}},
		"a stranger, by the platform":        {platform, nina, "tenant.read", "acme", "", []any{"not_permitted"}},
		"about nobody, by the platform":      {platform, nobody, "tenant.read", "acme", "", []any{"not_permitted"}},
		"a stranger's change":                {platform, nina, "member.remove", "acme", person(mary), []any{"tenant_unknown"}},
		"an action of the operator's":        {mary, "", "report.print", "acme", "", []any{"not_permitted"}},
		"an action that nobody may ever ask": {platform, "", "store.bootstrap", "acme", "", []any{"not_permitted"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := w.in(t)
			answer := w.ask(c.as, c.subject, c.action, c.tenant, c.resource)
			object := answer.object(t)
			want := c.reasons
			if want == nil {
				want = []any{}
			}
			if diff := cmp.Diff(want, codes(object)); diff != "" || answer.Status != http.StatusOK || object["allow"] != (c.reasons == nil) {
				t.Errorf("got %d %s, want reasons %v", answer.Status, answer.Body, want)
			}
			if answer.Header.Get("X-Decision-Id") != object["decision_id"] || object["policy_revision"] == "" || object["revision"] != float64(w.store.Revision()) {
				t.Errorf("the verdict names no decision, policies or revision: %v %s", answer.Header, answer.Body)
			}
		})
	}
}

func TestCheckRefusals(t *testing.T) {
	w := newWorld(t)
	for name, body := range map[string]string{
		"about others":                   `{"subject":"` + adam + `","action":"tenant.read","tenant":"acme"}`,
		"about others, foreign tenant":   `{"subject":"` + sam + `","action":"tenant.read","tenant":"globex"}`,
		"about others, unknown tenant":   `{"subject":"` + sam + `","action":"tenant.read","tenant":"` + nowhere + `"}`,
		"about others, no tenant at all": `{"subject":"` + sam + `","action":"tenant.read","tenant":"No Such"}`,
		"about nobody":                   `{"subject":"` + nobody + `","action":"tenant.read","tenant":"acme"}`,
	} {
		t.Run(name, func(t *testing.T) {
			w.in(t).refused(http.StatusForbidden, "not_permitted", call{as: mary, method: http.MethodPost, path: "/v1/check", body: body})
		})
	}
	for name, body := range map[string]string{
		"no action":                  `{"tenant":"acme"}`,
		"no tenant":                  `{"action":"tenant.read"}`,
		"neither":                    `{}`,
		"no subject, by mistake":     `{"subject":null,"action":"tenant.read","tenant":"acme"}`,
		"an empty subject":           `{"subject":"","action":"tenant.read","tenant":"acme"}`,
		"a subject that is no id":    `{"subject":"mary","action":"tenant.read","tenant":"acme"}`,
		"an action in capitals":      `{"action":"Tenant.Read","tenant":"acme"}`,
		"an action of 129 bytes":     `{"action":"` + strings.Repeat("a", 129) + `","tenant":"acme"}`,
		"a change about no tenant":   `{"action":"user.create","tenant":"acme"}`,
		"a change of nobody":         `{"action":"member.remove","tenant":"acme"}`,
		"a change of something else": `{"action":"member.remove","tenant":"acme","resource":{"type":"doc","id":"1"}}`,
		"a resource without type":    `{"action":"tenant.read","tenant":"acme","resource":{"id":"1"}}`,
		"a resource without id":      `{"action":"tenant.read","tenant":"acme","resource":{"type":"doc"}}`,
		"a resource with a long id":  `{"action":"tenant.read","tenant":"acme","resource":{"type":"doc","id":"` + strings.Repeat("a", 1025) + `"}}`,
		"a resource with properties": `{"action":"tenant.read","tenant":"acme","resource":{"type":"doc","id":"1","properties":{}}}`,
		"a resource that is null":    `{"action":"tenant.read","tenant":"acme","resource":null}`,
		"a context that is a list":   `{"action":"tenant.read","tenant":"acme","context":[]}`,
		"a misspelt key within":      `{"action":"tenant.read","tenant":"acme","resource":{"Type":"doc","id":"1"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			w.in(t).refused(http.StatusUnprocessableEntity, "invalid", call{as: mary, method: http.MethodPost, path: "/v1/check", body: body})
		})
	}
	if ok := w.do(call{as: mary, method: http.MethodPost, path: "/v1/check", body: `{"action":"tenant.read","tenant":"acme","context":{"a":null,"b":["null"]}}`}); ok.Status != http.StatusOK {
		t.Errorf("null within the context: %d %s", ok.Status, ok.Body)
	}
}

// TestARemovedMemberIsDeniedAtOnce is the main job in three requests.
func TestARemovedMemberIsDeniedAtOnce(t *testing.T) {
	w := newWorld(t)
	allowed := func() bool { return w.ask(mary, "", "resource.read", "acme", "").object(t)["allow"] == true }
	before := allowed()
	w.must(http.StatusNoContent, call{as: adam, method: http.MethodDelete, path: "/v1/tenants/acme/members/" + mary})
	if got := []bool{before, allowed()}; !slices.Equal(got, []bool{true, false}) {
		t.Errorf("allowed before and after: %v", got)
	}
}
