package gate_test

import (
	"testing"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

func TestAccountsAndKeys(t *testing.T) {
	type codeList = []tenancy.Code
	registering := tenancy.Actor{Registering: true, Via: tenancy.ViaNothing}
	theirs := tenancy.CreateKey{ID: tenancy.KeyID{1}, User: mary, Digest: tenancy.Digest{1}}
	toAcme, toGuild, toNone := theirs, theirs, theirs
	toAcme.Tenant, toGuild.Tenant, toNone.Tenant = tenancy.RefTo(acme), tenancy.RefTo(guild), tenancy.RefTo(tenant(99))
	rows := []struct {
		name   string
		actor  tenancy.Actor
		change tenancy.Change
		want   codeList
	}{
		{"the platform creates a user", platform, tenancy.CreateUser{Email: "new@example.com"}, nil},
		{"with a taken address in another spelling", platform, tenancy.CreateUser{Email: "Olga@Example.COM"}, codeList{"email_taken"}},
		{"with a taken id", platform, tenancy.CreateUser{ID: olga, Email: "new@example.com"}, codeList{"id_taken"}},
		{"a user creates a user", as(olga), tenancy.CreateUser{Email: "new@example.com"}, codeList{"not_permitted"}},
		{"somebody registers", registering, tenancy.CreateUser{Email: "new@example.com"}, nil},
		{"somebody registers a taken address", registering, tenancy.CreateUser{Email: "olga@example.com"}, codeList{"email_taken"}},
		{"somebody registers over an account", registering, tenancy.CreateUser{ID: olga, Email: "new@example.com"}, codeList{"id_taken"}},

		{"the platform signs a reserved address up", platform, tenancy.CreateUser{Email: "Res@example.com"}, nil},
		{"under its own id", platform, tenancy.CreateUser{ID: res, Email: "res@example.com"}, nil},
		{"under another id", platform, tenancy.CreateUser{ID: user(98), Email: "res@example.com"}, codeList{"email_taken"}},
		{"a reserved address registers", registering, tenancy.CreateUser{Email: "res@example.com"}, nil},
		{"a disabled address registers", registering, tenancy.CreateUser{Email: "off@example.com"}, codeList{"email_taken"}},
		{"a disabled account becomes an owner", platform, tenancy.CreateTenant{Name: "New", Owner: off}, codeList{"owner_permanent"}},
		{"a reserved account becomes an owner", platform, tenancy.CreateTenant{Name: "New", Owner: res}, codeList{"owner_permanent"}},
		{"a disabled member makes a key for the tenant", as(dora), tenancy.CreateKey{ID: tenancy.KeyID{1}, User: dora, Tenant: tenancy.RefTo(acme)}, codeList{"not_permitted"}},

		{"a user makes a key", as(mary), theirs, nil},
		{"the platform makes a user's key", platform, theirs, nil},
		{"another user makes it", as(olga), theirs, codeList{"not_permitted"}},
		{"another user makes it for a tenant", as(olga), toAcme, codeList{"not_permitted"}},
		{"for her tenant", as(mary), toAcme, nil},
		{"for a foreign tenant", as(mary), toGuild, codeList{"tenant_unknown", "not_permitted"}},
		{"for an unknown tenant", as(mary), toNone, codeList{"tenant_unknown", "not_permitted"}},
		{"for nobody", platform, tenancy.CreateKey{ID: tenancy.KeyID{1}, User: user(99)}, codeList{"user_unknown"}},
		{"an unknown key is revoked", as(mary), tenancy.DeleteKey{Key: tenancy.KeyID{9}}, codeList{"key_unknown", "not_permitted"}},

		{"a user makes a tenant", as(sam), tenancy.CreateTenant{Name: "New"}, nil},
		{"with an id of her choice", as(sam), tenancy.CreateTenant{ID: tenant(50), Name: "New"}, codeList{"not_permitted"}},
		{"with a taken id of her choice", as(sam), tenancy.CreateTenant{ID: acme, Name: "New"}, codeList{"not_permitted", "id_taken"}},
		{"for somebody else", as(sam), tenancy.CreateTenant{Name: "New", Owner: olga}, codeList{"not_permitted"}},
		{"the platform makes one", platform, tenancy.CreateTenant{Name: "New", Owner: sam}, nil},
		{"the platform makes one for nobody", platform, tenancy.CreateTenant{Name: "New", Owner: user(99)}, codeList{"user_unknown"}},
		{"with a taken slug", as(sam), tenancy.CreateTenant{Name: "New", Slug: "acme"}, codeList{"slug_taken"}},
		{"with a taken id", platform, tenancy.CreateTenant{ID: acme, Name: "New", Owner: sam}, codeList{"id_taken"}},

		{"a member selects", as(vic), tenancy.SelectTenant{Tenant: tenancy.RefTo(acme)}, nil},
		{"a member selects none", as(vic), tenancy.SelectTenant{}, nil},
		{"a stranger selects", as(sam), tenancy.SelectTenant{Tenant: tenancy.RefTo(acme)}, codeList{"not_a_member", "not_permitted"}},
		{"a disabled member selects", as(dora), tenancy.SelectTenant{Tenant: tenancy.RefTo(acme)}, codeList{"not_permitted"}},
		{"an unknown tenant", as(sam), tenancy.SelectTenant{Tenant: tenancy.RefTo(tenant(99))}, codeList{"tenant_unknown", "not_a_member", "not_permitted"}},
		{"the platform selects", platform, tenancy.SelectTenant{Tenant: tenancy.RefTo(acme)}, codeList{"not_permitted"}},
	}
	decider := shipped(t)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := open(t, decider)
			s.want(row.name, s.try(row.actor, row.change), row.want...)
		})
	}
}

