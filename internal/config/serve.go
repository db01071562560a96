package config

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
)

// Serve is the checked configuration of memberward serve.
type Serve struct {
	Data             string // folder of the store; empty with Demo
	Listen           string // host:port of the REST APIs; port 0 takes a free one
	ProxyListen      string // host:port of the proxy checks, or unix:/path
	OpsListen        string // host:port
	Bootstrap        string // path; empty: no bootstrap data
	Policies         string // folder; empty: the embedded set
	SelfRegistration bool
	Insecure         bool
	Demo             bool
	LogFormat        string // text or json
	LogLevel         string // debug, info, warn or error
	BootstrapKey     string // empty: a first start makes one
}

// LoadServe reads the configuration: flags before variables before defaults.
// The error is an *Invalid.
func LoadServe(flags Flags, env Environment) (Serve, error) {
	found, wrong := gather(flags, env)
	s := Serve{
		Data:   found["data"],
		Listen: found["listen"], ProxyListen: found["proxy-listen"], OpsListen: found["ops-listen"],
		Bootstrap: found["bootstrap"], Policies: found["policies"],
		SelfRegistration: found["self-registration"] == "true",
		Insecure:         found["insecure"] == "true",
		Demo:             found["demo"] == "true",
		LogFormat:        found["log-format"], LogLevel: found["log-level"],
		BootstrapKey: found[bootstrapKeyVariable],
	}
	wrong = append(wrong, s.check()...)
	return s, wrong.err()
}

// LoadOpsListen reads the one setting that memberward healthcheck needs. The
// error is an *Invalid.
func LoadOpsListen(flags Flags, env Environment) (string, error) {
	own := Environment{}
	if value, given := env[opsListenVariable]; given {
		own[opsListenVariable] = value
	}
	found, wrong := gather(flags, own)
	if _, _, err := splitAddress(found["ops-listen"]); err != nil && len(wrong) == 0 {
		wrong.add("--ops-listen (%s): %v", opsListenVariable, err)
	}
	return found["ops-listen"], wrong.err()
}

// check names everything that is contradictory or unsafe.
func (s Serve) check() problems {
	var wrong problems
	switch {
	case s.Demo && s.Data != "":
		wrong.add("--demo keeps its data in a temporary folder: leave out --data (MEMBERWARD_DATA), or --demo")
	case !s.Demo && s.Data == "":
		wrong.add("--data (MEMBERWARD_DATA) is missing: name the folder of the store, or try --demo")
	}
	if s.Demo && s.Bootstrap != "" {
		wrong.add("--demo brings its own people: leave out --bootstrap (MEMBERWARD_BOOTSTRAP), or --demo")
	}
	if !slices.Contains([]string{"text", "json"}, s.LogFormat) {
		wrong.add("--log-format (MEMBERWARD_LOG_FORMAT): want text or json, not %q", s.LogFormat)
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, s.LogLevel) {
		wrong.add("--log-level (MEMBERWARD_LOG_LEVEL): want debug, info, warn or error, not %q", s.LogLevel)
	}
	if err := checkKey(s.BootstrapKey); err != nil {
		wrong.add("%s: %v", bootstrapKeyVariable, err)
	}
	return append(wrong, s.checkListeners()...)
}

// checkKey holds a key that an operator chose against the contract
// (contracts/native.md, "first key"). The key itself is never shown.
func checkKey(key string) error {
	if key == "" {
		return nil
	}
	if len(key) < 32 || len(key) > 256 {
		return fmt.Errorf("a key has 32 to 256 characters, not %d: make one with: openssl rand -hex 32", len(key))
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
		return fmt.Errorf("a key holds printable ASCII characters only")
	}
	return nil
}

// listener is one address with the flag and the variable that set it.
type listener struct{ flag, variable, address string }

func (s Serve) listeners() []listener {
	return []listener{
		{"--listen", "MEMBERWARD_LISTEN", s.Listen},
		{"--proxy-listen", "MEMBERWARD_PROXY_LISTEN", s.ProxyListen},
		{"--ops-listen", opsListenVariable, s.OpsListen},
	}
}

// beyondLoopback reports whether other machines reach the listener.
func (l listener) beyondLoopback() bool {
	host, _, err := splitAddress(l.address)
	return err == nil && !isLoopback(host)
}

// Warning is what stays unsafe although --insecure allowed it.
type Warning struct {
	Flag, Address string // of the listener
	Msg           string // what is unsafe, and what to do
}

// Warnings are those of a checked configuration, in the order of the
// listeners.
func (s Serve) Warnings() []Warning {
	var warnings []Warning
	for _, l := range s.listeners() {
		if !l.beyondLoopback() {
			continue
		}
		warnings = append(warnings, Warning{l.flag, l.address, "listens beyond loopback in plain HTTP: put TLS in front"})
		if l.flag == "--listen" && s.SelfRegistration {
			warnings = append(warnings, Warning{l.flag, l.address, "anybody may register; addresses are not verified"})
		}
	}
	return warnings
}

func (s Serve) checkListeners() problems {
	var wrong problems
	listeners := s.listeners()
	for i, l := range listeners {
		if path, ok := UnixPath(l.address); ok && l.flag == "--proxy-listen" {
			if err := checkSocket(path); err != nil {
				wrong.add("%s (%s): %v", l.flag, l.variable, err)
			}
			continue
		}
		if err := s.checkAddress(l.address); err != nil {
			wrong.add("%s (%s): %v", l.flag, l.variable, err)
		}
		for _, earlier := range listeners[:i] {
			if earlier.address == l.address && !strings.HasSuffix(l.address, ":0") {
				wrong.add("%s and %s are both %s: give each an address of its own", earlier.flag, l.flag, l.address)
			}
		}
	}
	if listeners[0].beyondLoopback() && s.SelfRegistration && !s.Insecure {
		wrong.add("--self-registration (MEMBERWARD_SELF_REGISTRATION) beyond loopback lets strangers in: leave it out, or add --insecure")
	}
	return wrong
}

// checkAddress refuses what is no address, and plain HTTP beyond loopback.
func (s Serve) checkAddress(address string) error {
	host, _, err := splitAddress(address)
	switch {
	case err != nil:
		return err
	case isLoopback(host):
		return nil
	case s.Demo:
		return fmt.Errorf("%s is beyond loopback: --demo keeps to 127.0.0.1", address)
	case !s.Insecure:
		return fmt.Errorf("%s is beyond loopback and speaks plain HTTP: use 127.0.0.1, or add --insecure where the network is yours alone", address)
	default:
		return nil
	}
}

// UnixPath gives the path of an address of the form unix:/path.
func UnixPath(address string) (string, bool) { return strings.CutPrefix(address, "unix:") }

// socketPathLimit is what the smallest of the kernels' address structures
// takes, in bytes.
const socketPathLimit = 103

func checkSocket(path string) error {
	if !strings.HasPrefix(path, "/") {
		return fmt.Errorf("want unix:/path with an absolute path, not unix:%s", path)
	}
	if len(path) > socketPathLimit || strings.Contains(path, "\x00") {
		return fmt.Errorf("the path of a socket has at most %d bytes: choose a shorter one", socketPathLimit)
	}
	return nil
}

// splitAddress parts host:port.
func splitAddress(address string) (host, port string, err error) {
	host, port, err = net.SplitHostPort(address)
	if err != nil {
		return "", "", fmt.Errorf("want host:port, not %q", address)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", "", fmt.Errorf("want a port of 0 to 65535, not %q", port)
	}
	return host, port, nil
}

// isLoopback reports whether only this machine reaches the host. A name other
// than localhost may lead anywhere; no name means every interface.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
