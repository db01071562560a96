package doctor_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/apitest"
	"github.com/memberward/memberward/internal/doctor"
	"github.com/memberward/memberward/internal/proxytest"
)

// broken are configurations with one fault each.
var broken = []struct {
	fault string
	kind  proxytest.Kind
	text  []string // old and new, in pairs; APPLICATION stands for its address
	codes []string // exactly those that are found
	what  string   // of one of the findings
	mend  string   // a line that is named for it
}{
	{
		"a URI part in proxy_pass", proxytest.Nginx(),
		[]string{"http://$memberward_application;", "http://application/;"},
		[]string{"path_differs"},
		"/tenants/acme/reports/a%26b", "proxy_pass http://$memberward_application;",
	},
	{
		"a rewrite after the check", proxytest.Nginx(),
		[]string{"proxy_pass http://$memberward_application;", "rewrite ^/tenants/acme/(.*)$ /$1 break;\nproxy_pass http://$memberward_application;"},
		[]string{"path_differs"},
		"", "proxy_pass http://$memberward_application;",
	},
	{
		"an identity header that is not set", proxytest.Nginx(),
		[]string{"proxy_set_header X-Auth-Roles         $memberward_roles;", ""},
		[]string{"identity_incomplete", "identity_spoofed"},
		"X-Auth-Roles", "proxy_set_header X-Auth-Roles         $memberward_roles;",
	},
	{
		"an optional identity header that is not set", proxytest.Nginx(),
		[]string{"proxy_set_header X-Auth-Assertion     $memberward_assertion;", ""},
		[]string{"identity_spoofed"},
		"X-Auth-Assertion", "proxy_set_header X-Auth-Assertion     $memberward_assertion;",
	},
	{
		"aliases pass, and the check is not shown them", proxytest.Nginx(),
		[]string{
			"underscores_in_headers off;", "underscores_in_headers on;",
			"proxy_pass_request_body off;", "proxy_pass_request_body off;\nproxy_pass_request_headers off;\nproxy_set_header X-Api-Key $http_x_api_key;",
		},
		[]string{"identity_alias"},
		"X_Auth_Subject", "underscores_in_headers off;",
	},
	{
		"auth_request off in a location", proxytest.Nginx(),
		[]string{"location = /_memberward {", "location /static/ {\nauth_request off;\nproxy_pass http://application;\n}\nlocation = /_memberward {"},
		[]string{"way_around"},
		"GET /static/doctor", "auth_request /_memberward;",
	},
	{
		"no check for one method", proxytest.Nginx(),
		[]string{
			"auth_request /_memberward;", "set $checked /_memberward;\nauth_request /_memberward;\nerror_page 401 = @open;",
			"location = /_memberward {", "location @open {\nauth_request off;\nif ($request_method != OPTIONS) { return 401; }\nproxy_pass http://application;\n}\nlocation = /_memberward {",
		},
		[]string{"way_around"},
		"OPTIONS /tenants/acme/reports", "auth_request /_memberward;",
	},
	{
		"$http_host", proxytest.Nginx(),
		[]string{"proxy_set_header Host $host;", "proxy_set_header Host $http_host;"},
		[]string{"host_differs"},
		"", "proxy_set_header Host $host;",
	},
	{
		"the host is not passed on", proxytest.Nginx(),
		[]string{"proxy_set_header Host $host;", ""},
		[]string{"host_differs"},
		"", "proxy_set_header Host $host;",
	},
	{
		"another host is judged", proxytest.Nginx(),
		[]string{"proxy_set_header X-Original-Host   $host:$server_port;", "proxy_set_header X-Original-Host   app.example;"},
		[]string{"host_differs"},
		"", "proxy_set_header X-Original-Host   $host:$server_port;",
	},
	{
		"a cache in front of the check", proxytest.Nginx(),
		[]string{
			"upstream memberward {", "proxy_cache_path cache keys_zone=z:1m;\nupstream memberward {",
			"proxy_cache off;", "proxy_cache z;\nproxy_cache_key $request_uri;\nproxy_cache_valid 200 1m;\nproxy_ignore_headers Cache-Control Vary Expires;",
		},
		[]string{"check_cached", "host_differs", "method_differs", "way_around"},
		"", "proxy_cache off;",
	},
	{
		"a cache in front of the application", proxytest.Nginx(),
		[]string{
			"upstream memberward {", "proxy_cache_path cache keys_zone=z:1m;\nupstream memberward {",
			"proxy_set_header Host $host;", "proxy_set_header Host $host;\nproxy_cache z;\nproxy_cache_key $request_method$request_uri$host$http_x_auth_subject;\nproxy_cache_valid 200 1m;\nproxy_ignore_headers Cache-Control Vary Expires;",
		},
		[]string{"answer_cached"},
		"", "",
	},
	{
		"one method is judged for all", proxytest.Nginx(),
		[]string{"proxy_set_header X-Original-Method $request_method;", "proxy_set_header X-Original-Method GET;"},
		[]string{"method_differs"},
		"DOC_TOR", "proxy_set_header X-Original-Method $request_method;",
	},
	{
		"the client's own address", proxytest.Nginx(),
		[]string{"proxy_set_header X-Forwarded-For   $remote_addr;", ""},
		[]string{"control_believed"},
		"X-Forwarded-For", "proxy_set_header X-Forwarded-For   $remote_addr;",
	},
	{
		"the client's own host", proxytest.Nginx(),
		[]string{"map $http_upgrade $memberward_upgrade {", "map $http_x_forwarded_host $asked {\ndefault $http_x_forwarded_host;\n'' $host;\n}\nmap $http_upgrade $memberward_upgrade {", "X-Original-Host   $host:$server_port;", "X-Original-Host   $asked;"},
		[]string{"control_believed"},
		"X-Forwarded-Host", "",
	},
	{
		"every protocol is upgraded to", proxytest.Nginx(),
		[]string{"~*^websocket$    websocket;", "~^(?<any>.+)$ $any;"},
		[]string{"upgrade"},
		"Upgrade: h2c", "proxy_set_header Upgrade    $memberward_upgrade;",
	},
	{
		"a refusal leads to the application", proxytest.Nginx(),
		[]string{
			"auth_request /_memberward;", "auth_request /_memberward;\nerror_page 403 = @open;",
			"location = /_memberward {", "location @open {\nauth_request off;\nproxy_pass http://application;\n}\nlocation = /_memberward {",
		},
		[]string{"host_differs", "method_differs", "path_differs", "refusal_ignored"},
		"/memberward-doctor/.%2e/doctor", "proxy_pass http://$memberward_application;",
	},
	{
		"no check", proxytest.Nginx(),
		[]string{"auth_request /_memberward;", "", "http://$memberward_application;", "http://application;"},
		[]string{"unchecked"},
		"", "auth_request /_memberward;",
	},
	{
		"the application gets no body", proxytest.Nginx(),
		[]string{"proxy_set_header Host $host;", "proxy_set_header Host $host;\nproxy_set_body '';"},
		[]string{"body_lost"},
		"POST", "proxy_pass_request_body off;",
	},
	{
		"the secret is shown to the application", proxytest.Nginx(),
		[]string{"proxy_set_header Host $host;", "proxy_set_header Host $host;\nproxy_set_header X-Memberward-Secret a-secret-of-the-proxy;"},
		[]string{"secret_shown"},
		"X-Memberward-Secret", "proxy_set_header X-Memberward-Secret",
	},
	{
		"the other one of two hosts is judged", proxytest.Nginx(),
		[]string{"proxy_set_header X-Original-Host   $host:$server_port;", "proxy_set_header X-Original-Host   $http_host;"},
		[]string{"host_differs"},
		"doc~tor.invalid", "proxy_set_header X-Original-Host   $host:$server_port;",
	},
	{
		"whoever names this machine is not asked", proxytest.Nginx(),
		[]string{"    underscores_in_headers off;", "    if ($http_x_forwarded_for = 127.0.0.1) { rewrite ^ /open last; }\n    underscores_in_headers off;", "location = /_memberward {", "location = /open {\nauth_request off;\nproxy_pass http://application$request_uri;\n}\nlocation = /_memberward {"},
		[]string{"way_around"},
		"GET /tenants/acme/reports, X-Forwarded-For: 127.0.0.1", "auth_request /_memberward;",
	},
	{
		"what is asked about is the client's to say", proxytest.Nginx(),
		[]string{"proxy_set_header X-Original-URI    $request_uri;", ""},
		[]string{"control_believed"},
		"X-Original-Uri", "proxy_set_header X-Original-URI    $request_uri;",
	},
	{
		"other hosts are not checked", proxytest.Nginx(),
		[]string{"    underscores_in_headers off;", "    if ($host ~ invalid) { rewrite ^ /open last; }\n    underscores_in_headers off;", "location = /_memberward {", "location = /open {\nauth_request off;\nproxy_pass http://application$request_uri;\nproxy_set_header Host $host;\n}\nlocation = /_memberward {"},
		[]string{"host_differs", "way_around"},
		"GET /tenants/acme/reports, Host: doctor.invalid", "auth_request /_memberward;",
	},
	{
		"Connection is left in place", proxytest.Caddy(),
		[]string{"request_header @plain -Connection", ""},
		[]string{"identity_stripped", "upgrade"},
		"X-Auth-Subject", "request_header @plain -Connection",
	},
	{
		"a header is not copied", proxytest.Caddy(),
		[]string{" X-Auth-Roles X-Auth-Authenticated", " X-Auth-Authenticated", "respond @nobody 502", ""},
		[]string{"identity_incomplete"},
		"X-Auth-Roles", "copy_headers X-Auth-Subject",
	},
	{
		"a header is neither removed nor copied", proxytest.Caddy(),
		[]string{" X-Auth-Roles X-Auth-Authenticated", " X-Auth-Authenticated", "respond @nobody 502", "", "request_header -X-Auth-*", ""},
		[]string{"identity_incomplete", "identity_spoofed"},
		"X-Auth-Roles", "request_header -X-Auth-*",
	},
	{
		"the client's X-Forwarded-Proto is trusted", proxytest.Caddy(),
		[]string{"uri /authz/forward", "uri /authz/forward\ntrusted_proxies 127.0.0.1/32"},
		[]string{"control_believed"},
		"X-Forwarded-Proto", "",
	},
	{
		"the client's X-Forwarded-Host is trusted", proxytest.Caddy(),
		[]string{"uri /authz/forward", "uri /authz/forward\ntrusted_proxies 127.0.0.1/32", "header_up X-Forwarded-Host {http.request.hostport}", ""},
		[]string{"control_believed"},
		"X-Forwarded-Host", "header_up X-Forwarded-Host {http.request.hostport}",
	},
	{
		"a prefix is stripped after the check", proxytest.Caddy(),
		[]string{"\theader {", "\turi strip_prefix /tenants/acme\n\theader {"},
		[]string{"path_differs"},
		"", "reverse_proxy 127.0.0.1:3000",
	},
	{
		"a handle beside the check", proxytest.Caddy(),
		[]string{"route {", "handle /assets/* {\nreverse_proxy APPLICATION\n}\nroute {"},
		[]string{"way_around"},
		"GET /assets/doctor", "route {",
	},
	{
		"the method is rewritten after the check", proxytest.Caddy(),
		[]string{"\theader {", "\tmethod GET\n\theader {"},
		[]string{"method_differs"},
		"POST /tenants/acme/reports", "",
	},
	{
		"every host becomes one", proxytest.Caddy(),
		[]string{"\theader {", "\trequest_header Host app.internal\n\theader {"},
		[]string{"host_differs"},
		"", "header_up X-Forwarded-Host {http.request.hostport}",
	},
	{
		"aliases are kept from the check", proxytest.Caddy(),
		[]string{"header_up -Expect", "header_up -Expect\nheader_up -X_*"},
		[]string{"identity_alias"},
		"X_Auth_Subject", "request_header -X_Auth_Subject",
	},
	{
		"the client's identity headers are left in place", proxytest.HAProxy(),
		[]string{"http-request del-header x-auth- -m beg", ""},
		[]string{"identity_spoofed"},
		"X-Auth-Assertion", "http-request del-header x-auth- -m beg",
	},
	{
		"a prefix is stripped after the check", proxytest.HAProxy(),
		[]string{"default_backend application", "http-request replace-path /tenants/acme(/.*) \\1\n    default_backend application"},
		[]string{"path_differs"},
		"", "http-request set-uri %[pathq]",
	},
	{
		"a folder is open to all, and names \"(null)\"", proxytest.Apache(),
		[]string{"    ProxyPreserveHost On", "    <Location /static>\nRequire all granted\n</Location>\n    ProxyPreserveHost On"},
		[]string{"way_around"},
		"GET /static/doctor", `<Location "/">`,
	},
	{
		"a misspelt variable", proxytest.Apache(),
		[]string{`"%{X_AUTH_LEVEL}e"`, `"%{X_AUTH_LEVELS}e"`},
		[]string{"identity_incomplete"},
		"X-Auth-Level", "RequestHeader set   X-Auth-Level",
	},
	{
		"aliases are not refused", proxytest.Apache(),
		[]string{"Require not env memberward_alias", "", "RequestHeader unset X_Auth_Subject\n", "\n"},
		[]string{"identity_alias"},
		"X_Auth_Subject", "Require not env memberward_alias",
	},
	{
		"an identity header that is not removed", proxytest.Apache(),
		[]string{"RequestHeader unset X-Auth-Assertion", ""},
		[]string{"identity_spoofed"},
		"X-Auth-Assertion", "RequestHeader unset X-Auth-Assertion",
	},
	{
		"Connection is left in place", proxytest.Apache(),
		[]string{"RequestHeader unset Connection", ""},
		[]string{"identity_stripped"},
		"X-Auth-Subject", "RequestHeader unset Connection",
	},
	{
		"the path is rewritten on the way", proxytest.Apache(),
		[]string{"nocanon upgrade", "upgrade"},
		[]string{"path_differs"},
		"", "ProxyPass /",
	},
}

