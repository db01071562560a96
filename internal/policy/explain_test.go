package policy

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// told gives an explanation in one line for each rule.
func told(t *testing.T, set *Set, in gate.Input) (fired, nearly []string) {
	t.Helper()
	explanation, err := NewEngine(set).Explain(context.Background(), &in)
	if err != nil {
		t.Fatal(err)
	}
	if explanation.PolicyRevision != set.Revision() {
		t.Errorf("the explanation is of the set %q, want %q", explanation.PolicyRevision, set.Revision())
	}
	for _, rule := range explanation.Fired {
		text := rule.Kind + " " + rule.Title
		if rule.Code != "" {
			text += ": " + rule.Code
		}
		fired = append(fired, text)
	}
	for _, miss := range explanation.Nearly {
		nearly = append(nearly, fmt.Sprintf("%s %s, but for %s", miss.Kind, miss.Title, miss.Condition.Text))
	}
	return fired, nearly
}

const (
	noPlatform     = "grant The platform acts as an owner, but for input.actor.platform == true"
	noRole         = "grant A custom role grants its changes, but for input.action.name in input.actor.actions"
	noOrganization = "grant Organization administrators act as owners, but for input.actor.organization_admin == true"
	noRolesAccess  = "access A custom role gives access, but for input.action.name in input.actor.actions"
	noAdminsAccess = "access Organization administrators have an owner's access, but for input.actor.organization_admin == true"
	noOwnersRole   = "access The platform has an owner's access, but for input.actor.platform == true"
)

