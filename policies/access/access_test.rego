package access_test

import rego.v2

import data.access

_read := {
	"action": {"name": "resource.read"},
	"actor": {"member": true, "level": "viewer", "active": true, "platform": false, "scopes": ["*"]},
	"target": {"self": false},
	"dialect": "native",
}

_platform := {"actor": {"member": false, "level": "none", "platform": true}}

_stranger := {"actor": {"member": false, "level": "none"}}

_levels := ["none", "viewer", "member", "admin", "owner"]

# The lowest level that has each action.
_lowest := {
	"tenant.read": "viewer",
	"member.read": "viewer",
	"member.list": "viewer",
	"resource.read": "viewer",
	"resource.write": "member",
	"feedback.write": "member",
	"app.manage": "admin",
	"project.read": "viewer",
	"project.list": "viewer",
	"usage.read": "admin",
	"audit.read": "admin",
	"role.read": "admin",
	"role.list": "admin",
	"invitation.list": "admin",
	"dataset.list_of": "admin",
}

test_levels[name] if {
	some action, lowest in _lowest
	some rank, level in _levels
	needed := [i | some i, l in _levels; l == lowest][0]
	want := rank >= needed
	name := sprintf("%s by %s", [action, level])
	access.allow == want with input as object.union(_read, {"action": {"name": action}, "actor": {"level": level}})
}

# What a level never gives: the name of a change among them.
_never_by_level := {
	"dataset.delete", "dataset.list", "dataset.read", "dataset.share", "dataset.write",
	"organization.list", "organization.list_all", "organization.read", "organization.usage",
	"tenant.list", "tenant.list_all", "user.find", "user.read", "key.list",
	"store.backup", "store.read", "store.verify", "member.remove", "usage.report",
}

test_never_by_level[action] if {
	some action in _never_by_level
	access.allow == false with input as object.union(_read, {"action": {"name": action}, "actor": {"level": "owner"}})
}

test_custom_roles[name] if {
	some name, tc in {
		"gives what it names": {"action": "app.manage", "actor": {"actions": ["app.manage", "x"]}, "want": true},
		"gives what operators name": {"action": "report.print", "actor": {"actions": ["report.print"]}, "want": true},
		"gives nothing else": {"action": "app.manage", "actor": {"actions": ["feedback.write"]}, "want": false},
		"gives nothing to no member": {
			"action": "app.manage",
			"actor": {"member": false, "level": "none", "actions": ["app.manage"]},
			"want": false,
		},
		"gives what others may do with datasets": {
			"action": "dataset.list_of",
			"actor": {"actions": ["dataset.list_of"]},
			"want": true,
		},
	}
	given := {"action": {"name": tc.action}, "actor": tc.actor}
	access.allow == tc.want with input as object.union(_read, given)
}

test_never_by_custom_role[action] if {
	some action in {
		"dataset.delete", "dataset.list", "dataset.read", "dataset.share", "dataset.write", "dataset.own",
		"entity.own", "entity.read",
		"organization.list", "organization.list_all", "organization.read", "organization.usage",
		"policy.own", "signing_key.own", "store.backup", "user.find",
		"tenant.list", "tenant.list_all",
	}
	given := {"action": {"name": action}, "actor": {"actions": [action]}}
	access.allow == false with input as object.union(_read, given)
}

_organization_admin := object.union(_stranger, {"actor": {"organization_admin": true}})

test_organization_administrators[action] if {
	some action, want in object.union({action: true | some action, _ in _lowest}, {
		"organization.read": true,
		"organization.usage": true,
		"organization.list_all": false,
		"dataset.read": false,
		"tenant.list_all": false,
		"store.backup": false,
		"unheard.of": false,
	})
	given := object.union(_organization_admin, {"action": {"name": action}})
	access.allow == want with input as object.union(_read, given)
}

test_organization_administrators_have_no_more_than_owners if {
	given := object.union(_read, _organization_admin)
	access.allow == false with input as given with data.roles.access as {"owner": []}
}