// TestFaultsAreFound runs the doctor against each, and every fault is named,
// with the line that mends it, and no other.
func TestFaultsAreFound(t *testing.T) {
	for _, row := range broken {
		t.Run(row.kind.Name+", "+row.fault, func(t *testing.T) {
			t.Parallel()
			addr := proxytest.Serve(t, doctor.Application{})
			text := slices.Clone(row.text)
			for i := range text {
				text[i] = strings.ReplaceAll(text[i], "APPLICATION", addr)
			}
			page := front(t, row.kind, doctor.Application{}, text...)
			report := examine(t, doctor.Options{URL: page, Credential: asMary + apitest.Key("mary")})
			var codes []string
			named := false
			for _, p := range report.Points {
				for _, f := range p.Findings {
					if !slices.Contains(codes, f.Code) {
						codes = append(codes, f.Code)
					}
					named = named || (row.what == "" || f.What == row.what) && (row.mend == "" || slices.ContainsFunc(f.Mend, func(m doctor.Mend) bool {
						return strings.HasPrefix(row.kind.Name, m.Proxy) && strings.HasPrefix(m.Line, row.mend)
					}))
				}
			}
			slices.Sort(codes)
			if !slices.Equal(codes, row.codes) {
				t.Errorf("found %q, want %q", codes, row.codes)
			}
			if !named {
				t.Errorf("no finding names %q and mends it with %q", row.what, row.mend)
			}
		})
	}
}

