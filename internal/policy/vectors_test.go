//go:build !race

package policy

import (
	"fmt"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
)

// situation is an input of which a vector is made, and its name.
type situation struct {
	name string
	in   gate.Input
}

// The people of the vectors.
var vectorActors = []struct {
	name  string
	facts gate.ActorFacts
}{
	{"an owner", gate.ActorFacts{User: probeActor, Member: true, Level: tenancy.LevelOwner, Active: true}},
	{"an admin", adminFacts()},
	{"a member", gate.ActorFacts{User: probeActor, Member: true, Level: tenancy.LevelMember, Active: true}},
	{"a viewer", gate.ActorFacts{User: probeActor, Member: true, Level: tenancy.LevelViewer, Active: true}},
	{"a stranger", gate.ActorFacts{User: probeActor, Active: true}},
	{"the platform", probePlatform},
	{"an organization's administrator", aboveFacts()},
	{"a user manager", userManagerFacts()},
	{"an inactive owner", gate.ActorFacts{User: probeActor, Member: true, Level: tenancy.LevelOwner}},
	{"an inactive stranger", gate.ActorFacts{User: probeActor}},
	{"nobody", gate.ActorFacts{}},
}

// userManagerFacts is a member who manages users by a role of that name.
func userManagerFacts() gate.ActorFacts {
	facts := memberFacts()
	facts.Roles = []gate.RoleFact{{ID: probeRole, Name: "Admin"}}
	return facts
}

var vectorLevels = []tenancy.Level{tenancy.LevelViewer, tenancy.LevelMember, tenancy.LevelAdmin, tenancy.LevelOwner}

// vectorAccesses are the accesses that have vectors: all that the program
// asks for, those of the role table, and one that no rule knows.
var vectorAccesses = []tenancy.Action{
	tenancy.ActionUserRead, tenancy.ActionUserFind, tenancy.ActionKeyList, tenancy.ActionTenantRead, tenancy.ActionTenantList,
	tenancy.ActionTenantListAll, tenancy.ActionMemberRead, tenancy.ActionMemberList, tenancy.ActionPolicyRead, tenancy.ActionAuditRead,
	tenancy.ActionStoreRead, tenancy.ActionStoreBackup, tenancy.ActionStoreVerify, tenancy.ActionResourceRead, tenancy.ActionResourceWrite,
	tenancy.ActionRoleRead, tenancy.ActionRoleList, tenancy.ActionProjectRead, tenancy.ActionProjectList, tenancy.ActionInvitationList,
	tenancy.ActionDatasetRead, tenancy.ActionDatasetWrite, tenancy.ActionDatasetDelete, tenancy.ActionDatasetShare,
	tenancy.ActionDatasetList, tenancy.ActionDatasetListOf, tenancy.ActionCapabilityRead, tenancy.ActionUsageRead,
	tenancy.ActionOrganizationRead, tenancy.ActionOrganizationList, tenancy.ActionOrganizationListAll,
	tenancy.ActionOrganizationUsage, tenancy.ActionEntityRead,
	"feedback.write", "app.manage", "unheard.of",
}

// situationsOf gives the inputs of an action's vectors; the first is the base.
func situationsOf(action tenancy.Action) []situation {
	all := byEverybody(action)
	all = append(all, scoped(action)...)
	all = append(all, throughEach(action)...)
	all = append(all, byOtherRights(action)...)
	if action.Changes() {
		all = append(all, ofChange(action)...)
	}
	return all
}

// vectorBase is an admin's request about a plain member, in the tenant of
// another owner.
func vectorBase(action tenancy.Action) gate.Input {
	in := removalBy(adminFacts())
	in.Action = action
	switch action {
	case tenancy.ActionMemberAdd, tenancy.ActionInvitationCreate, tenancy.ActionInvitationAccept:
		in.Target = gate.TargetFacts{User: probeTarget, Exists: true, Active: true}
		in.Requested = gate.RequestedFacts{Level: tenancy.LevelMember, Enabled: true}
	case tenancy.ActionMemberUpdate:
		in.Requested = gate.RequestedFacts{Level: tenancy.LevelMember, Enabled: true}
	case tenancy.ActionTenantTransfer:
		in.Requested = gate.RequestedFacts{Level: tenancy.LevelOwner, Enabled: true}
	}
	return in
}

// onSelf makes the actor act on themself.
func onSelf(in gate.Input) gate.Input {
	in.Target = gate.TargetFacts{
		User: in.Actor.User, Exists: true, Member: in.Actor.Member, Level: in.Actor.Level, Enabled: true, Active: in.Actor.Active,
		Lasting: in.Actor.Level.Administers(), Self: true,
	}
	if in.Actor.Level == tenancy.LevelOwner {
		in.Tenant.Owner = in.Actor.User
	}
	return in
}

