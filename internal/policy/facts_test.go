package policy

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// paths gives every key of a value, at every depth.
func paths(value ast.Value, above ...string) [][]string {
	object, isObject := value.(ast.Object)
	if !isObject {
		return nil
	}
	var found [][]string
	object.Foreach(func(key, inner *ast.Term) {
		path := append(slices.Clone(above), string(key.Value.(ast.String)))
		found = append(found, path)
		found = append(found, paths(inner.Value, path...)...)
	})
	return found
}

// opened removes each fact of an input in turn and gives those whose loss
// leads to an allow that the whole input does not get.
func opened(t testing.TB, set *Set, in gate.Input) []string {
	t.Helper()
	input, err := set.vocabulary.input(&in)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := set.judge(context.Background(), in.Action.Changes(), input, in.Now)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, path := range paths(input) {
		ruling, err := set.judge(context.Background(), in.Action.Changes(), without(input, path), in.Now)
		if err == nil && ruling.Allow && !whole.Allow {
			found = append(found, strings.Join(path, "."))
		}
	}
	return found
}

// refusedInputs holds requests with everything in their favour but one fact.
func refusedInputs() []gate.Input {
	found := []gate.Input{}
	for _, p := range slices.Concat(ownerProbes(), actorProbes(), accessProbes()) {
		found = append(found, p.in)
	}
	full := additionBy(adminFacts())
	full.Tenant.Members, full.Tenant.Limit = 5, 5
	last := removalBy(probePlatform)
	last.Tenant.Owner, last.Tenant.LastingAdmins = tenancy.UserID{}, 1
	last.Target.Level, last.Target.Lasting = tenancy.LevelAdmin, true
	second := updateBy(probePlatform, gate.RequestedFacts{Level: tenancy.LevelOwner, Enabled: true})
	above := removalBy(adminFacts())
	above.Target.Level = tenancy.LevelOwner
	expiring := ownerAsTarget(updateBy(probePlatform, gate.RequestedFacts{Level: tenancy.LevelOwner, Enabled: true, Expires: true}))
	return append(found, full, last, second, above, expiring)
}

// TestNoLostFactOpensAnything removes each fact in turn from requests that are
// refused.
func TestNoLostFactOpensAnything(t *testing.T) {
	set := load(t, Embedded())
	for _, in := range refusedInputs() {
		if allowed(t, set, in) {
			t.Errorf("%s is allowed: %+v", in.Action, in)
		}
		if found := opened(t, set, in); len(found) > 0 {
			t.Errorf("%s is allowed once it lacks one of %v", in.Action, found)
		}
	}
}

// readByChanges are the facts that a change cannot do without.
var readByChanges = []string{
	"action", "action.name", "dialect",
	"actor", "actor.user", "actor.member", "actor.level", "actor.active", "actor.organization_admin", "actor.platform", "actor.scopes",
	"tenant", "tenant.id", "tenant.owner", "tenant.members", "tenant.limit", "tenant.lasting_admins",
	"target", "target.active", "target.exists", "target.user", "target.member", "target.level", "target.rank", "target.enabled", "target.pending",
	"target.lasting", "target.self",
	"requested", "requested.level", "requested.rank", "requested.enabled", "requested.expires", "requested.actions",
}

// readByGrants are facts that a grant reads and no objection does: without
// them, nothing grants.
var readByGrants = map[tenancy.Action][]string{
	tenancy.ActionDatasetGrant:  {"resource", "resource.permissions"},
	tenancy.ActionDatasetCreate: {"resource", "resource.mine"},
	tenancy.ActionProjectUpdate: {"actor.actions", "requested.roles"},
	tenancy.ActionRoleDelete:    {"actor.capabilities"},
}

// TestAGrantNeedsItsFacts: every change that is allowed is refused once it
// lacks a fact, with a code that raises an alert.
func TestAGrantNeedsItsFacts(t *testing.T) {
	set := load(t, Embedded())
	for _, in := range grantedChanges() {
		input, err := set.vocabulary.input(&in)
		if err != nil {
			t.Fatal(err)
		}
		if !allowed(t, set, in) {
			t.Errorf("%s is refused: %+v", in.Action, in)
		}
		for _, path := range paths(input) {
			name := strings.Join(path, ".")
			ruling, err := set.judge(context.Background(), true, without(input, path), in.Now)
			if err != nil {
				t.Fatalf("%s without %s: %v", in.Action, name, err)
			}
			incomplete := tenancy.Has(ruling.Violations, tenancy.CodeFactsIncomplete)
			needed, granted := slices.Contains(readByChanges, name), !slices.Contains(readByGrants[in.Action], name)
			if needed != incomplete || ruling.Allow == (needed || !granted) {
				t.Errorf("%s without %s: allow %t, facts_incomplete %t, needed %t", in.Action, name, ruling.Allow, incomplete, needed)
			}
		}
	}
}

// TestAnAccessNeedsItsFacts names what each access reads; without it, it is
// refused.
func TestAnAccessNeedsItsFacts(t *testing.T) {
	set := load(t, Embedded())
	always := []string{"action", "action.name", "actor", "actor.active", "actor.scopes"}
	for _, in := range grantedAccesses() {
		if !allowed(t, set, in) {
			t.Errorf("%s is refused: %+v", in.Action, in)
		}
		input, err := set.vocabulary.input(&in)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths(input) {
			name := strings.Join(path, ".")
			ruling, err := set.judge(context.Background(), false, without(input, path), in.Now)
			if err != nil {
				t.Fatalf("%s without %s: %v", in.Action, name, err)
			}
			if slices.Contains(always, name) && ruling.Allow {
				t.Errorf("%s is allowed without %s", in.Action, name)
			}
		}
	}
}

// TestAFailOpenSetIsCaught plants the fault that the tests above look for: an
// objection that asks for the harm instead of the harmless case.
func TestAFailOpenSetIsCaught(t *testing.T) {
	files := deciding(`decision := {"allow": count(violations) == 0, "granted": true, "violations": violations}

violations contains {"code": "member_limit", "message": "full"} if input.tenant.members >= input.tenant.limit`)
	set := unchecked(t, files, Options{TimeLimit: time.Minute, Clock: time.Now})
	full := additionBy(adminFacts())
	full.Tenant.Members, full.Tenant.Limit = 5, 5
	want := []string{"tenant", "tenant.limit", "tenant.members"}
	found := opened(t, set, full)
	slices.Sort(found)
	if !slices.Equal(found, want) {
		t.Errorf("got %v, want %v", found, want)
	}
}
