package membership.grant

import rego.v2

# METADATA
# title: A member leaves
# description: An active member may leave, if the role table says so for their level and the API they ask through.
allowed if {
	input.action.name == "member.leave"
	input.actor.member == true
	input.target.self == true
	input.actor.level in data.roles.leave[input.dialect]
}
