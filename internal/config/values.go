package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// The length of a key or secret that an operator chose, in bytes
// (contracts/native.md, "first key").
const (
	secretAtLeast = 32
	secretAtMost  = 256
)

// checkKey holds a key that an operator chose against the contract
// (contracts/native.md, "first key"). The key itself is never shown.
func checkKey(key string) error {
	if len(key) < secretAtLeast || len(key) > secretAtMost {
		return fmt.Errorf("a key has %d to %d characters, not %d: make one with: openssl rand -hex 32", secretAtLeast, secretAtMost, len(key))
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
		return errors.New("a key holds printable ASCII characters only")
	}
	return nil
}

// checkSecret holds a proxy's secret against what a header carries unchanged.
func checkSecret(secret string) error {
	if strings.TrimSpace(secret) != secret {
		return errors.New("a secret neither begins nor ends with a space: a header would lose it")
	}
	return checkKey(secret)
}

// The widest networks that may be trusted: a whole private network of IPv4
// (10.0.0.0/8), the unique local addresses of IPv6 (fc00::/7).
const (
	widestIPv4 = 8
	widestIPv6 = 7
)

// checkNetwork refuses what is no network, and those that would trust
// strangers.
func checkNetwork(text string) error {
	if addr, err := netip.ParseAddr(text); err == nil {
		return fmt.Errorf("want a network, not an address: write %s/%d", text, addr.BitLen())
	}
	network, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return fmt.Errorf("want a network such as 10.1.0.0/16, not %q", text)
	case network.Addr().Is4In6():
		return fmt.Errorf("write %s as an IPv4 network", text)
	case network.Masked() != network:
		return fmt.Errorf("%s has bits behind its mask: write %s", text, network.Masked())
	case network.Addr().Is4() && network.Bits() < widestIPv4, network.Addr().Is6() && network.Bits() < widestIPv6:
		return fmt.Errorf("%s would trust strangers: name the proxies' own networks", text)
	default:
		return nil
	}
}

// urlLimit is the longest URL, in bytes: the heads of answers stay short.
const urlLimit = 2048

// checkURL refuses what is no absolute URL of the web, and what may not stand
// in one that others are sent to. It is not shown: it may hold a password.
func checkURL(text string) (*url.URL, error) {
	if len(text) > urlLimit {
		return nil, fmt.Errorf("a URL has at most %d bytes, not %d", urlLimit, len(text))
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || strings.ContainsFunc(text, func(r rune) bool { return r <= 0x20 || r > 0x7e || r == '\\' }):
		return nil, errors.New("want a URL, such as https://host/path")
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return nil, errors.New("want a whole URL, such as https://host/path")
	case u.User != nil:
		return nil, errors.New("leave the user and the password out of the URL")
	case u.Fragment != "" || strings.Contains(text, "#"):
		return nil, errors.New("leave the part from # on out of the URL")
	}
	if port := u.Port(); port != "" {
		if err := checkPort(port); err != nil {
			return nil, err
		}
	}
	return u, checkHost(u.Hostname())
}

// checkPort wants the number of a port that can be connected to.
func checkPort(text string) error {
	if n, err := strconv.ParseUint(text, 10, 16); err != nil || n == 0 {
		return errors.New("want a port of 1 to 65535")
	}
	return nil
}

func checkLoginURL(text string) error {
	_, err := checkURL(text)
	return err
}

// checkPublicURL wants one to which paths can be appended.
func checkPublicURL(text string) error {
	u, err := checkURL(text)
	switch {
	case err != nil:
		return err
	case u.RawQuery != "" || u.ForceQuery:
		return errors.New("leave the query out of the URL")
	case strings.HasSuffix(text, "/"):
		return errors.New("leave the / at the end out of the URL: paths are appended")
	default:
		return nil
	}
}

// hostName is a name of the DNS as it is written in URLs, in lower case.
var hostName = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$`)

// hostLimit is the longest name of the DNS, in bytes.
const hostLimit = 253

// checkHost wants one host, perhaps with a port: no pattern.
func checkHost(text string) error {
	host := text
	if name, port, err := net.SplitHostPort(text); err == nil {
		if err := checkPort(port); err != nil {
			return fmt.Errorf("%w in %q", err, text)
		}
		host = name
	}
	if _, err := netip.ParseAddr(host); err == nil && !strings.Contains(host, "%") {
		return nil
	}
	if len(host) > hostLimit || !hostName.MatchString(host) {
		return fmt.Errorf("want one host in lower case, or host:port, without *, not %q", text)
	}
	return nil
}

// isPlain reports whether a checked URL speaks plain HTTP beyond loopback.
func isPlain(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "http" && !isLoopback(u.Hostname())
}

// networks reads those that checkNetwork let pass; others are left out.
func networks(texts []string) []netip.Prefix {
	var read []netip.Prefix
	for _, text := range texts {
		if network, err := netip.ParsePrefix(text); err == nil {
			read = append(read, network)
		}
	}
	return read
}

// noRule is the name that no rule has.
const noRule = "none"

// rulePath brings the name of a rule into the form with slashes.
func rulePath(text string) string {
	if name, dotted := strings.CutPrefix(text, "data."); dotted {
		return strings.ReplaceAll(name, ".", "/")
	}
	return text
}

// checkRule refuses what names no rule.
func checkRule(text string) error {
	if text == noRule {
		return nil
	}
	elements := strings.Split(rulePath(text), "/")
	for _, element := range elements {
		if strings.Trim(element, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" || element == "" || len(elements) < 2 {
			return fmt.Errorf("want a rule such as envoy/authz/allow or data.envoy.authz.allow, not %q", text)
		}
	}
	return nil
}
