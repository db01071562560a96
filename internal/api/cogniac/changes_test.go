package cogniac_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/apitest"
	"github.com/memberward/memberward/internal/tenancy"
)

// asked is one change as it reached the gate.
type asked struct {
	Actor  tenancy.Actor
	Change tenancy.Change
	Opts   tenancy.ApplyOptions
}

// recorded is a real gate that remembers what it was asked.
type recorded struct {
	api.Gate
	last *asked
}

func (g recorded) Apply(ctx context.Context, actor tenancy.Actor, change tenancy.Change, opts tenancy.ApplyOptions) (tenancy.Outcome, error) {
	*g.last = asked{actor, change, opts} // one request at a time
	return g.Gate.Apply(ctx, actor, change, opts)
}

// What each operation asks of the gate, to the last field, and for whom.
func TestWhatIsAsked(t *testing.T) {
	last := &asked{}
	s := set(t, apitest.Directions{Gate: func(real api.Gate) api.Gate { return recorded{real, last} }})
	acme, sam, viewer := tenancy.RefTo(apitest.Tenant("acme")), apitest.User("sam"), tenancy.LevelViewer
	for _, row := range []struct {
		method, path, body string
		change             tenancy.Change
	}{
		{"POST", "/1/tenants/{acme}/users", `{"user_id":"{sam}"}`, tenancy.AddMember{Tenant: acme, User: sam, Enabled: true}},
		{"POST", "/1/tenants/{acme}/users", `{"user_id":"{sam}","role":"tenant_admin"}`, tenancy.AddMember{Tenant: acme, User: sam, Level: tenancy.LevelAdmin, Enabled: true}},
		{"POST", "/1/tenants/{acme}/users", `{"user_id":"{sam}","role":null,"tenant_role":"tenant_viewer"}`, tenancy.AddMember{Tenant: acme, User: sam, Level: viewer, Enabled: true}},
		{"POST", "/1/tenants/{acme}/users", `{"user_id":"no id"}`, tenancy.AddMember{Tenant: acme, User: api.OpaqueUserID("no id"), Enabled: true}},
		{"POST", "/1/tenants/no%20id/users", `{"user_id":"{sam}"}`, tenancy.AddMember{Tenant: tenancy.RefTo(api.OpaqueTenantID("no id")), User: sam, Enabled: true}},
		{"POST", "/1/tenants/{acme}/users/role", `{"user_id":"{sam}","role":"tenant_viewer"}`, tenancy.UpdateMember{Tenant: acme, User: sam, Adjustment: tenancy.Adjustment{Level: &viewer}}},
		{"POST", "/1/tenants/{acme}/users/role", `{"user_id":"{sam}","role":"tenant_admin"}`, tenancy.UpdateMember{Tenant: acme, User: sam, Adjustment: tenancy.Adjustment{Administrator: new(true)}}},
		{"DELETE", "/1/tenants/{acme}/users?user_id={SAM}", "", tenancy.RemoveMember{Tenant: acme, User: sam}},
		{"POST", "/1/tenants", `{"name":"Second"}`, tenancy.CreateTenant{Name: "Second"}},
		{"POST", "/1/tenants", `{"name":"Third","description":"d","custom_data":{ "a" : 1 },"tenant_id":"{acme}"}`, tenancy.CreateTenant{Name: "Third", Description: "d", CustomData: `{"a":1}`}},
		{"POST", "/1/tenants/{acme}", `{}`, tenancy.UpdateTenant{Tenant: acme}},
		{"POST", "/1/tenants/{acme}", `{"custom_data":null,"description":""}`, tenancy.UpdateTenant{Tenant: acme, CustomData: new(""), Description: new("")}},
		{"POST", "/1/tenants/{acme}/invites", `{"invited_user_email":" Nina@example.com"}`, tenancy.CreateInvitation{Tenant: acme, Email: "Nina@example.com"}},
		{"DELETE", "/1/tenants/{acme}/invites", `{"invited_user_email":"nina@example.com"}`, tenancy.DeleteInvitation{Tenant: acme, Email: "nina@example.com"}},
		{"DELETE", "/1/tenants/{acme}", "", tenancy.DeleteTenant{Tenant: acme}},
	} {
		*last = asked{}
		got := s.Ask(t, "olga", row.method, fill(row.path), fill(row.body), nil)
		want := asked{tenancy.Actor{User: apitest.User("olga"), Via: tenancy.ViaAPIKey}, row.change, tenancy.ApplyOptions{Dialect: tenancy.DialectCogniac}}
		ignored := cmp.Options{cmpopts.IgnoreFields(tenancy.CreateInvitation{}, "Code"), cmpopts.IgnoreFields(tenancy.Actor{}, "Key")} // made by chance
		if diff := cmp.Diff(want, *last, ignored); diff != "" {
			t.Errorf("%s %s = %d %s, asked (-want +got):\n%s", row.method, row.path, got.Status, got.Body, diff)
		}
	}
}

// Every answer names its decision, refusals too; unknown ids that are none are
// decided like others.
func TestAnswersNameTheirDecision(t *testing.T) {
	s := set(t, apitest.Directions{})
	for _, p := range places {
		if p.path == "/1/token?tenant_id={acme}" { // asks no gate
			continue
		}
		for _, who := range []string{p.who, "sam"} {
			got := s.Ask(t, who, p.method, fill(p.path), fill(p.body), nil)
			if id, err := uuid.Parse(got.Header.Get("X-Decision-Id")); err != nil || id.Version() != 7 {
				t.Errorf("%s %s as %s = %d: X-Decision-Id: %v", p.method, p.path, who, got.Status, err)
			}
		}
	}
}

// An unknown tenant and a foreign one are told apart by nothing but request id,
// decision id and date (contracts/README.md, rule 4).
func TestUnknownAndForeignTenantsReadTheSame(t *testing.T) {
	s := set(t, apitest.Directions{})
	for _, p := range places {
		if p.current {
			continue
		}
		answers := []apitest.Answer{}
		for _, tenant := range []string{apitest.Tenant("acme").String(), apitest.Cast()["unknown"], "no-id"} {
			path := fill(apitest.Fill(p.path, map[string]string{"acme": tenant, "globex": tenant}))
			got := s.Ask(t, "sam", p.method, path, fill(p.body), nil)
			for _, name := range []string{"X-Request-Id", "X-Decision-Id", "Date"} {
				got.Header.Del(name)
			}
			answers = append(answers, got)
		}
		if diff := cmp.Diff(answers[0], answers[1]) + cmp.Diff(answers[0], answers[2]); diff != "" {
			t.Errorf("%s %s:\n%s", p.method, p.path, diff)
		}
	}
}
