package snippet

import "strings"

// source is the configuration for one proxy: its files below deploy/, and the
// text in them that holds each address, old and new in pairs.
type source struct {
	proxy   string
	files   []string
	sockets bool // it can ask over a unix socket
	listen, memberward,
	application func(address) []string
}

// shipped is in the order of the documentation.
var shipped = []source{
	{
		proxy: "nginx", files: []string{"nginx/memberward.conf"}, sockets: true,
		listen: func(a address) []string { return []string{"listen 8000;", "listen " + a.on("") + ";"} },
		memberward: func(a address) []string {
			return []string{"server 127.0.0.1:8081;", "server " + a.orSocket("unix:") + ";"}
		},
		application: func(a address) []string { return []string{"server 127.0.0.1:3000;", "server " + a.String() + ";"} },
	},
	{
		proxy: "caddy", files: []string{"caddy/Caddyfile"}, sockets: true,
		listen: func(a address) []string {
			site := ":" + a.port + " {"
			if a.host != "" {
				site += "\n\tbind " + a.host
			}
			return []string{":8000 {", site}
		},
		memberward: func(a address) []string {
			return []string{"forward_auth 127.0.0.1:8081 ", "forward_auth " + a.orSocket("unix/") + " "}
		},
		application: func(a address) []string {
			return []string{"reverse_proxy 127.0.0.1:3000", "reverse_proxy " + a.String()}
		},
	},
	{
		proxy: "traefik", files: []string{"traefik/traefik.yaml", "traefik/memberward.yaml"},
		listen:      func(a address) []string { return []string{`address: ":8000"`, `address: "` + a.on(":") + `"`} },
		memberward:  func(a address) []string { return []string{"http://127.0.0.1:8081/", "http://" + a.String() + "/"} },
		application: func(a address) []string { return []string{`"http://127.0.0.1:3000"`, `"http://` + a.String() + `"`} },
	},
	{
		proxy: "haproxy", files: []string{"haproxy/haproxy.cfg", "haproxy/memberward.lua"}, sockets: true,
		listen: func(a address) []string { return []string{"bind :8000", "bind " + a.on(":")} },
		memberward: func(a address) []string {
			return []string{"server memberward 127.0.0.1:8081", "server memberward " + a.orSocket("unix@")}
		},
		application: func(a address) []string {
			return []string{"server application 127.0.0.1:3000", "server application " + a.String()}
		},
	},
	{
		proxy: "envoy", files: []string{"envoy/envoy.yaml"},
		listen: func(a address) []string {
			if a.host == "" {
				a.host = "0.0.0.0"
			}
			return envoy("0.0.0.0", "8000", a)
		},
		memberward:  func(a address) []string { return envoy("127.0.0.1", "9191", a) },
		application: func(a address) []string { return envoy("127.0.0.1", "9000", a) },
	},
	{
		proxy: "apache", files: []string{"apache/memberward.conf"},
		listen: func(a address) []string {
			host := "*"
			if a.host != "" {
				host = strings.TrimSuffix(a.String(), ":"+a.port)
			}
			return []string{"Listen 8000", "Listen " + a.on(""), "<VirtualHost *:8000>", "<VirtualHost " + host + ":" + a.port + ">"}
		},
		memberward:  func(a address) []string { return []string{"fcgi://127.0.0.1:8083/", "fcgi://" + a.String() + "/"} },
		application: func(a address) []string { return []string{"http://127.0.0.1:3000/", "http://" + a.String() + "/"} },
	},
}

// envoy writes an address as Envoy's files do.
func envoy(host, port string, a address) []string {
	const before, between, behind = "socket_address: {address: ", ", port_value: ", "}"
	return []string{before + host + between + port + behind, before + `"` + a.host + `"` + between + a.port + behind}
}
