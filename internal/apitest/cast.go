package apitest

import (
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/authn"
	"github.com/memberward/memberward/internal/tenancy"
)

// Password is that of everybody in the cast.
const Password = "correct horse battery staple"

// cast is who and what there is, by the names that the transcripts use. acme
// belongs to olga, with adam its admin, mary and vic; dora is disabled and eve
// expired there. guild has two administrators and no owner. globex belongs to
// greg, and has as many members as it may. sam belongs nowhere, and unknown
// names nothing.
var cast = map[string]string{
	"olga": "0190aaaa-0000-7000-8000-000000000001", "adam": "0190aaaa-0000-7000-8000-000000000002", "mary": "0190aaaa-0000-7000-8000-000000000003",
	"vic": "0190aaaa-0000-7000-8000-000000000004", "dora": "0190aaaa-0000-7000-8000-000000000005", "eve": "0190aaaa-0000-7000-8000-000000000006",
	"sam": "0190aaaa-0000-7000-8000-000000000007", "greg": "0190aaaa-0000-7000-8000-000000000008",
	"gil": "0190aaaa-0000-7000-8000-000000000009", "gus": "0190aaaa-0000-7000-8000-00000000000a",
	"acme": "0190bbbb-0000-7000-8000-000000000001", "guild": "0190bbbb-0000-7000-8000-000000000002", "globex": "0190bbbb-0000-7000-8000-000000000003",
	"unknown": "0190cccc-0000-7000-8000-000000000001",

	// Keys of theirs.
	"maryskey": "0190eeee-0000-7000-8000-000000000003", "vicskey": "0190eeee-0000-7000-8000-000000000004",
}

// people are those of the cast who have an account.
var people = []string{"olga", "adam", "mary", "vic", "dora", "eve", "sam", "greg", "gil", "gus"}

// Cast gives the ids of the cast by their names. The caller owns the map.
func Cast() map[string]string { return maps.Clone(cast) }

// User gives the id of one of the people.
func User(name string) tenancy.UserID { return tenancy.UserID(uuid.MustParse(cast[name])) }

// Tenant gives the id of a tenant.
func Tenant(name string) tenancy.TenantID { return tenancy.TenantID(uuid.MustParse(cast[name])) }

// Key gives the API key of one of the people; platform has one too.
func Key(name string) string { return "the-key-of-" + name + strings.Repeat("-", 32) }

// As gives one of the people as who asks.
func As(name string) tenancy.Actor { return tenancy.Actor{User: User(name), Via: tenancy.ViaToken} }

// Platform is the platform as who asks.
func Platform() tenancy.Actor {
	return tenancy.Actor{Platform: true, Via: tenancy.ViaPlatformKey}
}

// seed is the cast as it enters the store.
func seed(hash string) tenancy.Seed {
	s := tenancy.Seed{
		Tenants: []tenancy.Tenant{
			{ID: Tenant("acme"), Slug: "acme", Name: "Acme", Owner: User("olga"), MemberLimit: tenancy.Unlimited},
			{ID: Tenant("guild"), Slug: "guild", Name: "Guild", MemberLimit: tenancy.Unlimited},
			{ID: Tenant("globex"), Slug: "globex", Name: "Globex", Owner: User("greg"), MemberLimit: 1},
		},
		Keys: []tenancy.Key{{ID: newKeyID(), Platform: true, Digest: authn.DigestOf(Key("platform"))}},
	}
	for _, name := range people {
		s.Users = append(s.Users, tenancy.User{
			ID: User(name), Email: strings.ToUpper(name[:1]) + name[1:] + "@example.com", Kind: tenancy.KindHuman,
			SignedUp: true, Enabled: true, PasswordHash: hash,
		})
		s.Keys = append(s.Keys, tenancy.Key{ID: keyIDOf(name), User: User(name), Digest: authn.DigestOf(Key(name))})
	}
	s.Keys = append(
		s.Keys,
		tenancy.Key{ID: newKeyID(), User: User("olga"), Tenant: Tenant("acme"), Digest: authn.DigestOf(Key("olga's acme"))},
		tenancy.Key{ID: newKeyID(), User: User("olga"), Tenant: Tenant("globex"), Digest: authn.DigestOf(Key("olga's globex"))},
		tenancy.Key{ID: newKeyID(), User: User("mary"), Scopes: []tenancy.Action{tenancy.ActionMemberList}, Digest: authn.DigestOf(Key("mary's scopes"))},
		tenancy.Key{ID: newKeyID(), User: User("adam"), Scopes: []tenancy.Action{tenancy.ActionMemberList}, Digest: authn.DigestOf(Key("adam's scopes"))},
	)
	s.Memberships = []tenancy.Membership{
		{Tenant: Tenant("acme"), User: User("adam"), Level: tenancy.LevelAdmin, Enabled: true},
		{Tenant: Tenant("acme"), User: User("mary"), Level: tenancy.LevelMember, Enabled: true},
		{Tenant: Tenant("acme"), User: User("vic"), Level: tenancy.LevelViewer, Enabled: true},
		{Tenant: Tenant("acme"), User: User("dora"), Level: tenancy.LevelAdmin},
		{Tenant: Tenant("acme"), User: User("eve"), Level: tenancy.LevelAdmin, Enabled: true, ExpiresAt: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)},
		{Tenant: Tenant("guild"), User: User("gil"), Level: tenancy.LevelAdmin, Enabled: true},
		{Tenant: Tenant("guild"), User: User("gus"), Level: tenancy.LevelAdmin, Enabled: true},
	}
	return s
}

// keyIDOf gives the id of somebody's key: a new one unless the cast names it.
func keyIDOf(name string) tenancy.KeyID {
	if id, named := cast[name+"skey"]; named {
		return tenancy.KeyID(uuid.MustParse(id))
	}
	return newKeyID()
}

func newKeyID() tenancy.KeyID { return tenancy.KeyID(uuid.Must(uuid.NewV7())) }
