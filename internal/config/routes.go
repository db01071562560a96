package config

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// RouteFile is a table of routes for proxy checks as the file has it: nothing
// is compiled, absent texts are empty.
type RouteFile struct {
	Name     string         `yaml:"-"`       // of the file
	Mapping  string         `yaml:"mapping"` // rego: by a rule of the policies, and there are no routes; else table, or empty
	Routes   []Route        `yaml:"routes"`
	Default  string         `yaml:"default"` // deny, or empty: what falls under no route is denied
	Examples []RouteExample `yaml:"examples"`
}

// Route maps requests to a question.
type Route struct {
	Line     int           `yaml:"-"` // in the file, from 1
	Hosts    []string      `yaml:"hosts"`
	Path     string        `yaml:"path"`
	Methods  RouteMethods  `yaml:"methods"`
	Public   bool          `yaml:"public"`
	Tenant   RouteTenant   `yaml:"tenant"`
	Resource RouteResource `yaml:"resource"`
}

// RouteMethods are a mapping from methods to actions, or a list of methods,
// whose actions are empty.
type RouteMethods map[string]string

// UnmarshalYAML reads either form.
func (m *RouteMethods) UnmarshalYAML(node *yaml.Node) error {
	switch node.Kind {
	case yaml.MappingNode:
		return node.Decode((*map[string]string)(m))
	case yaml.SequenceNode:
		return m.list(node)
	default:
		return mismatch(node, "config.RouteMethods")
	}
}

func (m *RouteMethods) list(node *yaml.Node) error {
	var names []string
	if err := node.Decode(&names); err != nil {
		return err
	}
	*m = RouteMethods{}
	for i, name := range names {
		if _, twice := (*m)[name]; twice {
			return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: %s stands there twice", node.Content[i].Line, shownKey(name))}}
		}
		(*m)[name] = ""
	}
	return nil
}

// RouteTenant says where the tenant stands: a text, or a header's name.
type RouteTenant struct {
	Text   string
	Header string
}

// UnmarshalYAML reads a text, or a mapping that names a header.
func (t *RouteTenant) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode && node.Tag == "!!str" {
		t.Text = node.Value
		return nil
	}
	pair := node.Content
	if node.Kind != yaml.MappingNode || len(pair) != 2 || pair[0].Value != "header" || pair[1].Tag != "!!str" {
		return mismatch(node, "config.RouteTenant")
	}
	t.Header = pair[1].Value
	return nil
}

// mismatch is the parser's error for a value of another type.
func mismatch(node *yaml.Node, want string) error {
	return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: want %s", node.Line, wanted[want])}}
}

// RouteResource is what an action is about.
type RouteResource struct {
	Type string `yaml:"type"`
	ID   string `yaml:"id"`
}

// checkRouteKeys refuses a key of a route without a value: no hosts would be
// every host, and no methods every method.
func checkRouteKeys(name string, root *yaml.Node) problems {
	var wrong problems
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value != "routes" {
			continue
		}
		for _, route := range root.Content[i+1].Content {
			wrong = append(wrong, checkValues(name, route)...)
		}
	}
	return wrong
}

// checkValues refuses keys of a mapping that have no value.
func checkValues(name string, mapping *yaml.Node) problems {
	var wrong problems
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if key, value := mapping.Content[i], mapping.Content[i+1]; len(value.Content) == 0 && value.Value == "" || value.Tag == "!!null" {
			wrong.add("%s:%d: %s is empty: leave it out, or give it a value", name, key.Line, shownKey(key.Value))
		}
	}
	return wrong
}

// RouteExample is a request with what the table has to make of it: an action
// in a tenant, perhaps about something; or public; or denied.
type RouteExample struct {
	Line     int               `yaml:"-"`
	Request  string            `yaml:"request"` // method, space, URL or path
	Headers  map[string]string `yaml:"headers"`
	Action   string            `yaml:"action"`
	Tenant   string            `yaml:"tenant"`
	Resource RouteResource     `yaml:"resource"`
	Public   bool              `yaml:"public"`
	Denied   bool              `yaml:"denied"`
}

// MappingRego has a rule of the policies say what a request asks for.
const MappingRego = "rego"

// routesLimit is the largest table of routes, in bytes: some 50,000 rows.
const routesLimit = 8 << 20

// LoadRoutes reads a table of routes from a file that nobody but its owner may
// write. The error is an *Invalid.
func LoadRoutes(path string) (RouteFile, error) {
	data, _, err := readGuarded(path, routesLimit)
	if err != nil {
		return RouteFile{}, &Invalid{Problems: []string{"the table of routes: " + err.Error()}}
	}
	return ParseRoutes(path, data)
}

// ParseRoutes reads a table of routes (YAML). Keys that are unknown or stand
// twice, values of another type and a second document are refused, and
// anything but deny for what falls under no route. The error is an *Invalid
// that names each problem as name:line.
func ParseRoutes(name string, data []byte) (RouteFile, error) {
	root, wrong := parseYAML(name, data)
	if err := wrong.err(); err != nil {
		return RouteFile{}, err
	}
	if root.Kind != yaml.MappingNode {
		return RouteFile{}, &Invalid{Problems: []string{fmt.Sprintf("%s:%d: want %s", name, root.Line, wanted["config.RouteFile"])}}
	}
	if err := checkPlain(name, root).err(); err != nil {
		return RouteFile{}, err
	}
	f := RouteFile{Name: name}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&f); err != nil {
		return RouteFile{}, syntaxProblems(name, data, err).err()
	}
	if f.Default != "" && f.Default != "deny" {
		wrong.add("%s: default: want deny, not %q: what falls under no route is denied", name, f.Default)
	}
	switch {
	case f.Mapping != "" && f.Mapping != "table" && f.Mapping != MappingRego:
		wrong.add("%s: mapping: want table or %s, not %q", name, MappingRego, f.Mapping)
	case f.Mapping == MappingRego && len(f.Routes) > 0:
		wrong.add("%s: mapping: a rule maps every request: leave the routes out, or mapping: %s", name, MappingRego)
	}
	wrong = append(wrong, checkRouteKeys(name, root)...)
	number(root, "routes", f.Routes, func(r *Route) *int { return &r.Line })
	number(root, "examples", f.Examples, func(e *RouteExample) *int { return &e.Line })
	return f, wrong.err()
}
