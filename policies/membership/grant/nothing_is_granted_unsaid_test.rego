package membership.grant_test

import rego.v2

import data.membership.cases
import data.membership.grant

test_nothing_is_granted_unsaid[name] if {
	some name in {"", "member", "member.removed", "member.*", "*", "resource.read", "store.bootstrap"}
	grant.allowed == false with input as cases.given({"action": {"name": name}, "target": {"self": true}})
}

test_nothing_is_granted_to_an_empty_input if {
	grant.allowed == false with input as {}
}
