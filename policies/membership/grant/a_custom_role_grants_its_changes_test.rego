package membership.grant_test

import rego.v2

import data.membership.cases
import data.membership.grant

# Every change that a custom role may give.
_by_role := {
	"capability.grant",
	"capability.revoke",
	"dataset.create",
	"invitation.create",
	"invitation.delete",
	"member.add",
	"member.remove",
	"member.update",
	"project.create",
	"project.delete",
	"project.update",
	"role.create",
	"role.delete",
	"role.update",
	"tenant.update",
	"usage.report",
}

test_custom_roles[name] if {
	some action in _by_role
	some what, tc in {
		"it is named": {"actor": {"actions": ["x", action]}, "want": true},
		"something else is named": {"actor": {"actions": ["x"]}, "want": false},
		"nothing is named": {"actor": {"actions": []}, "want": false},
		"it is named in another tenant": {"actor": {"member": false, "actions": [action]}, "want": false},
	}
	name := sprintf("%s: %s", [action, what])
	given := {"action": {"name": action}, "actor": object.union({"level": "none"}, tc.actor)}
	grant.allowed == tc.want with input as cases.given(given)
}

test_never_by_custom_role[action] if {
	some action in {
		"dataset.grant", "dataset.revoke", "invitation.accept", "key.create", "key.delete", "member.leave",
		"entity.put", "organization.attach", "organization.create", "organization.set_member", "signing_key.rotate",
		"tenant.create", "tenant.delete", "tenant.select", "tenant.transfer", "user.create", "user.delete", "user.update",
	}
	given := {"action": {"name": action}, "actor": {"level": "viewer", "actions": [action]}}
	grant.allowed == false with input as cases.given(given)
}

_managing := {"id": "r1", "name": "Admin"}

_harmless := {"id": "r2", "name": "admins"}

test_user_managers_are_made_by_their_like[name] if {
	some action in {"role.create", "role.update", "member.add", "member.update", "invitation.create"}
	some what, tc in {
		"a harmless name": {"requested": [_harmless], "want": true},
		"no role": {"requested": [], "want": true},
		"what is no list": {"requested": "admin", "want": false},
		"a name that makes user managers": {"requested": [_managing], "want": false},
		"such a name beside others": {"requested": [_harmless, _managing], "want": false},
		"what the target holds already": {"requested": [_harmless, _managing], "held": [_managing], "want": true},
		"the target holds another role of that name": {"requested": [_managing], "held": [{"id": "r3", "name": "Admin"}], "want": false},
		"by a user manager by name": {"requested": [_managing], "roles": [{"id": "r3", "name": "admin"}], "want": true},
		"by a user manager by capability": {"requested": [_managing], "capabilities": ["manage_users"], "want": true},
	}
	name := sprintf("%s: %s", [action, what])
	given := {
		"action": {"name": action},
		"actor": {
			"level": "member", "actions": [action],
			"roles": object.get(tc, "roles", []), "capabilities": object.get(tc, "capabilities", []),
		},
		"target": {"roles": object.get(tc, "held", [])},
		"requested": {"roles": tc.requested},
	}
	grant.allowed == tc.want with input as cases.given(given)
}
