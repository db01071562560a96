package gate_test

import (
	"slices"
	"testing"

	"github.com/memberward/memberward/internal/tenancy"
)

func TestReads(t *testing.T) {
	type codeList = []tenancy.Code
	in := tenancy.RefTo(acme)
	nowhere := tenancy.RefTo(tenant(99))
	rows := []struct {
		name  string
		actor tenancy.Actor
		query tenancy.Query
		want  codeList
	}{
		{"oneself", as(mary), tenancy.GetUser{User: mary}, nil},
		{"another user", as(olga), tenancy.GetUser{User: mary}, codeList{"not_permitted"}},
		{"a user that is not there", as(olga), tenancy.GetUser{User: user(99)}, codeList{"not_permitted"}},
		{"any user, by the platform", platform, tenancy.GetUser{User: mary}, nil},
		{"none, by the platform", platform, tenancy.GetUser{User: user(99)}, codeList{"user_unknown"}},
		{"by e-mail, by the platform", platform, tenancy.FindUser{Email: " MARY@example.com"}, nil},
		{"by an unknown e-mail", platform, tenancy.FindUser{Email: "x@example.com"}, codeList{"user_unknown"}},
		{"by e-mail", as(olga), tenancy.FindUser{Email: "mary@example.com"}, codeList{"not_permitted"}},
		{"one's keys", as(mary), tenancy.ListKeys{User: mary, Limit: 10}, nil},
		{"another's keys", as(olga), tenancy.ListKeys{User: mary, Limit: 10}, codeList{"not_permitted"}},
		{"the tenant, by a viewer", as(vic), tenancy.GetTenant{Tenant: in}, nil},
		{"the tenant, by slug", as(vic), tenancy.GetTenant{Tenant: tenancy.TenantRef{Slug: "acme"}}, nil},
		{"the tenant, by a stranger", as(sam), tenancy.GetTenant{Tenant: in}, codeList{"not_a_member", "not_permitted"}},
		{"no tenant", as(sam), tenancy.GetTenant{Tenant: nowhere}, codeList{"tenant_unknown", "not_a_member", "not_permitted"}},
		{"no tenant, by the platform", platform, tenancy.GetTenant{Tenant: nowhere}, codeList{"tenant_unknown"}},
		{"the tenant, by a disabled member", as(dora), tenancy.GetTenant{Tenant: in}, codeList{"not_permitted"}},
		{"one's tenants", as(adam), tenancy.ListTenants{User: adam, Limit: 10}, nil},
		{"another's tenants", as(olga), tenancy.ListTenants{User: adam, Limit: 10}, codeList{"not_permitted"}},
		{"all tenants", as(olga), tenancy.ListTenants{Limit: 10}, codeList{"not_permitted"}},
		{"all tenants, by the platform", platform, tenancy.ListTenants{Limit: 10}, nil},
		{"a member", as(vic), tenancy.GetMember{Tenant: in, User: olga}, nil},
		{"a member who is none", as(vic), tenancy.GetMember{Tenant: in, User: sam}, codeList{"target_not_member"}},
		{"the members", as(vic), tenancy.ListMembers{Tenant: in, Limit: 10}, nil},
		{"the members, by a stranger", as(sam), tenancy.ListMembers{Tenant: in, Limit: 10}, codeList{"not_a_member", "not_permitted"}},
		{"the policies", as(sam), tenancy.GetPolicies{}, nil},
	}
	s := open(t, shipped(t))
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			out, err := s.Read(t.Context(), row.actor, row.query, tenancy.ApplyOptions{})
			s.want(row.name, s.codes(err), row.want...)
			if (err == nil) != (out.DecisionID != tenancy.DecisionID{}) {
				t.Errorf("decision id %q with error %v", out.DecisionID, err)
			}
		})
	}
}

