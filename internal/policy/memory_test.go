package policy

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"pgregory.net/rapid"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// misread names the facts that a table reads otherwise than the policies see
// them in an input.
func misread(t *rapid.T, table map[string]fact, in *gate.Input) []string {
	seen, err := newVocabulary().input(in)
	if err != nil {
		t.Fatalf("input: %v", err)
	}
	var wrong []string
	for path, f := range table {
		ref := ast.Ref{}
		for name := range strings.SplitSeq(path, ".") {
			ref = append(ref, ast.StringTerm(name))
		}
		value, err := seen.Find(ref)
		if err != nil || value.Compare(valueRead(f, in)) != 0 {
			wrong = append(wrong, path)
		}
	}
	return wrong
}

// valueRead gives a fact as the policies would have to see it.
func valueRead(f fact, in *gate.Input) ast.Value {
	switch {
	case f.truth != nil:
		return ast.Boolean(f.truth(in))
	case f.number != nil:
		return number(f.number(in)).Value
	case f.id != nil:
		return ast.String(tenancy.UserID(f.id(in)).String())
	case f.text != nil:
		return ast.String(f.text(in))
	}
	terms := []*ast.Term{}
	if f.roles != nil {
		for _, role := range f.roles(in) {
			terms = append(terms, ast.ObjectTerm(
				[2]*ast.Term{ast.StringTerm("id"), ast.StringTerm(role.ID.String())}, [2]*ast.Term{ast.StringTerm("name"), ast.StringTerm(role.Name)},
			))
		}
		return ast.NewArray(terms...)
	}
	for _, text := range f.texts(in) {
		terms = append(terms, ast.StringTerm(text))
	}
	return ast.NewArray(terms...)
}

// TestFactsAreReadAsThePoliciesSeeThem: what keys are made of is what rules
// compare.
func TestFactsAreReadAsThePoliciesSeeThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := anyInput(t)
		if wrong := misread(t, facts(), &in); len(wrong) > 0 {
			t.Fatalf("%v differ in %+v", wrong, in)
		}
	})
}

// TestAMisreadFactIsNoticed plants each fact in the place of each other one of
// its type.
func TestAMisreadFactIsNoticed(t *testing.T) {
	table, noticed := facts(), map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		in := anyInput(t)
		for path, right := range table {
			for other, wrong := range table {
				if path == other || kindOf(right) != kindOf(wrong) || noticed[path+other] {
					continue
				}
				noticed[path+other] = slices.Contains(misread(t, map[string]fact{path: wrong}, &in), path)
			}
		}
	})
	for planted, is := range noticed {
		if !is {
			t.Errorf("%s: not noticed", planted)
		}
	}
}

func kindOf(f fact) string {
	return fmt.Sprint(f.truth != nil, f.number != nil, f.id != nil, f.text != nil, f.texts != nil, f.roles != nil)
}

