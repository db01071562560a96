package gate_test

import (
	"errors"
	"testing"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// through applies a change that has to succeed, through a dialect, and gives
// its result.
func through[T any](s *scene, dialect tenancy.Dialect, actor tenancy.Actor, change tenancy.Change) T {
	s.t.Helper()
	outcome, err := s.Apply(s.t.Context(), actor, change, tenancy.ApplyOptions{Dialect: dialect})
	if err != nil {
		s.t.Fatalf("%T: %v", change, err)
	}
	result, ok := outcome.Result.(T)
	if !ok && outcome.Result != nil {
		s.t.Fatalf("%T: the result is a %T", change, outcome.Result)
	}
	return result
}

func did[T any](s *scene, actor tenancy.Actor, change tenancy.Change) T {
	s.t.Helper()
	return through[T](s, tenancy.DialectNative, actor, change)
}

// tryThrough is try through a dialect.
func (s *scene) tryThrough(dialect tenancy.Dialect, actor tenancy.Actor, change tenancy.Change) []tenancy.Code {
	s.t.Helper()
	_, err := s.Apply(s.t.Context(), actor, change, tenancy.ApplyOptions{Dialect: dialect})
	return s.codes(err)
}

// seen reads something that may be read, and gives the result.
func seen[T any](s *scene, actor tenancy.Actor, query tenancy.Query) T {
	s.t.Helper()
	outcome, err := s.Read(s.t.Context(), actor, query, tenancy.ApplyOptions{})
	if err != nil {
		s.t.Fatalf("%T: %v", query, err)
	}
	result, ok := outcome.Result.(T)
	if !ok {
		s.t.Fatalf("%T: the result is a %T", query, outcome.Result)
	}
	return result
}

// unseen gives the codes that a query is refused with.
func (s *scene) unseen(actor tenancy.Actor, query tenancy.Query) []tenancy.Code {
	s.t.Helper()
	_, err := s.Read(s.t.Context(), actor, query, tenancy.ApplyOptions{})
	return s.codes(err)
}

func (s *scene) role(name string, actions ...tenancy.Action) tenancy.Role {
	s.t.Helper()
	return did[tenancy.Role](s, as(olga), tenancy.CreateRole{Tenant: tenancy.RefTo(acme), Name: name, Actions: actions})
}

func hand(u tenancy.UserID, role tenancy.RoleID) tenancy.UpdateMember {
	return tenancy.UpdateMember{Tenant: tenancy.RefTo(acme), User: u, Adjustment: tenancy.Adjustment{AddRoles: []tenancy.RoleID{role}}}
}

// TestCustomRoles: what a role is, who hands it out, and what it gives.
func TestCustomRoles(t *testing.T) {
	s := open(t, shipped(t))
	editor := s.role("editor", tenancy.ActionRoleList, tenancy.ActionRoleList, "app.manage")
	if len(editor.Actions) != 2 {
		t.Errorf("actions %v, want each once", editor.Actions)
	}
	s.want("the name again", s.try(as(adam), tenancy.CreateRole{Tenant: tenancy.RefTo(acme), Name: "editor"}), "name_taken")
	s.want("the name in another tenant", s.try(as(adam), tenancy.CreateRole{Tenant: tenancy.RefTo(globex), Name: "editor"}))
	s.want("by a member", s.try(as(mary), tenancy.CreateRole{Tenant: tenancy.RefTo(acme), Name: "mine"}), "not_permitted")
	s.want("an owner's action by an administrator", s.try(as(adam),
		tenancy.CreateRole{Tenant: tenancy.RefTo(acme), Name: "boss", Actions: []tenancy.Action{tenancy.ActionTenantTransfer}}), "actions_exceeded")
	boss := s.role("boss", tenancy.ActionTenantDelete)
	s.want("handed out by an administrator", s.try(as(adam), hand(mary, boss.ID)), "actions_exceeded")
	s.want("of another tenant", s.try(as(adam), tenancy.UpdateMember{
		Tenant: tenancy.RefTo(globex), User: adam, Adjustment: tenancy.Adjustment{AddRoles: []tenancy.RoleID{editor.ID}},
	}), "role_unknown")

	manage := tenancy.Question{Action: "app.manage", Tenant: tenancy.RefTo(acme)}
	if v, err := s.Check(t.Context(), as(mary), manage); err != nil || v.Allow {
		t.Errorf("without the role: %v, %v", v.Allow, err)
	}
	before, _ := s.membership(acme, mary)
	s.want("handed out", s.try(as(adam), hand(mary, editor.ID)))
	s.want("handed out twice", s.try(as(adam), hand(mary, editor.ID)), "conflict")
	if after, _ := s.membership(acme, mary); after.Epoch <= before.Epoch {
		t.Errorf("the epoch stayed %d", after.Epoch)
	}
	if v, err := s.Check(t.Context(), as(mary), manage); err != nil || !v.Allow {
		t.Errorf("with the role: %v, %v", v.Reasons, err)
	}
	if views := seen[[]tenancy.RoleView](s, as(adam), tenancy.ListRoles{Tenant: tenancy.RefTo(acme), Limit: 10}); len(views) != 2 {
		t.Errorf("listed %v", views)
	}
	if own := seen[[]tenancy.RoleView](s, as(mary), tenancy.ListRoles{Tenant: tenancy.RefTo(acme), Own: true, Limit: 10}); len(own) != 1 || own[0].Holders != 1 {
		t.Errorf("mary's own: %v", own)
	}
	if holders := seen[[]tenancy.Member](s, as(mary), tenancy.ListHolders{Tenant: tenancy.RefTo(acme), Role: editor.ID, Limit: 10}); len(holders) != 1 {
		t.Errorf("holders: %v", holders)
	}
	s.want("holders of a role not held", s.unseen(as(mary), tenancy.ListHolders{Tenant: tenancy.RefTo(acme), Role: boss.ID, Limit: 10}), "not_permitted")

	s.want("deleted", s.try(as(adam), tenancy.DeleteRole{Role: editor.ID}))
	if m, _ := s.membership(acme, mary); len(m.Roles) != 0 {
		t.Errorf("mary still holds %v", m.Roles)
	}
	s.want("deleted twice", s.try(as(adam), tenancy.DeleteRole{Tenant: tenancy.RefTo(acme), Role: editor.ID}), "role_unknown")
}

// TestDemotionReturns: levels.md, "Demotion returns to the level held before".
func TestDemotionReturns(t *testing.T) {
	s := open(t, shipped(t))
	administrator := func(u tenancy.UserID, on bool) tenancy.UpdateMember {
		return tenancy.UpdateMember{Tenant: tenancy.RefTo(acme), User: u, Adjustment: tenancy.Adjustment{Administrator: &on}}
	}
	for _, row := range []struct {
		who    tenancy.UserID
		change tenancy.Change
		want   tenancy.Level
	}{
		{vic, administrator(vic, true), tenancy.LevelAdmin},
		{vic, administrator(vic, true), tenancy.LevelAdmin},
		{vic, administrator(vic, false), tenancy.LevelViewer},
		{vic, administrator(vic, false), tenancy.LevelViewer},
		{vic, level(acme, vic, tenancy.LevelAdmin), tenancy.LevelAdmin},
		{vic, administrator(vic, false), tenancy.LevelViewer},
		{adam, administrator(adam, false), tenancy.LevelMember}, // what he was before is unknown
	} {
		s.want("change", s.try(as(olga), row.change))
		if m, _ := s.membership(acme, row.who); m.Level != row.want {
			t.Errorf("after %+v: level %s, want %s", row.change, m.Level, row.want)
		}
	}
	s.want("the owner, now the only one", s.try(platform, administrator(olga, false)), "owner_permanent", "last_administrator")
	s.want("the owner, to what she is", s.try(platform, administrator(olga, true)))
}

// TestProjectAccess: contracts/llamacloud.md, "project_ids".
func TestProjectAccess(t *testing.T) {
	s := open(t, shipped(t))
	project := func(name string) tenancy.ProjectID {
		return did[tenancy.Project](s, as(olga), tenancy.CreateProject{Tenant: tenancy.RefTo(acme), Name: name}).ID
	}
	one, two := project("one"), project("two")
	change := func(a tenancy.Adjustment) tenancy.UpdateMember {
		return tenancy.UpdateMember{Tenant: tenancy.RefTo(acme), User: mary, Adjustment: a}
	}
	reach := func(want ...tenancy.ProjectID) {
		t.Helper()
		list := seen[[]tenancy.Project](s, as(olga), tenancy.ListProjects{Tenant: tenancy.RefTo(acme), Of: mary, Limit: 10})
		var got []tenancy.ProjectID
		for _, p := range list {
			got = append(got, p.ID)
		}
		if !equal(got, tenancy.SortIDs(want)) {
			t.Errorf("mary works in %v, want %v", got, want)
		}
	}
	reach(one, two)
	s.want("added to who works in all", s.try(as(olga), change(tenancy.Adjustment{AddProjects: []tenancy.ProjectID{one}})))
	three := project("three")
	reach(one, two, three)
	s.want("dropped of all", s.try(as(olga), change(tenancy.Adjustment{DropProjects: []tenancy.ProjectID{two}})))
	reach(one, three)
	s.want("added", s.try(as(olga), change(tenancy.Adjustment{AddProjects: []tenancy.ProjectID{two}})))
	reach(one, two, three)
	none := tenancy.NewProjectAccess(nil)
	s.want("none", s.try(as(olga), change(tenancy.Adjustment{Projects: &none})))
	reach()
	foreign := did[tenancy.Project](s, as(adam), tenancy.CreateProject{Tenant: tenancy.RefTo(globex), Name: "theirs"}).ID
	s.want("of another tenant", s.try(as(olga), change(tenancy.Adjustment{AddProjects: []tenancy.ProjectID{foreign}})), "project_unknown")
	only := tenancy.NewProjectAccess([]tenancy.ProjectID{one, one, three})
	s.want("two of them", s.try(as(olga), change(tenancy.Adjustment{Projects: &only})))
	s.want("one is deleted", s.try(as(olga), tenancy.DeleteProject{Project: one}))
	reach(three)
	s.want("a stranger's look", s.unseen(as(sam), tenancy.GetProject{Project: three}), "not_a_member", "not_permitted")
	s.want("a look at none", s.unseen(as(sam), tenancy.GetProject{Project: tenancy.ProjectID{9}}), "tenant_unknown", "not_a_member", "not_permitted")
}

func equal[T comparable](a, b []T) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// TestRemovalTakesEverything: contracts/README.md, rule 5, and re-adding
// resurrects nothing.
func TestRemovalTakesEverything(t *testing.T) {
	s := open(t, shipped(t))
	editor := s.role("editor")
	project := did[tenancy.Project](s, as(olga), tenancy.CreateProject{Tenant: tenancy.RefTo(acme), Name: "one"})
	data := did[tenancy.Dataset](s, as(olga), tenancy.CreateDataset{Tenant: tenancy.RefTo(acme), Name: "notes"})
	elsewhere := did[tenancy.Dataset](s, as(mary), tenancy.CreateDataset{Name: "mine"})
	hers := did[tenancy.Dataset](s, as(mary), tenancy.CreateDataset{Tenant: tenancy.RefTo(acme), Name: "hers"})
	access := tenancy.NewProjectAccess([]tenancy.ProjectID{project.ID})
	for _, change := range []tenancy.Change{
		tenancy.UpdateMember{Tenant: tenancy.RefTo(acme), User: mary, Adjustment: tenancy.Adjustment{
			AddRoles: []tenancy.RoleID{editor.ID}, Projects: &access,
		}},
		tenancy.GrantDataset{Dataset: data.ID, Principal: tenancy.PrincipalID(mary), Permissions: tenancy.PermissionRead},
		tenancy.GrantCapability{Tenant: tenancy.RefTo(acme), Principal: tenancy.PrincipalID(mary), Capability: tenancy.CapabilityManageUsers},
	} {
		s.want("before", s.try(as(olga), change))
	}
	s.want("removed", s.try(as(olga), remove(acme, mary)))
	s.view(func(r gate.Reader) error {
		holders, err1 := r.Holders(editor.ID, tenancy.UserID{}, 10)
		workers, err2 := r.Workers(project.ID, tenancy.UserID{}, 10)
		grants, err3 := r.GrantsOf(tenancy.PrincipalID(mary), acme, tenancy.DatasetID{}, 10)
		own, err4 := r.GrantsOf(tenancy.PrincipalID(mary), tenancy.TenantID{}, tenancy.DatasetID{}, 10)
		kept, is, err5 := r.Dataset(hers.ID)
		if len(holders)+len(workers)+len(grants) != 0 || len(own) != 1 || own[0].Dataset != elsewhere.ID || !is || kept.Owner != mary {
			t.Errorf("left: %v, %v, %v; kept: %v, %v", holders, workers, grants, own, kept)
		}
		return errors.Join(err1, err2, err3, err4, err5)
	})
	s.want("added again", s.try(as(olga), add(acme, mary, tenancy.LevelMember)))
	m, _ := s.membership(acme, mary)
	if len(m.Roles)+len(m.Capabilities) != 0 || m.Projects.Only {
		t.Errorf("came back with %+v", m)
	}
	if list := seen[[]tenancy.Dataset](s, as(mary), tenancy.ListDatasets{
		Tenant: tenancy.RefTo(acme), Principal: tenancy.PrincipalID(mary), Permission: tenancy.PermissionRead, Limit: 10,
	}); len(list) != 0 {
		t.Errorf("reads %v again", list)
	}
}

// TestADeletedTenantLeavesNothing: everything of it goes, and the organization
// that it had to itself.
func TestADeletedTenantLeavesNothing(t *testing.T) {
	s := open(t, shipped(t))
	made := did[tenancy.Tenant](s, as(sam), tenancy.CreateTenant{Name: "Sam's"})
	ref := tenancy.RefTo(made.ID)
	role := did[tenancy.Role](s, as(sam), tenancy.CreateRole{Tenant: ref, Name: "editor"})
	for _, change := range []tenancy.Change{
		tenancy.CreateProject{Tenant: ref, Name: "one"},
		tenancy.AddMember{Tenant: ref, User: mary, Enabled: true, Roles: []tenancy.RoleID{role.ID}},
		tenancy.CreateInvitation{Tenant: ref, Email: "new@example.com", Code: tenancy.Digest{1}},
		tenancy.ReportUsage{Tenant: ref, Processes: new(int64(4))},
	} {
		s.want("before", s.try(as(sam), change))
	}
	data := did[tenancy.Dataset](s, as(sam), tenancy.CreateDataset{Tenant: ref, Name: "notes"})
	for _, principal := range []tenancy.PrincipalID{tenancy.PrincipalID(role.ID), tenancy.PrincipalID(made.ID), tenancy.PrincipalID(mary)} {
		s.want("shared", s.try(as(sam), tenancy.GrantDataset{Dataset: data.ID, Principal: principal, Permissions: tenancy.PermissionRead}))
	}
	s.want("deleted", s.try(as(sam), tenancy.DeleteTenant{Tenant: ref}))
	s.view(func(r gate.Reader) error {
		_, dataset, err1 := r.Dataset(data.ID)
		_, above, err2 := r.Organization(made.Organization)
		_, held, err3 := r.Role(role.ID)
		_, coded, err4 := r.InvitationByCode(tenancy.Digest{1})
		usage, err5 := r.Usage(made.ID)
		if dataset || above || held || coded || usage != (tenancy.Usage{}) {
			t.Errorf("left: dataset %t, organization %t, role %t, invitation %t, usage %+v", dataset, above, held, coded, usage)
		}
		return errors.Join(err1, err2, err3, err4, err5)
	})
}
