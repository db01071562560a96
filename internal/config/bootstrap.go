package config

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Bootstrap is the data of a first start as the file has it: nothing is
// resolved, absent texts are empty, absent switches nil.
type Bootstrap struct {
	Organizations []BootstrapOrganization `yaml:"organizations"`
	Users         []BootstrapUser         `yaml:"users"`
	Tenants       []BootstrapTenant       `yaml:"tenants"`
	Roles         []BootstrapRole         `yaml:"roles"`
	Projects      []BootstrapProject      `yaml:"projects"`
	Memberships   []BootstrapMembership   `yaml:"memberships"`
	Datasets      []BootstrapDataset      `yaml:"datasets"`
	Grants        []BootstrapGrant        `yaml:"grants"`
	Keys          []BootstrapKey          `yaml:"keys"`
	Entities      []BootstrapEntity       `yaml:"entities"`
}

// BootstrapOrganization stands above tenants.
type BootstrapOrganization struct {
	Line      int                           `yaml:"-"` // in the file, from 1
	ID        string                        `yaml:"id"`
	Name      string                        `yaml:"name"`
	ShortName string                        `yaml:"short_name"`
	Members   []BootstrapOrganizationMember `yaml:"members"`
}

// BootstrapOrganizationMember says that a user belongs to an organization.
type BootstrapOrganizationMember struct {
	User    string `yaml:"user"` // id or e-mail
	Admin   bool   `yaml:"admin"`
	Enabled *bool  `yaml:"enabled"`
}

// BootstrapUser is an account.
type BootstrapUser struct {
	Line      int    `yaml:"-"`
	ID        string `yaml:"id"`
	Email     string `yaml:"email"`
	GivenName string `yaml:"given_name"`
	Surname   string `yaml:"surname"`
	Password  string `yaml:"password"` // empty: cannot sign in with one
	Kind      string `yaml:"kind"`
	Enabled   *bool  `yaml:"enabled"`
	SignedUp  *bool  `yaml:"signed_up"`
}

// BootstrapTenant is a tenant. Its owner's membership is implied.
type BootstrapTenant struct {
	Line         int             `yaml:"-"`
	ID           string          `yaml:"id"`
	Slug         string          `yaml:"slug"`
	Name         string          `yaml:"name"`
	Owner        string          `yaml:"owner"` // a user's id or e-mail; empty: none
	Plan         string          `yaml:"plan"`
	Limits       BootstrapLimits `yaml:"limits"`
	Organization string          `yaml:"organization"` // id or short name; empty: one of its own
}

// BootstrapLimits are a tenant's.
type BootstrapLimits struct {
	Members Whole `yaml:"members"`
}

// Whole is a whole number that may be absent. The parser would cut the
// fraction off another.
type Whole struct {
	Given bool
	Value int64
}

// UnmarshalYAML reads an integer; null counts as absent.
func (w *Whole) UnmarshalYAML(node *yaml.Node) error {
	if node.Tag != "!!int" {
		return mismatch(node, "int64")
	}
	w.Given = true
	return node.Decode(&w.Value)
}

// BootstrapMembership says that a user belongs to a tenant.
type BootstrapMembership struct {
	Line         int           `yaml:"-"`
	Tenant       string        `yaml:"tenant"` // id or slug
	User         string        `yaml:"user"`   // id or e-mail
	Level        string        `yaml:"level"`
	Roles        []string      `yaml:"roles"` // ids or names
	Enabled      *bool         `yaml:"enabled"`
	Developer    bool          `yaml:"developer"`
	Pending      bool          `yaml:"pending"`
	NotBefore    string        `yaml:"not_before"` // RFC 3339
	ExpiresAt    string        `yaml:"expires_at"` // RFC 3339
	Capabilities []string      `yaml:"capabilities"`
	Projects     ProjectAccess `yaml:"projects"`
}

// BootstrapRole is a custom role of a tenant.
type BootstrapRole struct {
	Line    int      `yaml:"-"`
	ID      string   `yaml:"id"`
	Tenant  string   `yaml:"tenant"` // id or slug
	Name    string   `yaml:"name"`
	Actions []string `yaml:"actions"`
}

// BootstrapProject is a project of a tenant.
type BootstrapProject struct {
	Line   int    `yaml:"-"`
	ID     string `yaml:"id"`
	Tenant string `yaml:"tenant"` // id or slug
	Name   string `yaml:"name"`
}

// BootstrapDataset is a dataset, with its owner.
type BootstrapDataset struct {
	Line   int    `yaml:"-"`
	ID     string `yaml:"id"`
	Tenant string `yaml:"tenant"` // id or slug; empty: it belongs to its owner alone
	Owner  string `yaml:"owner"`  // id or e-mail
	Name   string `yaml:"name"`
}

// BootstrapGrant lets somebody do something with a dataset.
type BootstrapGrant struct {
	Line       int    `yaml:"-"`
	Dataset    string `yaml:"dataset"`   // id or name
	Principal  string `yaml:"principal"` // user:…, role:tenant/…, tenant:…
	Permission string `yaml:"permission"`
}

// ProjectAccess is the word all, or a list of projects. The zero value is all.
type ProjectAccess struct {
	Only  bool     // not all: those named
	Names []string // ids or names
}

// UnmarshalYAML reads the word or the list; null counts as absent.
func (p *ProjectAccess) UnmarshalYAML(node *yaml.Node) error {
	switch {
	case node.Kind == yaml.ScalarNode && node.Value == "all":
		return nil
	case node.Kind == yaml.SequenceNode:
		p.Only = true
		return node.Decode(&p.Names)
	default:
		return mismatch(node, "config.ProjectAccess")
	}
}

// BootstrapKey is an API key of an operator's choice.
type BootstrapKey struct {
	Line   int      `yaml:"-"`
	User   string   `yaml:"user"` // id or e-mail
	Key    string   `yaml:"key"`
	Tenant string   `yaml:"tenant"` // id or slug; empty: bound to none
	Scopes []string `yaml:"scopes"`
}

// BootstrapEntity is a subject or a resource that rules judge and that is
// neither an account nor a tenant.
type BootstrapEntity struct {
	Line       int            `yaml:"-"`
	Type       string         `yaml:"type"`
	ID         string         `yaml:"id"`
	Owner      string         `yaml:"owner"` // id of a subject of type user; empty: nobody
	Properties map[string]any `yaml:"properties"`
}

// ParseBootstrap reads a bootstrap file (YAML). Keys that are unknown or
// stand twice, values of another type and a second document are refused. The
// error is an *Invalid that names each problem as name:line.
func ParseBootstrap(name string, data []byte) (Bootstrap, error) {
	root, wrong := parseYAML(name, data)
	if err := wrong.err(); err != nil {
		return Bootstrap{}, err
	}
	if root.Kind != yaml.MappingNode {
		return Bootstrap{}, &Invalid{Problems: []string{fmt.Sprintf("%s:%d: want %s", name, root.Line, wanted["config.Bootstrap"])}}
	}
	if err := checkPlain(name, root).err(); err != nil {
		return Bootstrap{}, err
	}
	var b Bootstrap
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&b); err != nil {
		return Bootstrap{}, syntaxProblems(name, data, err).err()
	}
	b.number(root)
	return b, nil
}