// mutations change one fact of an input each, to values that are few enough
// to meet again.
func mutations() []func(*gate.Input, int) {
	levels := []tenancy.Level{tenancy.LevelNone, tenancy.LevelViewer, tenancy.LevelMember, tenancy.LevelAdmin, tenancy.LevelOwner}
	dialects := []tenancy.Dialect{tenancy.DialectNative, tenancy.DialectCognee, "unheard of"}
	scopes := [][]tenancy.Action{nil, {"*"}, {tenancy.ActionMemberAdd}, {tenancy.ActionMemberAdd, tenancy.ActionMemberRemove}}
	roles := [][]gate.RoleFact{nil, {{ID: [16]byte{1}, Name: "admin"}}, {{ID: [16]byte{1}, Name: "cook"}}}
	actions := [][]tenancy.Action{nil, {tenancy.ActionMemberAdd, tenancy.ActionMemberUpdate}, {tenancy.ActionTenantTransfer}}
	capabilities := [][]tenancy.Capability{nil, {"manage_users"}}
	return []func(in *gate.Input, n int){
		func(in *gate.Input, n int) { in.Actor.Roles = roles[n%len(roles)] },
		func(in *gate.Input, n int) { in.Actor.Actions = actions[n%len(actions)] },
		func(in *gate.Input, n int) { in.Actor.Capabilities = capabilities[n%len(capabilities)] },
		func(in *gate.Input, n int) { in.Actor.OrganizationAdmin = n%2 == 0 },
		func(in *gate.Input, n int) { in.Requested.Actions = actions[n%len(actions)] },
		func(in *gate.Input, n int) { in.Requested.Roles = roles[n%len(roles)] },
		func(in *gate.Input, n int) { in.Target.Roles = roles[n%len(roles)] },
		func(in *gate.Input, n int) { in.Resource.Permissions = tenancy.Permissions(n) & tenancy.AllPermissions },
		func(in *gate.Input, n int) { in.Requested.Developer = n%2 == 0 },
		func(in *gate.Input, n int) { in.Target.Developer = n%2 == 0 },
		func(in *gate.Input, n int) { in.Action = tenancy.ChangeActions()[n%len(tenancy.ChangeActions())] },
		func(in *gate.Input, n int) { in.Dialect = dialects[n%len(dialects)] },
		func(in *gate.Input, n int) { in.Actor.User = [16]byte{byte(n % 4)} },
		func(in *gate.Input, n int) { in.Actor.Member = n%2 == 0 },
		func(in *gate.Input, n int) { in.Actor.Level = levels[n%len(levels)] },
		func(in *gate.Input, n int) { in.Actor.Active = n%2 == 0 },
		func(in *gate.Input, n int) { in.Actor.Platform = n%2 == 0 },
		func(in *gate.Input, n int) { in.Actor.Scopes = scopes[n%len(scopes)] },
		func(in *gate.Input, n int) { in.Tenant.ID = [16]byte{byte(n % 3)} },
		func(in *gate.Input, n int) { in.Tenant.Owner = [16]byte{byte(n % 4)} },
		func(in *gate.Input, n int) { in.Tenant.Members = int64(n % 4) },
		func(in *gate.Input, n int) { in.Tenant.Limit = int64(n % 4) },
		func(in *gate.Input, n int) { in.Tenant.LastingAdmins = int64(n % 4) },
		func(in *gate.Input, n int) { in.Target.User = [16]byte{byte(n % 4)} },
		func(in *gate.Input, n int) { in.Target.Exists = n%2 == 0 },
		func(in *gate.Input, n int) { in.Target.Member = n%2 == 0 },
		func(in *gate.Input, n int) { in.Target.Level = levels[n%len(levels)] },
		func(in *gate.Input, n int) { in.Target.Enabled = n%2 == 0 },
		func(in *gate.Input, n int) { in.Target.Pending = n%2 == 0 },
		func(in *gate.Input, n int) { in.Target.Active = n%2 == 0 },
		func(in *gate.Input, n int) { in.Target.Lasting = n%2 == 0 },
		func(in *gate.Input, n int) { in.Target.Self = n%2 == 0 },
		func(in *gate.Input, n int) { in.Requested.Level = levels[n%len(levels)] },
		func(in *gate.Input, n int) { in.Requested.Enabled = n%2 == 0 },
		func(in *gate.Input, n int) { in.Requested.Expires = n%2 == 0 },
		func(in *gate.Input, n int) { in.Resource.Mine = n%2 == 0 },
	}
}

// wander draws changes: each is one that is granted, or one that is refused,
// with up to three facts changed.
func wander(seed uint64, draws int, visit func(in *gate.Input)) {
	random := rand.New(rand.NewPCG(seed, 1))
	transfer := removalBy(probePlatform)
	transfer.Action, transfer.Target = tenancy.ActionTenantTransfer, gate.TargetFacts{User: probeTarget, Exists: true, Member: true}
	second := additionBy(probePlatform)
	second.Tenant.Owner, second.Requested.Level = second.Target.User, tenancy.LevelOwner
	nobody := second
	nobody.Tenant.Owner, nobody.Target.User = tenancy.UserID{}, tenancy.UserID{}
	manager := adminFacts()
	manager.Level, manager.Capabilities = tenancy.LevelMember, []tenancy.Capability{"manage_users"}
	managed := updateBy(manager, gate.RequestedFacts{Level: tenancy.LevelMember, Enabled: true})
	managed.Dialect = tenancy.DialectCognee
	helper := updateBy(adminFacts(), managed.Requested)
	helper.Actor.Level, helper.Actor.Actions = tenancy.LevelMember, []tenancy.Action{tenancy.ActionMemberUpdate}
	giver := helper
	giver.Requested.Roles = []gate.RoleFact{{ID: [16]byte{1}, Name: "admin"}}
	bases := slices.Concat(grantedChanges(), refusedInputs(), []gate.Input{transfer, second, nobody, managed, helper, managed, helper, giver})
	mutate := mutations()
	for range draws {
		in := bases[random.IntN(len(bases))]
		for range random.IntN(4) {
			mutate[random.IntN(len(mutate))](&in, random.IntN(60))
		}
		if in.Action.Changes() {
			visit(&in)
		}
	}
}

