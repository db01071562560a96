package proxy

import (
	"net/http"
	"net/netip"
	"strings"
)

// Why the original request cannot be known.
const (
	ReasonMissing  Reason = "a control header is missing or empty"
	ReasonRepeated Reason = "a control header is there twice, or joined by a comma"
	ReasonConflict Reason = "control headers that exclude each other"
	ReasonURL      Reason = "the URL is not an absolute http or https URL"
	ReasonScheme   Reason = "the scheme is neither http nor https"
	ReasonUserinfo Reason = "the URL holds a user"
	ReasonHost     Reason = "the host is not a host name or address"
	ReasonMethod   Reason = "the method is not an upper-case token, or cannot be checked"
)

// target is the original request as a proxy reported it.
type target struct {
	Canonical
	method    string
	scheme    string // "http", "https", or empty when the proxy does not say
	authority string // host[:port] as reported
	host      string // lower case, without port and trailing dot
	port      string // as reported; empty: the scheme's default
}

// only gives the value of a control header that must be there exactly once.
func only(h http.Header, name string) (string, error) {
	values := h[name]
	switch {
	case len(values) == 0 || values[0] == "":
		return "", ReasonMissing
	case len(values) > 1:
		return "", ReasonRepeated
	default:
		return values[0], nil
	}
}

// has reports whether a header is there at all.
func has(h http.Header, name string) bool { return len(h[name]) > 0 }

// readURL reads an absolute URL into scheme, authority and path.
func (t *target) readURL(text string) error {
	lower := strings.ToLower(text[:min(len(text), len("https://"))])
	switch {
	case strings.HasPrefix(lower, "https://"):
		t.scheme = "https"
	case strings.HasPrefix(lower, "http://"):
		t.scheme = "http"
	default:
		return ReasonURL
	}
	rest := text[len(t.scheme)+len("://"):]
	if joined(rest, "http://") || joined(rest, "https://") {
		return ReasonRepeated
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 || rest[end] != '/' {
		return ReasonURL // no path: none is made up
	}
	if err := t.readHost(rest[:end]); err != nil {
		return err
	}
	return t.readPath(rest[end:])
}

// readURI reads a target as it stood on the request line.
func (t *target) readURI(text string) error {
	if joined(text, "/") {
		return ReasonRepeated
	}
	return t.readPath(text)
}

// joined reports whether a comma in s is followed, perhaps after blanks, by
// the beginning of another value: somebody has put two headers into one. A
// comma within a path is an ordinary character.
func joined(s, beginning string) bool {
	for {
		_, after, found := strings.Cut(s, ",")
		if !found {
			return false
		}
		next := strings.TrimLeft(after, " \t")
		if len(next) >= len(beginning) && strings.EqualFold(next[:len(beginning)], beginning) {
			return true
		}
		s = after
	}
}

func (t *target) readPath(text string) (err error) {
	t.Canonical, err = Canonicalise(text)
	return err
}

// readScheme reads a scheme as proxies write it.
func (t *target) readScheme(text string) error {
	if text != "http" && text != "https" {
		return ReasonScheme
	}
	t.scheme = text
	return nil
}

// readHost reads host[:port].
func (t *target) readHost(authority string) error {
	if strings.Contains(authority, "@") {
		return ReasonUserinfo
	}
	host, port := authority, ""
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		host, port = authority[:i], authority[i+1:]
		if !isPort(port) {
			return ReasonHost
		}
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if !isHostName(host) && !isBracketed(host) {
		return ReasonHost
	}
	t.authority, t.host, t.port = authority, host, port
	return nil
}

func isPort(s string) bool {
	return s != "" && len(s) <= 5 && strings.Trim(s, "0123456789") == ""
}

// isHostName accepts lower-case names and IPv4 addresses: labels of letters,
// digits, "-" and "_", at most 253 characters (RFC 1035, 2.3.4).
func isHostName(s string) bool {
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

func isBracketed(s string) bool {
	inner, opened := strings.CutPrefix(s, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	addr, err := netip.ParseAddr(inner)
	return opened && closed && err == nil && addr.Is6() && addr.Zone() == ""
}

// readMethod reads a method. CONNECT has no path that could be judged.
func (t *target) readMethod(text string) error {
	if len(text) > 32 || strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" || strings.Trim(text, "-") != text || text == http.MethodConnect {
		return ReasonMethod
	}
	t.method = text
	return nil
}