test_organizations[name] if {
	some name, tc in {
		"read by who belongs to it": {"action": "organization.read", "given": {"resource": {"mine": true}}, "want": true},
		"not read by who does not": {"action": "organization.read", "given": {"resource": {"mine": false}}, "want": false},
		"not its numbers": {"action": "organization.usage", "given": {"resource": {"mine": true}}, "want": false},
		"nothing but read": {"action": "organization.list_all", "given": {"resource": {"mine": true}}, "want": false},
		"one's own are listed": {"action": "organization.list", "given": {"target": {"self": true}}, "want": true},
		"another's are not": {"action": "organization.list", "given": {}, "want": false},
	}
	given := object.union_n([_stranger, {"action": {"name": tc.action}}, tc.given])
	access.allow == tc.want with input as object.union(_read, given)
}

_permissions := ["read", "write", "delete", "share"]

test_datasets[name] if {
	some wanted in _permissions
	some held in _permissions
	some level in ["none", "viewer", "owner"]
	name := sprintf("%s with %s by %s", [wanted, held, level])
	given := {
		"action": {"name": concat(".", ["dataset", wanted])},
		"actor": {"member": level != "none", "level": level},
		"resource": {"permissions": [held]},
	}
	want := held == wanted
	access.allow == want with input as object.union(_read, given)
}

test_a_permission_is_no_action[action] if {
	some action in {"read", "own.read"}
	given := {"action": {"name": action}, "resource": {"permissions": ["read", "own.read"]}}
	access.allow == false with input as object.union(_read, given)
}

test_datasets_of_ones_own[name] if {
	some name, tc in {"listed": {"self": true, "want": true}, "another's": {"self": false, "want": false}}
	given := object.union(_stranger, {"action": {"name": "dataset.list"}, "target": {"self": tc.self}})
	access.allow == tc.want with input as object.union(_read, given)
}

test_capabilities[name] if {
	some name, tc in {
		"a viewer's own": {"actor": {"level": "viewer"}, "want": true},
		"a stranger's": {"actor": {"member": false, "level": "none"}, "want": false},
	}
	given := {"action": {"name": "capability.read"}, "actor": tc.actor}
	access.allow == tc.want with input as object.union(_read, given)
}

test_roles_held[name] if {
	some name, tc in {
		"read by a holder": {"action": "role.read", "mine": true, "want": true},
		"not read by others": {"action": "role.read", "mine": false, "want": false},
		"its datasets, for a holder": {"action": "dataset.list_of", "mine": true, "want": true},
		"its datasets, for others": {"action": "dataset.list_of", "mine": false, "want": false},
		"nothing but read": {"action": "role.list", "mine": true, "want": false},
	}
	given := {"action": {"name": tc.action}, "resource": {"mine": tc.mine}}
	access.allow == tc.want with input as object.union(_read, given)
}

test_user_managers[name] if {
	some action, want in {"role.list": true, "role.read": true, "dataset.list_of": true, "invitation.list": false}
	some dialect in ["cognee", "native"]
	name := sprintf("%s through %s", [action, dialect])
	given := {"action": {"name": action}, "actor": {"capabilities": ["manage_users"]}, "dialect": dialect}
	expected := {dialect | want; dialect == "cognee"}
	{dialect | access.allow with input as object.union(_read, given)} == expected
}

test_a_level_without_membership_gives_nothing if {
	access.allow == false with input as object.union(_read, {"actor": {"member": false, "level": "owner"}})
}

test_platform[action] if {
	some action, want in object.union({action: true | some action, _ in _lowest}, {
		"key.list": true,
		"tenant.list": true,
		"tenant.list_all": true,
		"organization.list": true,
		"organization.list_all": true,
		"organization.read": true,
		"organization.usage": true,
		"capability.read": true,
		"dataset.read": false,
		"user.find": true,
		"user.read": true,
		"policy.read": true,
		"entity.read": true,
		"store.read": true,
		"store.backup": true,
		"store.verify": true,
		"member.remove": false,
		"unheard.of": false,
	})
	given := object.union(_platform, {"action": {"name": action}})
	access.allow == want with input as object.union(_read, given)
}

