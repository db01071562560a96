package access

import rego.v2

# METADATA
# title: Users read
# description: Whoever has a role may read everybody's entry and all todos.
allow if {
	input.action.name in {"can_read_user", "can_read_todos"}
	count(input.subject.stored.roles) > 0
}

# METADATA
# title: Editors create
# description: Editors, administrators and the evil genius may create a todo.
allow if {
	input.action.name == "can_create_todo"
	some role in {"editor", "admin", "evil_genius"}
	role in input.subject.stored.roles
}

# METADATA
# title: Editors change what is theirs
# description: An editor may update and delete todos of their own.
allow if {
	input.action.name in {"can_update_todo", "can_delete_todo"}
	"editor" in input.subject.stored.roles
	input.resource.properties.ownerID == input.subject.stored.email
}

# METADATA
# title: The evil genius updates
# description: The evil genius may update everybody's todos.
allow if {
	input.action.name == "can_update_todo"
	"evil_genius" in input.subject.stored.roles
}

# METADATA
# title: Administrators delete
# description: An administrator may delete everybody's todos.
allow if {
	input.action.name == "can_delete_todo"
	"admin" in input.subject.stored.roles
}
