# APISIX wants an object with allow.
package apisix

default allow := false

allow if {
	input.request.headers["test-header"] == "only-for-test"
	startswith(input.request.path, "/get")
	input.request.query.test != "abcd"
}

status_code := 302 if not allow

headers := {"Location": "http://example.com/login"} if not allow