func TestAListShowsEverybodyOnce(t *testing.T) {
	s := open(t, shipped(t))
	var listed []tenancy.UserID
	var after tenancy.UserID
	for {
		out, err := s.Read(t.Context(), as(vic), tenancy.ListMembers{Tenant: tenancy.RefTo(acme), After: after, Limit: 2}, tenancy.ApplyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		page := out.Result.([]tenancy.Member)
		for _, m := range page {
			listed, after = append(listed, m.User), m.User
		}
		if len(page) < 2 {
			break
		}
	}
	if want := []tenancy.UserID{olga, adam, mary, vic, dora, pete, eve}; !slices.Equal(listed, want) {
		t.Errorf("listed %v, want %v", listed, want)
	}
}

func TestOnesTenantsAreThoseWhereOneIsActive(t *testing.T) {
	s := open(t, shipped(t))
	for u, want := range map[tenancy.UserID]int{adam: 2, dora: 0, pete: 0, eve: 0, sam: 0} {
		out, err := s.Read(t.Context(), as(u), tenancy.ListTenants{User: u, Limit: 10}, tenancy.ApplyOptions{})
		if err != nil || len(out.Result.([]tenancy.Tenant)) != want {
			t.Errorf("the tenants of %s: %v, %v; want %d", u, out.Result, err, want)
		}
	}
}

func TestAMemberWhoWasRemovedReadsNoFurtherPage(t *testing.T) {
	s := open(t, shipped(t))
	page := tenancy.ListMembers{Tenant: tenancy.RefTo(acme), Limit: 2}
	if _, err := s.Read(t.Context(), as(vic), page, tenancy.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	s.want("removed", s.try(as(olga), remove(acme, vic)))
	page.After = adam
	_, err := s.Read(t.Context(), as(vic), page, tenancy.ApplyOptions{})
	s.want("the next page", s.codes(err), "not_a_member", "not_permitted")
}

func TestChecks(t *testing.T) {
	type codeList = []tenancy.Code
	about := func(u tenancy.UserID, action tenancy.Action, ref tenancy.TenantRef, target ...tenancy.UserID) tenancy.Question {
		q := tenancy.Question{Subject: u, Action: action, Tenant: ref}
		for _, id := range target {
			q.Resource = tenancy.Resource{Type: "user", ID: id.String()}
		}
		return q
	}
	self, in, nowhere := tenancy.UserID{}, tenancy.RefTo(acme), tenancy.RefTo(tenant(99))
	rows := []struct {
		name    string
		actor   tenancy.Actor
		q       tenancy.Question
		want    codeList // of the verdict
		refused bool     // the asking itself
	}{
		{"a member writes", as(mary), about(self, "resource.write", in), nil, false},
		{"a viewer writes", as(vic), about(self, "resource.write", in), codeList{"not_permitted"}, false},
		{"a viewer reads", as(vic), about(self, "resource.read", in), nil, false},
		{"a stranger reads", as(sam), about(self, "resource.read", in), codeList{"not_a_member", "not_permitted"}, false},
		{"an unknown tenant", as(sam), about(self, "resource.read", nowhere), codeList{"tenant_unknown", "not_a_member", "not_permitted"}, false},
		{"a disabled member reads", as(dora), about(self, "resource.read", in), codeList{"not_permitted"}, false},
		{"an action nobody knows", as(olga), about(self, "moon.land", in), codeList{"not_permitted"}, false},
		{"the platform reads", platform, about(self, "resource.read", in), nil, false},
		{"may the owner remove a member", as(olga), about(self, "member.remove", in, mary), nil, false},
		{"may a member remove the owner", as(mary), about(self, "member.remove", in, olga), codeList{"not_permitted", "owner_permanent", "rank_exceeded"}, false},
		{"may an administrator remove the owner", as(adam), about(self, "member.remove", in, olga), codeList{"owner_permanent", "rank_exceeded"}, false},
		{"may a member leave", as(mary), about(self, "member.leave", in), nil, false},
		{"may the owner leave", as(olga), about(self, "member.leave", in), codeList{"owner_permanent"}, false},
		{"may an administrator add", as(adam), about(self, "member.add", in, sam), nil, false},
		{"may the owner remove who is no id", as(olga), tenancy.Question{
			Action: "member.remove", Tenant: in, Resource: tenancy.Resource{Type: "user", ID: "nobody"},
		}, codeList{"user_unknown"}, false},
		{"the owner asks about a viewer", as(olga), about(vic, "resource.write", in), codeList{"not_permitted"}, false},
		{"an administrator asks about a member", as(adam), about(mary, "resource.write", in), nil, false},
		{"the owner asks about nobody", as(olga), about(user(99), "resource.read", in), codeList{"not_a_member", "not_permitted"}, false},
		{"the platform asks about a member", platform, about(mary, "resource.write", in), nil, false},
		{"the platform asks in an unknown tenant", platform, about(mary, "resource.write", nowhere), codeList{"tenant_unknown", "not_a_member", "not_permitted"}, false},
		{"a member asks about another", as(mary), about(vic, "resource.read", in), codeList{"not_permitted"}, true},
		{"a stranger asks about a member", as(sam), about(vic, "resource.read", in), codeList{"not_permitted"}, true},
		{"anybody asks in an unknown tenant", as(olga), about(vic, "resource.read", nowhere), codeList{"not_permitted"}, true},
		{"a disabled administrator asks", as(dora), about(vic, "resource.read", in), codeList{"not_permitted"}, true},
	}
	s := open(t, shipped(t))
	before := s.revision()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			v, err := s.Check(t.Context(), row.actor, row.q)
			got := codes(v.Reasons)
			if err != nil {
				got = s.codes(err)
			}
			s.want(row.name, got, row.want...)
			if v.Allow != (row.want == nil) || (err != nil) != row.refused {
				t.Errorf("allow %v, error %v", v.Allow, err)
			}
			if last := s.seen[len(s.seen)-1]; !slices.Equal(codes(last.Outcome.Reasons), got) || last.Allow != v.Allow || last.Outcome.DecisionID.IsZero() {
				t.Errorf("observed: %+v", last)
			}
			if v.Allow && v.Tenant != acme {
				t.Errorf("tenant %s", v.Tenant)
			}
		})
	}
	if after := s.revision(); after != before {
		t.Errorf("checks raised the revision from %d to %d", before, after)
	}
}

