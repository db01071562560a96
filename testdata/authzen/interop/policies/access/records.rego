# METADATA
# title: Interoperability
# description: >-
#   The rules of the interoperability scenarios of the OpenID AuthZEN working
#   group. Everybody's roles and departments are what the registry holds.
package access

import rego.v2

# METADATA
# description: Nobody may do what no rule below permits.
# entrypoint: true
default allow := false

# METADATA
# title: Owners do everything with their records
# description: Who owns a record may view, edit and delete it.
allow if {
	input.action.name in {"view", "edit", "delete"}
	input.resource.type == "record"
	input.resource.mine == true
}

# METADATA
# title: Departments view their records
# description: Everybody may view the records of their department.
allow if {
	input.action.name == "view"
	input.resource.type == "record"
	input.resource.stored.department == input.subject.stored.department
}

# METADATA
# title: Managers view records
# description: A manager may view any record.
allow if {
	input.action.name == "view"
	input.resource.type == "record"
	input.resource.stored.department
	input.subject.stored.role == "manager"
}

# METADATA
# title: Managers edit the records of their department
# description: A manager may edit any record of their department.
allow if {
	input.action.name == "edit"
	input.resource.type == "record"
	input.resource.stored.department == input.subject.stored.department
	input.subject.stored.role == "manager"
}
