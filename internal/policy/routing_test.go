package policy

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/tenancy"
)

const routingFile = "routing/route.rego"

// siteRoutes is the rule of a site with most that a rule may give.
const siteRoutes = `package routing

import rego.v2

route := {"action": _action, "tenant": input.http.segments[1]} if {
	input.http.host == "app.example"
	input.http.segments[0] == "tenants"
	count(input.http.segments) > 2
}

route := {"public": true} if input.http.segments[0] == "public"

route := {"action": "tenant.read", "tenant_of": "credential"} if input.http.path == "/me"

route := {"action": "member.remove", "tenant": t, "resource": {"type": "user", "id": u}} if {
	input.http.method == "DELETE"
	[_, t, u] := input.http.segments
	input.http.segments[0] == "members"
}

route := {"action": "api.call", "tenant": t} if {
	input.http.segments[0] == "api"
	[t] := input.http.headers["x-tenant"]
}

_action := "resource.read" if input.http.method in {"GET", "HEAD"}

_action := "resource.write" if not _reads

_reads if input.http.method in {"GET", "HEAD"}
`

func get(segments ...string) tenancy.HTTPRequest {
	path := "/" + strings.Join(segments, "/")
	return tenancy.HTTPRequest{Method: "GET", Scheme: "https", Host: "app.example", Path: path, RawPath: path, Segments: segments}
}

func TestRoute(t *testing.T) {
	e := NewEngine(guest(t, book{routingFile: siteRoutes}))
	if !e.Routes() {
		t.Fatal("the rule is not found")
	}
	with := func(r tenancy.HTTPRequest, change func(*tenancy.HTTPRequest)) tenancy.HTTPRequest {
		change(&r)
		return r
	}
	for _, tt := range []struct {
		name    string
		request tenancy.HTTPRequest
		known   bool
		want    tenancy.Mapped
	}{
		{"reading", get("tenants", "acme", "x"), true, tenancy.Mapped{Action: "resource.read", Tenant: "acme"}},
		{"writing", with(get("tenants", "acme", "x"), func(r *tenancy.HTTPRequest) { r.Method = "PUT" }), true, tenancy.Mapped{Action: "resource.write", Tenant: "acme"}},
		{"another host", with(get("tenants", "acme", "x"), func(r *tenancy.HTTPRequest) { r.Host = "other.example" }), false, tenancy.Mapped{}},
		{"public", get("public", "x"), true, tenancy.Mapped{Public: true}},
		{"the caller's tenant", get("me"), true, tenancy.Mapped{Action: "tenant.read", OfCaller: true}},
		{"about somebody", with(get("members", "acme", "u"), func(r *tenancy.HTTPRequest) { r.Method = "DELETE" }), true, tenancy.Mapped{Action: "member.remove", Tenant: "acme", Resource: tenancy.Resource{Type: "user", ID: "u"}}},
		{"a header", with(get("api"), func(r *tenancy.HTTPRequest) { r.Headers = map[string][]string{"x-tenant": {"acme"}} }), true, tenancy.Mapped{Action: "api.call", Tenant: "acme"}},
		{"a header twice", with(get("api"), func(r *tenancy.HTTPRequest) { r.Headers = map[string][]string{"x-tenant": {"acme", "b"}} }), false, tenancy.Mapped{}},
		{"nothing known", get("x"), false, tenancy.Mapped{}},
		{"the root", get(""), false, tenancy.Mapped{}},
		{"nothing at all", tenancy.HTTPRequest{}, false, tenancy.Mapped{}},
	} {
		got, known, err := e.Route(t.Context(), tt.request)
		if diff := cmp.Diff(tt.want, got); err != nil || known != tt.known || diff != "" {
			t.Errorf("%s: %t, %v (-want +got)\n%s", tt.name, known, err, diff)
		}
	}
}

