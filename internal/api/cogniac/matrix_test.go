package cogniac_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/apitest"
	"github.com/memberward/memberward/internal/tenancy"
)

// The roles of the seed's matrix, as people who have them; sam is a tenant user
// who is App Manager as well.
var columns = []struct {
	column  string
	actions []tenancy.Action
	may     map[string]bool
}{
	{
		"User management: create, delete, change permissions, invite, change the name",
		[]tenancy.Action{
			tenancy.ActionMemberAdd, tenancy.ActionMemberRemove, tenancy.ActionMemberUpdate, tenancy.ActionInvitationCreate, tenancy.ActionTenantUpdate,
		},
		map[string]bool{"adam": true, "mary": false, "sam": false, "vic": false},
	},
	{"App management", []tenancy.Action{"app.manage"}, map[string]bool{"adam": true, "mary": false, "sam": true, "vic": false}},
	{"Feedback", []tenancy.Action{"feedback.write"}, map[string]bool{"adam": true, "mary": true, "sam": true, "vic": false}},
	{"Write access to tenant data", []tenancy.Action{tenancy.ActionResourceWrite}, map[string]bool{"adam": true, "mary": true, "sam": true, "vic": false}},
	{"Read access to tenant data", []tenancy.Action{tenancy.ActionResourceRead}, map[string]bool{"adam": true, "mary": true, "sam": true, "vic": true}},
}

// Every cell of the seed's matrix of roles (contracts/cogniac.md).
func TestTheMatrixOfRoles(t *testing.T) {
	s := set(t, apitest.Directions{More: withAppManager})
	// What somebody needs to be acted upon: gus, whom nobody else is about.
	about := tenancy.Resource{Type: "user", ID: apitest.User("gus").String()}
	for _, row := range columns {
		for _, action := range row.actions {
			for who, want := range row.may {
				question := tenancy.Question{Action: action, Tenant: tenancy.RefTo(apitest.Tenant("acme")), Dialect: tenancy.DialectCogniac}
				switch action {
				case tenancy.ActionMemberAdd, tenancy.ActionMemberRemove, tenancy.ActionMemberUpdate:
					question.Resource = about
				}
				verdict, err := s.Gate.Check(t.Context(), apitest.As(who), question)
				granted := verdict.Allow || (err == nil && !tenancy.Has(verdict.Reasons, tenancy.CodeNotPermitted))
				if err != nil || granted != want {
					t.Errorf("%s, %s: %s %v %v, want granted %v", row.column, action, who, verdict.Reasons, err, want)
				}
			}
		}
	}
}

// withAppManager makes sam a tenant user of acme who holds the role of an App
// Manager.
func withAppManager(s *tenancy.Seed) {
	role := tenancy.Role{
		ID: tenancy.RoleID(uuid.MustParse("0190ffff-0000-7000-8000-000000000001")), Tenant: apitest.Tenant("acme"), Name: "app_manager",
		Actions: []tenancy.Action{"app.manage"},
	}
	s.Roles = append(s.Roles, role)
	s.Memberships = append(s.Memberships, tenancy.Membership{
		Tenant: apitest.Tenant("acme"), User: apitest.User("sam"), Level: tenancy.LevelMember, Enabled: true, Roles: []tenancy.RoleID{role.ID},
	})
}
