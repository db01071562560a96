package cognee_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/api"
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
	s := furnished(t, directions{gate: func(real api.Gate) api.Gate { return recorded{real, last} }})
	acme := tenancy.RefTo(tenant("acme"))
	readers, notes := tenancy.RoleID(uuid.MustParse(cast["readers"])), tenancy.DatasetID(uuid.MustParse(cast["notes"]))
	vic := tenancy.UserPrincipal(user("vic")).ID
	olga := tenancy.Actor{User: user("olga"), Via: tenancy.ViaAPIKey}
	rows := []struct {
		who, method, path, body string
		actor                   tenancy.Actor
		change                  tenancy.Change
	}{
		{"olga", "POST", "/api/v1/permissions/users/{sam}/tenants?tenant_id={acme}", "", olga, tenancy.AddMember{Tenant: acme, User: user("sam"), Enabled: true}},
		{"olga", "DELETE", "/api/v1/permissions/tenants/{acme}/users/{mary}", "", olga, tenancy.RemoveMember{Tenant: acme, User: user("mary")}},
		{"olga", "POST", "/api/v1/permissions/tenants?tenant_name=Second", "", olga, tenancy.CreateTenant{Name: "Second", Select: true}},
		{"olga", "POST", "/api/v1/permissions/tenants/select", `{"tenant_id":"{acme}"}`, olga, tenancy.SelectTenant{Tenant: acme}},
		{"olga", "POST", "/api/v1/permissions/tenants/select", `{"tenant_id":null}`, olga, tenancy.SelectTenant{}},
		{"olga", "POST", "/api/v1/auth/api-keys", `{"name":"laptop"}`, olga, tenancy.CreateKey{User: user("olga"), Label: "laptop", Most: 10}},
		{"olga", "DELETE", "/api/v1/auth/api-keys/{vicskey}", "", olga, tenancy.DeleteKey{Key: tenancy.KeyID(uuid.MustParse(cast["vicskey"]))}},
		{"olga", "POST", "/api/v1/permissions/roles?role_name=writers", "", olga, tenancy.CreateRole{Tenant: tenancy.TenantRef{Active: true}, Name: "writers"}},
		{
			"olga", "POST", "/api/v1/permissions/users/{vic}/roles?role_id={readers}", "", olga,
			tenancy.UpdateMember{User: user("vic"), Adjustment: tenancy.Adjustment{AddRoles: []tenancy.RoleID{readers}}},
		},
		{
			"olga", "DELETE", "/api/v1/permissions/users/{vic}/roles?role_id={readers}", "", olga,
			tenancy.UpdateMember{User: user("vic"), Adjustment: tenancy.Adjustment{DropRoles: []tenancy.RoleID{readers}}},
		},
		{"olga", "POST", "/api/v1/datasets", `{"name":"more"}`, olga, tenancy.CreateDataset{Tenant: tenancy.TenantRef{Active: true}, Name: "more"}},
		{
			"olga", "POST", "/api/v1/permissions/datasets/{vic}?permission_name=write", `["{notes}","{NOTES}"]`, olga,
			tenancy.Batch{Changes: []tenancy.Change{tenancy.GrantDataset{Dataset: notes, Principal: vic, Permissions: tenancy.PermissionWrite}}},
		},
		{
			"olga", "DELETE", "/api/v1/permissions/datasets/{vic}?permission_name=write", `["{notes}"]`, olga,
			tenancy.Batch{Changes: []tenancy.Change{tenancy.RevokeDataset{Dataset: notes, Principal: vic, Permissions: tenancy.PermissionWrite}}},
		},
		{
			"olga", "POST", "/api/v1/permissions/capabilities/{vic}?capability=manage_users&tenant_id={acme}", "", olga,
			tenancy.GrantCapability{Tenant: acme, Principal: vic, Capability: tenancy.CapabilityManageUsers},
		},
		{
			"olga", "DELETE", "/api/v1/permissions/capabilities/{readers}?capability=manage_users", "", olga,
			tenancy.RevokeCapability{Principal: tenancy.PrincipalID(readers), Capability: tenancy.CapabilityManageUsers},
		},
		{"olga", "DELETE", "/api/v1/permissions/roles/{readers}", "", olga, tenancy.DeleteRole{Role: readers}},
		{
			"platform", "POST", "/api/v1/auth/register", `{"email":"nina@example.com","password":"tell nobody this","kind":"service","is_superuser":true}`,
			tenancy.Actor{Registering: true, Via: tenancy.ViaNothing},
			tenancy.CreateUser{Email: "nina@example.com", Kind: tenancy.KindHuman},
		},
	}
	ignored := cmp.Options{
		cmpopts.IgnoreFields(tenancy.CreateKey{}, "ID", "Digest"),  // made by chance
		cmpopts.IgnoreFields(tenancy.Actor{}, "Key"),               // made anew for each stage
		cmpopts.IgnoreFields(tenancy.CreateUser{}, "PasswordHash"), // salted
	}
	for _, row := range rows {
		*last = asked{}
		got := s.Ask(t, row.who, row.method, fill(row.path), fill(row.body), nil)
		want := asked{row.actor, row.change, tenancy.ApplyOptions{Dialect: tenancy.DialectCognee}}
		if diff := cmp.Diff(want, *last, ignored); diff != "" {
			t.Errorf("%s %s = %d %s, asked (-want +got):\n%s", row.method, row.path, got.Status, got.Body, diff)
		}
		if got.Header.Get("X-Decision-Id") == "" {
			t.Errorf("%s %s: no X-Decision-Id", row.method, row.path)
		}
	}
}

// Reads are decisions too: they name theirs.
func TestReadsNameTheirDecision(t *testing.T) {
	s := furnished(t, directions{})
	for _, p := range places {
		if p.method != "GET" && p.path != "/api/v1/users/get-user-id" {
			continue
		}
		for _, who := range []string{p.who, "mary's scopes"} { // allowed, and refused by most
			got := s.Ask(t, who, p.method, fill(p.path), p.body, nil)
			if id, err := uuid.Parse(got.Header.Get("X-Decision-Id")); err != nil || id.Version() != 7 {
				t.Errorf("%s as %s = %d: X-Decision-Id: %v", p.path, who, got.Status, err)
			}
		}
	}
}