func TestExplanations(t *testing.T) {
	set := load(t, Embedded())
	viewer := gate.ActorFacts{User: probeActor, Member: true, Level: tenancy.LevelViewer, Active: true}
	adminOfThePlatform := adminFacts()
	adminOfThePlatform.Platform = true
	rows := []struct {
		name          string
		in            gate.Input
		fired, nearly []string
	}{
		{"an admin adds a member", additionBy(adminFacts()), []string{"grant A level grants its changes"}, []string{noRole, noOrganization, noPlatform}},
		{
			"two grants apply", additionBy(adminOfThePlatform),
			[]string{"grant A level grants its changes", "grant The platform acts as an owner"},
			[]string{noRole, noOrganization},
		},
		{"a viewer adds a member", additionBy(viewer), []string{"objection Nobody exceeds their rank: rank_exceeded"}, []string{
			noRole, "grant A level grants its changes, but for input.action.name in data.roles.changes[input.actor.level]", noOrganization, noPlatform,
		}},
		{
			"the platform removes the owner", ownerAsTarget(removalBy(probePlatform)),
			[]string{"objection The owner is permanent: owner_permanent", "grant The platform acts as an owner"},
			[]string{noOrganization},
		},
		{"a stranger selects a tenant", func() gate.Input {
			in := selectingInput()
			in.Actor.Member = false
			return in
		}(), nil, []string{
			"grant A member selects a tenant, but for input.actor.member == true",
			`grant People clear their selection, but for input.tenant.id == ""`,
		}},
		{"two conditions fail: not near", func() gate.Input {
			in := selectingInput()
			in.Actor.Member, in.Target.Self = false, false
			return in
		}(), nil, nil},
		{"a viewer reads", accessBy(viewer, tenancy.ActionResourceRead), []string{"access A level gives access"}, []string{noRolesAccess, noAdminsAccess, noOwnersRole}},
		{"a viewer writes", accessBy(viewer, tenancy.ActionResourceWrite), nil, []string{
			"access A level gives access, but for input.action.name in data.roles.access[input.actor.level]", noRolesAccess, noAdminsAccess, noOwnersRole,
		}},
		{"an inactive viewer reads", func() gate.Input {
			in := accessBy(viewer, tenancy.ActionResourceRead)
			in.Actor.Active = false
			return in
		}(), nil, []string{"access A level gives access, but for _actor_may_act"}},
		{"an action that no rule knows", accessBy(gate.ActorFacts{User: probeActor, Active: true}, "billing.pay"), nil, nil},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			fired, nearly := told(t, set, row.in)
			if diff := cmp.Diff(row.fired, fired); diff != "" {
				t.Errorf("fired (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(row.nearly, nearly); diff != "" {
				t.Errorf("nearly (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAnExplanationSaysWhere: enough to open the file at the line.
func TestAnExplanationSaysWhere(t *testing.T) {
	in := additionBy(gate.ActorFacts{User: probeActor, Member: true, Level: tenancy.LevelViewer, Active: true})
	explanation, err := load(t, Embedded()).explain(context.Background(), &in)
	if err != nil || len(explanation.Fired) != 1 || len(explanation.Nearly) != 4 {
		t.Fatalf("got %+v, %v", explanation, err)
	}
	objection := tenancy.Rule{
		Kind: "objection", Package: "membership.forbid", Name: "violation", Code: "rank_exceeded", Title: "Nobody exceeds their rank",
		Description: "Nobody gives a level above their own, and nobody changes or removes a member above them; " +
			"but a user manager of cognee's removes anyone whom nothing else protects.",
		File: "membership/forbid/nobody_exceeds_their_rank.rego", Line: 13,
	}
	grant := tenancy.NearMiss{
		Rule: tenancy.Rule{
			Kind: "grant", Package: "membership.grant", Name: "allowed", Title: "A level grants its changes",
			Description: "An active member may make the changes that the role table gives to their level.",
			File:        "membership/grant/a_level_grants_its_changes.rego", Line: 8,
		},
		Condition: tenancy.Condition{Text: "input.action.name in data.roles.changes[input.actor.level]", Line: 19},
	}
	if diff := cmp.Diff(objection, explanation.Fired[0]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(grant, explanation.Nearly[1]); diff != "" {
		t.Error(diff)
	}
}

// TestEveryDecisionIsExplained: whatever the shipped rules allow, some grant
// of it is named, and every objection is.
func TestEveryDecisionIsExplained(t *testing.T) {
	set := load(t, Embedded())
	for _, in := range append(append(grantedChanges(), grantedAccesses()...), refusedInputs()...) {
		ruling, err := set.rule(context.Background(), &in)
		if err != nil {
			t.Fatal(err)
		}
		explanation, err := set.explain(context.Background(), &in)
		if err != nil {
			t.Fatal(err)
		}
		granted, objections := false, []tenancy.Code{}
		for _, rule := range explanation.Fired {
			granted = granted || rule.Kind != string(KindObjection)
			if rule.Code != "" {
				objections = append(objections, tenancy.Code(rule.Code))
			}
		}
		if granted != ruling.Granted || len(objections) < len(ruling.Violations) {
			t.Errorf("%s: ruled %+v, explained by %+v", in.Action, ruling, explanation.Fired)
		}
		for _, code := range objections {
			if !tenancy.Has(ruling.Violations, code) {
				t.Errorf("%s: %s is explained and was not found", in.Action, code)
			}
		}
	}
}

// TestOwnRulesAreExplained: rules that are written in other ways than the
// shipped ones.
func TestOwnRulesAreExplained(t *testing.T) {
	grant := func(rules string) book { return book{"membership/grant/own.rego": module("membership.grant", rules)} }
	const near = "grant , but for "
	for _, row := range []struct {
		name          string
		files         book
		fired, nearly []string
	}{
		{"a grant without conditions", grant("allowed := true"), []string{"grant "}, nil},
		{"a value that is a condition", grant("allowed := input.target.enabled"), []string{"grant "}, nil},
		{"a value that is false", grant("allowed := input.target.self"), nil, []string{near + "input.target.self"}},
		{"a grant that says false", grant("allowed := false if input.target.enabled"), nil, nil},
		{"a variable", grant("allowed if {\n\tsome scope in input.actor.scopes\n\tscope == \"x\"\n}"), nil, []string{near + `scope == "x"`}},
		{"a negated condition", grant("allowed if not input.target.enabled"), nil, []string{near + "not input.target.enabled"}},
		{"the action the other way about", grant(`allowed if "key.create" == input.action.name`), nil, nil},
		{
			"a code made at run time",
			forbidding("violation contains {\"code\": concat(\"_\", [\"own\", code]), \"message\": \"own\"} if some code in [\"b\", \"a\"]"),
			[]string{"objection : own_a", "objection : own_b"},
			nil,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			in := removalBy(gate.ActorFacts{User: probeActor, Active: true})
			fired, nearly := told(t, bare(t, row.files), in)
			if diff := cmp.Diff(row.fired, fired); diff != "" {
				t.Errorf("fired (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(row.nearly, nearly); diff != "" {
				t.Errorf("nearly (-want +got):\n%s", diff)
			}
		})
	}
}

// bare is the shipped set without its grants and objections, and with the
// files given; it is not held against the contract.
func bare(t *testing.T, files book) *Set {
	t.Helper()
	whole := book{
		"membership/forbid/none.rego": module("membership.forbid", "violation contains {\"code\": \"none\", \"message\": \"none\"} if input.version == 2"),
		"membership/grant/none.rego":  module("membership.grant", "default allowed := false"),
	}
	embedded, err := Embedded().read()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range embedded {
		if strings.HasPrefix(f.path, "access/access.") || strings.HasPrefix(f.path, "roles/") || f.path == "membership/decision.rego" {
			whole[f.path] = string(f.content)
		}
	}
	for name, content := range files {
		whole[name] = content
	}
	return unchecked(t, whole, Options{TimeLimit: time.Minute, Clock: time.Now})
}

func TestAnExplanationFailsAsADecisionDoes(t *testing.T) {
	set := load(t, Embedded())
	in := additionBy(adminFacts())
	ended, end := context.WithCancel(context.Background())
	end()
	if _, err := set.explain(ended, &in); codeOfError(t, err) != tenancy.CodePolicyTimeout {
		t.Errorf("after the end: %v", err)
	}
	ended, end = context.WithCancel(context.Background())
	input, err := set.vocabulary.input(&in)
	if err != nil {
		t.Fatal(err)
	}
	end()
	if _, err := set.nearly(ended, true, input, in.Now); codeOfError(t, err) != tenancy.CodePolicyTimeout {
		t.Errorf("near misses after the end: %v", err)
	}
	in.Context = map[string]any{"x": func() {}}
	if _, err := set.explain(context.Background(), &in); codeOfError(t, err) != tenancy.CodePolicyError {
		t.Errorf("a context that is no JSON: %v", err)
	}
	if _, err := (&Set{}).nearly(context.Background(), true, input, in.Now); codeOfError(t, err) != tenancy.CodePolicyError {
		t.Errorf("a panic: %v", err)
	}
}
