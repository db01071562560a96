# METADATA
# title: Changes
# description: >-
#   Judges every change. A change is allowed when some rule of
#   membership.grant grants it and no rule of membership.forbid objects.
package membership

import rego.v2

import data.membership.forbid
import data.membership.grant

# METADATA
# title: The decision
# description: Says whether the change is allowed, whether some rule grants it, and every objection against it.
# entrypoint: true
decision := {"allow": allow, "granted": grant.allowed, "violations": forbid.violation}

# METADATA
# title: Granted and unopposed
# description: Nothing is allowed that no rule grants, and nothing that any rule objects to.
default allow := false

allow if {
	grant.allowed
	count(forbid.violation) == 0
}
