package policy

import (
	"slices"
	"testing"

	"github.com/memberward/memberward/internal/tenancy"
)

// TestActionNames: whatever way a rule names an action, a search looks at it.
func TestActionNames(t *testing.T) {
	files := deciding(`decision := {"allow": false, "granted": false, "violations": []}`)
	files["roles/data.yaml"] = "of:\n  clerk: [by_data]\n"
	files["access/access.rego"] = "package access\n\n" + header + `default allow := false

allow if input.action.name == "by_comparison"

allow if "by_comparison_reversed" == input.action.name

allow if input.action.name in {"by_set", "by_set_too"}

allow if {
	some name in ["by_list"]
	name == input.action.name
}

allow if {
	some role in input.subject.stored.roles
	input.action.name in data.roles.of[role]
}

allow if _may(input.action.name, input.resource.type)

_may("by_argument", "record")

allow if input.action.name in _named

_named := {"by_rule"}

allow if {
	wanted := input.action.name
	wanted == "by_variable"
}

allow if {
	input.resource.type == "no_action"
	input.actor.level == "not_one_either"
}
`
	set := load(t, files.source())
	for _, want := range []tenancy.Action{
		"by_comparison", "by_comparison_reversed", "by_set", "by_set_too", "by_list", "by_data", "by_argument", "by_rule", "by_variable",
	} {
		if !slices.Contains(set.actions, want) {
			t.Errorf("%s is not found; found %v", want, set.actions)
		}
	}
	for _, not := range []tenancy.Action{"no_action", "not_one_either", "input", "action", "name"} {
		if slices.Contains(set.actions, not) {
			t.Errorf("%s is taken for an action", not)
		}
	}
	shippedSet := load(t, Embedded())
	for _, want := range []tenancy.Action{tenancy.ActionMemberRemove, tenancy.ActionResourceRead, tenancy.ActionEntityRead} {
		if !slices.Contains(shippedSet.actions, want) {
			t.Errorf("the shipped rules name %s; found %v", want, shippedSet.actions)
		}
	}
}
