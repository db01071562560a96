# METADATA
# title: Who may
# description: >-
#   Each file of this package is one sentence that grants something. Objections
#   stand in membership.forbid; no grant outweighs one.
package membership.grant

import rego.v2

# METADATA
# title: Nothing is granted unsaid
# description: What no sentence grants is refused.
default allowed := false
