package processmind_test

import (
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/api/processmind"
	"github.com/memberward/memberward/internal/apitest"
	"github.com/memberward/memberward/internal/authn"
	"github.com/memberward/memberward/internal/tenancy"
)

// Above the cast of all dialects stands an organization, group, with the
// tenants acme and branch. orla administers it and owns branch; oscar and adam
// belong to it; otto administered it and is disabled there.
var above = map[string]string{
	"orla": "0190aaaa-0000-7000-8000-00000000000b", "oscar": "0190aaaa-0000-7000-8000-00000000000c", "otto": "0190aaaa-0000-7000-8000-00000000000d",
	"branch": "0190bbbb-0000-7000-8000-000000000004", "group": "0190ffff-0000-7000-8000-000000000001",
}

// cast is everybody and everything by name.
func cast() map[string]string {
	names := apitest.Cast()
	maps.Copy(names, above)
	return names
}

func id(name string) uuid.UUID { return uuid.MustParse(cast()[name]) }

func user(name string) tenancy.UserID { return tenancy.UserID(id(name)) }

func tenant(name string) tenancy.TenantRef { return tenancy.RefTo(tenancy.TenantID(id(name))) }

// fill puts the ids in the place of their names.
func fill(text string) string { return apitest.Fill(text, cast()) }

// rules loads the rule book, once for all stages.
var rules = sync.OnceValues(apitest.LoadRules)

// raise adds what stands above the tenants.
func raise(s *tenancy.Seed) {
	group := tenancy.OrganizationID(id("group"))
	s.Organizations = append(s.Organizations, tenancy.Organization{ID: group, Name: "Acme Group", ShortName: "acme-group"})
	for _, name := range []string{"orla", "oscar", "otto"} {
		s.Users = append(s.Users, tenancy.User{
			ID: user(name), Email: strings.ToUpper(name[:1]) + name[1:] + "@example.com", Kind: tenancy.KindHuman, SignedUp: true, Enabled: true,
		})
		s.Keys = append(s.Keys, tenancy.Key{ID: keyID(), User: user(name), Digest: authn.DigestOf(apitest.Key(name))})
	}
	s.Keys = append(s.Keys, tenancy.Key{
		ID: keyID(), User: user("orla"), Tenant: tenancy.TenantID(id("branch")), Digest: authn.DigestOf(apitest.Key("orla's branch")),
	}, tenancy.Key{
		ID: keyID(), User: user("greg"), Tenant: tenancy.TenantID(id("acme")), Digest: authn.DigestOf(apitest.Key("greg's acme")),
	})
	s.OrganizationMembers = append(s.OrganizationMembers,
		tenancy.OrganizationMember{Organization: group, User: user("orla"), Admin: true, Enabled: true},
		tenancy.OrganizationMember{Organization: group, User: user("oscar"), Enabled: true},
		tenancy.OrganizationMember{Organization: group, User: user("adam"), Enabled: true},
		tenancy.OrganizationMember{Organization: group, User: user("otto"), Admin: true},
	)
	s.Tenants = append(s.Tenants, tenancy.Tenant{
		ID: tenancy.TenantID(id("branch")), Slug: "branch", Name: "Branch", Owner: user("orla"), MemberLimit: tenancy.Unlimited, Organization: group,
	})
	for i := range s.Tenants {
		if s.Tenants[i].Slug == "acme" {
			s.Tenants[i].Organization, s.Tenants[i].Plan = group, "professional"
		}
	}
	for i := range s.Users {
		if s.Users[i].ID == user("mary") {
			s.Users[i].GivenName, s.Users[i].Surname = "Mary", "Moss"
		}
	}
	for i := range s.Memberships {
		if s.Memberships[i].User == user("mary") {
			s.Memberships[i].Developer = true
		}
	}
}

func keyID() tenancy.KeyID { return tenancy.KeyID(uuid.Must(uuid.NewV7())) }

// directions of a stage of this dialect.
func directions() apitest.Directions {
	return apitest.Directions{
		Dialects: func(s *apitest.Stage, gate api.Gate) []api.Dialect {
			return []api.Dialect{processmind.New(processmind.Options{Gate: gate, Authenticator: s.Authn.Door(authn.Source{ActAs: true})})}
		},
		Rules: rules, More: raise, Names: above,
	}
}

func set(t testing.TB) *apitest.Stage { return apitest.Set(t, directions()) }

// behind sets a stage with something in front of the real gate.
func behind(t testing.TB, front func(api.Gate) api.Gate) *apitest.Stage {
	with := directions()
	with.Gate = front
	return apitest.Set(t, with)
}