// TestWhatIsOpenWithoutMemberward examines while nothing answers in its place.
func TestWhatIsOpenWithoutMemberward(t *testing.T) {
	nginx := []string{
		"auth_request /_memberward;", "auth_request /_memberward;\nerror_page 500 = @open;",
		"location = /_memberward {", "location @open {\nauth_request off;\nproxy_pass http://application;\n}\nlocation = /_memberward {",
	}
	caddy := []string{"route {", "handle_errors {\nreverse_proxy APPLICATION\n}\nroute {"}
	for _, row := range []struct {
		name   string
		kind   proxytest.Kind
		text   []string
		closed bool
	}{
		{"shipped", proxytest.Nginx(), nil, true},
		{"shipped", proxytest.Caddy(), nil, true},
		{"shipped", proxytest.HAProxy(), nil, true},
		{"shipped", proxytest.Apache(), nil, true},
		{"an error page", proxytest.Nginx(), nginx, false},
		{"handle_errors", proxytest.Caddy(), caddy, false},
	} {
		t.Run(row.kind.Name+", "+row.name, func(t *testing.T) {
			t.Parallel()
			addr := proxytest.Serve(t, doctor.Application{})
			text := slices.Clone(row.text)
			for i := range text {
				text[i] = strings.ReplaceAll(text[i], "APPLICATION", addr)
			}
			p := row.kind.Start(t, proxytest.Setup{Sidecar: nowhere, Application: doctor.Application{}, Break: text})
			o := doctor.Options{URL: pageOf(p.Addr), Credential: asMary + apitest.Key("mary"), Stopped: true}
			report := examine(t, o)
			if closed := report.Faults() == 0; closed != row.closed || len(report.Points) != 1 {
				t.Errorf("%d faults", report.Faults())
			}
		})
	}
}

// Nothing is said of a proxy without Memberward while that still answers.
func TestMemberwardMustBeStopped(t *testing.T) {
	for _, kind := range proxytest.Kinds() {
		for _, credential := range []string{"", asMary + apitest.Key("mary")} {
			report := examine(t, doctor.Options{URL: front(t, kind, doctor.Application{}), Credential: credential, Stopped: true})
			if report.Faults() != 0 || report.Unjudged() != 1 {
				t.Errorf("%s: %+v", kind.Name, report.Points)
			}
		}
	}
}

// nowhere is an address at which nobody listens: the port is reserved, and
// never one that is given out as free.
const nowhere = "127.0.0.1:1"