func TestSigningUpKeepsTheIDAndEndsTheWaiting(t *testing.T) {
	for name, actor := range map[string]tenancy.Actor{"the platform": platform, "herself": {Registering: true, Via: tenancy.ViaNothing}} {
		t.Run(name, func(t *testing.T) {
			s := open(t, shipped(t))
			s.want("invited", s.try(as(olga), add(acme, res, tenancy.LevelMember)))
			if m, _ := s.membership(acme, res); !m.Pending {
				t.Fatal("a reserved account became a member that is not pending")
			}
			out, err := s.Apply(t.Context(), actor, tenancy.CreateUser{Email: "res@example.com", GivenName: "Res"}, tenancy.ApplyOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if made := out.Result.(tenancy.UserView); made.ID != res || !made.SignedUp || made.GivenName != "Res" {
				t.Errorf("signed up as %+v", made)
			}
			if m, _ := s.membership(acme, res); m.Pending || !m.Enabled {
				t.Errorf("the membership is %+v", m)
			}
		})
	}
}

func TestOnlyItsUserAndThePlatformRevokeAKey(t *testing.T) {
	s := open(t, shipped(t))
	key := tenancy.CreateKey{ID: tenancy.KeyID{1}, User: mary, Digest: tenancy.Digest{1}}
	s.want("made", s.try(as(mary), key))
	s.want("revoked by another", s.try(as(olga), tenancy.DeleteKey{Key: key.ID}), "key_unknown", "not_permitted")
	s.want("revoked", s.try(as(mary), tenancy.DeleteKey{Key: key.ID}))
	s.want("made again", s.try(as(mary), key))
	s.want("revoked by the platform", s.try(platform, tenancy.DeleteKey{Key: key.ID}))
	s.want("twice", s.try(platform, tenancy.DeleteKey{Key: key.ID}), "key_unknown")
}

func TestOnlyThePlatformRevokesAPlatformKey(t *testing.T) {
	s := open(t, shipped(t))
	key := tenancy.Key{ID: tenancy.KeyID{7}, Platform: true, Digest: tenancy.Digest{7}}
	if _, err := s.Install(t.Context(), tenancy.Seed{Keys: []tenancy.Key{key}}); err != nil {
		t.Fatal(err)
	}
	s.want("by a user", s.try(as(olga), tenancy.DeleteKey{Key: key.ID}), "key_unknown", "not_permitted")
	s.want("by the platform", s.try(platform, tenancy.DeleteKey{Key: key.ID}))
	s.want("twice", s.try(platform, tenancy.DeleteKey{Key: key.ID}), "key_unknown")
}

func TestATenantGetsItsOwnerAndASlug(t *testing.T) {
	s := open(t, shipped(t))
	seen := map[string]bool{}
	for _, name := range []string{"New Tenant", "New Tenant", "нове", "-- --"} {
		out, err := s.Apply(t.Context(), as(sam), tenancy.CreateTenant{Name: name, Select: true}, tenancy.ApplyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		made := out.Result.(tenancy.Tenant)
		if err := tenancy.CheckSlug(made.Slug); err != nil || seen[made.Slug] {
			t.Errorf("tenant %q: slug %q: %v", name, made.Slug, err)
		}
		seen[made.Slug] = true
		if m, is := s.membership(made.ID, sam); !is || m.Level != tenancy.LevelOwner || !m.LastingAdmin() {
			t.Errorf("tenant %q: its owner's membership is %+v", name, m)
		}
		s.view(func(r gate.Reader) error {
			if account, _, _ := r.User(sam); account.ActiveTenant != made.ID {
				t.Errorf("tenant %q is not the active one", name)
			}
			return nil
		})
	}
	if !seen["new-tenant"] {
		t.Errorf("slugs: %v", seen)
	}
}

func TestInstallIsAllOrNothing(t *testing.T) {
	s := open(t, allowAll)
	fresh := tenancy.User{ID: user(50), Email: "fresh@example.com", SignedUp: true, Enabled: true}
	good := tenancy.Tenant{ID: tenant(50), Slug: "fresh", Name: "Fresh", Owner: user(50), MemberLimit: 1}
	member := func(u tenancy.UserID, l tenancy.Level) tenancy.Membership {
		return tenancy.Membership{Tenant: tenant(50), User: u, Level: l, Enabled: true}
	}
	before := s.revision()
	for name, bad := range map[string]tenancy.Seed{
		"a taken id":          {Users: []tenancy.User{fresh, {ID: olga, Email: "x@example.com"}}},
		"a taken address":     {Users: []tenancy.User{fresh, {ID: user(51), Email: "FRESH@example.com"}}},
		"a taken slug":        {Tenants: []tenancy.Tenant{{ID: tenant(50), Slug: "acme"}}},
		"an unknown owner":    {Tenants: []tenancy.Tenant{good}},
		"a demoted owner":     {Users: []tenancy.User{fresh}, Tenants: []tenancy.Tenant{good}, Memberships: []tenancy.Membership{member(user(50), tenancy.LevelAdmin)}},
		"a second owner":      {Users: []tenancy.User{fresh}, Tenants: []tenancy.Tenant{good}, Memberships: []tenancy.Membership{member(sam, tenancy.LevelOwner)}},
		"over the limit":      {Users: []tenancy.User{fresh}, Tenants: []tenancy.Tenant{good}, Memberships: []tenancy.Membership{member(sam, tenancy.LevelMember)}},
		"a membership twice":  {Memberships: []tenancy.Membership{{Tenant: acme, User: mary, Level: tenancy.LevelMember}}},
		"an unknown tenant":   {Memberships: []tenancy.Membership{member(sam, tenancy.LevelMember)}},
		"an unknown member":   {Memberships: []tenancy.Membership{{Tenant: acme, User: user(99), Level: tenancy.LevelMember}}},
		"a key for nobody":    {Keys: []tenancy.Key{{ID: tenancy.KeyID{1}, User: user(99)}}},
		"a key for no tenant": {Keys: []tenancy.Key{{ID: tenancy.KeyID{1}, User: sam, Tenant: tenant(99)}}},
	} {
		if _, err := s.Install(t.Context(), bad); err == nil {
			t.Errorf("%s: installed", name)
		}
	}
	if after := s.revision(); after != before {
		t.Errorf("the revision went from %d to %d", before, after)
	}
	good.MemberLimit = 2
	_, err := s.Install(t.Context(), tenancy.Seed{
		Users: []tenancy.User{fresh}, Tenants: []tenancy.Tenant{good},
		Memberships: []tenancy.Membership{member(user(50), tenancy.LevelOwner), member(sam, tenancy.LevelMember)},
		Keys:        []tenancy.Key{{ID: tenancy.KeyID{1}, Platform: true, Digest: tenancy.Digest{1}}},
	})
	if err != nil {
		t.Errorf("a sound seed: %v", err)
	}
}
