package membership_test

import rego.v2

import data.membership

test_the_platform_keeps_the_registry if {
	membership.decision.allow with input as {"action": {"name": "entity.put"}, "actor": {"platform": true}}
}

test_nobody_else_does if {
	not membership.decision.allow with input as {"action": {"name": "entity.put"}, "actor": {"platform": false}}
}

test_the_platform_removes_nobody if {
	not membership.decision.allow with input as {"action": {"name": "member.remove"}, "actor": {"platform": true}}
}
