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
	"dataset.read": 50, "dataset.share": 50, "organization.read": 50, "policy.read": 50, "entity.read": 50, "signing_key.rotate": 50, "store.backup": 50,
	"tenant.create": 50, "tenant.list": 50, "tenant.list_all": 50, "user.read": 50,
}

# The level that just could hold each, and the one below it.
test_actions[name] if {
	some given, lowest in _lowest
	some level, rank in _levels
	rank in {lowest, lowest - 10}
	name := sprintf("%s gives %s", [level, given])
	exceeded := {code | some code in {"actions_exceeded"}; lowest > rank}
	facts := {"action": {"name": "role.create"}, "actor": {"level": level}, "requested": {"actions": [given]}}
	cases.codes(forbid.violation) == exceeded with input as cases.given(facts)
}

test_one_action_exceeds if {
	facts := {"action": {"name": "role.create"}, "requested": {"actions": ["app.manage", "tenant.delete", "resource.read"]}}
	cases.codes(forbid.violation) == {"actions_exceeded"} with input as cases.given(facts)
}

test_ways_of_handing_out[name] if {
	some action in {"invitation.create", "member.add", "member.update", "role.create", "role.update"}
	some given, want in {"tenant.delete": {"actions_exceeded"}, "tenant.update": set()}
	name := sprintf("%s: %s", [action, given])
	facts := {"action": {"name": action}, "requested": {"actions": [given]}}
	cases.codes(forbid.violation) == want with input as cases.given(facts)
}

test_an_unheard_of_level_could_hold_nothing if {
	facts := {"action": {"name": "role.create"}, "actor": {"level": "emperor"}, "requested": {"actions": ["resource.read"]}}
	cases.codes(forbid.violation) == {"actions_exceeded"} with input as cases.given(facts)
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
	some given, want in {"tenant.delete": set(), "store.backup": {"actions_exceeded"}}
	name := sprintf("%s gives %s", [who, given])
	facts := object.union({"action": {"name": "role.create"}, "requested": {"actions": [given]}}, by)
	cases.codes(forbid.violation) == want with input as cases.given(facts)
}

test_taking_a_role_away_needs_no_ceiling[action] if {
	some action in {"member.remove", "role.delete"}
	facts := {"action": {"name": action}, "requested": {"actions": ["tenant.delete"]}}
	cases.codes(forbid.violation) == set() with input as cases.given(facts)
}
