package proxy

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/memberward/memberward/internal/tenancy"
)

// get is a row for one method.
func get(line int, path string, hosts ...string) RouteSpec {
	return RouteSpec{Line: line, Path: path, Hosts: hosts, Methods: map[string]string{"GET": fmt.Sprintf("line.%d", line)}, Tenant: TenantOfCredential}
}

func table(t testing.TB, specs ...RouteSpec) *Routes {
	t.Helper()
	r, err := NewRoutes(specs)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestWhichRouteIsTaken holds precedence against the contract: a literal beats
// a parameter, a parameter beats **, from the left; a host before every host.
func TestWhichRouteIsTaken(t *testing.T) {
	r := table(t,
		get(1, "/a/b"), get(2, "/a/{x}"), get(3, "/a/**"), get(4, "/a/{x}/c"), get(5, "/a/b/d"), get(6, "/a/"),
		get(7, "/a/b", "app.example"), get(8, "/a/{x}/c", "{tenant}.example"), get(9, "/only", "{tenant}.example"),
		get(10, "/caf%C3%A9/{x}"), get(11, "/with%20blank"), get(12, "/~x/**", "[::1]", "127.0.0.1"), get(13, "/%7Ey"), get(14, "/{x}/{y}/{z}/end"),
		RouteSpec{Line: 15, Path: "/both", Methods: map[string]string{"GET": "both.read", "HEAD": "both.head", "POST": "both.write"}, Tenant: TenantOfCredential},
		RouteSpec{Line: 16, Path: "/both", Methods: map[string]string{"*": "both.else"}, Tenant: TenantOfCredential},
		RouteSpec{Line: 17, Path: "/open/**", Public: true},
		RouteSpec{Line: 18, Path: "/open/form", Public: true, Methods: map[string]string{"GET": ""}},
	)
	for _, tt := range []struct {
		request string
		line    int // 0: none
	}{
		{"GET /a/b", 1},
		{"GET /a/x", 2},
		{"GET /a/%62", 1},
		{"GET /a", 3},
		{"GET /a/", 6},
		{"GET /a/b/", 3},
		{"GET /a/b/c", 4},
		{"GET /a/b/d", 5},
		{"GET /a/b/d/", 3},
		{"GET /a/x/d", 3},
		{"GET /A/b", 0},
		{"POST /a/b", 0}, // /a/** is not asked for another method than the more specific route has
		{"HEAD /a/b", 1},
		{"GET http://app.example/a/b", 7},
		{"GET https://APP.example.:8443/a/b", 7},
		{"GET http://other.example/a/b", 1},
		{"GET http://acme.example/a/b/c", 8},
		{"GET http://acme.example/only", 9},
		{"GET http://example/only", 0},
		{"GET http://x.acme.example/only", 0},
		{"GET http://acme.example.org/only", 0},
		{"GET /only", 0},
		{"GET /café/x", 10},
		{"GET /caf%c3%a9/x", 10},
		{"GET /with%20blank", 11},
		{"GET http://[::1]/~x", 12},
		{"GET http://127.0.0.1:80/~x/y", 12},
		{"GET http://127.0.0.2/~x", 0},
		{"GET /~y", 13},
		{"GET /a/b/c/end", 3}, // the first literal decides
		{"GET /b/b/c/end", 14},
		{"GET /b//c/end", 0},
		{"GET /both", 15},
		{"HEAD /both", 15},
		{"PATCH /both", 16},
		{"DELETE /open/x", 17},
		{"GET /open/form", 18},
		{"POST /open/form", 0},
		{"GET /x", 0},
		{"GET /", 0},
	} {
		method, target, _ := strings.Cut(tt.request, " ")
		got, err := r.Ask(method, target, nil)
		if (err == nil) != (tt.line != 0) || got.Line != tt.line {
			t.Errorf("%s: line %d, %v; want line %d", tt.request, got.Line, err, tt.line)
		}
	}
	if got, _ := r.Ask("HEAD", "/both", nil); got.Action != "both.head" {
		t.Errorf("HEAD has an action of its own, and got %s", got.Action)
	}
}

// TestWhereTheTenantIs reads it from the path, a host label, a header and the
// credential.
func TestWhereTheTenantIs(t *testing.T) {
	bound := tenancy.TenantID(uuid.MustParse("00000000-0000-4000-8000-00000000000b"))
	read := map[string]string{"GET": "resource.read"}
	r := table(t,
		RouteSpec{Path: "/t/{tenant}/{user}", Methods: read, Tenant: "{tenant}", Resource: tenancy.Resource{Type: "user", ID: "{user}"}},
		RouteSpec{Path: "/site", Hosts: []string{"{tenant}.example"}, Methods: read, Tenant: "{tenant}", Resource: tenancy.Resource{Type: "site", ID: "main"}},
		RouteSpec{Path: "/header", Methods: read, TenantHeader: "x-tenant"},
		RouteSpec{Path: "/own", Methods: read, Tenant: TenantOfCredential},
	)
	if r.vary != ", X-Tenant" {
		t.Errorf("answers vary by %q", r.vary)
	}
	for _, tt := range []struct {
		name, host, path string
		header           http.Header
		actor            tenancy.Actor
		tenant           string
		resource         tenancy.Resource
		err              error
	}{
		{"in the path", "", "/t/acme/u1", nil, tenancy.Actor{}, "acme", tenancy.Resource{Type: "user", ID: "u1"}, nil},
		{"in the path, no slug", "", "/t/a%20b/u1", nil, tenancy.Actor{}, "", tenancy.Resource{Type: "user", ID: "u1"}, ReasonNoTenant},
		{"in the host", "acme.example", "/site", nil, tenancy.Actor{}, "acme", tenancy.Resource{Type: "site", ID: "main"}, nil},
		{"in the host, reserved", "current.example", "/site", nil, tenancy.Actor{}, "", tenancy.Resource{Type: "site", ID: "main"}, ReasonNoTenant},
		{"in a header", "", "/header", headers("X-Tenant", "acme"), tenancy.Actor{}, "acme", tenancy.Resource{}, nil},
		{"no header", "", "/header", nil, tenancy.Actor{}, "", tenancy.Resource{}, ReasonTenant},
		{"an empty header", "", "/header", headers("X-Tenant", ""), tenancy.Actor{}, "", tenancy.Resource{}, ReasonTenant},
		{"a header twice", "", "/header", headers("X-Tenant", "acme", "X-Tenant", "acme"), tenancy.Actor{}, "", tenancy.Resource{}, ReasonTenant},
		{"a joined header", "", "/header", headers("X-Tenant", "acme, other"), tenancy.Actor{}, "", tenancy.Resource{}, ReasonNoTenant},
		{"a header with an alias", "", "/header", headers("X-Tenant", "acme", "X_Tenant", "other"), tenancy.Actor{}, "", tenancy.Resource{}, ReasonTenant},
		{"an alias alone", "", "/header", headers("X.Tenant", "acme"), tenancy.Actor{}, "", tenancy.Resource{}, ReasonTenant},
		{"a header that Connection names", "", "/header", headers("X-Tenant", "acme", "Connection", "close, x_tenant"), tenancy.Actor{}, "", tenancy.Resource{}, ReasonTenant},
		{"of the credential", "", "/own", headers("X-Tenant", "acme"), tenancy.Actor{Tenant: bound}, bound.String(), tenancy.Resource{}, nil},
		{"of a credential bound to none", "", "/own", nil, tenancy.Actor{}, "", tenancy.Resource{}, ReasonNotBound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Canonicalise(tt.path)
			if err != nil {
				t.Fatal(err)
			}
			m, err := r.match("GET", tt.host, c.Segments)
			if err != nil {
				t.Fatal(err)
			}
			ref, err := m.tenant(tt.header, tt.actor)
			if ref.String() != tt.tenant && !(tt.tenant == "" && ref.IsZero()) || !errors.Is(err, tt.err) || m.resource != tt.resource {
				t.Errorf("%s, %+v, %v; want %s, %+v, %v", ref, m.resource, err, tt.tenant, tt.resource, tt.err)
			}
		})
	}
}

