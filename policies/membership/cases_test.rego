# METADATA
# description: >-
#   The cast of the tests: an admin, Ada, removes a plain member, Max, from a
#   tenant that Olga owns. A test says what is different in its case.
package membership.cases

import rego.v2

# METADATA
# description: The input of the case, with the given changes merged into it.
given(changes) := object.union(_removal, changes)

# METADATA
# description: The codes of a set of violations; one that has no message is none.
codes(violations) := {violation.code |
	some violation in violations
	object.keys(violation) == {"code", "message"}
}

# METADATA
# description: The platform instead of Ada.
platform := {"actor": {"user": "", "member": false, "level": "none", "platform": true}}

# METADATA
# description: Olga instead of Max.
owner_as_target := {"target": {"user": "olga", "level": "owner", "rank": 40, "lasting": true}}

_removal := {
	"version": 1,
	"action": {"name": "member.remove", "properties": {}},
	"subject": {"type": "user", "id": "ada", "properties": {}, "stored": {}},
	"actor": {
		"user": "ada", "member": true, "level": "admin", "roles": [], "actions": [], "capabilities": [],
		"active": true, "organization_admin": false, "platform": false, "scopes": ["*"],
	},
	"tenant": {"id": "acme", "owner": "olga", "members": 3, "limit": 9007199254740991, "lasting_admins": 2},
	"target": {
		"user": "max", "exists": true, "member": true, "level": "member", "rank": 20, "roles": [],
		"enabled": true, "pending": false, "developer": false, "active": true, "lasting": false, "self": false,
	},
	"requested": {
		"level": "none", "rank": 0, "roles": [], "actions": [],
		"enabled": false, "developer": false, "expires": false,
	},
	"resource": {"type": "", "id": "", "mine": false, "permissions": [], "properties": {}, "stored": {}},
	"route": {"template": "", "params": {}},
	"http": {
		"method": "", "scheme": "", "host": "", "path": "", "segments": [], "raw_path": "",
		"query": {}, "headers": {}, "client_ip": "",
	},
	"dialect": "native",
	"context": {},
}
