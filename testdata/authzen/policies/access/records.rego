# METADATA
# title: Records
# description: >-
#   Who may do what with records. Subjects and records are entities of the
#   registry: what it keeps of them is stored, what the caller sent with the
#   question is properties.
package access

import rego.v2

# METADATA
# description: Nobody may do what no rule below permits.
# entrypoint: true
default allow := false

# METADATA
# title: Users read records
# description: Every user of the registry may read every record.
allow if {
	input.action.name == "read"
	input.resource.type == "record"
	input.subject.type == "user"
	input.subject.stored.name
}

# METADATA
# title: Owners write their active records
# description: Who owns a record may write it while it is active.
allow if {
	input.action.name == "write"
	input.resource.type == "record"
	input.resource.mine == true
	_status == "active"
}

# METADATA
# title: Administrators write archived records
# description: Whoever has the role admin may write what is archived.
allow if {
	input.action.name == "write"
	input.resource.type == "record"
	"admin" in _roles
	_status == "archived"
}

# METADATA
# title: Owners delete their records softly
# description: Who owns a record may delete it so that it can be brought back.
allow if {
	input.action.name == "delete"
	input.resource.type == "record"
	input.resource.mine == true
	input.action.properties.soft == true
}

# METADATA
# title: The platform reads
# description: A platform key may read the registry and the rules.
allow if {
	input.action.name in {"entity.read", "policy.read"}
	input.actor.platform == true
	input.actor.active == true
}

# What was sent stands for what is stored: whoever asks here is trusted to know
# better.
_status := object.get(input.resource.properties, "status", object.get(input.resource.stored, "status", "none"))

_roles contains input.subject.properties.role

_roles contains input.subject.stored.role