// TestTablesThatAreRefused names every problem by its line.
func TestTablesThatAreRefused(t *testing.T) {
	read := map[string]string{"GET": "resource.read"}
	row := func(change func(*RouteSpec)) []RouteSpec {
		s := RouteSpec{Line: 7, Path: "/t/{tenant}", Methods: read, Tenant: "{tenant}"}
		change(&s)
		return []RouteSpec{s}
	}
	path := func(text string) []RouteSpec {
		return row(func(s *RouteSpec) { s.Path, s.Tenant = text, TenantOfCredential })
	}
	host := func(text string) []RouteSpec { return row(func(s *RouteSpec) { s.Hosts = []string{text} }) }
	for _, tt := range []struct {
		name  string
		table []RouteSpec
		want  string // part of the only problem
	}{
		{"empty", nil, "line 0: there is no route"},
		{"the same twice", []RouteSpec{get(3, "/a/{x}"), get(9, "/a/{y}")}, "line 9: GET /a/{y} asks the same as line 3: /a/{x}"},
		{"the same ** twice", []RouteSpec{get(3, "/a/**"), get(9, "/%61/**")}, "line 9: GET /%61/** asks the same as line 3: /a/**"},
		{"the same host in another spelling", []RouteSpec{get(3, "/a", "app.example", "b.example"), get(9, "/a", "APP.example.")}, "line 9: GET /a asks the same as line 3"},
		{"the same host twice in a row", []RouteSpec{get(3, "/a", "{x}.example", "{y}.example")}, "line 3: GET /a asks the same as line 3"},
		{"public and not", []RouteSpec{get(3, "/a"), {Line: 9, Path: "/a", Public: true, Methods: map[string]string{"GET": ""}}}, "line 9: GET /a asks the same as line 3"},
		{"public for every method and not", []RouteSpec{get(3, "/a"), {Line: 9, Path: "/a", Public: true}}, "line 9: * /a asks the same as line 3: /a"},
		{"not, and public for every method", []RouteSpec{{Line: 3, Path: "/{x}", Public: true}, get(9, "/{y}")}, "line 9: GET /{y} asks the same as line 3: /{x}"},
		{"no path", path(""), "line 7: path: a path begins with /"},
		{"a relative path", path("a"), "begins with /"},
		{"** in the middle", path("/**/a"), "** stands at the end"},
		{"* as a segment", path("/a/*"), "one segment is a {name}"},
		{"** beside something", path("/a/b**"), "** stands at the end"},
		{"a half parameter", path("/a/x{y}"), "a parameter is a whole {name}"},
		{"an empty parameter", path("/a/{}"), "a parameter is called by a-z"},
		{"a parameter with a digit first", path("/a/{1}"), "begins with no digit"},
		{"a parameter in capitals", path("/a/{User}"), "a parameter is called by a-z"},
		{"a pattern", path("/a/{x:[0-9]+}"), "a parameter is called by a-z"},
		{"an empty segment", path("/a//b"), "a segment is empty"},
		{"an empty segment before **", path("/a//**"), "a segment is empty"},
		{"a dot segment", path("/a/%2e%2e"), string(ReasonDotSegment)},
		{"an encoded slash", path("/a%2fb"), string(ReasonDelimiter)},
		{"a query", path("/a?b"), "routes never see the query"},
		{"a fragment", path("/a#b"), string(ReasonFragment)},
		{"a long path", path(strings.Repeat("/a", 65)), "at most 64 segments"},
		{"two parameters of a name", path("/{x}/{x}"), "two parameters are called {x}"},
		{"a port", host("app.example:80"), "without a port"},
		{"a wildcard", host("*.example"), "one segment is a {name}"},
		{"a URL", host("http://app.example"), "without a port"},
		{"an empty host", host(""), "want a host name"},
		{"a name in the host and the path", host("{tenant}.example"), "two parameters are called {tenant}"},
		{"no tenant", row(func(s *RouteSpec) { s.Tenant = "" }), "tenant is missing"},
		{"two tenants", row(func(s *RouteSpec) { s.TenantHeader = "X-Tenant" }), "want one place, not two"},
		{"a tenant that is no parameter", row(func(s *RouteSpec) { s.Tenant = "acme" }), "want a parameter such as"},
		{"a tenant that is not there", row(func(s *RouteSpec) { s.Tenant = "{other}" }), "neither the path nor every host has a {other}"},
		{"a tenant in one of two hosts", row(func(s *RouteSpec) { s.Tenant, s.Hosts = "{org}", []string{"{org}.example", "app.example"} }), "has a {org}"},
		{"a tenant in an identity header", row(func(s *RouteSpec) { s.Tenant, s.TenantHeader = "", "x-auth-tenant" }), "X-Auth-Tenant has a meaning of its own"},
		{"a tenant in a credential", row(func(s *RouteSpec) { s.Tenant, s.TenantHeader = "", "Cookie" }), "Cookie has a meaning of its own"},
		{"a tenant in a control header", row(func(s *RouteSpec) { s.Tenant, s.TenantHeader = "", "X-Forwarded-Host" }), "has a meaning of its own"},
		{"a tenant in no header", row(func(s *RouteSpec) { s.Tenant, s.TenantHeader = "", "X_Tenant" }), "is no name of a header"},
		{"no methods", row(func(s *RouteSpec) { s.Methods = nil }), "methods is missing"},
		{"a method in small letters", row(func(s *RouteSpec) { s.Methods = map[string]string{"get": "resource.read"} }), `"get" is no method`},
		{"CONNECT", row(func(s *RouteSpec) { s.Methods = map[string]string{"CONNECT": "resource.read"} }), `"CONNECT" is no method`},
		{"no action", row(func(s *RouteSpec) { s.Methods = map[string]string{"GET": ""} }), "methods: GET: an action has"},
		{"no action name", row(func(s *RouteSpec) { s.Methods = map[string]string{"GET": "Resource Read"} }), "methods: GET: an action holds"},
		{"an action about a user without one", row(func(s *RouteSpec) { s.Methods = map[string]string{"DELETE": "member.remove"} }), "member.remove is about a user"},
		{"half a resource", row(func(s *RouteSpec) { s.Resource.Type = "user" }), "both a type and an id"},
		{"a resource that is not there", row(func(s *RouteSpec) { s.Resource = tenancy.Resource{Type: "user", ID: "{user}"} }), "has a {user}"},
		{"a resource of two parts", row(func(s *RouteSpec) { s.Resource = tenancy.Resource{Type: "user", ID: "{tenant}-1"} }), "one {parameter} and nothing else"},
		{"a parameter for a type", row(func(s *RouteSpec) { s.Resource = tenancy.Resource{Type: "{tenant}", ID: "x"} }), "a type is a text"},
		{"a public route with a tenant", row(func(s *RouteSpec) { s.Public, s.Methods = true, nil }), "a public route asks nobody: it has no tenant"},
		{"a public route with an action", []RouteSpec{{Line: 7, Path: "/a", Public: true, Methods: read}}, "a public route asks nobody: list its methods"},
		{"a table to get lost in", lost(8), "too many routes with a literal and a parameter in the same place"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := NewRoutes(tt.table)
			var wrong *TableError
			if r != nil || !errors.As(err, &wrong) || len(wrong.Problems) != 1 || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v; want one problem with %q", err, tt.want)
			}
		})
	}
}

