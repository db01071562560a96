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
	"config.Bootstrap":                     "a mapping with organizations, users, tenants, roles, projects, memberships, datasets, grants, keys, entities",
	"[]config.BootstrapUser":               "a list of users",
	"config.BootstrapUser":                 "a mapping that describes a user",
	"[]config.BootstrapTenant":             "a list of tenants",
	"config.BootstrapTenant":               "a mapping that describes a tenant",
	"config.BootstrapLimits":               "a mapping with members",
	"[]config.BootstrapMembership":         "a list of memberships",
	"config.BootstrapMembership":           "a mapping that describes a membership",
	"[]config.BootstrapKey":                "a list of keys",
	"config.BootstrapKey":                  "a mapping that describes a key",
	"[]config.BootstrapOrganization":       "a list of organizations",
	"config.BootstrapOrganization":         "a mapping that describes an organization",
	"[]config.BootstrapOrganizationMember": "a list of members",
	"config.BootstrapOrganizationMember":   "a mapping that describes a member of an organization",
	"[]config.BootstrapRole":               "a list of roles",
	"config.BootstrapRole":                 "a mapping that describes a role",
	"[]config.BootstrapProject":            "a list of projects",
	"config.BootstrapProject":              "a mapping that describes a project",
	"[]config.BootstrapDataset":            "a list of datasets",
	"config.BootstrapDataset":              "a mapping that describes a dataset",
	"[]config.BootstrapGrant":              "a list of grants",
	"config.BootstrapGrant":                "a mapping that describes a grant",
	"[]config.BootstrapEntity":             "a list of entities",
	"config.BootstrapEntity":               "a mapping that describes an entity",
	"map[string]interface {}":              "a mapping",
	"config.ProjectAccess":                 "the word all, or a list of projects",
	"config.RouteFile":                     "a mapping with routes, default, examples",
	"[]config.Route":                       "a list of routes",
	"config.Route":                         "a mapping that describes a route",
	"config.RouteMethods":                  "a mapping from methods to actions, or a list of methods where the route is public",
	"config.RouteTenant":                   "a text in quotes such as \"{tenant}\", or {header: NAME}",
	"config.RouteResource":                 "a mapping with type and id",
	"[]config.RouteExample":                "a list of examples",
	"config.RouteExample":                  "a mapping that describes an example",
	"map[string]string":                    "a mapping from names to texts",
	"[]string":                             "a list of texts",
	"string":                               "a text",
	"bool":                                 "true or false",
	"int64":                                "a whole number",
}

// number notes where each item stands.
func (b *Bootstrap) number(root *yaml.Node) {
	number(root, "organizations", b.Organizations, func(o *BootstrapOrganization) *int { return &o.Line })
	number(root, "users", b.Users, func(u *BootstrapUser) *int { return &u.Line })
	number(root, "tenants", b.Tenants, func(t *BootstrapTenant) *int { return &t.Line })
	number(root, "roles", b.Roles, func(r *BootstrapRole) *int { return &r.Line })
	number(root, "projects", b.Projects, func(p *BootstrapProject) *int { return &p.Line })
	number(root, "memberships", b.Memberships, func(m *BootstrapMembership) *int { return &m.Line })
	number(root, "datasets", b.Datasets, func(d *BootstrapDataset) *int { return &d.Line })
	number(root, "grants", b.Grants, func(g *BootstrapGrant) *int { return &g.Line })
	number(root, "keys", b.Keys, func(k *BootstrapKey) *int { return &k.Line })
	number(root, "entities", b.Entities, func(e *BootstrapEntity) *int { return &e.Line })
}

func number[T any](root *yaml.Node, section string, items []T, line func(*T) *int) {
	for i, at := range linesOf(root, section) {
		*line(&items[i]) = at
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
