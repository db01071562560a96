package policy

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"
	"pgregory.net/rapid"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// TestTheRecordedInputIsWhatThePoliciesSee: a decision that is judged again
// from its record is judged on the same value.
func TestTheRecordedInputIsWhatThePoliciesSee(t *testing.T) {
	words := newVocabulary()
	rapid.Check(t, func(t *rapid.T) {
		in := anyInput(t)
		seen, err := words.input(&in)
		if err != nil {
			t.Fatalf("input: %v", err)
		}
		written, err := gate.Document(&in)
		if err != nil {
			t.Fatalf("Document: %v", err)
		}
		if got := valueOf(t, written); got.Compare(seen) != 0 {
			t.Fatalf("recorded %s, the policies saw %s", got, seen)
		}
	})
}

// TestTheComparisonNoticesADifference is the planted fault of the test above.
func TestTheComparisonNoticesADifference(t *testing.T) {
	in := gate.Input{Action: tenancy.ActionMemberAdd, Tenant: gate.TenantFacts{Limit: tenancy.Unlimited}}
	seen, err := newVocabulary().input(&in)
	if err != nil {
		t.Fatal(err)
	}
	in.Target.Pending = true
	written, err := gate.Document(&in)
	if err != nil {
		t.Fatal(err)
	}
	if valueOf(t, written).Compare(seen) == 0 {
		t.Error("a fact that differs was not noticed")
	}
}

func valueOf(t interface{ Fatal(...any) }, document []byte) ast.Value {
	var plain any
	if err := util.UnmarshalJSON(document, &plain); err != nil {
		t.Fatal(err)
	}
	value, err := ast.InterfaceToValue(plain)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func anyInput(t *rapid.T) gate.Input {
	id := rapid.Custom(func(t *rapid.T) (id [16]byte) {
		id[15] = rapid.Byte().Draw(t, "id")
		return id
	})
	level := rapid.SampledFrom([]tenancy.Level{0, 10, 20, 30, 40, 7})
	yes, words := rapid.Bool(), rapid.StringN(0, 5, 20)
	actions := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) tenancy.Action { return tenancy.Action(words.Draw(t, "word")) }), 0, 3)
	roles := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) gate.RoleFact {
		return gate.RoleFact{ID: id.Draw(t, "id"), Name: words.Draw(t, "name")}
	}), 0, 2)
	properties := rapid.SampledFrom([]tenancy.Properties{"", `{"a":{"b":[1,true,null]}}`, `{"n":12345678901234567890,"ü":1.50}`})
	lists := rapid.MapOfN(words, rapid.SliceOfN(words, 1, 3), 0, 3)
	return gate.Input{
		Action:  rapid.SampledFrom(append(tenancy.ChangeActions(), tenancy.ActionTenantRead, "operators.own")).Draw(t, "action"),
		Dialect: rapid.SampledFrom(append(tenancy.Dialects(), "x")).Draw(t, "dialect"),
		Now:     time.Unix(1, 0),
		Sent:    properties.Draw(t, "sent"),
		Subject: gate.SubjectFacts{
			Type: words.Draw(t, "subject type"), ID: words.Draw(t, "subject"), Properties: properties.Draw(t, "sent of it"), Stored: properties.Draw(t, "stored of it"),
		},
		Actor: gate.ActorFacts{
			User: id.Draw(t, "actor"), Member: yes.Draw(t, "member"), Level: level.Draw(t, "level"),
			Active: yes.Draw(t, "active"), Platform: yes.Draw(t, "platform"),
			Roles: roles.Draw(t, "roles"), Actions: actions.Draw(t, "actions"), OrganizationAdmin: yes.Draw(t, "above"),
			Capabilities: rapid.SliceOfN(rapid.Just(tenancy.CapabilityManageUsers), 0, 1).Draw(t, "capabilities"),
			Scopes:       rapid.SliceOfN(rapid.Just(tenancy.ActionMemberAdd), 0, 2).Draw(t, "scopes"),
		},
		Tenant: gate.TenantFacts{
			ID: id.Draw(t, "tenant"), Owner: id.Draw(t, "owner"), Members: rapid.Int64().Draw(t, "members"),
			Limit:         rapid.SampledFrom([]int64{0, 5, tenancy.Unlimited}).Draw(t, "limit"),
			LastingAdmins: rapid.Int64Range(0, 9).Draw(t, "lasting"),
		},
		Target: gate.TargetFacts{
			User: id.Draw(t, "target"), Exists: yes.Draw(t, "exists"), Member: yes.Draw(t, "is member"), Level: level.Draw(t, "target level"),
			Enabled: yes.Draw(t, "enabled"), Pending: yes.Draw(t, "pending"), Developer: yes.Draw(t, "developer"),
			Active: yes.Draw(t, "is active"), Lasting: yes.Draw(t, "is lasting"), Self: yes.Draw(t, "self"), Roles: roles.Draw(t, "their roles"),
		},
		Requested: gate.RequestedFacts{
			Level: level.Draw(t, "given"), Enabled: yes.Draw(t, "then enabled"), Developer: yes.Draw(t, "then developer"), Expires: yes.Draw(t, "expires"),
			Roles: roles.Draw(t, "roles then"), Actions: actions.Draw(t, "actions given"),
		},
		Resource: gate.ResourceFacts{
			Type: words.Draw(t, "type"), ID: words.Draw(t, "resource"), Mine: yes.Draw(t, "mine"),
			Permissions: tenancy.Permissions(rapid.Uint8Range(0, 15).Draw(t, "permissions")),
			Properties:  properties.Draw(t, "sent with it"), Stored: properties.Draw(t, "stored"),
		},
		Route: tenancy.Route{Template: words.Draw(t, "template"), Params: rapid.MapOfN(words, words, 0, 2).Draw(t, "params")},
		HTTP: tenancy.HTTPRequest{
			Method: "GET" /* a request without one is none */, Scheme: words.Draw(t, "scheme"), Host: words.Draw(t, "host"), Path: words.Draw(t, "path"),
			Segments: rapid.SliceOfN(words, 0, 3).Draw(t, "segments"), RawPath: words.Draw(t, "raw"),
			Query: lists.Draw(t, "query"), Headers: lists.Draw(t, "headers"), ClientIP: words.Draw(t, "ip"),
		},
		Context: map[string]any{"k": rapid.SampledFrom([]any{nil, true, 1.5, jsontext.Value("9007199254740993"), []any{jsontext.Value("-0.10")}, "x", []any{"y"}, map[string]any{"z": "ü"}}).Draw(t, "context")},
	}
}
