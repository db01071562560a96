package gate_test

import (
	"testing"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// place gives somebody a place in acme's organization.
func place(u tenancy.UserID, admin, enabled bool) tenancy.PutOrganizationMember {
	return tenancy.PutOrganizationMember{
		Organization: tenancy.OrganizationRef{Of: tenancy.RefTo(acme)}, User: u, Admin: &admin, Enabled: &enabled,
	}
}

// TestOrganizationAdministrators act in the tenants of the organization as an
// owner would, except for transfer and deletion (contracts/levels.md).
func TestOrganizationAdministrators(t *testing.T) {
	type codeList = []tenancy.Code
	rows := []struct {
		name   string
		change tenancy.Change
		want   codeList
	}{
		{"adds an administrator", add(acme, gil, tenancy.LevelAdmin), nil},
		{"makes an owner", add(acme, gil, tenancy.LevelOwner), codeList{"owner_by_transfer_only"}},
		{"demotes an administrator", level(acme, adam, tenancy.LevelViewer), nil},
		{"removes the owner", remove(acme, olga), codeList{"owner_permanent"}},
		{"makes a role of what an owner may", tenancy.CreateRole{Tenant: tenancy.RefTo(acme), Name: "boss", Actions: []tenancy.Action{tenancy.ActionTenantTransfer}}, nil},
		{"transfers the tenant", tenancy.TransferOwnership{Tenant: tenancy.RefTo(acme), To: mary}, codeList{"not_permitted", "rank_exceeded"}},
		{"deletes the tenant", tenancy.DeleteTenant{Tenant: tenancy.RefTo(acme)}, codeList{"not_permitted", "rank_exceeded"}},
		{"renames the tenant", tenancy.UpdateTenant{Tenant: tenancy.RefTo(acme), Name: new("Ours")}, nil},
		{"acts in a tenant of another organization", add(guild, sam, tenancy.LevelViewer), codeList{"not_a_member", "not_permitted", "rank_exceeded"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := open(t, shipped(t))
			s.want("the place", s.try(platform, place(sam, true, true)))
			s.want(row.name, s.try(as(sam), row.change), row.want...)
		})
	}
}

func TestAPlaceInAnOrganization(t *testing.T) {
	s := open(t, shipped(t))
	read := tenancy.Question{Action: tenancy.ActionMemberList, Tenant: tenancy.RefTo(acme)}
	may := func(what string, actor tenancy.Actor, want bool) {
		t.Helper()
		if v, err := s.Check(t.Context(), actor, read); err != nil || v.Allow != want {
			t.Errorf("%s: %v, %v, want %v", what, v.Allow, err, want)
		}
	}
	may("without a place", as(sam), false)
	s.want("a plain place", s.try(as(olga), place(sam, false, true)))
	may("with a plain place", as(sam), false)
	s.want("an administrator's", s.try(as(olga), place(sam, true, true)))
	may("as an administrator", as(sam), true)
	bound := as(sam)
	bound.Tenant = globex
	may("with a credential for another tenant", bound, false)
	s.want("suspended", s.try(as(olga), place(sam, true, false)))
	may("suspended", as(sam), false)
	s.want("by somebody suspended", s.try(as(sam), place(mary, true, true)), "not_a_member", "not_permitted")
	s.want("by a member of the tenant", s.try(as(mary), place(mary, true, true)), "not_permitted")
	s.want("by an administrator of the tenant", s.try(as(adam), place(adam, true, true)), "not_permitted")
	s.want("nobody", s.try(as(olga), place(user(99), true, true)), "user_unknown")

	of := tenancy.OrganizationRef{Of: tenancy.RefTo(acme)}
	s.want("taken", s.try(as(olga), tenancy.RemoveOrganizationMember{Organization: of, User: sam}))
	s.want("taken twice", s.try(as(olga), tenancy.RemoveOrganizationMember{Organization: of, User: sam}), "target_not_member")
	id := s.tenant(acme).Organization
	s.want("by a stranger, by id", s.try(as(sam), tenancy.UpdateOrganization{Organization: tenancy.OrganizationRef{ID: id}, Name: new("x")}),
		"organization_unknown", "not_permitted")
	s.want("unknown", s.try(as(sam), tenancy.UpdateOrganization{Organization: tenancy.OrganizationRef{ID: tenancy.OrganizationID{1}}, Name: new("x")}),
		"organization_unknown", "not_permitted")
	s.want("made by anybody", s.try(as(olga), tenancy.CreateOrganization{Name: "Mine"}), "not_permitted")
}

// TestATenantHasAnOrganization: one of its own, unless it is made in another,
// handed over with it and left by detaching.
func TestATenantHasAnOrganization(t *testing.T) {
	s := open(t, shipped(t))
	placed := func(t tenancy.Tenant, u tenancy.UserID) (place tenancy.OrganizationMember) {
		s.view(func(r gate.Reader) (err error) { place, _, err = r.OrganizationMember(t.Organization, u); return err })
		return place
	}
	made := did[tenancy.Tenant](s, as(sam), tenancy.CreateTenant{Name: "Sam's"})
	if !placed(made, sam).Administers() {
		t.Error("the owner does not administer the organization")
	}
	second := did[tenancy.Tenant](s, as(sam), tenancy.CreateTenant{Name: "Second", Organization: tenancy.OrganizationRef{ID: made.Organization}})
	if second.Organization != made.Organization {
		t.Error("made in another organization")
	}
	s.want("a stranger makes one in it", s.try(as(mary), tenancy.CreateTenant{Name: "x", Organization: tenancy.OrganizationRef{ID: made.Organization}}),
		"organization_unknown", "not_permitted")
	s.want("deleted with tenants", s.try(as(sam), tenancy.DeleteOrganization{Organization: tenancy.OrganizationRef{ID: made.Organization}}), "conflict")
	of := tenancy.OrganizationRef{Of: tenancy.RefTo(made.ID)}
	s.want("its own detached", s.try(as(sam), tenancy.DetachTenant{Organization: of, Tenant: made.ID}), "conflict")
	s.want("one of another organization", s.try(as(sam), tenancy.DetachTenant{Organization: of, Tenant: acme}), "target_not_member")
	detached := did[tenancy.Tenant](s, as(sam), tenancy.DetachTenant{Organization: of, Tenant: second.ID})
	if detached.Organization == made.Organization || !placed(detached, sam).Administers() {
		t.Errorf("detached to %v", detached.Organization)
	}

	s.want("a member", s.try(as(sam), add(made.ID, mary, tenancy.LevelMember)))
	handed := did[tenancy.Tenant](s, as(sam), tenancy.TransferOwnership{Tenant: tenancy.RefTo(made.ID), To: mary})
	if placed(handed, sam).Administers() || !placed(handed, mary).Administers() {
		t.Error("the organization was not handed over")
	}
}