// TestUnknownAndForeignTenantsCannotBeToldApart compares what may be shown.
func TestUnknownAndForeignTenantsCannotBeToldApart(t *testing.T) {
	s := open(t, shipped(t))
	for _, action := range []tenancy.Action{"resource.read", "member.leave", "tenant.select", "audit.read"} {
		foreign, err1 := s.Check(t.Context(), as(sam), tenancy.Question{Action: action, Tenant: tenancy.RefTo(acme)})
		unknown, err2 := s.Check(t.Context(), as(sam), tenancy.Question{Action: action, Tenant: tenancy.RefTo(tenant(99))})
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if !slices.Equal(tenancy.Shown(foreign.Reasons), tenancy.Shown(unknown.Reasons)) ||
			foreign.PolicyRevision != unknown.PolicyRevision || foreign.PolicyRevision == "" || foreign.Revision != unknown.Revision {
			t.Errorf("%s: %+v and %+v", action, foreign, unknown)
		}
	}
}

// TestABoundKeyListsTheKeysOfItsTenantAlone: the others name tenants that its
// holder does not belong to with it.
func TestABoundKeyListsTheKeysOfItsTenantAlone(t *testing.T) {
	s := open(t, shipped(t))
	for n, of := range []tenancy.TenantRef{{}, tenancy.RefTo(acme), tenancy.RefTo(globex), {}, tenancy.RefTo(acme)} {
		id := byte(n + 1)
		s.want("a key", s.try(as(adam), tenancy.CreateKey{ID: tenancy.KeyID{id}, User: adam, Tenant: of, Digest: tenancy.Digest{id}}))
	}
	for name, row := range map[string]struct {
		actor tenancy.Actor
		want  []byte
	}{
		"bound to none": {as(adam), []byte{1, 2, 3, 4, 5}}, "bound to acme": {bound(adam, acme), []byte{2, 5}},
		"bound to globex": {bound(adam, globex), []byte{3}}, "the platform": {platform, []byte{1, 2, 3, 4, 5}},
	} {
		for limit := 1; limit <= 6; limit++ {
			outcome, err := s.Read(t.Context(), row.actor, tenancy.ListKeys{User: adam, Limit: limit}, tenancy.ApplyOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var got []byte
			for _, view := range outcome.Result.([]tenancy.KeyView) {
				got = append(got, view.ID[0])
			}
			if want := row.want[:min(limit, len(row.want))]; !slices.Equal(got, want) {
				t.Errorf("%s, at most %d: the keys %v, want %v", name, limit, got, want)
			}
		}
	}
}
