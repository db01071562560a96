package membership.forbid_test

import rego.v2

import data.membership.cases
import data.membership.forbid

test_scopes[name] if {
	some name, tc in {
		"everything": {"scopes": ["*"], "want": set()},
		"the action": {"scopes": ["member.read", "member.remove"], "want": set()},
		"another action": {"scopes": ["member.read"], "want": {"not_permitted"}},
		"a wider word is no scope": {"scopes": ["member", "member.*"], "want": {"not_permitted"}},
		"nothing": {"scopes": [], "want": {"not_permitted"}},
	}
	cases.codes(forbid.violation) == tc.want with input as cases.given({"actor": {"scopes": tc.scopes}})
}
