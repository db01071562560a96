package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// probe is a request that every set has to refuse, whatever else it says.
type probe struct {
	says string
	in   gate.Input
	less []string // the path of a fact that is missing
}

// The cast of the probes.
var (
	probeTenant   = tenancy.TenantID{1}
	probeOwner    = tenancy.UserID{1}
	probeActor    = tenancy.UserID{2}
	probeTarget   = tenancy.UserID{3}
	probeRole     = tenancy.RoleID{4}
	probePlatform = gate.ActorFacts{Platform: true, Active: true}
)

func probeTime() time.Time { return time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC) }

// probes lists what no set may allow. Removing a plain member and reading a
// resource as an admin are what most sets allow; each probe spoils one thing.
func probes() []probe {
	return slices.Concat(ownerProbes(), actorProbes(), accessProbes(), missingProbes())
}

func ownerProbes() []probe {
	var found []probe
	for _, actor := range []struct {
		name  string
		facts gate.ActorFacts
	}{
		{"an admin", adminFacts()},
		{"the platform", probePlatform},
		{"an organization's administrator", gate.ActorFacts{User: probeActor, OrganizationAdmin: true, Active: true}},
		{"another owner", gate.ActorFacts{User: probeActor, Member: true, Level: tenancy.LevelOwner, Active: true}},
	} {
		removal := ownerAsTarget(removalBy(actor.facts))
		demotion := ownerAsTarget(updateBy(actor.facts, gate.RequestedFacts{Level: tenancy.LevelMember, Enabled: true}))
		disabling := ownerAsTarget(updateBy(actor.facts, gate.RequestedFacts{Level: tenancy.LevelOwner}))
		found = append(
			found,
			probe{says: actor.name + " removes the owner", in: removal},
			probe{says: actor.name + " demotes the owner", in: demotion},
			probe{says: actor.name + " disables the owner", in: disabling},
		)
	}
	leaving := ownerAsTarget(removalBy(gate.ActorFacts{User: probeOwner, Member: true, Level: tenancy.LevelOwner, Active: true}))
	leaving.Action, leaving.Target.Self = tenancy.ActionMemberLeave, true
	return append(found, probe{says: "the owner leaves", in: leaving})
}

func actorProbes() []probe {
	inactive, outOfScope := adminFacts(), adminFacts()
	inactive.Active = false
	outOfScope.Scopes = []tenancy.Action{tenancy.ActionMemberRead}
	var found []probe
	for _, actor := range []struct {
		name  string
		facts gate.ActorFacts
	}{
		{"nobody", gate.ActorFacts{}},
		{"a stranger", gate.ActorFacts{User: probeActor, Active: true}},
		{"a viewer", gate.ActorFacts{User: probeActor, Member: true, Level: tenancy.LevelViewer, Active: true}},
		{"a plain member with a role for something else", gate.ActorFacts{
			User: probeActor, Member: true, Level: tenancy.LevelMember, Active: true,
			Roles: []gate.RoleFact{{ID: probeRole, Name: "reader"}}, Actions: []tenancy.Action{tenancy.ActionResourceRead},
		}},
		{"a plain member", gate.ActorFacts{User: probeActor, Member: true, Level: tenancy.LevelMember, Active: true}},
		{"an inactive admin", inactive},
		{"an admin's key that is for something else", outOfScope},
	} {
		found = append(
			found,
			probe{says: actor.name + " adds a member", in: additionBy(actor.facts)},
			probe{says: actor.name + " removes a member", in: removalBy(actor.facts)},
			probe{says: actor.name + " makes a member an admin", in: updateBy(
				actor.facts, gate.RequestedFacts{Level: tenancy.LevelAdmin, Enabled: true})},
		)
	}
	return found
}

func accessProbes() []probe {
	inactive, outOfScope := adminFacts(), adminFacts()
	inactive.Active = false
	outOfScope.Scopes = []tenancy.Action{tenancy.ActionMemberRead}
	return []probe{
		{says: "nobody reads a resource", in: accessBy(gate.ActorFacts{}, tenancy.ActionResourceRead)},
		{says: "a stranger reads a resource", in: accessBy(gate.ActorFacts{User: probeActor, Active: true}, tenancy.ActionResourceRead)},
		{says: "a stranger lists the members", in: accessBy(gate.ActorFacts{User: probeActor, Active: true}, tenancy.ActionMemberList)},
		{says: "an inactive admin reads a resource", in: accessBy(inactive, tenancy.ActionResourceRead)},
		{says: "an admin's key that is for something else reads a resource", in: accessBy(outOfScope, tenancy.ActionResourceRead)},
	}
}

