package policy

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// levelTable is the table of contracts/levels.md: who holds each action, in
// the order owner, admin, member, viewer.
var levelTable = []struct {
	actions []tenancy.Action
	held    [4]bool
}{
	{[]tenancy.Action{"tenant.read", "member.read", "member.list", "resource.read", "project.read", "project.list"}, [4]bool{true, true, true, true}},
	{[]tenancy.Action{"resource.write", "feedback.write"}, [4]bool{true, true, true, false}},
	{[]tenancy.Action{"app.manage"}, [4]bool{true, true, false, false}},
	{[]tenancy.Action{"member.add", "member.update", "member.remove", "usage.read"}, [4]bool{true, true, false, false}},
	{[]tenancy.Action{"invitation.create", "invitation.delete", "invitation.list"}, [4]bool{true, true, false, false}},
	{[]tenancy.Action{"role.create", "role.update", "role.delete", "role.read", "role.list"}, [4]bool{true, true, false, false}},
	{[]tenancy.Action{"project.create", "project.update", "project.delete"}, [4]bool{true, true, false, false}},
	{[]tenancy.Action{"capability.grant", "capability.revoke", "dataset.list_of"}, [4]bool{true, true, false, false}},
	{[]tenancy.Action{"capability.read"}, [4]bool{true, true, true, true}}, // everybody's own
	{[]tenancy.Action{"dataset.create"}, [4]bool{true, true, true, true}},
	{[]tenancy.Action{"dataset.read", "dataset.write", "dataset.delete", "dataset.share", "dataset.grant", "dataset.revoke"}, [4]bool{}}, // by grants
	{[]tenancy.Action{"dataset.list", "organization.list", "invitation.accept", "invitation.decline"}, [4]bool{}},                        // of others
	{[]tenancy.Action{"organization.create", "organization.update", "organization.delete", "organization.set_member"}, [4]bool{}},
	{[]tenancy.Action{"organization.remove_member", "organization.attach", "organization.detach", "organization.read"}, [4]bool{}},
	{[]tenancy.Action{"organization.list_all", "organization.usage"}, [4]bool{}},
	{[]tenancy.Action{"tenant.update"}, [4]bool{true, true, false, false}},
	{[]tenancy.Action{"tenant.delete", "tenant.transfer"}, [4]bool{true, false, false, false}},
	{[]tenancy.Action{"audit.read", "usage.report"}, [4]bool{true, true, false, false}},
	{[]tenancy.Action{"member.leave", "tenant.select"}, [4]bool{true, true, true, true}},
	{[]tenancy.Action{"tenant.create", "policy.read"}, [4]bool{true, true, true, true}}, // any account
	{[]tenancy.Action{"tenant.list_all", "user.find", "user.create", "user.delete", "store.backup", "signing_key.rotate", "billing.pay"}, [4]bool{}},
}

var tableLevels = [4]tenancy.Level{tenancy.LevelOwner, tenancy.LevelAdmin, tenancy.LevelMember, tenancy.LevelViewer}

func TestLevels(t *testing.T) {
	set := load(t, Embedded())
	for _, row := range levelTable {
		for _, action := range row.actions {
			for i, level := range tableLevels {
				in := byLevel(action, level)
				ruling, err := set.rule(context.Background(), &in)
				if err != nil || ruling.Granted != row.held[i] {
					t.Errorf("%s by %s: got granted %t, %v, want %t", action, level, ruling.Granted, err, row.held[i])
				}
				if ruling.Granted && !slices.Contains(ownRight, action) && !level.MayHold(action) {
					t.Errorf("%s by %s is beyond the ceiling", action, level)
				}
			}
			if in := byLevel(action, tenancy.LevelOwner); setActive(&in, false) && allowed(t, set, in) {
				t.Errorf("%s by an inactive owner is allowed", action)
			}
		}
	}
}

// ownRight are the actions of the table that people have whatever their level.
var ownRight = []tenancy.Action{tenancy.ActionTenantCreate, tenancy.ActionPolicyRead, tenancy.ActionCapabilityRead}

func setActive(in *gate.Input, active bool) bool {
	in.Actor.Active = active
	return true
}

// byLevel is an action of somebody of a level, on a plain member or, where
// the action is about oneself, on themself.
func byLevel(action tenancy.Action, level tenancy.Level) gate.Input {
	in := removalBy(gate.ActorFacts{User: probeActor, Member: true, Level: level, Active: true})
	in.Action = action
	switch action {
	case tenancy.ActionMemberLeave, tenancy.ActionTenantSelect, tenancy.ActionTenantCreate:
		in.Target.User, in.Target.Level, in.Target.Self = probeActor, level, true
	case tenancy.ActionMemberAdd, tenancy.ActionMemberUpdate:
		in.Requested = gate.RequestedFacts{Level: tenancy.LevelViewer, Enabled: true}
	}
	return in
}

// TestNobodyHandsOutMoreThanTheyHold pairs every level with every other, for
// each change of a membership, and compares with the ranks of the domain.
func TestNobodyHandsOutMoreThanTheyHold(t *testing.T) {
	set := load(t, Embedded())
	levels := append([]tenancy.Level{tenancy.LevelNone}, tableLevels[:]...)
	for _, own := range levels {
		for _, other := range levels {
			exceeds := other.Rank() > own.Rank()
			for name, in := range map[string]gate.Input{
				"gives": func() gate.Input {
					in := byLevel("member.add", own)
					in.Requested.Level = other
					in.Target.Level = 0
					return in
				}(),
				"takes": func() gate.Input { in := byLevel("member.remove", own); in.Target.Level = other; return in }(),
			} {
				ruling, err := set.rule(context.Background(), &in)
				if err != nil || tenancy.Has(ruling.Violations, tenancy.CodeRankExceeded) != exceeds {
					t.Errorf("%s %s %s: got %v, %v", own, name, other, ruling.Violations, err)
				}
			}
		}
	}
}

