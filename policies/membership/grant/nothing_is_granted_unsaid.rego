# METADATA
# title: Who may
# description: >-
#   Each file of this package is one sentence that grants something. Objections
#   stand in membership.forbid; no grant outweighs one. The first line of each
#   rule compares the action, so that OPA's index skips all the others.
package membership.grant

import rego.v2

# METADATA
# title: Nothing is granted unsaid
# description: What no sentence grants is refused.
default allowed := false