func missingProbes() []probe {
	var found []probe
	for _, key := range []string{"actor", "tenant", "target", "action"} {
		found = append(found, probe{says: "a member is removed while the input has no " + key, in: removalBy(adminFacts()), less: []string{key}})
	}
	for _, key := range []string{"actor", "action"} {
		found = append(found, probe{
			says: "a resource is read while the input has no " + key, in: accessBy(adminFacts(), tenancy.ActionResourceRead), less: []string{key},
		})
	}
	return found
}

func adminFacts() gate.ActorFacts {
	return gate.ActorFacts{User: probeActor, Member: true, Level: tenancy.LevelAdmin, Active: true}
}

func probeInput(actor gate.ActorFacts, action tenancy.Action) gate.Input {
	return gate.Input{
		Action: action, Dialect: tenancy.DialectNative, Now: probeTime(), Actor: actor,
		Tenant: gate.TenantFacts{ID: probeTenant, Owner: probeOwner, Members: 5, Limit: tenancy.Unlimited, LastingAdmins: 3},
	}
}

func removalBy(actor gate.ActorFacts) gate.Input {
	in := probeInput(actor, tenancy.ActionMemberRemove)
	in.Target = gate.TargetFacts{
		User: probeTarget, Exists: true, Member: true, Level: tenancy.LevelMember, Enabled: true, Active: true,
	}
	return in
}

func updateBy(actor gate.ActorFacts, requested gate.RequestedFacts) gate.Input {
	in := removalBy(actor)
	in.Action, in.Requested = tenancy.ActionMemberUpdate, requested
	return in
}

func additionBy(actor gate.ActorFacts) gate.Input {
	in := probeInput(actor, tenancy.ActionMemberAdd)
	in.Target = gate.TargetFacts{User: probeTarget, Exists: true, Active: true}
	in.Requested = gate.RequestedFacts{Level: tenancy.LevelMember, Enabled: true}
	return in
}

func ownerAsTarget(in gate.Input) gate.Input {
	in.Target = gate.TargetFacts{
		User: probeOwner, Exists: true, Member: true, Level: tenancy.LevelOwner, Enabled: true, Active: true, Lasting: true,
	}
	return in
}

func accessBy(actor gate.ActorFacts, action tenancy.Action) gate.Input {
	in := probeInput(actor, action)
	in.Resource = gate.ResourceFacts{Type: "document", ID: "1"}
	return in
}

// probeTimeLimit is how long the answer to one probe may take. Probes ask
// whether a set is right; on a busy machine it need not be quick as well.
const probeTimeLimit = 30 * time.Second

// patient is the same set with all the time that probes get.
func (s *Set) patient() *Set {
	slow, evaluator := *s, *s.evaluator
	evaluator.limit = probeTimeLimit
	slow.evaluator = &evaluator
	return &slow
}

// probe asks the set every probe, and the empty input.
func (l *loading) probe(ctx context.Context, set *Set) {
	for _, p := range probes() {
		err := set.withstands(ctx, p)
		if err != nil {
			l.object("probe: %s: %v", p.says, err)
		}
		if fault := new(tenancy.Error); errors.As(err, &fault) && fault.Code == tenancy.CodePolicyTimeout {
			return // the others would keep the operator waiting as long
		}
	}
	for _, changes := range []bool{true, false} {
		if ruling, err := set.judge(ctx, changes, ast.NewObject(), probeTime()); err == nil && ruling.Allow {
			l.object("probe: the empty input is allowed")
		}
	}
}

// withstands reports why the set's answer to a probe is no well-formed
// refusal.
func (s *Set) withstands(ctx context.Context, p probe) error {
	input, err := s.vocabulary.input(&p.in)
	if err != nil {
		return err
	}
	ruling, err := s.judge(ctx, p.in.Action.Changes(), without(input, p.less), p.in.Now)
	switch {
	case err != nil:
		return err
	case ruling.Allow:
		return fmt.Errorf("is allowed")
	}
	return nil
}

// without gives a copy of the value that lacks what stands at the path; an
// empty path takes nothing away.
func without(value ast.Value, path []string) ast.Value {
	object, isObject := value.(ast.Object)
	if !isObject || len(path) == 0 {
		return value
	}
	rest := ast.NewObject()
	object.Foreach(func(key, inner *ast.Term) {
		switch {
		case key.Value.Compare(ast.String(path[0])) != 0:
			rest.Insert(key, inner)
		case len(path) > 1:
			rest.Insert(key, ast.NewTerm(without(inner.Value, path[1:])))
		}
	})
	return rest
}
