package app

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/authn"
	"github.com/memberward/memberward/internal/config"
	"github.com/memberward/memberward/internal/tenancy"
)

// resolveText resolves a file at noon, with ids that count up.
func resolveText(t *testing.T, text string) (tenancy.Seed, error) {
	t.Helper()
	file, err := config.ParseBootstrap("b", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var last byte
	newID := func() uuid.UUID {
		last++
		return uuid.UUID{last}
	}
	return newResolver("b", newID, time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)).resolve(file)
}

func TestResolve(t *testing.T) {
	const olga, acme = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
	got, err := resolveText(t, `
users:
  - {id: `+olga+`, email: " Olga@Example.com ", given_name: Olga, surname: O, password: "long enough"}
  - {email: robot@example.com, kind: service, enabled: false}
  - {email: ina@example.com, signed_up: false}
tenants:
  - {id: `+acme+`, name: "Acme & Sons", owner: olga@example.com, plan: free, limits: {members: 5}}
  - {slug: globex, name: Globex}
memberships:
  - {tenant: acme-sons, user: ROBOT@example.com, level: admin, developer: true, enabled: false}
  - {tenant: globex, user: `+strings.ToUpper(olga)+`, level: viewer, not_before: 2026-05-04T11:00:00Z, expires_at: 2027-05-04T14:00:00+02:00}
  - {tenant: `+acme+`, user: ina@example.com, not_before: 2026-05-05T00:00:00Z}
keys:
  - {user: olga@example.com, key: "a key of at least 32 characters!", tenant: globex, scopes: [member.list]}
entities:
  - {type: record, id: record-1, owner: alice, properties: {status: active, n: 9007199254740993}}
`)
	if err != nil {
		t.Fatal(err)
	}
	olgaID, acmeID := tenancy.UserID(uuid.MustParse(olga)), tenancy.TenantID(uuid.MustParse(acme))
	robot, ina, globex := tenancy.UserID{2}, tenancy.UserID{3}, tenancy.TenantID{5}
	want := tenancy.Seed{
		Users: []tenancy.User{
			{ID: olgaID, Email: "Olga@Example.com", GivenName: "Olga", Surname: "O", Kind: tenancy.KindHuman, Enabled: true, SignedUp: true},
			{ID: robot, Email: "robot@example.com", Kind: tenancy.KindService, SignedUp: true},
			{ID: ina, Email: "ina@example.com", Kind: tenancy.KindHuman, Enabled: true},
		},
		Tenants: []tenancy.Tenant{
			{ID: acmeID, Slug: "acme-sons", Name: "Acme & Sons", Owner: olgaID, Plan: "free", MemberLimit: 5},
			{ID: globex, Slug: "globex", Name: "Globex", MemberLimit: tenancy.Unlimited},
		},
		Memberships: []tenancy.Membership{
			{Tenant: acmeID, User: robot, Level: tenancy.LevelAdmin, Developer: true},
			{Tenant: globex, User: olgaID, Level: tenancy.LevelViewer, Enabled: true, ExpiresAt: time.Date(2027, 5, 4, 12, 0, 0, 0, time.UTC)},
			{Tenant: acmeID, User: ina, Level: tenancy.LevelMember, Enabled: true, Pending: true, NotBefore: time.Date(2026, 5, 5, 0, 0, 0, 0, time.UTC)},
		},
		Keys: []tenancy.Key{{
			ID: tenancy.KeyID{6}, Label: "bootstrap", User: olgaID, Tenant: globex, Scopes: []tenancy.Action{"member.list"},
			Digest: authn.DigestOf("a key of at least 32 characters!"),
		}},
		Entities: []tenancy.Entity{{
			EntityRef: tenancy.EntityRef{Type: "record", ID: "record-1"}, Owner: "alice", Properties: `{"n":9007199254740993,"status":"active"}`,
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestResolveNamesEveryProblem(t *testing.T) {
	key := strings.Repeat("k", 32)
	const atLeastOne = "b: a bootstrap file names at least one user"
	for _, tc := range []struct {
		name, text string
		want       []string // part of each problem; none: accepted
	}{
		{"nothing", "users: []\n", []string{atLeastOne}},
		{"no e-mail", "users: [{}]\n", []string{"b:1: email"}},
		{"no e-mail address", "users: [{email: olga}]\n", []string{"b:1: email"}},
		{"an id that is none", "users: [{id: x, email: a@b}]\n", []string{"b:1: id"}},
		{"an address twice", "users:\n- email: a@b\n- email: A@B\n", []string{"b:3: another user has a@b"}},
		{"an id twice", "users:\n- {id: 11111111-1111-4111-8111-111111111111, email: a@b}\n- {id: 11111111-1111-4111-8111-111111111111, email: c@d}\n", []string{"b:3: another user"}},
		{"an unknown kind", "users: [{email: a@b, kind: robot}]\n", []string{"kind"}},
		{"a short password", "users: [{email: a@b, password: secret}]\n", []string{"password: has 6 bytes"}},
		{"a name with a line break", "users: [{email: a@b, given_name: \"a\\nb\", surname: \"\\u0001\"}]\n", []string{"given_name", "surname"}},
		{"no name", "tenants: [{slug: a}]\n", []string{atLeastOne, "name: is missing"}},
		{"a name without a slug in it", "tenants: [{name: ÄÖÜ}]\n", []string{atLeastOne, "slug"}},
		{"a reserved slug", "tenants: [{slug: current, name: A}]\n", []string{atLeastOne, "slug"}},
		{"a slug twice", "tenants:\n- {name: Acme}\n- {name: ACME}\n", []string{atLeastOne, "b:3: another tenant has acme"}},
		{"no room at all", "tenants: [{slug: a, name: A, limits: {members: 0}}]\n", []string{atLeastOne, "limits"}},
		{"an unknown owner", "tenants: [{slug: a, name: A, owner: a@b}]\n", []string{atLeastOne, "owner: no user"}},
		{"a disabled owner", "users: [{email: a@b, enabled: false}]\ntenants: [{slug: a, name: A, owner: a@b}]\n", []string{"b:2: owner"}},
		{"an owner who has not signed up", "users: [{email: a@b, signed_up: false}]\ntenants: [{slug: a, name: A, owner: a@b}]\n", []string{"b:2: owner"}},
		{"a membership of nobody in nothing", "memberships: [{}]\n", []string{atLeastOne, "user: no user", "tenant: no tenant"}},
		{"an unknown level", "users: [{email: a@b}]\ntenants: [{name: A}]\nmemberships: [{tenant: a, user: a@b, level: boss}]\n", []string{"b:3: level"}},
		{"a time that is none", "users: [{email: a@b}]\ntenants: [{name: A}]\nmemberships: [{tenant: a, user: a@b, expires_at: tomorrow}]\n", []string{"expires_at: want a time"}},
		{"an end before the beginning", "users: [{email: a@b}]\ntenants: [{name: A}]\nmemberships: [{tenant: a, user: a@b, not_before: 2028-01-01T00:00:00Z, expires_at: 2027-01-01T00:00:00Z}]\n", []string{"expires_at: is not after"}},
		{"a membership twice", "users: [{email: a@b}]\ntenants: [{name: A}]\nmemberships:\n- {tenant: a, user: a@b}\n- {tenant: a, user: A@B}\n", []string{"b:5: A@B is in a twice"}},
		{"a short key", "users: [{email: a@b}]\nkeys: [{user: a@b, key: short}]\n", []string{"key: a key has 32 to 256 characters, not 5"}},
		{"a key twice", "users: [{email: a@b}]\nkeys:\n- {user: a@b, key: " + key + "}\n- {user: a@b, key: " + key + "}\n", []string{"b:4: key: another one"}},
		{"entities alone", "entities: [{type: record, id: \"1\", owner: alice, properties: {a: [1, {b: c}], t: 2026-01-01}}, {type: user, id: alice}]\n", nil},
		{"entities, and a tenant without users", "entities: [{type: record, id: r}]\ntenants: [{name: A}]\n", []string{atLeastOne}},
		{"an entity of nothing", "entities: [{}]\n", []string{"b:1: entity: the type of an entity has 1 to 128 bytes"}},
		{"an account as an entity", "entities: [{type: user, id: 11111111-1111-4111-8111-111111111111}]\n", []string{"b:1: entity: a user whose id is a UUID"}},
		{"an entity twice", "entities:\n- {type: a, id: b}\n- {type: a, id: b}\n", []string{"b:3: the entity a b stands there twice"}},
		{"two owners", "entities: [{type: a, id: b, owner: c, properties: {owner: d}}]\n", []string{"the owner is given twice"}},
		{"properties that JSON has no word for", "entities: [{type: a, id: b, properties: {n: .nan}}]\n", []string{"b:1: properties"}},
		{"large properties", "entities: [{type: a, id: b, properties: {x: " + strings.Repeat("x", tenancy.PropertiesLimit) + "}}]\n", []string{"b:1: properties: properties have at most"}},
		{"a key of nobody, for nothing", "keys: [{user: a@b, key: " + key + ", tenant: x}]\n", []string{atLeastOne, "user: no user", "tenant: no tenant"}},
		{"a scope that is no action", "users: [{email: a@b}]\nkeys: [{user: a@b, key: " + key + ", scopes: [\"Member List\"]}]\n", []string{"scopes"}},
		{"several at once", "users: [{email: a}]\ntenants: [{slug: B!}]\nkeys: [{}]\n", []string{"email", "name", "slug", "user", "key"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := resolveText(t, tc.text)
			var invalid *config.Invalid
			if !errors.As(err, &invalid) {
				if err != nil || tc.want != nil {
					t.Errorf("err = %v, want %q", err, tc.want)
				}
				return
			}
			if len(invalid.Problems) != len(tc.want) {
				t.Fatalf("problems = %q, want %q", invalid.Problems, tc.want)
			}
			for i, want := range tc.want {
				if !strings.Contains(invalid.Problems[i], want) {
					t.Errorf("problem %q, want %q", invalid.Problems[i], want)
				}
			}
			if strings.Contains(err.Error(), key) {
				t.Errorf("a key is shown: %v", err)
			}
		})
	}
}
