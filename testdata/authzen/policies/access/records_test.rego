package access_test

import rego.v2

import data.access

_alice := {"type": "user", "id": "alice", "properties": {}, "stored": {"name": "Alice"}}

_bob := {"type": "user", "id": "bob", "properties": {}, "stored": {"name": "Bob", "role": "admin"}}

_active := {"type": "record", "id": "record-1", "properties": {}, "stored": {"owner": "alice", "status": "active"}}

_archived := {"type": "record", "id": "record-2", "properties": {"status": "archived"}, "stored": {}}

_question(subject, action, resource) := {
	"subject": subject,
	"action": object.union({"properties": {}}, action),
	"resource": object.union({"mine": subject.id == "alice"}, resource),
	"actor": {"platform": false, "active": false},
}

_cases := {
	"alice reads": {"of": [_alice, {"name": "read"}, _active], "want": true},
	"bob reads": {"of": [_bob, {"name": "read"}, _active], "want": true},
	"nobody reads": {"of": [{"type": "user", "id": "eve", "properties": {}, "stored": {}}, {"name": "read"}, _active], "want": false},
	"alice writes": {"of": [_alice, {"name": "write"}, _active], "want": true},
	"bob writes": {"of": [_bob, {"name": "write"}, _active], "want": false},
	"alice writes what is archived": {"of": [_alice, {"name": "write"}, _archived], "want": false},
	"bob writes what is archived": {"of": [_bob, {"name": "write"}, _archived], "want": true},
	"an admin, as sent": {
		"of": [object.union(_alice, {"properties": {"role": "admin"}}), {"name": "write"}, _archived],
		"want": true,
	},
	"alice deletes softly": {"of": [_alice, {"name": "delete", "properties": {"soft": true}}, _active], "want": true},
	"alice deletes for good": {"of": [_alice, {"name": "delete", "properties": {"soft": false}}, _active], "want": false},
	"alice deletes": {"of": [_alice, {"name": "delete"}, _active], "want": false},
	"alice reads a folder": {"of": [_alice, {"name": "read"}, {"type": "folder", "id": "1"}], "want": false},
}

test_records[name] if {
	some name, tc in _cases
	question := _question(tc.of[0], tc.of[1], tc.of[2])
	access.allow == tc.want with input as question
}

test_the_platform_reads if {
	access.allow with input as {"action": {"name": "entity.read"}, "actor": {"platform": true, "active": true}}
}
