package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// schema is as much of JSON Schema as the input's schema uses.
type schema struct {
	Type       string            `json:"type"`
	Properties map[string]schema `json:"properties"`
	Required   []string          `json:"required"`
	Closed     *bool             `json:"additionalProperties"`
	Items      *schema           `json:"items"`
}

func inputSchema(t *testing.T) schema {
	t.Helper()
	content, err := os.ReadFile("contract/input.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var s schema
	if err := json.Unmarshal(content, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// faults holds a value against a schema.
func (s schema) faults(at string, value any) []string {
	switch v := value.(type) {
	case map[string]any:
		return s.objectFaults(at, v)
	case []any:
		var found []string
		if s.Type != "array" {
			return []string{at + " is a list"}
		}
		for i, element := range v {
			found = append(found, s.Items.faults(fmt.Sprintf("%s[%d]", at, i), element)...)
		}
		return found
	default:
		if kind := map[string]string{"string": "string", "bool": "boolean", "json.Number": "integer"}[fmt.Sprintf("%T", v)]; kind != s.Type {
			return []string{fmt.Sprintf("%s is %T, want %s", at, v, s.Type)}
		}
		return nil
	}
}

func (s schema) objectFaults(at string, object map[string]any) []string {
	if s.Type != "object" {
		return []string{at + " is an object"}
	}
	if s.Properties == nil { // open
		return nil
	}
	var found []string
	names := slices.Sorted(maps.Keys(s.Properties))
	if required := slices.Sorted(slices.Values(s.Required)); !slices.Equal(required, names) || s.Closed == nil || *s.Closed {
		found = append(found, at+": the schema does not require every key and no other")
	}
	if got := slices.Sorted(maps.Keys(object)); !slices.Equal(got, names) {
		found = append(found, fmt.Sprintf("%s has the keys %v, want %v", at, got, names))
	}
	for _, name := range names {
		if value, exists := object[name]; exists {
			found = append(found, s.Properties[name].faults(at+"."+name, value)...)
		}
	}
	return found
}

func plain(t *testing.T, value ast.Value) map[string]any {
	t.Helper()
	content, err := ast.JSON(value)
	if err != nil {
		t.Fatal(err)
	}
	object, isObject := content.(map[string]any)
	if !isObject {
		t.Fatalf("got %T, want an object", content)
	}
	return object
}

// fullInput has something in every place.
func fullInput() gate.Input {
	in := updateBy(adminFacts(), gate.RequestedFacts{Level: tenancy.LevelOwner, Enabled: true, Developer: true, Expires: true})
	in.Dialect = tenancy.DialectCognee
	in.Actor.Roles = []gate.RoleFact{{ID: tenancy.RoleID{4}, Name: "editor"}, {ID: tenancy.RoleID{5}, Name: ""}}
	in.Actor.Actions = []tenancy.Action{"app.manage", "resource.write"}
	in.Actor.Capabilities, in.Actor.OrganizationAdmin = []tenancy.Capability{tenancy.CapabilityManageUsers}, true
	in.Requested.Roles, in.Requested.Actions = []gate.RoleFact{{ID: tenancy.RoleID{6}, Name: "reader"}}, []tenancy.Action{"resource.read"}
	in.Actor.Platform, in.Actor.Scopes = true, []tenancy.Action{"member.update", "own.action"}
	in.Tenant = gate.TenantFacts{ID: probeTenant, Owner: probeOwner, Members: 100_000, Limit: 200_000, LastingAdmins: 7}
	in.Target = gate.TargetFacts{
		User: probeTarget, Exists: true, Member: true, Level: tenancy.LevelViewer, Enabled: true, Pending: true, Developer: true,
		Active: true, Lasting: true, Self: true, Roles: []gate.RoleFact{{ID: tenancy.RoleID{4}, Name: "editor"}},
	}
	in.Resource = gate.ResourceFacts{
		Type: "key", ID: "k-1", Mine: true, Permissions: tenancy.PermissionShare | tenancy.PermissionRead,
	}
	in.Route = tenancy.Route{Template: "/t/{tenant}", Params: map[string]string{"tenant": "acme"}}
	in.HTTP = tenancy.HTTPRequest{
		Method: "GET", Scheme: "https", Host: "app.test", Path: "/t/acme/", Segments: []string{"t", "acme", ""}, RawPath: "/t/acme/?a=1",
		Query: map[string][]string{"a": {"1", "2"}, "b": nil}, Headers: map[string][]string{"accept": {"text/html"}}, ClientIP: "192.0.2.1",
	}
	in.Context = map[string]any{"ticket": "T-1", "nested": map[string]any{"list": []any{json.Number("1"), jsontext.Value("9007199254740993"), nil, true}}}
	return in
}

func TestInputKeepsTheSchema(t *testing.T) {
	b, s := newVocabulary(), inputSchema(t)
	inputs := append(append(grantedChanges(), grantedAccesses()...), fullInput(), gate.Input{}, gate.Input{Now: probeTime()})
	for _, in := range inputs {
		value, err := b.input(&in)
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range s.faults("input", plain(t, value)) {
			t.Errorf("%s: %s", in.Action, fault)
		}
	}
	if s.faults("input", map[string]any{"version": "1"}) == nil {
		t.Error("a planted fault is not found")
	}
}

// TestFullInput writes the published input out, value by value.
func TestFullInput(t *testing.T) {
	in := fullInput()
	value, err := newVocabulary().input(&in)
	if err != nil {
		t.Fatal(err)
	}
	const id = "0%d000000-0000-0000-0000-000000000000"
	actor, owner, target, tenant := fmt.Sprintf(id, 2), fmt.Sprintf(id, 1), fmt.Sprintf(id, 3), fmt.Sprintf(id, 1)
	n := func(digits string) json.Number { return json.Number(digits) }
	type object = map[string]any
	role := func(n int, name string) object { return object{"id": fmt.Sprintf(id, n), "name": name} }
	want := object{
		"version": n("1"),
		"action":  object{"name": "member.update", "properties": object{}},
		"subject": object{"type": "user", "id": actor, "properties": object{}, "stored": object{}},
		"actor": object{
			"user": actor, "member": true, "level": "admin", "roles": []any{role(4, "editor"), role(5, "")},
			"actions": []any{"app.manage", "resource.write"}, "capabilities": []any{"manage_users"},
			"active": true, "organization_admin": true, "platform": true, "scopes": []any{"member.update", "own.action"},
		},
		"tenant": object{"id": tenant, "owner": owner, "members": n("100000"), "limit": n("200000"), "lasting_admins": n("7")},
		"target": object{
			"user": target, "exists": true, "member": true, "level": "viewer", "rank": n("10"), "roles": []any{role(4, "editor")}, "enabled": true,
			"pending": true, "developer": true, "active": true, "lasting": true, "self": true,
		},
		"requested": object{
			"level": "owner", "rank": n("40"), "roles": []any{role(6, "reader")}, "actions": []any{"resource.read"}, "enabled": true, "developer": true, "expires": true,
		},
		"resource": object{
			"type": "key", "id": "k-1", "mine": true, "permissions": []any{"read", "share"}, "properties": object{}, "stored": object{},
		},
		"route": object{"template": "/t/{tenant}", "params": object{"tenant": "acme"}},
		"http": object{
			"method": "GET", "scheme": "https", "host": "app.test", "path": "/t/acme/", "segments": []any{"t", "acme", ""},
			"raw_path": "/t/acme/?a=1", "query": object{"a": []any{"1", "2"}, "b": []any{}},
			"headers": object{"accept": []any{"text/html"}}, "client_ip": "192.0.2.1",
		},
		"dialect": "cognee",
		"context": object{"ticket": "T-1", "nested": object{"list": []any{n("1"), n("9007199254740993"), nil, true}}},
		"attributes": object{
			"request": object{"http": object{
				"method": "GET", "scheme": "https", "host": "app.test", "path": "/t/acme/?a=1&a=2", "headers": object{"accept": "text/html"},
			}},
			"source": object{"address": object{"socketAddress": object{"address": "192.0.2.1"}}},
		},
	}
	if diff := cmp.Diff(want, plain(t, value)); diff != "" {
		t.Errorf("input (-want +got):\n%s", diff)
	}
}

// TestNeutralInput: nothing is nobody, of no level, in no tenant, without a
// limit that could refuse or a right that could allow.
func TestNeutralInput(t *testing.T) {
	value, err := newVocabulary().input(&gate.Input{Actor: gate.ActorFacts{Level: 17}, Tenant: gate.TenantFacts{Limit: tenancy.Unlimited}})
	if err != nil {
		t.Fatal(err)
	}
	in := plain(t, value)
	for path, want := range map[[2]string]any{
		{"actor", "user"}: "", {"actor", "level"}: "none", {"actor", "member"}: false, {"actor", "active"}: false,
		{"actor", "platform"}: false, {"tenant", "id"}: "", {"tenant", "limit"}: json.Number("9007199254740991"),
		{"target", "user"}: "", {"target", "level"}: "none", {"target", "rank"}: json.Number("0"), {"target", "self"}: false,
		{"requested", "level"}: "none", {"requested", "rank"}: json.Number("0"), {"resource", "mine"}: false,
	} {
		if got := in[path[0]].(map[string]any)[path[1]]; got != want {
			t.Errorf("%v: got %v, want %v", path, got, want)
		}
	}
}

func TestHostileInput(t *testing.T) {
	b := newVocabulary()
	t.Run("text that is no UTF-8", func(t *testing.T) {
		in := gate.Input{Resource: gate.ResourceFacts{Type: "a\xff", ID: "b"}}
		value, err := b.input(&in)
		if err != nil {
			t.Fatal(err)
		}
		if got := plain(t, value)["resource"].(map[string]any)["type"]; got != "a\uFFFD" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("a name that is no UTF-8", func(t *testing.T) {
		for _, in := range []gate.Input{
			{HTTP: tenancy.HTTPRequest{Method: "GET", Query: map[string][]string{"a\xff": nil, "a\xfe": nil}}},
			{Route: tenancy.Route{Template: "/", Params: map[string]string{"\xff": "a"}}},
		} {
			if _, err := b.input(&in); err == nil {
				t.Errorf("it was taken: %+v", in)
			}
		}
	})
	t.Run("a context that is no JSON", func(t *testing.T) {
		in := gate.Input{Context: map[string]any{"f": func() {}}}
		if _, err := b.input(&in); err == nil {
			t.Error("it was taken")
		}
	})
	t.Run("numbers beyond 32 bits", func(t *testing.T) {
		for _, n := range []int64{math.MaxInt64, math.MinInt64, tenancy.Unlimited, -1, 0, 512, 513} {
			if got := number(n).Value.(ast.Number); string(got) != fmt.Sprint(n) {
				t.Errorf("got %s, want %d", got, n)
			}
		}
	})
}