// byEverybody pairs each of the people with a plain member, with themself and
// with the owner.
func byEverybody(action tenancy.Action) []situation {
	var all []situation
	for _, actor := range vectorActors {
		in := vectorBase(action)
		in.Actor = actor.facts
		all = append(all, situation{name: actor.name + ", about a member", in: in})
		if !actor.facts.User.IsZero() {
			all = append(all, situation{name: actor.name + ", about themself", in: onSelf(in)})
		}
		all = append(all, situation{name: actor.name + ", about the owner", in: ownerAsTarget(in)})
	}
	return all
}

// scoped gives credentials with scopes.
func scoped(action tenancy.Action) []situation {
	var all []situation
	for _, credential := range []struct {
		name   string
		scopes []tenancy.Action
	}{{"scoped to it", []tenancy.Action{"own.action", action}}, {"scoped to something else", []tenancy.Action{"own.action"}}} {
		owner := vectorBase(action)
		owner.Actor = vectorActors[0].facts
		owner.Actor.Scopes = credential.scopes
		inactive := owner
		inactive.Actor.Active = false
		platform := vectorBase(action)
		platform.Actor = probePlatform
		platform.Actor.Scopes = credential.scopes
		all = append(all,
			situation{name: "an owner, " + credential.name, in: owner},
			situation{name: "an inactive owner, " + credential.name, in: inactive},
			situation{name: "a person about themself, " + credential.name, in: onSelf(owner)},
			situation{name: "the platform, " + credential.name, in: platform},
		)
	}
	return all
}

// throughEach asks through each API, and one that no rule knows.
func throughEach(action tenancy.Action) []situation {
	var all []situation
	for _, dialect := range []tenancy.Dialect{tenancy.DialectCognee, tenancy.DialectProcessMind, tenancy.DialectProxy, "unheard-of"} {
		for _, actor := range vectorActors {
			if actor.facts.User.IsZero() {
				continue
			}
			in := vectorBase(action)
			in.Actor, in.Dialect = actor.facts, dialect
			all = append(all,
				situation{name: fmt.Sprintf("%s, about a member, through %s", actor.name, dialect), in: in},
				situation{name: fmt.Sprintf("%s, about themself, through %s", actor.name, dialect), in: onSelf(in)},
			)
		}
	}
	return all
}

// byOtherRights gives what people may do by something else than their level:
// custom roles, capabilities, what is theirs, permissions.
func byOtherRights(action tenancy.Action) []situation {
	var all []situation
	add := func(name string, facts gate.ActorFacts, change func(*gate.Input)) {
		in := vectorBase(action)
		in.Actor = facts
		change(&in)
		all = append(all, situation{name: name, in: in})
	}
	named := memberFacts()
	named.Roles, named.Actions = []gate.RoleFact{{ID: probeRole, Name: "helper"}}, []tenancy.Action{action}
	stranger := named
	stranger.Member, stranger.Level = false, tenancy.LevelNone
	able := memberFacts()
	able.Capabilities = []tenancy.Capability{tenancy.CapabilityManageUsers}
	nothing := func(*gate.Input) {}
	add("a member whose role names it", named, nothing)
	add("a stranger whose role names it", stranger, nothing)
	add("a member whose role names it, about an admin", named, func(in *gate.Input) { in.Target.Level = tenancy.LevelAdmin })
	for _, dialect := range []tenancy.Dialect{tenancy.DialectNative, tenancy.DialectCognee} {
		add(fmt.Sprintf("a member who may manage users, through %s", dialect), able, func(in *gate.Input) { in.Dialect = dialect })
		add(fmt.Sprintf("a member who may manage users, about an admin, through %s", dialect), able, func(in *gate.Input) {
			in.Dialect, in.Target.Level = dialect, tenancy.LevelAdmin
		})
	}
	add("a viewer, about what is theirs", vectorActors[3].facts, func(in *gate.Input) { in.Resource.Mine = true })
	add("a stranger, about what is theirs", vectorActors[4].facts, func(in *gate.Input) { in.Resource.Mine = true })
	add("a person about what is theirs, in no tenant", vectorActors[4].facts, func(in *gate.Input) {
		in.Tenant, in.Target, in.Resource.Mine = gate.TenantFacts{Limit: tenancy.Unlimited}, gate.TargetFacts{}, true
	})
	for bit := tenancy.PermissionRead; bit < tenancy.AllPermissions; bit <<= 1 {
		add("a viewer, permitted to "+bit.Names()[0], vectorActors[3].facts, func(in *gate.Input) { in.Resource.Permissions = bit })
	}
	return all
}