// TestFindings raises each objection of the shipped set, alone, and compares
// its words with those of the domain.
func TestFindings(t *testing.T) {
	set := load(t, Embedded())
	edit := func(in gate.Input, change func(*gate.Input)) gate.Input {
		change(&in)
		return in
	}
	full := edit(additionBy(adminFacts()), func(in *gate.Input) { in.Tenant.Limit = in.Tenant.Members })
	last := edit(removalBy(probePlatform), func(in *gate.Input) {
		in.Tenant.LastingAdmins, in.Target.Level, in.Target.Lasting = 1, tenancy.LevelAdmin, true
	})
	beyond := edit(changeBy(adminFacts(), tenancy.ActionRoleCreate), func(in *gate.Input) { in.Requested.Actions = []tenancy.Action{"tenant.delete"} })
	for _, row := range []struct {
		name string
		in   gate.Input
		want tenancy.Code
	}{
		{"an admin makes a role of an owner's actions", beyond, tenancy.CodeActionsExceeded},
		{"the platform removes the owner", ownerAsTarget(removalBy(probePlatform)), tenancy.CodeOwnerPermanent},
		{"the last administrator is removed", last, tenancy.CodeLastAdministrator},
		{"a full tenant gets a member", full, tenancy.CodeMemberLimit},
		{"an admin removes a second owner", edit(removalBy(adminFacts()), func(in *gate.Input) { in.Target.Level = tenancy.LevelOwner }), tenancy.CodeRankExceeded},
		{
			"the platform makes a second owner",
			updateBy(probePlatform, gate.RequestedFacts{Level: tenancy.LevelOwner, Enabled: true}),
			tenancy.CodeOwnerByTransferOnly,
		},
		{"an inactive admin", edit(removalBy(adminFacts()), func(in *gate.Input) { in.Actor.Active = false }), tenancy.CodeNotPermitted},
		{"a key for something else", edit(removalBy(adminFacts()), func(in *gate.Input) { in.Actor.Scopes = []tenancy.Action{"x"} }), tenancy.CodeNotPermitted},
	} {
		t.Run(row.name, func(t *testing.T) {
			ruling, err := set.rule(context.Background(), &row.in)
			if err != nil || ruling.Allow || !ruling.Granted || len(ruling.Violations) != 1 || ruling.Violations[0] != tenancy.Find(row.want) {
				t.Errorf("got %+v, %v, want %v alone", ruling, err, tenancy.Find(row.want))
			}
		})
	}
	t.Run("a fact is missing", func(t *testing.T) {
		in := removalBy(adminFacts())
		input, err := set.vocabulary.input(&in)
		if err != nil {
			t.Fatal(err)
		}
		ruling, err := set.judge(context.Background(), true, without(input, []string{"target", "pending"}), in.Now)
		if err != nil || fmt.Sprint(ruling.Violations) != fmt.Sprint([]tenancy.Finding{tenancy.Find(tenancy.CodeFactsIncomplete)}) {
			t.Errorf("got %+v, %v", ruling, err)
		}
	})
}

// TestWhoMayLeave compares the dialects (contracts/levels.md, cognee.md).
func TestWhoMayLeave(t *testing.T) {
	set := load(t, Embedded())
	for dialect, held := range map[tenancy.Dialect][4]bool{
		tenancy.DialectNative: {true, true, true, true}, tenancy.DialectProxy: {true, true, true, true},
		tenancy.DialectCognee: {true, true, false, false}, tenancy.DialectProcessMind: {true, false, true, true},
		tenancy.DialectLlamaCloud: {true, true, true, true}, tenancy.DialectCogniac: {true, true, true, true}, "": {}, "unheard of": {},
	} {
		for i, level := range tableLevels {
			in := byLevel(tenancy.ActionMemberLeave, level)
			in.Dialect = dialect
			ruling, err := set.rule(context.Background(), &in)
			if err != nil || ruling.Granted != held[i] {
				t.Errorf("%q, %s: got granted %t, %v, want %t", dialect, level, ruling.Granted, err, held[i])
			}
		}
	}
}

// TestLevelActions: what is shown of a level is what it is granted.
func TestLevelActions(t *testing.T) {
	engine := NewEngine(load(t, Embedded()))
	viewer, owner := engine.LevelActions(tenancy.LevelViewer), engine.LevelActions(tenancy.LevelOwner)
	for _, action := range []tenancy.Action{tenancy.ActionTenantRead, tenancy.ActionMemberList, tenancy.ActionDatasetCreate} {
		if !slices.Contains(viewer, action) || !slices.Contains(owner, action) {
			t.Errorf("%s is not shown", action)
		}
	}
	if slices.Contains(viewer, tenancy.ActionMemberAdd) || !slices.Contains(owner, tenancy.ActionTenantDelete) || !slices.IsSorted(owner) {
		t.Errorf("viewer %v, owner %v", viewer, owner)
	}
	if none := engine.LevelActions(tenancy.LevelNone); len(none) > 0 {
		t.Errorf("no level is shown with %v", none)
	}
}
