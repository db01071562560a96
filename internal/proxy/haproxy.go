package proxy

// haproxy is how the shipped script asks from within HAProxy: as Traefik does,
// with a HEAD. HAProxy's own rules answer the client, so a redirect would get
// nowhere.
var haproxy = protocol{
	name:     "haproxy",
	endpoint: "/authz/haproxy",
	control:  forward.control,
	read:     readForward,
}