test_people[name] if {
	some name, tc in {
		"read their own account": {"action": "user.read", "given": {"target": {"self": true}}, "want": true},
		"read another's account": {"action": "user.read", "given": {}, "want": false},
		"list their own keys": {"action": "key.list", "given": {"target": {"self": true}}, "want": true},
		"list another's keys": {"action": "key.list", "given": {}, "want": false},
		"list their own tenants": {"action": "tenant.list", "given": {"target": {"self": true}}, "want": true},
		"list another's tenants": {"action": "tenant.list", "given": {}, "want": false},
		"list all tenants": {"action": "tenant.list_all", "given": {"target": {"self": true}}, "want": false},
		"find others through cognee": {"action": "user.find", "given": {"dialect": "cognee"}, "want": true},
		"read through cognee what a tenant holds": {"action": "resource.read", "given": {"dialect": "cognee"}, "want": false},
		"find others elsewhere": {"action": "user.find", "given": {"target": {"self": true}}, "want": false},
		"see what the store is": {"action": "store.read", "given": {"target": {"self": true}}, "want": false},
		"read an entity": {"action": "entity.read", "given": {"resource": {"mine": true}}, "want": false},
		"copy the store": {"action": "store.backup", "given": {"actor": {"level": "owner"}}, "want": false},
		"read the rules": {"action": "policy.read", "given": {}, "want": true},
		"read what a tenant holds": {"action": "resource.read", "given": {"target": {"self": true}}, "want": false},
	}
	given := object.union_n([_stranger, {"action": {"name": tc.action}}, tc.given])
	access.allow == tc.want with input as object.union(_read, given)
}

# Every way in that there is.
_open := {
	"by level": {},
	"by a custom role": {"action": {"name": "app.manage"}, "actor": {"actions": ["app.manage"]}},
	"as an organization's administrator": _organization_admin,
	"to the organization administered": object.union(_organization_admin, {"action": {"name": "organization.read"}}),
	"to the organization belonged to": object.union(
		_stranger,
		{"action": {"name": "organization.read"}, "resource": {"mine": true}},
	),
	"to a dataset": {"action": {"name": "dataset.write"}, "resource": {"permissions": ["write"]}},
	"to one's capabilities": {"action": {"name": "capability.read"}},
	"to a role held": {"action": {"name": "role.read"}, "resource": {"mine": true}},
	"to the datasets of a role held": {"action": {"name": "dataset.list_of"}, "resource": {"mine": true}},
	"to roles, as a user manager": {
		"action": {"name": "role.list"},
		"actor": {"capabilities": ["manage_users"]},
		"dialect": "cognee",
	},
	"by the platform, as an owner": _platform,
	"by the platform": object.union(_platform, {"action": {"name": "tenant.list_all"}}),
	"to the registry": object.union(_platform, {"action": {"name": "entity.read"}}),
	"to the store": object.union(_platform, {"action": {"name": "store.backup"}}),
	"to one's own": object.union(_stranger, {"action": {"name": "user.read"}, "target": {"self": true}}),
	"to another's address": object.union(_stranger, {"action": {"name": "user.find"}, "dialect": "cognee"}),
	"to the rules": object.union(_stranger, {"action": {"name": "policy.read"}}),
}

test_open[name] if {
	some name, given in _open
	access.allow with input as object.union(_read, given)
}

test_the_inactive_may_do_nothing[name] if {
	some name, given in _open
	whole := object.union_n([_read, given, {"actor": {"active": false}}])
	access.allow == false with input as whole
	access.allow == false with input as object.union(whole, {"actor": {"scopes": [whole.action.name]}})
}

test_scopes[name] if {
	some position, given in _open
	whole := object.union(_read, given)
	some what, tc in {
		"the action": {"scopes": ["member.add", whole.action.name], "want": true},
		"another action": {"scopes": ["member.add"], "want": false},
		"nothing": {"scopes": [], "want": false},
	}
	name := sprintf("%s, scope is %s", [position, what])
	access.allow == tc.want with input as object.union(whole, {"actor": {"scopes": tc.scopes}})
}

test_empty_input_is_refused if {
	access.allow == false with input as {}
}
