package membership.grant_test

import rego.v2

import data.membership.cases
import data.membership.grant

test_invitations[name] if {
	some action in {"invitation.accept", "invitation.decline"}
	some what, tc in {
		"one's own": {"given": {"target": {"self": true}}, "want": true},
		"another's": {"given": {}, "want": false},
		"another's, by an owner": {"given": {"actor": {"member": true, "level": "owner"}}, "want": false},
		"another's, by the platform": {"given": cases.platform, "want": false},
	}
	name := sprintf("%s, %s", [action, what])
	given := object.union({"action": {"name": action}, "actor": {"member": false, "level": "none"}}, tc.given)
	grant.allowed == tc.want with input as cases.given(given)
}

test_the_invited_may_nothing_else[action] if {
	some action in {"invitation.create", "invitation.delete", "member.add", "user.create"}
	given := {"action": {"name": action}, "actor": {"level": "none"}, "target": {"self": true}}
	grant.allowed == false with input as cases.given(given)
}
