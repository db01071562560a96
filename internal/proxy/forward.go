package proxy

import "net/http"

// forward is how Traefik's ForwardAuth, Caddy's forward_auth and APISIX's
// forward-auth ask. They hand any answer but an allow to the browser as it is.
var forward = protocol{
	name:      "forward",
	endpoint:  "/authz/forward",
	control:   []string{forwardedMethod, forwardedProto, forwardedHost, forwardedURI, forwardedFor},
	read:      readForward,
	redirects: true,
}

const (
	forwardedMethod = "X-Forwarded-Method"
	forwardedProto  = "X-Forwarded-Proto"
	forwardedHost   = "X-Forwarded-Host"
	forwardedURI    = "X-Forwarded-Uri"
)

// readForward reads the original request. Each part is a header of its own,
// and all of them must be there.
func readForward(h http.Header) (t target, err error) {
	for _, part := range []struct {
		name string
		read func(string) error
	}{
		{forwardedMethod, t.readMethod},
		{forwardedProto, t.readScheme},
		{forwardedHost, t.readHost},
		{forwardedURI, t.readURI},
	} {
		value, err := only(h, part.name)
		if err != nil {
			return target{}, err
		}
		if err := part.read(value); err != nil {
			return target{}, err
		}
	}
	return t, nil
}
