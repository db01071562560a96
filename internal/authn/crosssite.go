package authn

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/memberward/memberward/internal/tenancy"
)

// errCrossSite refuses a cookie that a foreign page may have made the browser
// send.
var errCrossSite = &tenancy.Error{
	Code: tenancy.CodeForbidden,
	Msg:  "a cookie changes something only from pages of this host; send the token in an Authorization header instead",
}

// checkSite refuses an unsafe method that a page of another site may have
// caused (contracts/README.md, rule 14): Sec-Fetch-Site must be absent,
// same-origin or none, and Origin, if sent, must be this host.
func checkSite(r Request) error {
	if safe(r.Method) {
		return nil
	}
	switch sites := r.Header.Values("Sec-Fetch-Site"); {
	case len(sites) == 0:
	case len(sites) == 1 && (sites[0] == "same-origin" || sites[0] == "none"):
	default:
		return errCrossSite
	}
	switch origins := r.Header.Values("Origin"); {
	case len(origins) == 0:
		return nil
	case len(origins) == 1 && isOrigin(origins[0], r.Host):
		return nil
	default:
		return errCrossSite
	}
}

// safe reports whether a method is one that changes nothing (RFC 9110,
// 9.2.1). Methods are case-sensitive: "get" is not GET.
func safe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	default:
		return false
	}
}

// isOrigin reports whether an Origin header names the host that was asked.
// The scheme is not compared, since a proxy may have ended TLS; the port is,
// and an absent one is the default of the origin's scheme.
func isOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	if err != nil || host == "" || u.Host == "" || u.User != nil || u.Scheme+"://"+u.Host != origin {
		return false
	}
	standard, known := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	if !known {
		return false
	}
	originName, originPort := splitHost(u.Host, standard)
	name, port := splitHost(host, standard)
	return strings.EqualFold(originName, name) && originPort == port
}

// splitHost parts host[:port]; without a port it gives the standard one.
func splitHost(host, standard string) (name, port string) {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.Trim(host, "[]"), standard
	}
	return strings.TrimSuffix(name, "."), port
}