// lost has a literal and a parameter at every one of some segments.
func lost(segments int) []RouteSpec {
	specs := []RouteSpec{get(1, "")}
	for range segments {
		var longer []RouteSpec
		for _, s := range specs {
			n := strings.Count(s.Path, "/")
			longer = append(longer, get(1, s.Path+"/a"), get(1, s.Path+fmt.Sprintf("/{p%d}", n)))
		}
		specs = longer
	}
	return specs
}

func TestEveryProblemOfATableIsNamed(t *testing.T) {
	_, err := NewRoutes([]RouteSpec{get(8, "a"), get(2, "/x"), get(5, "/x"), {Line: 3}})
	var wrong *TableError
	if !errors.As(err, &wrong) {
		t.Fatal(err)
	}
	var lines []int
	for _, p := range wrong.Problems {
		lines = append(lines, p.Line)
	}
	if want := []int{3, 3, 3, 5, 8}; !cmp.Equal(lines, want) {
		t.Errorf("problems in lines %v, want %v:\n%v", lines, want, err)
	}
}

func TestATableThatWasNotMadeDeniesEverything(t *testing.T) {
	for name, r := range map[string]*Routes{"the zero value": {}} {
		if got, err := r.Ask("GET", "/tenants/acme", nil); !errors.Is(err, ReasonNoRoute) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got := BuiltInRoutes().Methods(); !cmp.Equal(got, []RouteMethod{{Method: "*", Path: "/tenants/{tenant}/**"}, {Method: "GET", Path: "/tenants/{tenant}/**"}}) {
		t.Errorf("the built-in table has %+v", got)
	}
}

// TestTheTreeAgreesWithComparingEveryRow draws tables and requests over a small
// alphabet, and compares the tree with the slow way: every row, the best one.
func TestTheTreeAgreesWithComparingEveryRow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		segment := rapid.SampledFrom([]string{"a", "b", "{p}", ""})
		var specs []RouteSpec
		seen := map[string]bool{}
		for line := range rapid.IntRange(1, 12).Draw(t, "rows") {
			parts := rapid.SliceOfN(segment, 1, 4).Draw(t, "path")
			text := ""
			for i, p := range parts {
				if p == "" && i < len(parts)-1 {
					p = "a"
				}
				text += "/" + strings.Replace(p, "{p}", fmt.Sprintf("{p%d}", i), 1)
			}
			if rapid.Bool().Draw(t, "rest") {
				text = strings.TrimSuffix(text, "/") + "/**"
			}
			if !seen[text] {
				seen[text] = true
				specs = append(specs, get(line+1, text))
			}
		}
		r, err := NewRoutes(specs)
		if err != nil {
			t.Fatalf("%v: %v", specs, err)
		}
		asked := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 5).Draw(t, "segments")
		if len(asked) == 0 || rapid.Bool().Draw(t, "slash") {
			asked = append(asked, "")
		}
		m, err := r.match("GET", "", asked)
		line := 0
		if err == nil {
			line = m.row.line
		}
		if want := slowly(r.rows, asked); line != want {
			t.Fatalf("%v falls under line %d of %v, want %d", asked, line, specs, want)
		}
	})
}

