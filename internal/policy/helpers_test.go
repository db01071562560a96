package policy

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// load gives a set that keeps the contract, with more time than any machine
// needs, and that evaluates every remembered ruling again.
func load(t testing.TB, source Source) *Set {
	t.Helper()
	set, err := Load(context.Background(), source, Options{TimeLimit: time.Minute, Clock: time.Now, ShadowEvery: 1})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// book is a set of files by path.
type book map[string]string

// shipped gives the embedded rule book with some files replaced or, where
// they are empty, left out.
func shipped(t testing.TB, changes book) Source {
	t.Helper()
	return overlay(t, changes, func(string) bool { return false })
}

// withoutTests is shipped without the tests of the book: what is loaded is
// judged by the contract alone, and by tests among the changes.
func withoutTests(t testing.TB, changes book) Source {
	t.Helper()
	return overlay(t, changes, func(name string) bool { return strings.HasSuffix(name, "_test.rego") })
}

func overlay(t testing.TB, changes book, leaveOut func(name string) bool) Source {
	t.Helper()
	files, err := Embedded().read()
	if err != nil {
		t.Fatal(err)
	}
	whole := book{}
	for _, f := range files {
		if !leaveOut(f.path) {
			whole[f.path] = string(f.content)
		}
	}
	maps.Copy(whole, changes)
	maps.DeleteFunc(whole, func(_, content string) bool { return content == "" })
	return whole.source()
}

func (b book) source() Source {
	files := fstest.MapFS{}
	for name, content := range b {
		files[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return Source{name: "book", files: files}
}

// unchecked compiles a set without holding it against the contract, as a
// later fault in the checks would let it through.
func unchecked(t testing.TB, files book, opts Options) *Set {
	t.Helper()
	l, err := begin(files.source())
	if err != nil {
		t.Fatal(err)
	}
	set := &Set{revision: "unchecked", vocabulary: newVocabulary()}
	for _, step := range []func(){l.read, l.parse, l.compile, func() { l.prepare(context.Background(), set, opts) }} {
		if step(); len(l.problems) > 0 {
			t.Fatal(l.problems)
		}
	}
	return set
}

// codeOfError gives the code of a policy fault.
func codeOfError(t testing.TB, err error) tenancy.Code {
	t.Helper()
	var fault *tenancy.Error
	if !errors.As(err, &fault) {
		t.Fatalf("got %v, want a *tenancy.Error", err)
	}
	return fault.Code
}

// allowed asks a set and wants a well-formed answer.
func allowed(t testing.TB, set *Set, in gate.Input) bool {
	t.Helper()
	ruling, err := set.rule(context.Background(), &in)
	if err != nil {
		t.Fatalf("%s: %v", in.Action, err)
	}
	return ruling.Allow
}

// selfInput is a person acting on their own account, outside any tenant.
func selfInput(action tenancy.Action) gate.Input {
	return gate.Input{
		Action: action, Dialect: tenancy.DialectNative, Now: probeTime(),
		Actor:  gate.ActorFacts{User: probeActor, Active: true},
		Tenant: gate.TenantFacts{Limit: tenancy.Unlimited},
		Target: gate.TargetFacts{User: probeActor, Exists: true, Active: true, Self: true},
	}
}

func leavingInput() gate.Input {
	in := removalBy(adminFacts())
	in.Action = tenancy.ActionMemberLeave
	in.Target = gate.TargetFacts{
		User: probeActor, Exists: true, Member: true, Level: tenancy.LevelAdmin, Enabled: true, Active: true, Lasting: true, Self: true,
	}
	return in
}

func selectingInput() gate.Input {
	in := leavingInput()
	in.Action = tenancy.ActionTenantSelect
	return in
}

// memberFacts is somebody whom their level gives next to nothing.
func memberFacts() gate.ActorFacts {
	return gate.ActorFacts{User: probeActor, Member: true, Level: tenancy.LevelMember, Active: true}
}

// aboveFacts is an administrator of the tenant's organization.
func aboveFacts() gate.ActorFacts {
	return gate.ActorFacts{User: probeActor, OrganizationAdmin: true, Active: true}
}

// changeBy is a change that is about no member.
func changeBy(actor gate.ActorFacts, action tenancy.Action) gate.Input {
	in := removalBy(actor)
	in.Action, in.Target = action, gate.TargetFacts{}
	return in
}

// grantedChanges holds, for every change, an input that the shipped set
// allows.
func grantedChanges() []gate.Input {
	promotion := updateBy(adminFacts(), gate.RequestedFacts{Level: tenancy.LevelAdmin, Enabled: true})
	userCreate := selfInput(tenancy.ActionUserCreate)
	userCreate.Actor, userCreate.Target = probePlatform, gate.TargetFacts{}
	ofOwner := ownerAsTarget(updateBy(probePlatform, gate.RequestedFacts{Level: tenancy.LevelOwner, Enabled: true, Developer: true}))
	scoped := removalBy(adminFacts())
	scoped.Actor.Scopes = []tenancy.Action{tenancy.ActionMemberRead, tenancy.ActionMemberRemove}
	sharing := changeBy(memberFacts(), tenancy.ActionDatasetGrant)
	sharing.Resource = gate.ResourceFacts{Type: "dataset", ID: "d", Permissions: tenancy.PermissionShare}
	registering := selfInput(tenancy.ActionDatasetCreate)
	registering.Target, registering.Resource = gate.TargetFacts{}, gate.ResourceFacts{Type: "dataset", Mine: true}
	byRole := changeBy(memberFacts(), tenancy.ActionProjectUpdate)
	byRole.Actor.Actions = []tenancy.Action{tenancy.ActionProjectUpdate}
	managing := changeBy(memberFacts(), tenancy.ActionRoleDelete)
	managing.Actor.Capabilities, managing.Dialect = []tenancy.Capability{tenancy.CapabilityManageUsers}, tenancy.DialectCognee
	return []gate.Input{
		userCreate, selfInput(tenancy.ActionUserRegister), selfInput(tenancy.ActionKeyCreate), selfInput(tenancy.ActionKeyDelete),
		selfInput(tenancy.ActionTenantCreate), selectingInput(), selfInput(tenancy.ActionTenantSelect),
		additionBy(adminFacts()), promotion, removalBy(adminFacts()), leavingInput(),
		additionBy(probePlatform), removalBy(probePlatform), ofOwner, scoped,
		changeBy(adminFacts(), tenancy.ActionRoleCreate), changeBy(aboveFacts(), tenancy.ActionOrganizationAttach), removalBy(aboveFacts()),
		selfInput(tenancy.ActionInvitationAccept), sharing, registering, byRole, managing,
	}
}

// grantedAccesses holds, for every access, an input that the shipped set
// allows.
func grantedAccesses() []gate.Input {
	var found []gate.Input
	for _, action := range []tenancy.Action{
		tenancy.ActionTenantRead, tenancy.ActionMemberRead, tenancy.ActionMemberList, tenancy.ActionAuditRead,
		tenancy.ActionResourceRead, tenancy.ActionResourceWrite,
	} {
		found = append(found, accessBy(adminFacts(), action))
	}
	for _, action := range []tenancy.Action{tenancy.ActionUserRead, tenancy.ActionKeyList, tenancy.ActionTenantList, tenancy.ActionPolicyRead} {
		found = append(found, selfInput(action))
	}
	finding := selfInput(tenancy.ActionUserFind)
	finding.Dialect, finding.Target = tenancy.DialectCognee, gate.TargetFacts{}
	all := selfInput(tenancy.ActionTenantListAll)
	all.Actor, all.Target = probePlatform, gate.TargetFacts{}
	scoped := accessBy(adminFacts(), tenancy.ActionResourceRead)
	scoped.Actor.Scopes = []tenancy.Action{tenancy.ActionResourceWrite, tenancy.ActionResourceRead}
	dataset := accessBy(memberFacts(), tenancy.ActionDatasetRead)
	dataset.Resource.Permissions = tenancy.PermissionRead
	return append(found, finding, all, dataset, accessBy(aboveFacts(), tenancy.ActionRoleList), selfInput(tenancy.ActionDatasetList), accessBy(probePlatform, tenancy.ActionMemberList), scoped)
}
