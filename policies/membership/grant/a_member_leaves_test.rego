package membership.grant_test

import rego.v2

import data.membership.cases
import data.membership.grant

_leaving := {"action": {"name": "member.leave"}, "target": {"user": "ada", "self": true}}

test_leaving[name] if {
	some dialect, levels in {
		"native": {"owner": true, "admin": true, "member": true, "viewer": true, "none": false},
		"proxy": {"owner": true, "admin": true, "member": true, "viewer": true, "none": false},
		"cognee": {"owner": true, "admin": true, "member": false, "viewer": false, "none": false},
		"llamacloud": {"owner": true, "admin": true, "member": true, "viewer": true, "none": false},
		"cogniac": {"owner": true, "admin": true, "member": true, "viewer": true, "none": false},
		"processmind": {"owner": true, "admin": false, "member": true, "viewer": true, "none": false},
		"unheard of": {"owner": false, "admin": false, "member": false, "viewer": false, "none": false},
	}
	some level, want in levels
	name := sprintf("%s, %s", [dialect, level])
	given := object.union(_leaving, {"dialect": dialect, "actor": {"level": level}})
	grant.allowed == want with input as cases.given(given)
}

test_nobody_leaves_for_another if {
	grant.allowed == false with input as cases.given(object.union(_leaving, {"target": {"self": false}}))
}

test_a_stranger_leaves_nothing if {
	grant.allowed == false with input as cases.given(object.union(_leaving, {"actor": {"member": false}}))
}

test_the_platform_leaves_nothing if {
	grant.allowed == false with input as cases.given(object.union(cases.platform, {"action": {"name": "member.leave"}}))
}

test_leaving_is_nothing_else[action] if {
	some action in {"member.remove", "store.bootstrap", "user.create"}
	given := {"action": {"name": action}, "actor": {"level": "viewer"}, "target": {"self": true}}
	grant.allowed == false with input as cases.given(given)
}
