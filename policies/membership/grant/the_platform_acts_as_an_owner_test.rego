package membership.grant_test

import rego.v2

import data.membership.cases
import data.membership.grant

test_platform[action] if {
	some action, want in {
		"user.create": true,
		"key.create": true,
		"key.delete": true,
		"tenant.create": true,
		"member.add": true,
		"member.update": true,
		"member.remove": true,
		"member.leave": false,
		"tenant.select": false,
		"user.register": false,
		"tenant.read": false,
	}
	grant.allowed == want with input as cases.given(object.union(cases.platform, {"action": {"name": action}}))
}

test_accounts_are_made_by_the_platform_alone[level] if {
	some level in {"owner", "admin"}
	grant.allowed == false with input as cases.given({"action": {"name": "user.create"}, "actor": {"level": level}})
}
