package access_test

import rego.v2

import data.access

_carol := {"type": "user", "id": "carol", "stored": {"role": "contractor", "department": "Legal"}}

_dan := {"type": "user", "id": "dan", "stored": {"role": "manager", "department": "Finance"}}

_rick := {"type": "user", "id": "0", "stored": {"email": "rick@the-citadel.com", "roles": ["admin", "evil_genius"]}}

_morty := {"type": "user", "id": "1", "stored": {"email": "morty@the-citadel.com", "roles": ["editor"]}}

_beth := {"type": "user", "id": "3", "stored": {"email": "beth@the-smiths.com", "roles": ["viewer"]}}

_legal := {"type": "record", "id": "102", "mine": false, "stored": {"owner": "bob", "department": "Legal"}}

_finance := {"type": "record", "id": "115", "mine": true, "stored": {"owner": "carol", "department": "Finance"}}

_finances := object.union(_finance, {"mine": false})

_todo_of(owner) := {"type": "todo", "id": "1", "mine": false, "stored": {}, "properties": {"ownerID": owner}}

_cases := {
	"one's own": {"of": [_carol, "edit", _finance], "want": true},
	"of one's department": {"of": [_carol, "view", _legal], "want": true},
	"only to view": {"of": [_carol, "edit", _legal], "want": false},
	"of another department": {"of": [_carol, "view", _finances], "want": false},
	"a manager anywhere": {"of": [_dan, "view", _legal], "want": true},
	"a manager edits": {"of": [_dan, "edit", _finances], "want": true},
	"a manager elsewhere": {"of": [_dan, "edit", _legal], "want": false},
	"a manager deletes": {"of": [_dan, "delete", _finances], "want": false},
	"no todo": {"of": [_dan, "view", _todo_of("x")], "want": false},
	"everybody reads": {"of": [_beth, "can_read_todos", _todo_of("x")], "want": true},
	"a viewer creates": {"of": [_beth, "can_create_todo", _todo_of("x")], "want": false},
	"an editor creates": {"of": [_morty, "can_create_todo", _todo_of("x")], "want": true},
	"an editor's own": {"of": [_morty, "can_update_todo", _todo_of("morty@the-citadel.com")], "want": true},
	"another's": {"of": [_morty, "can_delete_todo", _todo_of("rick@the-citadel.com")], "want": false},
	"a viewer's own": {"of": [_beth, "can_update_todo", _todo_of("beth@the-smiths.com")], "want": false},
	"the evil genius": {"of": [_rick, "can_update_todo", _todo_of("morty@the-citadel.com")], "want": true},
	"an administrator": {"of": [_rick, "can_delete_todo", _todo_of("morty@the-citadel.com")], "want": true},
}

test_scenarios[name] if {
	some name, tc in _cases
	question := {"subject": tc.of[0], "action": {"name": tc.of[1]}, "resource": tc.of[2]}
	access.allow == tc.want with input as question
}