// ruled is an input with the ruling that its evaluation gives.
type ruled struct {
	in     gate.Input
	ruling gate.Ruling
}

func evaluated(t *testing.T, set *Set, draws int) (all []ruled) {
	t.Helper()
	wander(1, draws, func(in *gate.Input) {
		ruling, err := set.rule(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, ruled{*in, ruling})
	})
	return all
}

// disagreement looks for two inputs with the same key and different rulings.
// It gives how many shared a key, too.
func disagreement(all []ruled, keys projection) (shared int, found string) {
	known := map[string]ruled{}
	for _, one := range all {
		key := string(keys.key(nil, &one.in))
		before, isKnown := known[key]
		switch {
		case !isKnown:
			known[key] = one
		case !same(before.ruling, one.ruling):
			return shared, fmt.Sprintf("%+v\n%+v", before, one)
		default:
			shared++
		}
	}
	return shared, ""
}

// TestTheSameKeyHasTheSameRuling is what remembering rests on. Its planted
// fault leaves out each part of the projection in turn: two inputs are
// confused then.
func TestTheSameKeyHasTheSameRuling(t *testing.T) {
	set := load(t, Embedded())
	all := evaluated(t, set, 30_000)
	shared, found := disagreement(all, set.memory.decision)
	if found != "" {
		t.Errorf("one key, two rulings:\n%s", found)
	}
	if shared < 1000 {
		t.Errorf("only %d inputs shared a key with another", shared)
	}
	l := &loading{compiler: set.evaluator.compiler}
	s := &survey{facts: facts(), parts: map[string]part{}}
	for rule := range l.reached(decisionEntry) {
		s.rule(rule)
	}
	delete(s.parts, "input.requested.rank") // says no more than the level
	delete(s.parts, "input.target.rank")
	for _, name := range slices.Sorted(maps.Keys(s.parts)) {
		var rest projection
		for _, other := range slices.Sorted(maps.Keys(s.parts)) {
			if other != name {
				rest = append(rest, s.parts[other])
			}
		}
		if _, found := disagreement(all, rest); found == "" {
			t.Errorf("nothing was confused without %s", name)
		}
	}
}

