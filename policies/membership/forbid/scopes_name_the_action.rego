package membership.forbid

import rego.v2

# METADATA
# title: Scopes name the action
# description: A key with scopes is good for the actions that they name, and for nothing else.
violation contains {"code": "not_permitted", "message": "you are not permitted to do this"} if not _action_is_in_scope

_action_is_in_scope if "*" in input.actor.scopes

_action_is_in_scope if input.action.name in input.actor.scopes
