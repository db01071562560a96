package config

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// listener is one address with the setting that names it.
type listener struct{ key, address string }

func (s Serve) listeners() []listener {
	all := []listener{
		{keyListen, s.Listen}, {keyProxyListen, s.ProxyListen}, {keyGRPCListen, s.GRPCListen}, {keyOpsListen, s.OpsListen},
	}
	if s.FCGIListen != "" {
		all = append(all, listener{keyFCGIListen, s.FCGIListen})
	}
	return all
}

// flag gives the flag that names the listener.
func (l listener) flag() string {
	s, _ := settingOf(l.key)
	return "--" + s.Flag
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
		warnings = append(warnings, Warning{l.flag(), l.address, "listens beyond loopback in plain HTTP: put TLS in front"})
		if l.key == keyListen && s.SelfRegistration {
			warnings = append(warnings, Warning{l.flag(), l.address, "anybody may register; addresses are not verified"})
		}
	}
	return warnings
}

func (s Serve) checkListeners(f found) problems {
	var wrong problems
	listeners := s.listeners()
	for i, l := range listeners {
		if err := s.checkListener(l); err != nil {
			wrong.add("%s: %v", f.where(l.key), err)
		}
		for _, earlier := range listeners[:i] {
			if earlier.address == l.address && !strings.HasSuffix(l.address, ":0") {
				wrong.add("%s and %s are both %s: give each an address of its own", earlier.flag(), l.flag(), l.address)
			}
		}
	}
	if listeners[0].beyondLoopback() && s.SelfRegistration && !s.Insecure {
		wrong.add("%s beyond loopback lets strangers in: leave it out, or add --insecure", f.where(keySelfRegistration))
	}
	return wrong
}

// checkListener judges one listener. Those that proxies ask may be sockets.
func (s Serve) checkListener(l listener) error {
	path, isSocket := UnixPath(l.address)
	if isSocket && (l.key == keyProxyListen || l.key == keyGRPCListen || l.key == keyFCGIListen) {
		return checkSocket(path)
	}
	return s.checkAddress(l.address)
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
