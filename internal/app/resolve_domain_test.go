package app

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/config"
	"github.com/memberward/memberward/internal/tenancy"
)

// TestResolveADomain follows every kind of reference: by id in any case, by
// e-mail, slug, short name and name.
func TestResolveADomain(t *testing.T) {
	const editor, notes = "33333333-3333-4333-8333-33333333333a", "44444444-4444-4444-8444-44444444444a"
	got, err := resolveText(t, `
users: [{email: olga@example.com}, {email: mary@example.com}]
organizations:
  - {name: Acme Group, members: [{user: olga@example.com, admin: true}, {user: mary@example.com, enabled: false}]}
tenants: [{slug: acme, name: Acme, organization: acme-group}, {slug: globex, name: Globex}]
roles:
  - {id: `+editor+`, tenant: acme, name: editor, actions: [resource.write, app.manage, resource.write]}
  - {tenant: globex, name: editor, actions: []}
projects: [{tenant: acme, name: search}, {tenant: globex, name: search}]
memberships:
  - {tenant: acme, user: olga@example.com, roles: [editor, `+strings.ToUpper(editor)+`], capabilities: [manage_users, manage_users], projects: [search]}
  - {tenant: globex, user: olga@example.com, roles: [editor], projects: []}
datasets: [{id: `+notes+`, tenant: acme, owner: olga@example.com, name: notes}, {owner: mary@example.com, name: own}]
grants:
  - {dataset: `+strings.ToUpper(notes)+`, principal: "user:MARY@example.com", permission: read}
  - {dataset: notes, principal: "role:acme/editor", permission: write}
  - {dataset: notes, principal: "tenant:acme", permission: share}
`)
	if err != nil {
		t.Fatal(err)
	}
	olga, mary, group := tenancy.UserID{1}, tenancy.UserID{2}, tenancy.OrganizationID{3}
	acme, globex := tenancy.TenantID{4}, tenancy.TenantID{5}
	editorID, notesID := tenancy.RoleID(uuid.MustParse(editor)), tenancy.DatasetID(uuid.MustParse(notes))
	want := tenancy.Seed{
		Organizations: []tenancy.Organization{{ID: group, Name: "Acme Group", ShortName: "acme-group"}},
		OrganizationMembers: []tenancy.OrganizationMember{
			{Organization: group, User: olga, Admin: true, Enabled: true}, {Organization: group, User: mary},
		},
		Roles: []tenancy.Role{
			{ID: editorID, Tenant: acme, Name: "editor", Actions: []tenancy.Action{"app.manage", "resource.write"}},
			{ID: tenancy.RoleID{7}, Tenant: globex, Name: "editor"},
		},
		Projects: []tenancy.Project{
			{ID: tenancy.ProjectID{8}, Tenant: acme, Name: "search"}, {ID: tenancy.ProjectID{9}, Tenant: globex, Name: "search"},
		},
		Memberships: []tenancy.Membership{
			{
				Tenant: acme, User: olga, Level: tenancy.LevelMember, Enabled: true, Roles: []tenancy.RoleID{editorID},
				Capabilities: []tenancy.Capability{tenancy.CapabilityManageUsers}, Projects: tenancy.NewProjectAccess([]tenancy.ProjectID{{8}}),
			},
			{
				Tenant: globex, User: olga, Level: tenancy.LevelMember, Enabled: true, Roles: []tenancy.RoleID{{7}},
				Projects: tenancy.NewProjectAccess(nil),
			},
		},
		Datasets: []tenancy.Dataset{{ID: notesID, Tenant: acme, Owner: olga, Name: "notes"}, {ID: tenancy.DatasetID{11}, Owner: mary, Name: "own"}},
		Grants: []tenancy.Grant{
			{Dataset: notesID, Tenant: acme, Principal: tenancy.UserPrincipal(mary), Permissions: tenancy.PermissionRead},
			{Dataset: notesID, Tenant: acme, Principal: tenancy.RolePrincipal(editorID), Permissions: tenancy.PermissionWrite},
			{Dataset: notesID, Tenant: acme, Principal: tenancy.TenantPrincipal(acme), Permissions: tenancy.PermissionShare},
		},
	}
	want.Users, want.Tenants = got.Users, got.Tenants
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got.Tenants[0].Organization != group || !got.Tenants[1].Organization.IsZero() {
		t.Errorf("tenants = %+v, want the first one in the organization", got.Tenants)
	}
}

