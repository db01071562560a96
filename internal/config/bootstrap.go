package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Bootstrap is the data of a first start as the file has it: nothing is
// resolved, absent texts are empty, absent switches nil.
type Bootstrap struct {
	Users       []BootstrapUser       `yaml:"users"`
	Tenants     []BootstrapTenant     `yaml:"tenants"`
	Memberships []BootstrapMembership `yaml:"memberships"`
	Keys        []BootstrapKey        `yaml:"keys"`
}

// BootstrapUser is an account.
type BootstrapUser struct {
	Line      int    `yaml:"-"` // in the file, from 1
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
	Line   int             `yaml:"-"`
	ID     string          `yaml:"id"`
	Slug   string          `yaml:"slug"`
	Name   string          `yaml:"name"`
	Owner  string          `yaml:"owner"` // a user's id or e-mail; empty: none
	Plan   string          `yaml:"plan"`
	Limits BootstrapLimits `yaml:"limits"`
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
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: want %s", node.Line, wanted["int64"])}}
	}
	w.Given = true
	return node.Decode(&w.Value)
}

// BootstrapMembership says that a user belongs to a tenant.
type BootstrapMembership struct {
	Line      int    `yaml:"-"`
	Tenant    string `yaml:"tenant"` // id or slug
	User      string `yaml:"user"`   // id or e-mail
	Level     string `yaml:"level"`
	Enabled   *bool  `yaml:"enabled"`
	Developer bool   `yaml:"developer"`
	Pending   bool   `yaml:"pending"`
	NotBefore string `yaml:"not_before"` // RFC 3339
	ExpiresAt string `yaml:"expires_at"` // RFC 3339
}

// BootstrapKey is an API key of an operator's choice.
type BootstrapKey struct {
	Line   int      `yaml:"-"`
	User   string   `yaml:"user"` // id or e-mail
	Key    string   `yaml:"key"`
	Tenant string   `yaml:"tenant"` // id or slug; empty: bound to none
	Scopes []string `yaml:"scopes"`
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

const noAliases = "aliases are not read here: write the value out, in quotes if it begins with * or &"

// checkPlain refuses what makes a file say something else than it seems to:
// aliases and merged keys, and empty list items, which the parser skips.
func checkPlain(name string, node *yaml.Node) problems {
	var wrong problems
	switch {
	case node.Kind == yaml.AliasNode || node.Tag == "!!merge":
		wrong.add("%s:%d: %s", name, node.Line, noAliases)
	case node.Kind == yaml.SequenceNode:
		for _, item := range node.Content {
			if item.Kind == yaml.ScalarNode && item.Tag == "!!null" {
				wrong.add("%s:%d: an item of the list is empty", name, item.Line)
			}
		}
	}
	for _, child := range node.Content {
		wrong = append(wrong, checkPlain(name, child)...)
	}
	return wrong
}

// syntaxProblems turns the parser's errors over a text into problems of a
// file.
func syntaxProblems(name string, data []byte, err error) problems {
	if errors.Is(err, io.EOF) {
		return problems{name + ": the file is empty"}
	}
	if alias := unknownAlias.FindStringSubmatch(err.Error()); alias != nil { // a secret that begins with * looks like one
		before, _, _ := bytes.Cut(data, []byte("*"+alias[1]))
		return problems{fmt.Sprintf("%s:%d: %s", name, bytes.Count(before, []byte("\n"))+1, noAliases)}
	}
	lines := []string{strings.TrimPrefix(err.Error(), "yaml: ")}
	var types *yaml.TypeError
	if errors.As(err, &types) {
		lines = types.Errors
	}
	var wrong problems
	for _, line := range lines {
		if field := unknownField.FindStringSubmatch(line); field != nil {
			line = field[1] + "unknown key " + shownKey(field[2])
		}
		if mismatch := goType.FindStringSubmatch(line); mismatch != nil && wanted[mismatch[2]] != "" {
			line = mismatch[1] + "want " + wanted[mismatch[2]] // without the value, which may be a password
		}
		if at := lineNumber.FindStringSubmatch(line); at != nil {
			wrong.add("%s:%s: %s", name, at[1], at[2])
			continue
		}
		wrong.add("%s:1: %s", name, line) // the parser names every line but the first
	}
	return wrong
}

var (
	unknownAlias = regexp.MustCompile(`(?s)unknown anchor '(.*)' referenced`)
	lineNumber   = regexp.MustCompile(`(?s)^line (\d+): (.*)$`)
	unknownField = regexp.MustCompile(`(?s)^(line \d+: )field (.*) not found in type \S+$`)
	goType       = regexp.MustCompile(`(?s)^(line \d+: )cannot unmarshal .* into (\S+)$`)
)

// wanted says in an operator's words what is read into a Go type.
var wanted = map[string]string{
	"config.Bootstrap":             "a mapping with users, tenants, memberships, keys",
	"[]config.BootstrapUser":       "a list of users",
	"config.BootstrapUser":         "a mapping that describes a user",
	"[]config.BootstrapTenant":     "a list of tenants",
	"config.BootstrapTenant":       "a mapping that describes a tenant",
	"config.BootstrapLimits":       "a mapping with members",
	"[]config.BootstrapMembership": "a list of memberships",
	"config.BootstrapMembership":   "a mapping that describes a membership",
	"[]config.BootstrapKey":        "a list of keys",
	"config.BootstrapKey":          "a mapping that describes a key",
	"[]string":                     "a list of texts",
	"string":                       "a text",
	"bool":                         "true or false",
	"int64":                        "a whole number",
}

// number notes where each item stands.
func (b *Bootstrap) number(root *yaml.Node) {
	for i, line := range linesOf(root, "users") {
		b.Users[i].Line = line
	}
	for i, line := range linesOf(root, "tenants") {
		b.Tenants[i].Line = line
	}
	for i, line := range linesOf(root, "memberships") {
		b.Memberships[i].Line = line
	}
	for i, line := range linesOf(root, "keys") {
		b.Keys[i].Line = line
	}
}

// linesOf gives the lines of a section's items.
func linesOf(root *yaml.Node, section string) []int {
	pairs := root.Content
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i].Value != section || pairs[i+1].Kind != yaml.SequenceNode {
			continue
		}
		lines := make([]int, len(pairs[i+1].Content))
		for j, item := range pairs[i+1].Content {
			lines[j] = item.Line
		}
		return lines
	}
	return nil
}
