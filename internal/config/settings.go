package config

import (
	"slices"
	"strings"
)

// Setting is one thing that can be configured. The table of them is what the
// flags, the help, the configuration file and its reference are made from.
type Setting struct {
	Key      string // in the configuration file, a dot after each section; empty: not there
	Flag     string // without dashes; empty: none
	Variable string // empty: none
	Default  string
	Kind     Kind
	Choices  []string // the only values; empty: any
	Value    string   // what the help calls the value
	Secret   bool     // never shown, and others may not read the file that holds it
	Help     string

	check func(value string) error // of one value, of each item of a list; nil: any
}

// Kind says what a setting holds.
type Kind int

// The kinds of settings.
const (
	Text     Kind = iota
	Switch        // true or false; the flag needs no value
	Number        // a whole number
	List          // of texts; in the configuration file only
	Duration      // a time with its unit, such as 60s; without one, seconds
)

// variablePrefix begins the name of every variable of ours.
const variablePrefix = "MEMBERWARD_"

// The settings that this package itself asks about by name.
const (
	keyData             = "data"
	keyListen           = "listen"
	keyProxyListen      = "proxy_listen"
	keyFCGIListen       = "fcgi_listen"
	keyGRPCListen       = "grpc_listen"
	keyOpsListen        = "ops_listen"
	keyBootstrap        = "bootstrap"
	keyPolicies         = "policies"
	keyRoutes           = "routes"
	keyEnvoyRule        = "envoy_rule"
	keySelfRegistration = "self_registration"
	keyInsecure         = "insecure"
	keyDemo             = "demo"
	keyLogFormat        = "log_format"
	keyLogLevel         = "log_level"
	keyBootstrapKey     = "bootstrap_key"
	keyTrustedPeers     = "trusted_peers"
	keyProxySecret      = "proxy_secret"
	keyProxySecretFile  = "proxy_secret_file"
	keyLoginURL         = "login_url"
	keyRedirectHosts    = "redirect_hosts"
	keyCORSPreflight    = "cors_preflight"
	keyPublicURL        = "public_url"
	keyCookieSecure     = "cookie_secure"
	keyOPAClients       = "opa_clients"
	keyHeaderPreset     = "header_preset"
	keyCogneeValidation = "cognee.validation_status"

	keyAssertionEnabled  = "assertion.enabled"
	keyAssertionAudience = "assertion.audience"
	keyAssertionTTL      = "assertion.ttl"
)

// fileFlag and fileVariable name the configuration file itself.
const (
	fileFlag     = "config"
	fileVariable = "MEMBERWARD_CONFIG"
)

// Settings are those of memberward serve, in the order of its help.
func Settings() []Setting { return slices.Clone(settings) }

