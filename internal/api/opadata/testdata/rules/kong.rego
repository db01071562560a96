# What a rule for Kong's OPA plugin looks like: a boolean, or an object with
# allow, status, headers and message.
package kong

default allow := false

allow if {
	input.request.http.method == "GET"
	startswith(input.request.http.path, "/public/")
}

answer := {"allow": false, "status": 451, "headers": {"x-reason": "law"}, "message": "no"}
