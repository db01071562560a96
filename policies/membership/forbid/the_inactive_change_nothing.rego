# METADATA
# title: What may never be
# description: >-
#   Each file of this package is one sentence that objects to something. An
#   objection is final: no grant outweighs it. A rule here asks, under a not,
#   whether the harmless case holds, so that a missing fact objects as well.
package membership.forbid

import rego.v2

# METADATA
# title: The inactive change nothing
# description: Pending, disabled and expired members, and disabled accounts, are not permitted anything.
violation contains {"code": "not_permitted", "message": "you are not permitted to do this"} if not _actor_is_active

_actor_is_active if input.actor.active == true