// slowly gives the line of the best row that fits, 0 for none.
func slowly(rows []row, segments []string) int {
	best, line := "", 0
	for _, r := range rows {
		if rank, fits := rankOf(r.template, segments); fits && (line == 0 || rank < best) {
			best, line = rank, r.line
		}
	}
	return line
}

// rankOf orders templates that fit: at the first place where two differ, a
// literal is before a parameter, that before **, and the end before ** as well.
func rankOf(t template, segments []string) (string, bool) {
	rank := ""
	for i, p := range t.parts {
		switch {
		case i >= len(segments):
			return "", false
		case p.param != "" && segments[i] != "":
			rank += "b"
		case p.param == "" && p.literal == segments[i]:
			rank += "a"
		default:
			return "", false
		}
	}
	if t.rest {
		return rank + "c", true
	}
	return rank, len(t.parts) == len(segments)
}

// TestFindIsBounded: what visits promises holds, also of a table at the limit.
func TestFindIsBounded(t *testing.T) {
	r := table(t, lost(6)...)
	if got := r.onAny.visits(); got > visitLimit || got < 64 {
		t.Errorf("%d visits", got)
	}
	if got := BuiltInRoutes().onAny.visits(); got != 3 {
		t.Errorf("the built-in table takes %d visits, want 3", got)
	}
	few, many := table(t, wide(10)...), table(t, wide(10000)...)
	if a, b := few.onAny.visits()+few.onHosts.visits(), many.onAny.visits()+many.onHosts.visits(); a != b {
		t.Errorf("%d visits in 10 routes, %d in 10,000", a, b)
	}
}

