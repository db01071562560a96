# In the manner of the OPA Envoy plugin's primer: roles come from a signed
# token, paths from what Envoy describes, and the new person from the body.
package envoy.authz

import input.attributes.request.http as http_request

default allow := false

allow if {
	_token.valid
	_permitted
}

allow if input.parsed_path == ["health"]

_permitted if {
	http_request.method == "GET"
	_token.payload.role in {"guest", "admin"}
	glob.match("/people/*", ["/"], http_request.path)
}

_permitted if {
	http_request.method == "POST"
	_token.payload.role == "admin"
	glob.match("/people", ["/"], http_request.path)
	lower(input.parsed_body.firstname) != base64url.decode(_token.payload.sub)
}

_token := {"valid": valid, "payload": payload} if {
	[_, encoded] := split(http_request.headers.authorization, " ")
	[valid, _, payload] := io.jwt.decode_verify(encoded, {"secret": "a secret of the tests"})
}
