# Answers as an object, in each of the plugin's ways, chosen by the query.
package istio.authz

default result := {"allowed": false, "http_status": 429, "body": "later", "headers": {"retry-after": "9", "x-auth-level": "owner"}}

result := {
	"allowed": true,
	"headers": {"x-team": "blue", "x-list": ["a", "b"], "x-auth-subject": "olga", "X_Auth_Level": "owner", ":path": "/x", "x-forwarded-for": "1.2.3.4", "x-tenant": "void"},
	"response_headers_to_add": {"x-served": "yes", "x-auth-roles": "all"},
	"request_headers_to_remove": ["x-debug", "x-auth-subject", "X_Tenant", "host"],
	"dynamic_metadata": {"team": {"name": "blue", "size": 3}},
	"http_status": 503,
} if input.parsed_query.say == ["yes"]

result := {"allowed": "true"} if input.parsed_query.say == ["text"]

result := {"Allowed": true} if input.parsed_query.say == ["capital"]

result := {"http_status": 200} if input.parsed_query.say == ["status"]

result := {"allowed": true, "headers": {"x-team": "a\r\nx-auth-subject: olga"}} if input.parsed_query.say == ["break"]

result := {"allowed": true, "headers": {"x-team": 5}} if input.parsed_query.say == ["number"]

result := {"allowed": true, "query_parameters_to_remove": ["say"]} if input.parsed_query.say == ["query"]

result := {"allowed": true, "headers": {"x-long": concat("", [s | some i in numbers.range(1, 4000); s := "x"])}} if input.parsed_query.say == ["long"]

result := {"allowed": false, "http_status": 200, "body": "come in"} if input.parsed_query.say == ["ok"]

result := {"allowed": false, "http_status": 500} if input.parsed_query.say == ["error"]

result := {"allowed": false, "http_status": 302, "headers": [{"location": "https://login.example/"}]} if input.parsed_query.say == ["login"]

result := ["allowed"] if input.parsed_query.say == ["list"]

result := to_number(input.parsed_query.n[0]) if input.parsed_query.say == ["fails"]

result := count([x | some x in numbers.range(1, 100000000); x > 1]) > 0 if input.parsed_query.say == ["slow"]