// wide is a table as sites have it: kinds of things below tenants, on hosts.
func wide(n int) []RouteSpec {
	var specs []RouteSpec
	for i := range n {
		s := get(i+1, fmt.Sprintf("/v1/tenants/{tenant}/kind-%d/{id}", i/2))
		if i%2 == 1 {
			s.Hosts = []string{"app.example.com"}
		}
		s.Tenant, s.Resource = "{tenant}", tenancy.Resource{Type: "thing", ID: "{id}"}
		specs = append(specs, s)
	}
	return specs
}

// BenchmarkMatch is the time of one request from its target to its route. The
// same ten requests are asked of each table; "in turn" asks for every route of
// it, so that the processor's caches hold none.
func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{10, 10000} {
		r := table(b, wide(n)...)
		for name, asked := range map[string]int{"": 10, ", in turn": n} {
			b.Run(fmt.Sprintf("%d routes%s", n, name), func(b *testing.B) {
				b.ReportAllocs()
				matching(b, r, asked)
			})
		}
	}
}

// matching asks for the first rows of a wide table, as often as b says.
func matching(b *testing.B, r *Routes, asked int) {
	targets := make([]string, asked)
	for i := range targets {
		targets[(i*7919)%asked] = fmt.Sprintf("/v1/tenants/acme/kind-%d/42", i/2)
	}
	for i := 0; b.Loop(); i++ {
		c, err := Canonicalise(targets[i%asked])
		if err != nil {
			b.Fatal(err)
		}
		if _, err := r.match("GET", "app.example.com", c.Segments); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzTemplate: whatever a path or host is written like, it is read or refused;
// one that is read finds the request that it is an example of.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{"/a/{b}/**", "/caf%C3%A9", "/", "/**", "/a/{x", "/%2e%2e/x", "/{a}/{a}"} {
		f.Add(seed, "{t}.example.com")
	}
	f.Add("/a", "[::1]")
	f.Fuzz(func(t *testing.T, path, host string) {
		r, err := NewRoutes([]RouteSpec{get(1, path, host)})
		var wrong *TableError
		if err != nil && (!errors.As(err, &wrong) || len(wrong.Problems) == 0) {
			t.Fatalf("%q at %q: %v", path, host, err)
		}
		if err != nil {
			return
		}
		fill := func(s string) string {
			parts := strings.FieldsFunc(s, func(r rune) bool { return r == '{' || r == '}' })
			if slices.Contains([]int{1}, len(parts)) && s == "{"+parts[0]+"}" {
				return "x"
			}
			return s
		}
		var filled []string
		for _, s := range strings.Split(strings.TrimSuffix(path, "/**"), "/") {
			filled = append(filled, fill(s))
		}
		var labels []string
		for _, s := range strings.Split(host, ".") {
			labels = append(labels, fill(s))
		}
		target := "http://" + strings.Join(labels, ".") + strings.Join(filled, "/")
		if strings.Join(filled, "/") == "" {
			target += "/"
		}
		if got, err := r.Ask("GET", target, nil); err != nil || got.Line != 1 {
			t.Fatalf("%q at %q does not match %s: %v", path, host, target, err)
		}
	})
}
