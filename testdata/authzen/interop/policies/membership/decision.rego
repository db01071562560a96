# METADATA
# title: Changes
# description: The platform keeps the registry, accounts and their keys; nobody changes anything else.
package membership

import rego.v2

# METADATA
# title: The decision
# description: What is granted is allowed, since nothing objects.
# entrypoint: true
decision := {"allow": granted, "granted": granted, "violations": set()}

# METADATA
# title: Granted
# description: Nothing is granted that the rule below does not grant.
default granted := false

granted if {
	input.action.name in {"entity.delete", "entity.put", "key.create", "key.delete", "tenant.create", "user.create"}
	input.actor.platform == true
}
