# A policy for Envoy that knows what no plugin does: the place of who asks.
package envoy.place

default allow := false

allow if {
	input.memberward.actor.level == "owner"
	input.actor.user == input.memberward.actor.user
	input.tenant.owner == input.subject.id
	input.route.params.tenant == "acme"
	input.version.ext_authz == "v3"
	input.attributes.source.address.socketAddress.address == "192.0.2.7"
	input.attributes.contextExtensions.a == "b"
	input.attributes.request.http.headers[":path"] == "/tenants/acme/x?a=%62"
	input.attributes.request.http.path == "/tenants/acme/x?a=%62"
	input.parsed_query == {"a": ["b"]}
	input.parsed_path == ["tenants", "acme", "x"]
	input.parsed_body == null
	input.truncated_body == false
	not input.attributes.request.http.headers["x-auth-subject"]
	not input.attributes.request.http.headers["x-memberward-secret"]
	not input.attributes.request.http.headers["remote-user"]
}
