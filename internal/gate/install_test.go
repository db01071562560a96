package gate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// domainSeed is a tenant with one of everything.
func domainSeed() tenancy.Seed {
	t, above := tenant(60), tenancy.OrganizationID{60}
	return tenancy.Seed{
		Organizations:       []tenancy.Organization{{ID: above, Name: "Group", ShortName: "group"}},
		Users:               []tenancy.User{{ID: user(60), Email: "o60@example.com", SignedUp: true, Enabled: true}, {ID: user(61), Email: "m61@example.com", SignedUp: true, Enabled: true}},
		OrganizationMembers: []tenancy.OrganizationMember{{Organization: above, User: user(61), Admin: true, Enabled: true}},
		Tenants:             []tenancy.Tenant{{ID: t, Slug: "t60", Name: "T", Owner: user(60), MemberLimit: 5, Organization: above}},
		Roles:               []tenancy.Role{{ID: tenancy.RoleID{60}, Tenant: t, Name: "editor", Actions: []tenancy.Action{"resource.write", "app.manage"}}},
		Projects:            []tenancy.Project{{ID: tenancy.ProjectID{60}, Tenant: t, Name: "first"}, {ID: tenancy.ProjectID{61}, Tenant: t, Name: "second"}},
		Memberships: []tenancy.Membership{
			{Tenant: t, User: user(60), Level: tenancy.LevelOwner, Enabled: true, Roles: []tenancy.RoleID{{60}}},
			{Tenant: t, User: user(61), Level: tenancy.LevelMember, Enabled: true, Projects: tenancy.NewProjectAccess([]tenancy.ProjectID{{61}})},
		},
		Datasets: []tenancy.Dataset{{ID: tenancy.DatasetID{60}, Tenant: t, Owner: user(60), Name: "notes"}, {ID: tenancy.DatasetID{61}, Owner: user(61), Name: "own"}},
		Grants: []tenancy.Grant{
			{Dataset: tenancy.DatasetID{60}, Principal: tenancy.RolePrincipal(tenancy.RoleID{60}), Permissions: tenancy.PermissionRead},
			{Dataset: tenancy.DatasetID{60}, Principal: tenancy.RolePrincipal(tenancy.RoleID{60}), Permissions: tenancy.PermissionWrite},
		},
	}
}

// TestInstallADomain puts in one of everything.
func TestInstallADomain(t *testing.T) {
	s := open(t, allowAll)
	seed := domainSeed()
	seed.Tenants = append(seed.Tenants, tenancy.Tenant{ID: tenant(62), Slug: "t62", Name: "T62", Owner: user(60), MemberLimit: 5})
	if _, err := s.Install(t.Context(), seed); err != nil {
		t.Fatal(err)
	}
	if got := s.tenant(tenant(60)).Organization; got != seed.Organizations[0].ID {
		t.Errorf("the tenant belongs to %s", got)
	}
	own := s.tenant(tenant(62)).Organization
	s.view(func(r gate.Reader) error {
		above, _, err := r.Organization(own)
		place, _, _ := r.OrganizationMember(own, user(60))
		if err != nil || above.Own != tenant(62) || !place.Administers() {
			t.Errorf("a tenant without an organization has %+v, its owner is %+v there (%v)", above, place, err)
		}
		first, _, _ := r.Project(tenancy.ProjectID{60})
		second, _, _ := r.Project(tenancy.ProjectID{61})
		if !first.Default || second.Default {
			t.Errorf("default projects: %t, %t; want the first", first.Default, second.Default)
		}
		for principal, want := range map[tenancy.PrincipalID]tenancy.Permissions{
			tenancy.PrincipalID(user(60)): tenancy.AllPermissions, {60}: tenancy.PermissionRead | tenancy.PermissionWrite,
		} {
			if grant, err := r.Grant(tenancy.DatasetID{60}, principal); err != nil || grant.Permissions != want {
				t.Errorf("%s may %v (%v), want %v", principal, grant.Permissions.Names(), err, want.Names())
			}
		}
		role, _, err := r.Role(tenancy.RoleID{60})
		if diff := cmp.Diff([]tenancy.Action{"app.manage", "resource.write"}, role.Actions); diff != "" {
			t.Errorf("the role's actions: %s", diff)
		}
		return err
	})
	if owner, _ := s.membership(tenant(60), user(60)); owner.Level != tenancy.LevelOwner || len(owner.Roles) != 1 {
		t.Errorf("the owner's membership is %+v, want it with the role", owner)
	}
}

// TestInstallRefusesWhatDoesNotHangTogether: each mistake names its item, and
// nothing is installed.
func TestInstallRefusesWhatDoesNotHangTogether(t *testing.T) {
	s := open(t, allowAll)
	before := s.revision()
	for name, tc := range map[string]struct {
		spoil func(*tenancy.Seed)
		want  string
	}{
		"an organization's id twice": {func(s *tenancy.Seed) { s.Organizations = append(s.Organizations, s.Organizations[0]) }, "organization group: the id"},
		"a short name twice": {func(s *tenancy.Seed) {
			s.Organizations = append(s.Organizations, tenancy.Organization{ID: tenancy.OrganizationID{9}, ShortName: "group"})
		}, "organization group: an organization with this short name"},
		"nobody in an organization": {func(s *tenancy.Seed) { s.OrganizationMembers[0].User = user(99) }, "in organization"},
		"a place twice":             {func(s *tenancy.Seed) { s.OrganizationMembers = append(s.OrganizationMembers, s.OrganizationMembers[0]) }, "it is there twice"},
		"an unknown organization":   {func(s *tenancy.Seed) { s.Tenants[0].Organization = tenancy.OrganizationID{9} }, "tenant t60: the organization does not exist"},
		"a role of no tenant":       {func(s *tenancy.Seed) { s.Roles[0].Tenant = tenant(99) }, "role editor: the tenant"},
		"a role's name twice": {func(s *tenancy.Seed) {
			s.Roles = append(s.Roles, tenancy.Role{ID: tenancy.RoleID{9}, Tenant: tenant(60), Name: "editor"})
		}, "role editor: a role with this name"},
		"a project of no tenant":        {func(s *tenancy.Seed) { s.Projects[0].Tenant = tenant(99) }, "project first: the tenant"},
		"a role of another tenant":      {func(s *tenancy.Seed) { s.Memberships[1].Tenant, s.Memberships[1].Roles = acme, []tenancy.RoleID{{60}} }, "the role"},
		"a project of another tenant":   {func(s *tenancy.Seed) { s.Memberships[1].Tenant = acme }, "the project"},
		"the owner, with an unknown":    {func(s *tenancy.Seed) { s.Memberships[0].Roles = []tenancy.RoleID{{9}} }, "the role"},
		"a dataset of nobody":           {func(s *tenancy.Seed) { s.Datasets[0].Owner = user(99) }, "dataset notes: the owner"},
		"a grant on nothing":            {func(s *tenancy.Seed) { s.Grants[0].Dataset = tenancy.DatasetID{9} }, "the dataset"},
		"a grant for a stranger":        {func(s *tenancy.Seed) { s.Grants[0].Principal = tenancy.UserPrincipal(mary) }, "that it is for"},
		"a user's id as that of a role": {func(s *tenancy.Seed) { s.Grants[0].Principal = tenancy.RolePrincipal(tenancy.RoleID(user(61))) }, "that it is for"},
	} {
		seed := domainSeed()
		tc.spoil(&seed)
		if _, err := s.Install(t.Context(), seed); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
	if after := s.revision(); after != before {
		t.Errorf("the revision went from %d to %d", before, after)
	}
}