// remembering is the shipped set, which evaluates no remembered ruling again.
func remembering(t testing.TB) *Set {
	t.Helper()
	set, err := Load(context.Background(), Embedded(), Options{TimeLimit: time.Minute, Clock: time.Now, ShadowEvery: 1 << 62})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestRecallGivesWhatEvaluationGives(t *testing.T) {
	set := remembering(t)
	asked := 0
	wander(2, 5000, func(in *gate.Input) {
		want, err := set.rule(context.Background(), in)
		got, otherErr := NewEngine(set).Decide(context.Background(), in)
		if err != nil || otherErr != nil || !same(got, want) || got.PolicyRevision != want.PolicyRevision {
			t.Fatalf("got %+v, %v, want %+v, %v for %+v", got, otherErr, want, err, in)
		}
		asked++
	})
	if used := set.memory.used.Load(); used < uint64(asked)/10 {
		t.Errorf("%d of %d rulings were remembered", used, asked)
	}
}

// TestAWrongMemoryIsFoundOut plants a ruling that evaluation would not give:
// where every reuse is evaluated, the first refuses, and is the last.
func TestAWrongMemoryIsFoundOut(t *testing.T) {
	engine := NewEngine(load(t, Embedded())) // evaluates each
	memory := engine.Active().memory
	in := removalBy(gate.ActorFacts{User: probeActor, Active: true})
	memory.keep(memory.key(nil, &in), gate.Ruling{Allow: true, Granted: true, PolicyRevision: engine.Active().Revision()})
	ruling, err := engine.Decide(context.Background(), &in)
	if codeOfError(t, err) != tenancy.CodePolicyError || ruling.Allow {
		t.Errorf("got %+v, %v, want policy_error", ruling, err)
	}
	if ruling, err = engine.Decide(context.Background(), &in); err != nil || ruling.Allow {
		t.Errorf("got %+v, %v, want a refusal from evaluation", ruling, err)
	}
	if memory.key(nil, &in) != nil {
		t.Error("the memory is still used")
	}
}

func TestOneReuseInAThousandIsEvaluated(t *testing.T) {
	set, err := Load(context.Background(), Embedded(), Options{TimeLimit: time.Minute, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	in := removalBy(gate.ActorFacts{User: probeActor, Active: true})
	set.memory.keep(set.memory.key(nil, &in), gate.Ruling{Allow: true, Granted: true})
	for i := range DefaultShadowEvery {
		if ruling, err := set.recall(context.Background(), &in); (err != nil) != (i == DefaultShadowEvery-1) {
			t.Fatalf("reuse %d: %+v, %v", i+1, ruling, err)
		}
	}
}

// TestWhatIsNotRemembered: these are evaluated each time.
func TestWhatIsNotRemembered(t *testing.T) {
	plain := accessBy(adminFacts(), tenancy.ActionResourceRead)
	rows := map[string]func(*gate.Input){
		"what the caller sent":         func(in *gate.Input) { in.Context = map[string]any{"n": make(chan int)} },
		"a name that is no UTF-8":      func(in *gate.Input) { in.Route.Params = map[string]string{"\xff": ""} },
		"a header":                     func(in *gate.Input) { in.HTTP.Method, in.HTTP.Headers = "GET", map[string][]string{"\xff": nil} },
		"a query":                      func(in *gate.Input) { in.HTTP.Method, in.HTTP.Query = "GET", map[string][]string{"\xff": nil} },
		"an input without a time":      func(in *gate.Input) { in.Now = time.Time{} },
		"an action of a million bytes": func(in *gate.Input) { in.Action = tenancy.Action(strings.Repeat("x", 1<<20)) },
	}
	for name, change := range rows {
		t.Run(name, func(t *testing.T) {
			set, in := remembering(t), plain
			change(&in)
			for range 2 {
				want, wantErr := set.rule(context.Background(), &in)
				got, err := set.recall(context.Background(), &in)
				if !same(got, want) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
					t.Errorf("got %+v, %v, want %+v, %v", got, err, want, wantErr)
				}
			}
			if len(set.memory.known) > 0 {
				t.Error("it was remembered")
			}
		})
	}
}

// TestAProxiedRequestIsRemembered: what a set does not read of a request makes
// no difference to its ruling.
func TestAProxiedRequestIsRemembered(t *testing.T) {
	set, in := remembering(t), accessBy(adminFacts(), tenancy.ActionResourceRead)
	for i := range 3 {
		n := fmt.Sprint(i)
		in.Route = tenancy.Route{Template: "/{id}", Params: map[string]string{"id": n}}
		in.HTTP = tenancy.HTTPRequest{
			Method: "GET", Path: "/" + n, Segments: []string{n}, Query: map[string][]string{n: {"\xff"}}, Headers: map[string][]string{"user-agent": {n}},
		}
		want, err := set.rule(context.Background(), &in)
		got, otherErr := set.recall(context.Background(), &in)
		if err != nil || otherErr != nil || !got.Allow || !same(got, want) {
			t.Errorf("request %d: got %+v, %v, want %+v, %v", i, got, otherErr, want, err)
		}
	}
	if used := set.memory.used.Load(); used != 2 || len(set.memory.known) != 1 {
		t.Errorf("%d of 2 rulings were remembered, %d are known", used, len(set.memory.known))
	}
}

// TestASetThatReadsTheRequestIsEvaluated: two requests of one person differ in
// a header alone.
func TestASetThatReadsTheRequestIsEvaluated(t *testing.T) {
	set := unchecked(t, accessing(`allow if input.http.headers["x-ticket"][_] == "1"`), Options{TimeLimit: time.Minute, Clock: time.Now, ShadowEvery: 1 << 62})
	in := accessBy(adminFacts(), tenancy.ActionResourceRead)
	for range 2 {
		for _, ticket := range []string{"1", "2"} {
			in.HTTP = tenancy.HTTPRequest{Method: "GET", Path: "/", Headers: map[string][]string{"x-ticket": {ticket}}}
			if ruling, err := set.recall(context.Background(), &in); err != nil || ruling.Allow != (ticket == "1") {
				t.Errorf("ticket %s: %+v, %v", ticket, ruling, err)
			}
		}
	}
}

// TestAFaultIsNotRemembered: the next question is evaluated again.
func TestAFaultIsNotRemembered(t *testing.T) {
	set := remembering(t)
	in := removalBy(adminFacts())
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, row := range []struct {
		ctx  context.Context
		want bool
	}{{ended, false}, {context.Background(), true}, {ended, false}, {context.Background(), true}} {
		if ruling, err := NewEngine(set).Decide(row.ctx, &in); ruling.Allow != row.want || (err == nil) != row.want {
			t.Errorf("got %+v, %v, want allow %t", ruling, err, row.want)
		}
	}
}

func TestTheMemoryIsBounded(t *testing.T) {
	set := remembering(t)
	in := accessBy(adminFacts(), "")
	most := 0
	for i := range memoryLimit + 10 {
		in.Action = tenancy.Action(fmt.Sprintf("operators.%d", i))
		set.memory.keep(set.memory.key(nil, &in), gate.Ruling{})
		most = max(most, len(set.memory.known))
	}
	if most != memoryLimit || len(set.memory.known) != 10 {
		t.Errorf("%d at most, %d in the end; want %d and 10", most, len(set.memory.known), memoryLimit)
	}
}

func TestALongRulingIsNotRemembered(t *testing.T) {
	set := remembering(t)
	in := removalBy(adminFacts())
	key := set.memory.key(nil, &in)
	for _, row := range []struct {
		length int
		kept   bool
	}{{rulingLimit, false}, {rulingLimit - len("code"), true}} {
		set.memory.keep(key, gate.Ruling{Violations: []tenancy.Finding{{Code: "code", Message: strings.Repeat("x", row.length)}}})
		if _, kept := set.memory.recall(key); kept != row.kept {
			t.Errorf("a message of %d bytes: kept %t", row.length, kept)
		}
	}
}

// TestWhoAsksOwnsTheAnswer: what one caller does with the violations does not
// reach another.
func TestWhoAsksOwnsTheAnswer(t *testing.T) {
	set := remembering(t)
	in := ownerAsTarget(removalBy(adminFacts()))
	for range 3 {
		ruling, err := set.recall(context.Background(), &in)
		if err != nil || len(ruling.Violations) == 0 || tenancy.Has(ruling.Violations, "altered") {
			t.Fatalf("got %+v, %v", ruling, err)
		}
		ruling.Violations[0].Code = "altered"
	}
}

// TestAnotherSetRemembersNothingOfTheLast: the rulings go with their set.
func TestAnotherSetRemembersNothingOfTheLast(t *testing.T) {
	engine := NewEngine(remembering(t))
	in := removalBy(adminFacts())
	if ruling, err := engine.Decide(context.Background(), &in); err != nil || !ruling.Allow {
		t.Fatalf("got %+v, %v, want it allowed", ruling, err)
	}
	strict := load(t, withoutTests(t, book{"membership/forbid/frozen.rego": "package membership.forbid\n\n" + header +
		"violation contains {\"code\": \"frozen\", \"message\": \"nothing changes\"} if input.action.name == \"member.remove\"\n"}))
	engine.active.Store(strict)
	if ruling, err := engine.Decide(context.Background(), &in); err != nil || ruling.Allow {
		t.Errorf("got %+v, %v, want it refused by the new set", ruling, err)
	}
}

// TestRecallAtOnce shares one memory between many goroutines; the race
// detector watches.
func TestRecallAtOnce(t *testing.T) {
	engine := NewEngine(load(t, Embedded()))
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for _, in := range slices.Concat(grantedChanges(), grantedChanges(), refusedInputs()) {
				if !in.Action.Changes() {
					continue
				}
				want, _ := engine.Active().rule(context.Background(), &in)
				if got, err := engine.Decide(context.Background(), &in); err != nil || !same(got, want) {
					t.Errorf("%s: got %+v, %v, want %+v", in.Action, got, err, want)
				}
			}
		})
	}
	workers.Wait()
}
