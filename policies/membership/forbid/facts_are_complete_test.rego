package membership.forbid_test

import rego.v2

import data.membership.cases
import data.membership.forbid

_facts := {
	"string": {
		"action/name", "actor/level", "actor/user", "dialect", "requested/level",
		"target/level", "target/user", "tenant/id", "tenant/owner",
	},
	"boolean": {
		"actor/active", "actor/member", "actor/organization_admin", "actor/platform", "requested/enabled", "requested/expires",
		"target/active", "target/enabled", "target/exists", "target/lasting", "target/member", "target/pending", "target/self",
	},
	"number": {
		"requested/rank", "target/rank", "tenant/lasting_admins", "tenant/limit", "tenant/members",
	},
	"array": {"actor/scopes", "requested/actions"},
}

# One value of each type; none of them is the neutral one.
_values := {"string": "x", "boolean": true, "number": 1, "array": ["x"], "object": {"x": 1}, "null": null}

_incomplete(facts) if "facts_incomplete" in cases.codes(forbid.violation) with input as facts

test_whole_input if not _incomplete(cases.given({}))

test_missing[fact] if {
	some fact in _facts[_]
	_incomplete(json.remove(cases.given({}), [fact]))
}

test_missing_group[group] if {
	some group in {"action", "actor", "tenant", "target", "requested"}
	_incomplete(json.remove(cases.given({}), [group]))
}

test_wrong_type[name] if {
	some type, facts in _facts
	some fact in facts
	some other, value in _values
	other != type
	name := sprintf("%s is %s", [fact, other])
	_incomplete(json.patch(cases.given({}), [{"op": "replace", "path": concat("", ["/", fact]), "value": value}]))
}

test_no_input if _incomplete({})