// ofChange gives what changes have objections to.
func ofChange(action tenancy.Action) []situation {
	var all []situation
	add := func(name string, change func(*gate.Input)) {
		in := vectorBase(action)
		in.Actor = probePlatform
		change(&in)
		all = append(all, situation{name: name, in: in})
	}
	for _, actor := range vectorActors[:4] {
		for _, level := range vectorLevels {
			add(fmt.Sprintf("%s gives %s", actor.name, level), func(in *gate.Input) {
				in.Actor, in.Requested = actor.facts, gate.RequestedFacts{Level: level, Enabled: true}
			})
			add(fmt.Sprintf("%s touches %s", actor.name, level), func(in *gate.Input) {
				in.Actor, in.Target.Member, in.Target.Level = actor.facts, true, level
			})
		}
	}
	ofRoles(add)
	add("the account does not exist", func(in *gate.Input) { in.Target = gate.TargetFacts{User: probeTarget} })
	add("the account is not active", func(in *gate.Input) { in.Target.Active = false })
	add("the account is active and no member", func(in *gate.Input) { in.Target = gate.TargetFacts{User: probeTarget, Exists: true, Active: true} })
	add("the account is inactive and no member", func(in *gate.Input) { in.Target = gate.TargetFacts{User: probeTarget, Exists: true} })
	add("a person, in no tenant", func(in *gate.Input) { *in = selfInput(action) })
	add("the platform, in no tenant", func(in *gate.Input) { in.Tenant = gate.TenantFacts{Limit: tenancy.Unlimited} })
	ofTenant(add)
	ofAdministrators(add)
	return all
}

// ofRoles gives custom roles that are handed out, one for each ceiling.
func ofRoles(add func(string, func(*gate.Input))) {
	for _, actor := range []int{0, 1, 2, 3, 5, 6} {
		for _, given := range []tenancy.Action{"resource.read", "resource.write", "app.manage", "tenant.delete", "store.backup"} {
			add(fmt.Sprintf("%s hands out %s", vectorActors[actor].name, given), func(in *gate.Input) {
				in.Actor, in.Requested.Actions = vectorActors[actor].facts, []tenancy.Action{given}
			})
		}
	}
}

// ofTenant gives tenants that are full, and without an owner.
func ofTenant(add func(string, func(*gate.Input))) {
	for _, seats := range []struct {
		name           string
		members, limit int64
	}{{"one seat is free", 4, 5}, {"all seats are taken", 5, 5}, {"the limit was lowered", 6, 5}, {"a limit of nothing", 0, 0}} {
		add(seats.name, func(in *gate.Input) { in.Tenant.Members, in.Tenant.Limit = seats.members, seats.limit })
	}
	add("the tenant has no owner", func(in *gate.Input) { in.Tenant.Owner = tenancy.UserID{} })
	add("the tenant has no owner, and the target is nobody", func(in *gate.Input) {
		in.Tenant.Owner, in.Target = tenancy.UserID{}, gate.TargetFacts{}
	})
	add("the tenant has no owner, the target is nobody and becomes one", func(in *gate.Input) {
		in.Tenant.Owner, in.Target = tenancy.UserID{}, gate.TargetFacts{}
		in.Requested = gate.RequestedFacts{Level: tenancy.LevelOwner, Enabled: true}
	})
}

// ofAdministrators gives what may happen to an owner, and to the last
// administrator of a tenant without one.
func ofAdministrators(add func(string, func(*gate.Input))) {
	last := func(in *gate.Input) {
		in.Tenant.Owner, in.Tenant.LastingAdmins = tenancy.UserID{}, 1
		in.Target.Member, in.Target.Level, in.Target.Lasting = true, tenancy.LevelAdmin, true
	}
	for _, whom := range []struct {
		name  string
		level tenancy.Level
		is    func(*gate.Input)
	}{
		{"the owner", tenancy.LevelOwner, func(in *gate.Input) { *in = ownerAsTarget(*in) }},
		{"the owner, the only administrator", tenancy.LevelOwner, func(in *gate.Input) { *in = ownerAsTarget(*in); in.Tenant.LastingAdmins = 1 }},
		{"the last administrator", tenancy.LevelAdmin, last},
		{"one of two administrators", tenancy.LevelAdmin, func(in *gate.Input) { last(in); in.Tenant.LastingAdmins = 2 }},
		{"an administrator who does not last", tenancy.LevelAdmin, func(in *gate.Input) { last(in); in.Target.Lasting = false }},
		{"the last administrator, uncounted", tenancy.LevelAdmin, func(in *gate.Input) { last(in); in.Tenant.LastingAdmins = 0 }},
	} {
		for _, after := range []struct {
			name      string
			requested gate.RequestedFacts
		}{
			{"stays", gate.RequestedFacts{Level: whom.level, Enabled: true}},
			{"is demoted", gate.RequestedFacts{Level: tenancy.LevelMember, Enabled: true}},
			{"is disabled", gate.RequestedFacts{Level: whom.level}},
			{"gets an end", gate.RequestedFacts{Level: whom.level, Enabled: true, Expires: true}},
			{"gets no level", gate.RequestedFacts{}},
		} {
			add(whom.name+" "+after.name, func(in *gate.Input) { whom.is(in); in.Requested = after.requested })
		}
	}
}
