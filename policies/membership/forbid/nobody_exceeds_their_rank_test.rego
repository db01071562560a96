package membership.forbid_test

import rego.v2

import data.membership.cases
import data.membership.forbid

_rank := {"none": 0, "viewer": 10, "member": 20, "admin": 30}

# Every pair of levels: the actor's, and the one that is given or touched.
test_rank[name] if {
	some own, own_rank in object.union(_rank, {"owner": 40})
	some other, other_rank in _rank
	some what, facts in _asked(other_rank)
	name := sprintf("%s is %s by %s", [other, what, own])
	exceeded := {code | some code in {"rank_exceeded"}; other_rank > own_rank}
	change := {"action": {"name": "member.update"}, "actor": {"level": own}}
	cases.codes(forbid.violation) == exceeded with input as cases.given(object.union(change, facts))
}

_asked(rank) := {
	"touched": {"target": {"rank": rank}, "requested": {"rank": 0}},
	"given": {"target": {"rank": 0}, "requested": {"rank": rank}},
}

test_changes_that_take_a_rank[name] if {
	some action in {"invitation.create", "member.add", "member.remove", "member.update"}
	some rank, exceeded in {20: set(), 30: {"rank_exceeded"}}
	some what, facts in _asked(rank)
	name := sprintf("%s: %d is %s", [action, rank, what])
	want := exceeded - {code | some code in exceeded; what == "touched"; action in {"invitation.create", "member.add"}}
	change := {"action": {"name": action}, "actor": {"level": "member"}}
	cases.codes(forbid.violation) == want with input as cases.given(object.union(change, facts))
}

test_somebody_above_is_added_with_a_rank_like_the_actors[action] if {
	some action in {"invitation.create", "member.add"}
	facts := {
		"action": {"name": action},
		"target": {"member": true, "level": "owner", "rank": 40},
		"requested": {"level": "admin", "rank": 30},
	}
	cases.codes(forbid.violation) == set() with input as cases.given(facts)
}

test_platform_has_the_rank_of_an_owner[action] if {
	some action in {"invitation.create", "member.add", "member.remove", "member.update"}
	facts := {"action": {"name": action}, "target": {"rank": 40}, "requested": {"rank": 40}}
	cases.codes(forbid.violation) == set() with input as cases.given(object.union(cases.platform, facts))
}

test_an_unheard_of_level_has_no_rank if {
	cases.codes(forbid.violation) == {"rank_exceeded"} with input as cases.given({"actor": {"level": "emperor"}})
}

test_organization_administrators_have_the_rank_of_an_owner[name] if {
	some action in {"invitation.create", "member.add", "member.remove", "member.update"}
	some level in {"none", "viewer"}
	name := sprintf("%s by a %s", [action, level])
	actor := {"member": level != "none", "level": level, "organization_admin": true}
	facts := {"action": {"name": action}, "actor": actor, "target": {"rank": 40}, "requested": {"rank": 40}}
	cases.codes(forbid.violation) == set() with input as cases.given(facts)
}

test_nobody_is_touched_by_being_added[name] if {
	some action in {"invitation.create", "member.add"}
	some rank, want in {30: set(), 31: {"rank_exceeded"}}
	name := sprintf("%s at %d", [action, rank])
	facts := {"action": {"name": action}, "target": {"rank": 40}, "requested": {"rank": rank}}
	cases.codes(forbid.violation) == want with input as cases.given(facts)
}

_manager := {"actor": {"level": "member", "capabilities": ["manage_users"]}, "dialect": "cognee"}

test_user_managers[name] if {
	some name, tc in {
		"remove an admin": {"given": {"target": {"level": "admin", "rank": 30}}, "want": set()},
		"do not remove the owner": {"given": cases.owner_as_target, "want": {"owner_permanent"}},
		"remove no admin elsewhere": {
			"given": {"target": {"level": "admin", "rank": 30}, "dialect": "native"},
			"want": {"rank_exceeded"},
		},
		"do not change an admin": {
			"given": {"action": {"name": "member.update"}, "target": {"level": "admin", "rank": 30}},
			"want": {"rank_exceeded"},
		},
		"make no admin": {
			"given": {"action": {"name": "member.add"}, "requested": {"level": "admin", "rank": 30}},
			"want": {"rank_exceeded"},
		},
	}
	cases.codes(forbid.violation) == tc.want with input as cases.given(object.union(_manager, tc.given))
}

test_leaving_needs_no_rank if {
	facts := {"action": {"name": "member.leave"}, "actor": {"level": "viewer"}, "target": {"rank": 20}}
	cases.codes(forbid.violation) == set() with input as cases.given(facts)
}

test_who_is_there_is_not_touched_by_being_added[action] if {
	some action in {"invitation.create", "member.add"}
	facts := {"action": {"name": action}, "actor": {"level": "member"}, "target": {"rank": 30}, "requested": {"rank": 20}}
	cases.codes(forbid.violation) == set() with input as cases.given(facts)
}
