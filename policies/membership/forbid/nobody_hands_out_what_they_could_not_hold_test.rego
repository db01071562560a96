package membership.forbid_test

import rego.v2

import data.membership.cases
import data.membership.forbid

_levels := {"none": 0, "viewer": 10, "member": 20, "admin": 30, "owner": 40}

# The lowest rank that could hold each; 50: none.
_lowest := {
	"dataset.create": 10, "member.leave": 10, "member.list": 10, "member.read": 10, "project.list": 10, "project.read": 10,
	"resource.read": 10, "tenant.read": 10, "tenant.select": 10,
	"feedback.write": 20, "resource": 20, "resource.print": 20, "resource.write": 20,
	"app.manage": 30, "dataset.list_of": 30, "member.add": 30, "own": 30, "report.dataset.read": 30, "role.create": 30, "usage.report": 30,
	"tenant.delete": 40, "tenant.transfer": 40,
	"dataset.read": 50, "dataset.share": 50, "organization.read": 50, "policy.read": 50, "signing_key.rotate": 50, "store.backup": 50,
	"tenant.create": 50, "tenant.list": 50, "tenant.list_all": 50, "user.read": 50,
}

test_actions[name] if {
	some action in {"invitation.create", "member.add", "member.update", "role.create", "role.update"}
	some level, rank in _levels
	some given, lowest in _lowest
	name := sprintf("%s: %s gives %s", [action, level, given])
	exceeded := {code | some code in {"actions_exceeded"}; lowest > rank}
	facts := {
		"action": {"name": action},
		"actor": {"level": level},
		"target": {"rank": 0},
		"requested": {"rank": 0, "actions": ["resource.read", given]},
	}
	objections := cases.codes(forbid.violation) with input as cases.given(facts)
	objections & {"actions_exceeded"} == exceeded | {code | some code in {"actions_exceeded"}; rank == 0}
}

test_nothing_is_given[level] if {
	some level, _ in _levels
	facts := {"action": {"name": "role.update"}, "actor": {"level": level}, "requested": {"actions": []}}
	cases.codes(forbid.violation) == set() with input as cases.given(facts)
}

test_as_an_owner[name] if {
	some who, by in {
		"the platform": cases.platform,
		"an organization's administrator": {"actor": {"member": false, "level": "none", "organization_admin": true}},
	}
	some given, lowest in _lowest
	name := sprintf("%s gives %s", [who, given])
	facts := object.union({"action": {"name": "role.create"}, "requested": {"actions": [given]}}, by)
	exceeded := {code | some code in {"actions_exceeded"}; lowest == 50}
	cases.codes(forbid.violation) == exceeded with input as cases.given(facts)
}

test_taking_a_role_away_needs_no_ceiling[action] if {
	some action in {"member.remove", "role.delete"}
	facts := {"action": {"name": action}, "requested": {"actions": ["tenant.delete"]}}
	cases.codes(forbid.violation) == set() with input as cases.given(facts)
}