var settings = []Setting{
	{Flag: fileFlag, Variable: fileVariable, Value: "FILE", Help: "configuration file (YAML); flags and variables win over it"},
	{Key: keyData, Flag: "data", Variable: "MEMBERWARD_DATA", Value: "DIR", Help: "folder of the store; made on the first start"},
	{Key: keyListen, Flag: "listen", Variable: "MEMBERWARD_LISTEN", Default: "127.0.0.1:8080", Value: "ADDR", Help: "address of the REST APIs"},
	{Key: keyProxyListen, Flag: "proxy-listen", Variable: "MEMBERWARD_PROXY_LISTEN", Default: "127.0.0.1:8081", Value: "ADDR", Help: "address of the proxy checks, or unix:/path"},
	{Key: keyFCGIListen, Flag: "fcgi-listen", Variable: "MEMBERWARD_FCGI_LISTEN", Value: "ADDR", Help: "address of the checks of Apache, over FastCGI, or unix:/path; without it there are none"},
	{Key: keyGRPCListen, Flag: "grpc-listen", Variable: "MEMBERWARD_GRPC_LISTEN", Default: "127.0.0.1:9191", Value: "ADDR", Help: "address of gRPC: Envoy's ext_authz, grpc.health.v1; or unix:/path"},
	{Key: keyOpsListen, Flag: "ops-listen", Variable: "MEMBERWARD_OPS_LISTEN", Default: "127.0.0.1:8282", Value: "ADDR", Help: "address of /livez, /readyz and /metrics"},
	{Key: keyBootstrap, Flag: "bootstrap", Variable: "MEMBERWARD_BOOTSTRAP", Value: "FILE", Help: "users, tenants, members, roles, keys and more (YAML) for a store that holds no user"},
	{Key: keyPolicies, Flag: "policies", Variable: "MEMBERWARD_POLICIES", Value: "DIR", Help: "Rego policies to decide by, instead of the embedded ones"},
	{Key: keyRoutes, Flag: "routes", Variable: "MEMBERWARD_ROUTES", Value: "FILE", Help: "routes of the proxy checks (YAML), instead of the built-in ones; read again when it changes"},
	{Key: keySelfRegistration, Flag: "self-registration", Variable: "MEMBERWARD_SELF_REGISTRATION", Default: "false", Kind: Switch, Help: "let anybody register an account, whose address counts as verified"},
	{Key: keyInsecure, Flag: "insecure", Variable: "MEMBERWARD_INSECURE", Default: "false", Kind: Switch, Help: "allow listeners beyond loopback although they speak plain HTTP"},
	{Key: keyDemo, Flag: "demo", Variable: "MEMBERWARD_DEMO", Default: "false", Kind: Switch, Help: "try it out: a temporary store with a small cast, on loopback only"},
	{Key: keyLogFormat, Flag: "log-format", Variable: "MEMBERWARD_LOG_FORMAT", Default: "text", Choices: []string{"text", "json"}, Value: "FORMAT", Help: "text or json"},
	{Key: keyLogLevel, Flag: "log-level", Variable: "MEMBERWARD_LOG_LEVEL", Default: "info", Choices: []string{"debug", "info", "warn", "error"}, Value: "LEVEL", Help: "debug, info, warn or error"},
	// A secret has no flag: arguments are visible to every process.
	{Key: keyBootstrapKey, Variable: "MEMBERWARD_BOOTSTRAP_KEY", Value: "KEY", Secret: true, check: checkKey, Help: "32 to 256 printable characters that become a platform key"},
	{Key: keyTrustedPeers, Kind: List, Value: "[CIDR, …]", check: checkNetwork, Help: "networks of the proxies whose forwarded headers count, in place of loopback; unix sockets always do"},
	{Key: keyProxySecret, Value: "SECRET", Secret: true, check: checkSecret, Help: "32 to 256 printable characters that a proxy has to send in X-Memberward-Secret"},
	{Key: keyProxySecretFile, Value: "FILE", Help: "file that holds the proxy's secret, instead of proxy_secret"},
	{Key: keyLoginURL, Value: "URL", check: checkLoginURL, Help: "page that /authz/forward sends a browser to that has to sign in; goes with redirect_hosts"},
	{Key: keyRedirectHosts, Kind: List, Value: "[HOST, …]", check: checkHost, Help: "hosts that the sign-in page may be asked to lead back to; goes with login_url"},
	{Key: keyCORSPreflight, Default: "policy", Choices: []string{"allow", "policy"}, Value: "CHOICE", Help: "allow answers a browser's preflight with yes, policy judges it like any request"},
	{Key: keyHeaderPreset, Default: "none", Choices: []string{"none", "remote-user", "oauth2-proxy"}, Value: "CHOICE", Help: "more names under which an allowed request says who made it: Remote-User and its kin, or X-Auth-Request-User and its kin"},
	{Key: keyAssertionEnabled, Default: "false", Kind: Switch, Help: "sign who made an allowed request, in X-Auth-Assertion; the keys are at /.well-known/jwks.json"},
	{Key: keyAssertionAudience, Value: "AUDIENCE", check: checkAudience, Help: "the audience that assertions name, for applications to look for; goes with assertion.enabled"},
	{Key: keyAssertionTTL, Default: "60s", Kind: Duration, Value: "TIME", check: checkTTL, Help: "how long an assertion is good: 1s to 5m, in whole seconds"},
	{Key: keyPublicURL, Value: "URL", check: checkPublicURL, Help: "where callers reach the REST APIs"},
	{Key: keyCookieSecure, Default: "auto", Choices: []string{"auto", "true", "false"}, Value: "CHOICE", Help: "Secure on cookies; auto sets it under TLS and when public_url is https"},
	{Key: keyEnvoyRule, Value: "RULE", check: checkRule, Help: "rule that has to allow Envoy's checks besides the routes, as envoy/authz/allow or data.envoy.authz.allow; without it envoy/authz/allow where the policies have it; none: no rule"},
	{Key: keyOPAClients, Kind: List, Value: "[CIDR, …]", check: checkNetwork, Help: "networks whose requests to OPA's data API need no credential, for gateways that cannot send one; none by default"},
	{Key: keyCogneeValidation, Kind: Number, Choices: []string{"400", "422"}, Value: "STATUS", Help: "status of every validation error of cognee's API; without it 422 on removing a member, else 400"},
}

// settingOf finds a setting by its key in the file.
func settingOf(key string) (Setting, bool) {
	at := slices.IndexFunc(settings, func(s Setting) bool { return s.Key == key && key != "" })
	if at < 0 {
		return Setting{}, false
	}
	return settings[at], true
}

// String names a setting for its operator, where no file sets it.
func (s Setting) String() string {
	switch {
	case s.Flag != "":
		return "--" + s.Flag + " (" + s.Variable + ")"
	case s.Variable != "":
		return s.Variable
	default:
		return s.Key
	}
}

// section gives the part of a key before its dot, empty when there is none.
func section(key string) string {
	before, _, found := strings.Cut(key, ".")
	if !found {
		return ""
	}
	return before
}
