package config

import (
	"net/netip"
	"strconv"
	"strings"
)

// Serve is the checked configuration of memberward serve.
type Serve struct {
	Data             string // folder of the store; empty with Demo
	Listen           string // host:port of the REST APIs; port 0 takes a free one
	ProxyListen      string // host:port of the proxy checks, or unix:/path
	FCGIListen       string // host:port of Apache's checks, or unix:/path; empty: none
	GRPCListen       string // host:port, or unix:/path
	OpsListen        string // host:port
	Bootstrap        string // path; empty: no bootstrap data
	Policies         string // folder; empty: the embedded set
	Routes           string // path; empty: the built-in routes
	EnvoyRule        string // elements below data with slashes between, or none; empty: envoy/authz/allow, if there is one
	SelfRegistration bool
	Insecure         bool
	Demo             bool
	LogFormat        string // text or json
	LogLevel         string // debug, info, warn or error
	BootstrapKey     string // empty: a first start makes one

	TrustedPeers  []netip.Prefix // networks of proxies, masked, in place of loopback; none: loopback
	ProxySecret   string         // what X-Memberward-Secret has to hold; empty: not asked for
	LoginURL      string         // absolute, without user and fragment; empty: nobody is sent to sign in
	RedirectHosts []string       // host or host:port in lower case; there are some exactly when LoginURL is set
	CORSPreflight string         // allow or policy
	PublicURL     string         // absolute, without query and final slash; empty: unknown
	CookieSecure  bool           // mark cookies Secure also where TLS ends before us

	HeaderPreset string    // of other gateways' names; empty: none
	Assertion    Assertion // of who made an allowed request

	OPAClients []netip.Prefix // networks that ask OPA's data API without a credential; none: nobody does

	CogneeValidationStatus int // 400 or 422 for every validation error; 0: what the contract says of each call
}

// LoadServe reads the configuration: flags before variables before the
// configuration file before defaults. The error is an *Invalid.
func LoadServe(flags Flags, env Environment) (Serve, error) {
	f, wrong := gather(flags, env, func(Setting) bool { return true })
	wrong = append(wrong, unknownVariables(env)...)
	secret, err := f.proxySecret()
	wrong = append(wrong, err...)
	s := Serve{
		Data: f.text(keyData), Listen: f.text(keyListen), ProxyListen: f.text(keyProxyListen),
		FCGIListen: f.text(keyFCGIListen), GRPCListen: f.text(keyGRPCListen), OpsListen: f.text(keyOpsListen),
		Bootstrap: f.text(keyBootstrap), Policies: f.text(keyPolicies), Routes: f.text(keyRoutes),
		EnvoyRule:        rulePath(f.text(keyEnvoyRule)),
		SelfRegistration: f.on(keySelfRegistration), Insecure: f.on(keyInsecure), Demo: f.on(keyDemo),
		LogFormat: f.text(keyLogFormat), LogLevel: f.text(keyLogLevel), BootstrapKey: f.text(keyBootstrapKey),
		TrustedPeers: networks(f.list(keyTrustedPeers)), ProxySecret: secret,
		LoginURL: f.text(keyLoginURL), RedirectHosts: f.list(keyRedirectHosts), CORSPreflight: f.text(keyCORSPreflight),
		PublicURL: f.text(keyPublicURL), CookieSecure: f.on(keyCookieSecure), OPAClients: networks(f.list(keyOPAClients)),
	}
	if preset := f.text(keyHeaderPreset); preset != "none" {
		s.HeaderPreset = preset
	}
	s.Assertion = f.assertion()
	if f.text(keyCookieSecure) == "auto" {
		s.CookieSecure = strings.HasPrefix(s.PublicURL, "https:")
	}
	if status := f.text(keyCogneeValidation); status != "" {
		s.CogneeValidationStatus, _ = strconv.Atoi(status) // one of the choices, or named as a problem
	}
	wrong = append(wrong, s.check(f)...)
	return s, wrong.err()
}

// LoadOpsListen reads the one setting that memberward healthcheck needs, from
// the configuration file too. The error is an *Invalid.
func LoadOpsListen(flags Flags, env Environment) (string, error) {
	f, wrong := gather(flags, env, func(s Setting) bool { return s.Key == keyOpsListen })
	address := f.text(keyOpsListen)
	if _, _, err := splitAddress(address); err != nil && len(wrong) == 0 {
		wrong.add("%s: %v", f.where(keyOpsListen), err)
	}
	return address, wrong.err()
}

// proxySecret gives the proxy's secret, from the file that holds it where
// there is one.
func (f found) proxySecret() (string, problems) {
	direct, path := f.text(keyProxySecret), f.text(keyProxySecretFile)
	if path == "" {
		return direct, nil
	}
	var wrong problems
	if direct != "" {
		wrong.add("%s: there is proxy_secret too: leave one of them out", f.where(keyProxySecretFile))
	}
	data, mode, err := readGuarded(path, secretAtMost+2) // and the end of its line
	if err != nil {
		wrong.add("%s: %v", f.where(keyProxySecretFile), err)
		return "", wrong
	}
	if mode&othersRead != 0 {
		wrong.add("%s: others may read it: chmod o-r %s", f.where(keyProxySecretFile), path)
	}
	secret := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if err := checkSecret(secret); err != nil {
		wrong.add("%s: %s: %v", f.where(keyProxySecretFile), path, err)
	}
	return secret, wrong
}

// check names everything that is contradictory or unsafe.
func (s Serve) check(f found) problems {
	var wrong problems
	switch {
	case s.Demo && s.Data != "":
		wrong.add("--demo keeps its data in a temporary folder: leave out %s, or --demo", f.where(keyData))
	case !s.Demo && f.missing(keyData):
		wrong.add("%s is missing: name the folder of the store, or try --demo", f.where(keyData))
	}
	if s.Demo && s.Bootstrap != "" {
		wrong.add("--demo brings its own people: leave out %s, or --demo", f.where(keyBootstrap))
	}
	if s.BootstrapKey != "" && s.BootstrapKey == s.ProxySecret {
		wrong.add("%s: the platform key and the proxy's secret are the same: the proxy would be told the key", f.where(keyBootstrapKey))
	}
	wrong = append(wrong, s.checkListeners(f)...)
	wrong = append(wrong, s.checkWeb(f)...)
	return append(wrong, s.Assertion.check(f)...)
}

// checkWeb judges what browsers are told.
func (s Serve) checkWeb(f found) problems {
	var wrong problems
	switch {
	case s.LoginURL != "" && len(s.RedirectHosts) == 0:
		wrong.add("%s needs redirect_hosts: the hosts that the page may lead back to", f.where(keyLoginURL))
	case s.LoginURL == "" && len(s.RedirectHosts) > 0:
		wrong.add("%s does nothing without login_url", f.where(keyRedirectHosts))
	}
	if s.Insecure {
		return wrong
	}
	if isPlain(s.LoginURL) {
		wrong.add("%s: people would sign in over plain HTTP: use https, or add --insecure", f.where(keyLoginURL))
	}
	if isPlain(s.PublicURL) {
		wrong.add("%s: callers would send their keys over plain HTTP: use https, or add --insecure", f.where(keyPublicURL))
	}
	if f.text(keyCookieSecure) == "false" && strings.HasPrefix(s.PublicURL, "https:") {
		wrong.add("%s: browsers would send cookies over plain HTTP too, although public_url is https: leave it out, or add --insecure", f.where(keyCookieSecure))
	}
	return wrong
}
