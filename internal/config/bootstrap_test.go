package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBootstrap(t *testing.T) {
	got, err := ParseBootstrap("b.yaml", []byte(`# who is there on the first day
users:
  - {id: 11111111-1111-4111-8111-111111111111, email: olga@example.com, given_name: Olga, surname: O, password: "long enough", kind: human, enabled: true, signed_up: false}
  - email: mary@example.com
tenants:
  - {slug: acme, name: Acme, owner: olga@example.com, plan: free, limits: {members: 50}}
memberships:
  - {tenant: acme, user: mary@example.com, level: admin, enabled: false, developer: true, pending: true, not_before: null, expires_at: 2027-01-01T00:00:00Z}
keys:
  - {user: olga@example.com, key: 12345678901234567890123456789012, tenant: acme, scopes: [member.list]}
`))
	if err != nil {
		t.Fatal(err)
	}
	yes, no := true, false
	want := Bootstrap{
		Users: []BootstrapUser{
			{
				Line: 3, ID: "11111111-1111-4111-8111-111111111111", Email: "olga@example.com", GivenName: "Olga", Surname: "O",
				Password: "long enough", Kind: "human", Enabled: &yes, SignedUp: &no,
			},
			{Line: 4, Email: "mary@example.com"},
		},
		Tenants: []BootstrapTenant{
			{Line: 6, Slug: "acme", Name: "Acme", Owner: "olga@example.com", Plan: "free", Limits: BootstrapLimits{Members: Whole{Given: true, Value: 50}}},
		},
		Memberships: []BootstrapMembership{
			{Line: 8, Tenant: "acme", User: "mary@example.com", Level: "admin", Enabled: &no, Developer: true, Pending: true, ExpiresAt: "2027-01-01T00:00:00Z"},
		},
		Keys: []BootstrapKey{
			{Line: 10, User: "olga@example.com", Key: "12345678901234567890123456789012", Tenant: "acme", Scopes: []string{"member.list"}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestBootstrapOfADomain reads the sections beside people, tenants and keys.
func TestBootstrapOfADomain(t *testing.T) {
	got, err := ParseBootstrap("b.yaml", []byte(`
organizations:
  - {id: 1, name: Acme Group, short_name: acme-group, members: [{user: olga@example.com, admin: true, enabled: false}, {user: mary@example.com}]}
tenants:
  - {slug: acme, name: Acme, organization: acme-group}
roles: [{id: 3, tenant: acme, name: editor, actions: [resource.write]}]
projects: [{id: 5, tenant: acme, name: search}]
memberships:
  - {tenant: acme, user: mary@example.com, roles: [editor], capabilities: [manage_users], projects: [search]}
  - {tenant: acme, user: adam@example.com, projects: all}
  - {tenant: acme, user: vic@example.com, projects: []}
  - {tenant: acme, user: ina@example.com, projects: null}
datasets: [{id: 4, tenant: acme, owner: olga@example.com, name: notes}]
grants: [{dataset: notes, principal: "user:mary@example.com", permission: read}]
`))
	if err != nil {
		t.Fatal(err)
	}
	no := false
	want := Bootstrap{
		Organizations: []BootstrapOrganization{{
			Line: 3, ID: "1", Name: "Acme Group", ShortName: "acme-group",
			Members: []BootstrapOrganizationMember{{User: "olga@example.com", Admin: true, Enabled: &no}, {User: "mary@example.com"}},
		}},
		Tenants:  []BootstrapTenant{{Line: 5, Slug: "acme", Name: "Acme", Organization: "acme-group"}},
		Roles:    []BootstrapRole{{Line: 6, ID: "3", Tenant: "acme", Name: "editor", Actions: []string{"resource.write"}}},
		Projects: []BootstrapProject{{Line: 7, ID: "5", Tenant: "acme", Name: "search"}},
		Memberships: []BootstrapMembership{
			{
				Line: 9, Tenant: "acme", User: "mary@example.com", Roles: []string{"editor"}, Capabilities: []string{"manage_users"},
				Projects: ProjectAccess{Only: true, Names: []string{"search"}},
			},
			{Line: 10, Tenant: "acme", User: "adam@example.com"},
			{Line: 11, Tenant: "acme", User: "vic@example.com", Projects: ProjectAccess{Only: true, Names: []string{}}},
			{Line: 12, Tenant: "acme", User: "ina@example.com"},
		},
		Datasets: []BootstrapDataset{{Line: 13, ID: "4", Tenant: "acme", Owner: "olga@example.com", Name: "notes"}},
		Grants:   []BootstrapGrant{{Line: 14, Dataset: "notes", Principal: "user:mary@example.com", Permission: "read"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestBootstrapFilesThatAreRefused(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		p := string(c - 1)
		bomb += string(c) + ": &" + string(c) + " [" + strings.TrimSuffix(strings.Repeat("*"+p+",", 9), ",") + "]\n"
	}
	for _, tc := range []struct {
		name, file string
		want       []string // part of each problem
	}{
		{"empty", "", []string{"b.yaml: the file is empty"}},
		{"only a comment", "# nothing\n", []string{"b.yaml: the file is empty"}},
		{"an unknown section", "users: []\ngroups: []\n", []string{"b.yaml:2: unknown key groups"}},
		{"a section of a later version", "webhooks:\n- id: x\n", []string{"b.yaml:1: unknown key webhooks"}},
		{"unknown keys", "users:\n- emial: x\nmemberships:\n- {capability: []}\n", []string{"b.yaml:2: unknown key emial", "b.yaml:4: unknown key capability"}},
		{"a key in another case", "Users: []\n", []string{"b.yaml:1: unknown key Users"}},
		{"a key twice", "users:\n- email: a\n  email: b\n", []string{"b.yaml:3: mapping key"}},
		{"a section twice", "users: []\nusers: []\n", []string{"b.yaml:2: mapping key"}},
		{"a text for a list", "users: olga\n", []string{"b.yaml:1: want a list of users"}},
		{"a list at the top", "- users\n", []string{"b.yaml:1: want a mapping with organizations, users, tenants, roles, projects, memberships, datasets, grants, keys"}},
		{"a text at the top", "\nusers\n", []string{"b.yaml:2: want a mapping with organizations"}},
		{"a text for a user", "users: [olga]\n", []string{"b.yaml:1: want a mapping that describes a user"}},
		{"a mapping for a list", "keys: {user: a}\n", []string{"b.yaml:1: want a list of keys"}},
		{"a text for limits", "tenants:\n- limits: many\n", []string{"b.yaml:2: want a mapping with members"}},
		{"an unknown key of an organization's member", "organizations:\n- members:\n  - {usr: a}\n", []string{"b.yaml:3: unknown key usr"}},
		{"a text for members", "organizations:\n- members: olga\n", []string{"b.yaml:2: want a list of members"}},
		{"a text for an organization", "organizations: [acme]\n", []string{"b.yaml:1: want a mapping that describes an organization"}},
		{"a text for a role", "roles: [editor]\n", []string{"b.yaml:1: want a mapping that describes a role"}},
		{"a mapping for projects", "projects: {name: a}\n", []string{"b.yaml:1: want a list of projects"}},
		{"a word for projects", "memberships:\n- projects: some\n", []string{"b.yaml:2: want the word all, or a list of projects"}},
		{"a mapping for a member's projects", "memberships:\n- projects: {name: a}\n", []string{"b.yaml:2: want the word all, or a list of projects"}},
		{"a list among projects", "memberships:\n- projects: [[a]]\n", []string{"b.yaml:2: want a text"}},
		{"a text for a dataset", "datasets: [notes]\n", []string{"b.yaml:1: want a mapping that describes a dataset"}},
		{"a text for a grant", "grants: [read]\n", []string{"b.yaml:1: want a mapping that describes a grant"}},
		{"a text for scopes", "keys:\n- scopes: all\n", []string{"b.yaml:2: want a list of texts"}},
		{"a list for a text", "users:\n- email: [a]\n", []string{"b.yaml:2: want a text"}},
		{"a switch that is neither", "users:\n- enabled: maybe\n", []string{"b.yaml:2: want true or false"}},
		{"a limit that is no number", "tenants:\n- limits: {members: many}\n", []string{"b.yaml:2: want a whole number"}},
		{"a limit with a fraction", "tenants:\n- limits: {members: 1.5}\n", []string{"b.yaml:2: want a whole number"}},
		{"a limit too large", "tenants:\n- limits: {members: 99999999999999999999}\n", []string{"b.yaml:2: want a whole number"}},
		{"two documents", "users: []\n---\nusers: []\n", []string{"more than one document"}},
		{"no YAML", "users: [\n", []string{"b.yaml"}},
		{"a tab", "users:\n\t- email: a\n", []string{"b.yaml"}},
		{"NUL", "users: \"\x00\"\n", []string{"b.yaml"}},
		{"invalid UTF-8", "users: \"\xff\"\n", []string{"b.yaml"}},
		{"an alias", "users: &a []\ntenants: *a\n", []string{"b.yaml:2: aliases"}},
		{"a merged key", "<<: {users: []}\n", []string{"b.yaml:1: aliases"}},
		{"an alias bomb", bomb + "users: *j\n", nil},
		{"an empty item", "users:\n- email: a\n-\n", []string{"b.yaml:3: an item of the list is empty"}},
		{"a null scope", "keys:\n- scopes: [null]\n", []string{"b.yaml:2: an item of the list is empty"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := ParseBootstrap("b.yaml", []byte(tc.file))
			got := problemsOf(t, err)
			if len(got) == 0 || tc.want != nil && len(got) != len(tc.want) {
				t.Fatalf("problems = %q, want %q", got, tc.want)
			}
			for i, want := range tc.want {
				if !strings.Contains(got[i], want) || strings.Contains(got[i], "config.") || strings.Contains(got[i], "!!") {
					t.Errorf("problem %q, want %q", got[i], want)
				}
			}
		})
	}
}

// Whatever a file holds, it is read or refused, by line.
func FuzzParseBootstrap(f *testing.F) {
	f.Add("users: [{email: a}]\nkeys:\n- key: b\n")
	f.Add("users: &a [{}]\ntenants: *a\n")
	f.Add("<<: {users: []}\n")
	f.Fuzz(func(t *testing.T, file string) {
		if len(file) > fileLimit {
			return
		}
		b, err := ParseBootstrap("f", []byte(file))
		problems := problemsOf(t, err)
		if err != nil && len(problems) == 0 {
			t.Errorf("%+v, an error without a problem", b)
		}
		checkLocated(t, problems)
	})
}