// TestRoutesThatAreNone: what is no question is an error, and says nothing of
// what the client sent.
func TestRoutesThatAreNone(t *testing.T) {
	const sent = "what-a-client-sent"
	for _, value := range []string{
		`["action", "tenant"]`, `{}`, `{"public": false}`, `{"public": "true"}`, `{"public": null}`, `{"public": true, "action": "a.b"}`, `{"public": true, "tenant": "acme"}`,
		`{"action": "a.b"}`, `{"tenant": "acme"}`, `{"action": "a.b", "tenant": ""}`, `{"action": "", "tenant": "acme"}`, `{"action": "a b", "tenant": "acme"}`,
		`{"action": "a.b", "tenant": 1}`, `{"action": ["a.b"], "tenant": "acme"}`, `{"action": "a.b", "tenant": null}`,
		`{"action": "a.b", "tenant": "acme", "tenant_of": "credential"}`, `{"action": "a.b", "tenant_of": "somebody"}`, `{"action": "a.b", "tenant_of": true}`,
		`{"action": "a.b", "tenant": "acme", "resource": {}}`, `{"action": "a.b", "tenant": "acme", "resource": {"type": "a"}}`,
		`{"action": "a.b", "tenant": "acme", "resource": {"type": "a", "id": 1}}`, `{"action": "a.b", "tenant": "acme", "resource": {"type": "a", "id": "b", "owner": "c"}}`,
		`{"action": "a.b", "tenant": "acme", "resource": "a"}`, `{"action": "a.b", "tenant": "acme", "allow": true}`, `{"action": "a.b", "tenant": "acme", 1: 2}`,
	} {
		// The compiler is not to know: the value comes from the data.
		rule := "package routing\n\nimport rego.v2\n\nimport data.made\n\nroute := made.values[input.http.path]\n"
		value = strings.ReplaceAll(value, "1: 2", `"1": 2`)
		set := guest(t, book{routingFile: rule, "made/data.json": `{"values": {"/` + sent + `": ` + value + `}}`})
		got, known, err := NewEngine(set).Route(t.Context(), get(sent))
		if codeOfError(t, err) != tenancy.CodePolicyError || known || got != (tenancy.Mapped{}) {
			t.Errorf("%s: %+v, %t, %v", value, got, known, err)
		}
		if strings.Contains(err.Error(), sent) {
			t.Errorf("%s: the error quotes the client: %v", value, err)
		}
	}
}

// TestRulesThatFailOnARequest: a conflict, a built-in that fails, and too long
// an evaluation are errors.
func TestRulesThatFailOnARequest(t *testing.T) {
	start := "package routing\n\nimport rego.v2\n\n"
	for name, tt := range map[string]struct {
		rule string
		code tenancy.Code
	}{
		"two answers":            {start + "route := {\"public\": true} if input.http.method == \"GET\"\n\nroute := {\"action\": \"a.b\", \"tenant\": \"acme\"} if input.http.scheme == \"https\"\n", tenancy.CodePolicyError},
		"a built-in that fails":  {start + "route := {\"public\": true} if net.cidr_contains(\"192.0.2.0/24\", input.http.path)\n", tenancy.CodePolicyError},
		"an evaluation too long": {start + "route := {\"public\": true} if count([1 | some x in numbers.range(1, 20000); some y in numbers.range(1, 20000); x == y + 20001]) == 0\n", tenancy.CodePolicyTimeout},
	} {
		set, err := Load(t.Context(), withoutTests(t, book{routingFile: tt.rule}), Options{TimeLimit: 100 * time.Millisecond, Clock: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		if got, known, err := NewEngine(set).Route(t.Context(), get("x")); codeOfError(t, err) != tt.code || known || got != (tenancy.Mapped{}) {
			t.Errorf("%s: %+v, %t, %v", name, got, known, err)
		}
	}
	e := NewEngine(guest(t, book{routingFile: siteRoutes}))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, known, err := e.Route(ctx, get("public")); known {
		t.Errorf("after its time: %v", err)
	}
	none := NewEngine(guest(t, nil))
	if _, known, err := none.Route(t.Context(), get("public")); known || err != nil || none.Routes() {
		t.Errorf("the shipped set maps requests: %v", err)
	}
}

func TestRoutingThatIsRefused(t *testing.T) {
	for _, tt := range []refused{
		{"no object", book{routingFile: "package routing\n\nimport rego.v2\n\nroute := \"public\" if input.http.path == \"/\"\n"}, []string{routingFile, "has to be an object"}},
		{"a misspelt fact", book{routingFile: strings.Replace(siteRoutes, "input.http.host", "input.http.hots", 1)}, []string{routingFile, "hots"}},
		{"a rule that nothing reads", book{routingFile: siteRoutes + "\nroutes := {\"public\": true}\n"}, []string{routingFile, "the entry point is called route"}},
		{"without the import", book{routingFile: strings.Replace(siteRoutes, "import rego.v2", "", 1)}, []string{routingFile, "import rego.v2"}},
		{"the network", book{routingFile: siteRoutes + "\nroute := {\"public\": true} if http.send({\"method\": \"get\", \"url\": \"http://127.0.0.1\"}).status_code == 200\n"}, []string{"http.send"}},
		{"a test that fails", book{routingFile: siteRoutes, "routing/route_test.rego": "package routing_test\n\nimport rego.v2\n\nimport data.routing\n\ntest_root if routing.route with input.http as {\"path\": \"/\"}\n"}, []string{"test_root"}},
	} {
		_, err := Load(t.Context(), withoutTests(t, tt.changes), Options{TimeLimit: time.Minute, Clock: time.Now})
		var wrong *LoadError
		if !errors.As(err, &wrong) {
			t.Errorf("%s: %v, want a *LoadError", tt.name, err)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", tt.name, err, want)
			}
		}
	}
}
