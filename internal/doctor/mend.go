package doctor

import (
	"io/fs"
	"net/http"
	"strings"

	"github.com/memberward/memberward/deploy"
)

// Proxies are those whose lines are known, in the order of the documentation.
// They are the folders of the shipped configurations.
func Proxies() []string {
	return []string{"nginx", "caddy", "traefik", "haproxy", "envoy", "apache"}
}

// remedy finds the line of a shipped configuration that mends a fault: the
// first one that holds the text, in which NAME stands for the header that the
// fault is about, name for the same in lower case, and FAMILY for X-Auth- where
// that is how it begins.
type remedy struct{ code, proxy, text string }

// remedies are looked for in order; a fault may take several.
var remedies = []remedy{
	{"unchecked", "nginx", "auth_request /_memberward;"},
	{"unchecked", "caddy", "forward_auth 127.0.0.1"},
	{"unchecked", "traefik", "- memberward@file"},
	{"unchecked", "haproxy", "http-request lua.memberward"},
	{"unchecked", "envoy", "envoy.filters.http.ext_authz"},
	{"unchecked", "apache", "Require valid-user"},
	{"way_around", "nginx", "auth_request /_memberward;"},
	{"way_around", "caddy", "route {"},
	{"way_around", "traefik", "- memberward@file"},
	{"way_around", "haproxy", "http-request lua.memberward"},
	{"way_around", "envoy", "envoy.filters.http.ext_authz"},
	{"way_around", "apache", `<Location "/">`},
	{"refusal_ignored", "nginx", "proxy_pass http://$memberward_application;"},
	{"refusal_ignored", "caddy", "respond @nobody 502"},
	{"refusal_ignored", "haproxy", "http-request deny deny_status 502 unless"},
	{"refusal_ignored", "envoy", "failure_mode_allow: false"},
	{"refusal_ignored", "apache", "Require expr"},
	{"open_when_stopped", "nginx", "proxy_pass http://$memberward_application;"},
	{"open_when_stopped", "caddy", "respond @nobody 502"},
	{"open_when_stopped", "haproxy", "http-request deny deny_status 502 unless"},
	{"open_when_stopped", "envoy", "failure_mode_allow: false"},
	{"open_when_stopped", "apache", "Require expr"},
	{"identity_incomplete", "nginx", "proxy_set_header NAME"},
	{"identity_incomplete", "caddy", "copy_headers "},
	{"identity_incomplete", "traefik", "- NAME"},
	{"identity_incomplete", "haproxy", "http-request set-header name"},
	{"identity_incomplete", "apache", "RequestHeader set   NAME"},
	{"identity_differs", "nginx", "proxy_set_header NAME"},
	{"identity_differs", "caddy", "copy_headers "},
	{"identity_differs", "traefik", "- NAME"},
	{"identity_differs", "haproxy", "http-request set-header name"},
	{"identity_differs", "apache", "RequestHeader set   NAME"},
	{"identity_spoofed", "nginx", "proxy_set_header NAME"},
	{"identity_spoofed", "caddy", "request_header -FAMILY"},
	{"identity_spoofed", "traefik", "- NAME"},
	{"identity_spoofed", "haproxy", "http-request del-header FAMILY"},
	{"identity_spoofed", "apache", "RequestHeader set   NAME"},
	{"identity_spoofed", "apache", "RequestHeader unset NAME"},
	{"identity_alias", "nginx", "underscores_in_headers off;"},
	{"identity_alias", "nginx", "ignore_invalid_headers on;"},
	{"identity_alias", "traefik", "aliasHeadersStrategy: reject"},
	{"identity_alias", "envoy", "headers_with_underscores_action: REJECT_REQUEST"},
	{"identity_alias", "apache", "Require not env memberward_alias"},
	{"identity_stripped", "nginx", "proxy_set_header Connection $memberward_connection;"},
	{"identity_stripped", "caddy", "request_header @plain -Connection"},
	{"identity_stripped", "haproxy", "http-request del-header connection"},
	{"identity_stripped", "apache", "RequestHeader unset Connection"},
	{"control_believed", "nginx", "proxy_set_header NAME"},
	{"control_believed", "caddy", "request_header -NAME"},
	{"control_believed", "caddy", "header_up NAME"},
	{"control_believed", "traefik", "trustForwardHeader: false"},
	{"control_believed", "traefik", "insecure: false"},
	{"control_believed", "haproxy", `headers["name"]`},
	{"control_believed", "envoy", "use_remote_address: true"},
	{"path_differs", "nginx", "proxy_pass http://$memberward_application;"},
	{"path_differs", "nginx", "proxy_set_header X-Original-URI"},
	{"path_differs", "caddy", "reverse_proxy 127.0.0.1"},
	{"path_differs", "haproxy", "http-request set-uri %[pathq]"},
	{"path_differs", "envoy", "normalize_path: false"},
	{"path_differs", "apache", "nocanon upgrade"},
	{"method_differs", "nginx", "proxy_set_header X-Original-Method"},
	{"method_differs", "caddy", "request_header -X-Forwarded-Method"},
	{"method_differs", "traefik", "trustForwardHeader: false"},
	{"method_differs", "haproxy", `headers["x-forwarded-method"]`},
	{"host_differs", "nginx", "proxy_set_header Host $host;"},
	{"host_differs", "nginx", "proxy_set_header X-Original-Host"},
	{"host_differs", "caddy", "header_up X-Forwarded-Host"},
	{"host_differs", "traefik", "passHostHeader: true"},
	{"host_differs", "haproxy", `headers["x-forwarded-host"]`},
	{"host_differs", "apache", "ProxyPreserveHost On"},
	{"check_cached", "nginx", "proxy_cache off;"},
	{"upgrade", "nginx", "proxy_set_header Upgrade    $memberward_upgrade;"},
	{"upgrade", "caddy", "request_header @plain -Connection"},
	{"upgrade", "haproxy", "http-request del-header upgrade unless websocket"},
	{"upgrade", "apache", "RequestHeader unset Upgrade"},
	{"body_lost", "nginx", "proxy_pass_request_body off;"},
	{"body_lost", "caddy", "header_up -Expect"},
	{"secret_shown", "nginx", "proxy_set_header X-Memberward-Secret"},
	{"secret_shown", "caddy", "request_header -X-Memberward-Secret"},
	{"secret_shown", "haproxy", "http-request del-header x-memberward-secret"},
	{"secret_shown", "apache", "RequestHeader unset X-Memberward-Secret"},
}

