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
	"usage.read": "admin",
	"usage.report": "admin",
	"audit.read": "admin",
}

test_levels[name] if {
	some action, lowest in _lowest
	some rank, level in _levels
	needed := [i | some i, l in _levels; l == lowest][0]
	want := rank >= needed
	name := sprintf("%s by %s", [action, level])
	access.allow == want with input as object.union(_read, {"action": {"name": action}, "actor": {"level": level}})
}

test_a_level_without_membership_gives_nothing if {
	access.allow == false with input as object.union(_read, {"actor": {"member": false, "level": "owner"}})
}

test_platform[action] if {
	some action, want in object.union({action: true | some action, _ in _lowest}, {
		"key.list": true,
		"tenant.list": true,
		"tenant.list_all": true,
		"user.find": true,
		"user.read": true,
		"policy.read": true,
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
	"by the platform, as an owner": _platform,
	"by the platform": object.union(_platform, {"action": {"name": "tenant.list_all"}}),
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
