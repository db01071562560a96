package config

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const routesExample = `routes:
  - hosts: ["app.example.com"]
    path: /tenants/{tenant}/members/{user}
    methods: {GET: member.read, DELETE: member.remove}
    tenant: "{tenant}"
    resource: {type: user, id: "{user}"}
  - path: /public/**
    public: true
    methods: [GET]
  - path: /api/**
    methods: {"*": api.call}
    tenant: {header: X-Tenant}
default: deny
examples:
  - {request: "GET /public/x", public: true}
  - request: POST https://app.example.com/api/x
    headers: {X-Tenant: acme}
    action: api.call
    tenant: acme
`

func TestParseRoutes(t *testing.T) {
	got, err := ParseRoutes("r.yaml", []byte(routesExample))
	want := RouteFile{
		Name: "r.yaml",
		Routes: []Route{
			{
				Line: 2, Hosts: []string{"app.example.com"}, Path: "/tenants/{tenant}/members/{user}",
				Methods: RouteMethods{"GET": "member.read", "DELETE": "member.remove"}, Tenant: RouteTenant{Text: "{tenant}"},
				Resource: RouteResource{Type: "user", ID: "{user}"},
			},
			{Line: 7, Path: "/public/**", Public: true, Methods: RouteMethods{"GET": ""}},
			{Line: 10, Path: "/api/**", Methods: RouteMethods{"*": "api.call"}, Tenant: RouteTenant{Header: "X-Tenant"}},
		},
		Default: "deny",
		Examples: []RouteExample{
			{Line: 15, Request: "GET /public/x", Public: true},
			{Line: 16, Request: "POST https://app.example.com/api/x", Headers: map[string]string{"X-Tenant": "acme"}, Action: "api.call", Tenant: "acme"},
		},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

func TestRouteFilesThatAreRefused(t *testing.T) {
	for _, tc := range []struct{ name, file, want string }{
		{"empty", "", "r.yaml: the file is empty"},
		{"a list at the top", "- path: /a\n", "r.yaml:1: want a mapping with routes, default, examples"},
		{"an unknown section", "routs: []\n", "r.yaml:1: unknown key routs"},
		{"an unknown key", "routes:\n- path: /a\n  method: {}\n", "r.yaml:3: unknown key method"},
		{"a key in another case", "routes:\n- Path: /a\n", "r.yaml:2: unknown key Path"},
		{"a key twice", "routes:\n- path: /a\n  path: /b\n", "r.yaml:3: mapping key"},
		{"a method twice", "routes:\n- methods: {GET: a, GET: b}\n", "r.yaml:2: mapping key"},
		{"a method twice in a list", "routes:\n- methods: [GET,\n    GET]\n", "r.yaml:3: GET stands there twice"},
		{"a text for routes", "routes: /a\n", "r.yaml:1: want a list of routes"},
		{"a text for a route", "routes: [/a]\n", "r.yaml:1: want a mapping that describes a route"},
		{"a text for methods", "routes:\n- methods: GET\n", "r.yaml:2: want a mapping from methods to actions"},
		{"a list for an action", "routes:\n- methods: {GET: [a]}\n", "r.yaml:2: want a text"},
		{"a mapping among methods", "routes:\n- methods: [{GET: a}]\n", "r.yaml:2: want a text"},
		{"a text for hosts", "routes:\n- hosts: app.example\n", "r.yaml:2: want a list of texts"},
		{"no host", "routes:\n- path: /t\n  public: true\n  hosts: []\n", "r.yaml:4: hosts is empty: leave it out"},
		{"hosts of nothing", "routes:\n- path: /t\n  public: true\n  hosts:\n", "r.yaml:4: hosts is empty: leave it out"},
		{"no method", "routes:\n- path: /t\n  public: true\n  methods: []\n", "r.yaml:4: methods is empty: leave it out"},
		{"no action", "routes:\n- path: /t\n  methods: {}\n", "r.yaml:3: methods is empty: leave it out"},
		{"a null tenant", "routes:\n- tenant: ~\n", "r.yaml:2: tenant is empty: leave it out"},
		{"a null host", "routes:\n- hosts: [null]\n", "r.yaml:2: an item of the list is empty"},
		{"public by another word", "routes:\n- public: yess\n", "r.yaml:2: want true or false"},
		{"a parameter without quotes", "routes:\n- tenant: {tenant}\n", `r.yaml:2: want a text in quotes such as "{tenant}", or {header: NAME}`},
		{"a tenant in two places", "routes:\n- tenant: {header: a, claim: b}\n", "r.yaml:2: want a text in quotes"},
		{"a tenant in a claim", "routes:\n- tenant: {claim: b}\n", "r.yaml:2: want a text in quotes"},
		{"a number for a tenant", "routes:\n- tenant: 5\n", "r.yaml:2: want a text in quotes"},
		{"a text for a resource", "routes:\n- resource: user\n", "r.yaml:2: want a mapping with type and id"},
		{"an unknown key of a resource", "routes:\n- resource: {kind: user}\n", "r.yaml:2: unknown key kind"},
		{"another default", "routes: []\ndefault: allow\n", "default: want deny, not \"allow\""},
		{"a text for examples", "examples: a\n", "r.yaml:1: want a list of examples"},
		{"a text for an example", "examples: [GET /a]\n", "r.yaml:1: want a mapping that describes an example"},
		{"a text for headers", "examples:\n- headers: a\n", "r.yaml:2: want a mapping from names to texts"},
		{"an alias", "routes: &a []\nexamples: *a\n", "r.yaml:2: aliases"},
		{"two documents", "routes: []\n---\nroutes: []\n", "more than one document"},
		{"no YAML", "routes: [\n", "r.yaml:"},
		{"NUL", "routes: \"\x00\"\n", "r.yaml:1: the text holds a control character"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := ParseRoutes("r.yaml", []byte(tc.file))
			got := problemsOf(t, err)
			if len(got) != 1 || !strings.Contains(got[0], tc.want) || strings.Contains(got[0], "config.") || strings.Contains(got[0], "!!") {
				t.Errorf("problems = %q, want one with %q", got, tc.want)
			}
		})
	}
}

func TestRouteFilesThatCannotBeRead(t *testing.T) {
	mine := write(t, "routes.yaml", routesExample, 0o644)
	if f, err := LoadRoutes(mine); err != nil || f.Name != mine {
		t.Errorf("%+v, %v", f, err)
	}
	for _, tc := range []struct{ name, path, want string }{
		{"missing", mine + ".gone", "no such file"},
		{"a folder", t.TempDir(), "is no regular file"},
		{"others may write it", write(t, "open.yaml", routesExample, 0o666), "others may write it"},
		{"too large", write(t, "large.yaml", strings.Repeat("# \n", routesLimit/3+1), 0o644), "has more than"},
	} {
		if _, err := LoadRoutes(tc.path); !strings.Contains(strings.Join(problemsOf(t, err), "|"), tc.want) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
	if err := os.Remove(mine); err != nil {
		t.Fatal(err)
	}
}

// Whatever a file holds, it is read or refused, by line.
func FuzzParseRoutes(f *testing.F) {
	f.Add(routesExample)
	f.Add("routes:\n- tenant: {tenant}\n  methods: [GET, {}]\n")
	f.Add("routes: &a [{}]\nexamples: *a\n")
	f.Fuzz(func(t *testing.T, file string) {
		if len(file) > fileLimit {
			return
		}
		r, err := ParseRoutes("f", []byte(file))
		problems := problemsOf(t, err)
		if err != nil && len(problems) == 0 {
			t.Errorf("%+v, an error without a problem", r)
		}
		checkLocated(t, problems)
	})
}
