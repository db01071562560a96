package policy

import (
	"testing"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// cogniacMatrix is the table of Cogniac's documentation, column by column: what
// stands under a heading there is these actions here (contracts/cogniac.md).
var cogniacMatrix = []struct {
	heading string
	actions []tenancy.Action
	held    map[string]bool
}{
	{"User management", []tenancy.Action{
		"member.add", "member.update", "member.remove", "invitation.create", "invitation.delete", "invitation.list", "tenant.update",
	}, map[string]bool{"tenant_admin": true, "tenant_user": false, "tenant_user, App Manager": false, "tenant_viewer": false}},
	{
		"App Management",
		[]tenancy.Action{"app.manage"},
		map[string]bool{"tenant_admin": true, "tenant_user": false, "tenant_user, App Manager": true, "tenant_viewer": false},
	},
	{
		"Feedback",
		[]tenancy.Action{"feedback.write"},
		map[string]bool{"tenant_admin": true, "tenant_user": true, "tenant_user, App Manager": true, "tenant_viewer": false},
	},
	{
		"Write access to tenant data",
		[]tenancy.Action{"resource.write"},
		map[string]bool{"tenant_admin": true, "tenant_user": true, "tenant_user, App Manager": true, "tenant_viewer": false},
	},
	{
		"Read access to tenant data",
		[]tenancy.Action{"resource.read", "tenant.read", "member.list"},
		map[string]bool{"tenant_admin": true, "tenant_user": true, "tenant_user, App Manager": true, "tenant_viewer": true},
	},
}

// cogniacRoles are the roles of the matrix as memberships.
var cogniacRoles = []struct {
	name  string
	level tenancy.Level
	roles []gate.RoleFact
	gives []tenancy.Action
}{
	{"tenant_admin", tenancy.LevelOwner, nil, nil},
	{"tenant_admin", tenancy.LevelAdmin, nil, nil},
	{"tenant_user", tenancy.LevelMember, nil, nil},
	{"tenant_user, App Manager", tenancy.LevelMember, []gate.RoleFact{{ID: tenancy.RoleID{1}, Name: "app_manager"}}, []tenancy.Action{"app.manage"}},
	{"tenant_viewer", tenancy.LevelViewer, nil, nil},
}

// TestCogniacMatrix asks every cell, at the tenant's data as they are shipped.
func TestCogniacMatrix(t *testing.T) {
	set := load(t, Embedded())
	cells := 0
	for _, column := range cogniacMatrix {
		for _, role := range cogniacRoles {
			want, stated := column.held[role.name]
			if !stated {
				t.Errorf("%s, %s: no cell", column.heading, role.name)
			}
			for _, action := range column.actions {
				in := byLevel(action, role.level)
				in.Dialect, in.Target.Level = tenancy.DialectCogniac, tenancy.LevelViewer
				in.Actor.Roles, in.Actor.Actions = role.roles, role.gives
				if cells++; allowed(t, set, in) != want {
					t.Errorf("%s, %s (%s): %s is not %t", column.heading, role.name, role.level, action, want)
				}
			}
		}
	}
	if cells != 13*len(cogniacRoles) {
		t.Errorf("%d cells were asked", cells)
	}
}

// TestCogniacMatrixIsData: another role table answers another matrix.
func TestCogniacMatrixIsData(t *testing.T) {
	table := "changes: {}\naccess: {viewer: [resource.read], member: [resource.read]}\nleave: {}\nfind: []\nuser_management_role_names: []\n"
	set := load(t, withoutTests(t, book{"roles/data.yaml": table}))
	for action, want := range map[tenancy.Action]bool{"resource.read": true, "resource.write": false, "feedback.write": false} {
		if got := allowed(t, set, byLevel(action, tenancy.LevelMember)); got != want {
			t.Errorf("%s: got %t, want %t", action, got, want)
		}
	}
}
