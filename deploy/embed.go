// Package deploy holds the configurations that are shipped for the proxy in
// front of an application. What `memberward snippet` prints are these files.
package deploy

import "embed"

// Files holds the configurations. Its paths are those below this folder.
//
//go:embed nginx/memberward.conf caddy/Caddyfile traefik/traefik.yaml traefik/memberward.yaml
//go:embed haproxy/haproxy.cfg haproxy/memberward.lua envoy/envoy.yaml apache/memberward.conf
var Files embed.FS