// removals remove a header that the shipped configurations do not know, or
// know by the beginning of its name.
var removals = []remedy{
	{"", "nginx", `proxy_set_header NAME "";`},
	{"", "caddy", "request_header -NAME"},
	{"", "traefik", `customRequestHeaders: {NAME: ""}`},
	{"", "haproxy", "http-request del-header name"},
	{"", "envoy", "request_headers_to_remove: [name]"},
	{"", "apache", "RequestHeader unset NAME"},
}

// advice says what no single line can.
var advice = []struct{ code, says string }{
	{"unchecked", "Nobody was asked: the check is missing, or switched off for this place."},
	{"way_around", "Ask on the level of the whole site, and switch it off nowhere: no auth_request off, no handle or reverse_proxy beside the check, no rule above it, no router without the middleware."},
	{"refusal_ignored", "No error_page, satisfy any, handle_response or Authoritative Off may turn a refusal into a way to the application."},
	{"open_when_stopped", "No error_page, handle_errors or failure_mode_allow may lead to the application while Memberward is down."},
	{"identity_incomplete", "The application cannot tell who asks. A location with a proxy_set_header of its own inherits none of the others."},
	{"identity_differs", "The application is told of somebody else than was judged: nothing may set these headers but the check's answer, under their own names."},
	{"identity_spoofed", "A client says who it is. A location with a proxy_set_header of its own inherits none of the others."},
	{"identity_alias", "Applications that turn headers into variables take the one for the other."},
	{"identity_stripped", "The proxy removes what the client names in Connection, the check's answer among it."},
	{"control_believed", "One request is judged and another one made: the proxy must write this header itself, and trust nobody's."},
	{"path_differs", "One path is judged and another one served: no path behind proxy_pass, no rewrite, strip_prefix or set-path after the check."},
	{"method_differs", "One method is judged and another one used."},
	{"host_differs", "One host is judged and another one served: both must come from the same place."},
	{"check_cached", "A remembered allow is another person's, or that of a member who was removed. No cache in front of the check, and no proxy_ignore_headers."},
	{"answer_cached", "The application's answers must not be kept in front of the check: no proxy_cache in the same place."},
	{"upgrade", "Over h2c a client talks to the application past Memberward."},
	{"body_lost", "Only the check goes without the body: the line belongs into its place alone."},
	{"secret_shown", "Whoever knows the secret can ask in the proxy's name: it is for the check alone."},
}

// why gives the advice for a fault.
func why(code string) string {
	for _, a := range advice {
		if a.code == code {
			return a.says
		}
	}
	return ""
}

// mends gives the lines for a fault, for one proxy or, if that is empty, all.
func mends(code, what, proxy string) []Mend {
	name := http.CanonicalHeaderKey(strings.ReplaceAll(strings.ReplaceAll(what, "_", "-"), ".", "-"))
	var found []Mend
	for _, r := range remedies {
		if r.code != code || proxy != "" && r.proxy != proxy {
			continue
		}
		if line := shippedLine(r.proxy, r.named(name)); line != "" {
			found = append(found, Mend{r.proxy, line})
		}
	}
	if code == "identity_alias" {
		name = what // as it is written
	}
	for _, r := range removals {
		if (code == "identity_spoofed" || code == "identity_alias") && (proxy == "" || r.proxy == proxy) && !mended(found, r.proxy) {
			found = append(found, Mend{r.proxy, r.named(name)})
		}
	}
	return found
}

func mended(found []Mend, proxy string) bool {
	for _, m := range found {
		if m.Proxy == proxy {
			return true
		}
	}
	return false
}

// named puts a header into the text.
func (r remedy) named(name string) string {
	family := name
	if strings.HasPrefix(name, "X-Auth-") {
		family = "X-Auth-"
	}
	return strings.NewReplacer("NAME", name, "name", strings.ToLower(name), "FAMILY", family).Replace(r.text)
}

// shippedLine gives the first line of a proxy's shipped files that holds a
// text, whatever its case, and is no comment; empty: there is none.
func shippedLine(proxy, text string) string {
	found := ""
	_ = fs.WalkDir(deploy.Files, proxy, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || found != "" {
			return err
		}
		data, err := deploy.Files.ReadFile(path)
		for line := range strings.Lines(string(data)) {
			line = strings.TrimSpace(line)
			if found == "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "--") && strings.Contains(strings.ToLower(line), strings.ToLower(text)) {
				found = line
			}
		}
		return err
	})
	return found
}