func TestResolveNamesEveryProblemOfADomain(t *testing.T) {
	const people = "users: [{email: a@b}, {email: c@d}]\ntenants: [{name: A}, {name: B}]\n"
	const id = "33333333-3333-4333-8333-333333333333"
	for _, tc := range []struct {
		name, text string
		want       []string // part of each problem
	}{
		{"an organization of nothing", "organizations: [{}]\n", []string{"b:3: name: is missing", "b:3: short_name"}},
		{"an id that is none", "organizations: [{id: x, name: O}]\n", []string{"b:3: id"}},
		{"a short name twice", "organizations:\n- {name: O}\n- {name: o}\n", []string{"b:5: another organization has o"}},
		{"a reserved short name", "organizations: [{name: O, short_name: current}]\n", []string{"short_name"}},
		{"an unknown member of an organization", "organizations: [{name: O, members: [{user: x@y}]}]\n", []string{"b:3: members: no user"}},
		{"a member of an organization twice", "organizations: [{name: O, members: [{user: a@b}, {user: A@B}]}]\n", []string{"members: A@B stands there twice"}},
		{"a role of nothing", "roles: [{}]\n", []string{"tenant: no tenant", "name: is missing"}},
		{"a role that gives no action", "roles: [{tenant: a, name: r, actions: [\"Do It\"]}]\n", []string{"actions"}},
		{"a role's name twice", "roles:\n- {tenant: a, name: r}\n- {tenant: b, name: r}\n- {tenant: a, name: r}\n", []string{`b:6: another role of the tenant has the name "r"`}},
		{"a role's id twice", "roles:\n- {id: " + id + ", tenant: a, name: r}\n- {id: " + id + ", tenant: b, name: s}\n", []string{"b:5: another role has " + id}},
		{"an unknown role", "memberships: [{tenant: a, user: a@b, roles: [r]}]\n", []string{`role: no role of the tenant has the id or name "r"`}},
		{"another tenant's role, by name", "roles: [{tenant: b, name: r}]\nmemberships: [{tenant: a, user: a@b, roles: [r]}]\n", []string{"b:4: role: no role"}},
		{"another tenant's role, by id", "roles: [{id: " + id + ", tenant: b, name: r}]\nmemberships: [{tenant: a, user: a@b, roles: [" + id + "]}]\n", []string{"b:4: role: no role"}},
		{"an empty role", "roles: [{tenant: a, name: r}]\nmemberships: [{tenant: a, user: a@b, roles: [\"\"]}]\n", []string{"b:4: role: no role"}},
		{"an unknown capability", "memberships: [{tenant: a, user: a@b, capabilities: [fly]}]\n", []string{"capabilities: unknown capability"}},
		{"a project's name twice", "projects:\n- {tenant: a, name: p}\n- {tenant: a, name: p}\n", []string{"b:5: another project"}},
		{"another tenant's project", "projects: [{tenant: b, name: p}]\nmemberships: [{tenant: a, user: a@b, projects: [p]}]\n", []string{"b:4: project: no project"}},
		{"a dataset of nobody", "datasets: [{name: d}]\n", []string{"owner: no user"}},
		{"a dataset of an unknown tenant", "datasets: [{name: d, owner: a@b, tenant: x}]\n", []string{"tenant: no tenant"}},
		{"a dataset's id twice", "datasets:\n- {id: " + id + ", name: d, owner: a@b}\n- {id: " + id + ", name: e, owner: a@b}\n", []string{"b:5: another dataset has"}},
		{"a grant of nothing", "grants: [{}]\n", []string{"dataset: no dataset", "permission", "principal: want user:"}},
		{"a dataset whose name others have", "datasets:\n- {name: d, owner: a@b}\n- {name: d, owner: c@d}\ngrants: [{dataset: d, principal: \"user:a@b\", permission: read}]\n", []string{"b:6: dataset: several have the name"}},
		{"an unknown permission", "datasets: [{name: d, owner: a@b}]\ngrants: [{dataset: d, principal: \"user:a@b\", permission: own}]\n", []string{"permission"}},
		{"an unknown principal", "datasets: [{name: d, owner: a@b}]\ngrants: [{dataset: d, principal: \"user:x@y\", permission: read}]\n", []string{"principal: no user"}},
		{"a kind of principal that there is not", "datasets: [{name: d, owner: a@b}]\ngrants: [{dataset: d, principal: \"team:x\", permission: read}]\n", []string{"principal: want user:"}},
		{"a role without its tenant", "datasets: [{name: d, owner: a@b}]\ngrants: [{dataset: d, principal: \"role:r\", permission: read}]\n", []string{"tenant: no tenant"}},
		{"an unknown role of a tenant", "datasets: [{name: d, owner: a@b}]\ngrants: [{dataset: d, principal: \"role:a/r\", permission: read}]\n", []string{"role: no role"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := resolveText(t, people+tc.text)
			var invalid *config.Invalid
			if !errors.As(err, &invalid) || len(invalid.Problems) != len(tc.want) {
				t.Fatalf("err = %v, want %q", err, tc.want)
			}
			for i, want := range tc.want {
				if !strings.Contains(invalid.Problems[i], want) {
					t.Errorf("problem %q, want %q", invalid.Problems[i], want)
				}
			}
		})
	}
	if _, err := resolveText(t, "users: [{email: a@b}]\ntenants: [{name: A, organization: x}]\n"); err == nil || !strings.Contains(err.Error(), "no organization of this file") {
		t.Errorf("a tenant of an unknown organization: %v", err)
	}
}
