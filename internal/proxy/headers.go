package proxy

import (
	"net/http"
	"slices"
	"strings"
	"unicode"
)

// Why the headers of a check are refused.
const (
	ReasonAlias      Reason = "a header's name folds onto one of ours"
	ReasonConnection Reason = "the Connection header names one of ours"
)

// The headers that tell the application who made a request.
const (
	authSubject       = "X-Auth-Subject"
	authTenant        = "X-Auth-Tenant"
	authLevel         = "X-Auth-Level"
	authRoles         = "X-Auth-Roles"
	authAuthenticated = "X-Auth-Authenticated"
	authAssertion     = "X-Auth-Assertion"
	decisionID        = "X-Decision-Id"
	policyRevision    = "X-Policy-Revision"
)

// identity are the headers that only this program may set.
var identity = []string{
	authSubject, authTenant, authLevel, authRoles, authAuthenticated, authAssertion, decisionID, policyRevision,
}

// credential are the headers that authentication reads: the credentials, and
// what a browser says of the page that sent a cookie.
var credential = []string{"Authorization", "X-Api-Key", "Cookie", "Origin", "Sec-Fetch-Site"}

// navigation are the headers that tell a browser's visit from a program's
// request.
var navigation = []string{"Accept", "Sec-Fetch-Mode", requestedWith}

// secret are the headers that no policy sees.
var secret = []string{"Authorization", "X-Api-Key", "Cookie", "Proxy-Authorization"}

// guard knows the names that a protocol's requests must not play with.
type guard struct {
	aliases map[string]bool // folded; may not be written another way
	bound   map[string]bool // folded; may not be named in Connection
	hidden  map[string]bool // canonical; no facts for policies
	vary    string
}

func newGuard(p protocol, also preset) guard {
	g := guard{aliases: map[string]bool{}, bound: map[string]bool{}, hidden: map[string]bool{"Connection": true}}
	for _, name := range slices.Concat(identity, also.names(), p.control, []string{proxySecret}) {
		g.aliases[fold(name)], g.bound[fold(name)], g.hidden[name] = true, true, true
	}
	for _, name := range credential {
		g.bound[fold(name)] = true
	}
	for _, name := range secret {
		g.bound[fold(name)], g.hidden[name] = true, true
	}
	// Another family's headers mean nothing here; who writes their names another
	// way, or has them stripped, plays with somebody.
	for _, name := range slices.Concat(nginx.control, forward.control) {
		g.aliases[fold(name)], g.bound[fold(name)] = true, true
	}
	varying := slices.Concat(credential, p.control)
	varying = slices.DeleteFunc(varying, func(name string) bool { return name[0] == ':' }) // no header of any request
	if p.redirects {
		varying = append(varying, navigation...)
	}
	g.vary = strings.Join(varying, ", ")
	return g
}

// fold gives the form in which gateways that turn headers into variables
// confuse names: X_Auth.Subject reaches an application as X-Auth-Subject does,
// and behind some gateways so do X~Auth~Subject and its like.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case isOrdinary(r):
			return unicode.ToLower(r)
		default:
			return '-'
		}
	}, name)
}

// isOrdinary reports whether every gateway keeps a character of a header's
// name apart from all others but for its case. No client can send a colon:
// HTTP/2 names the parts of its first line with one.
func isOrdinary(r rune) bool {
	return r == '-' || r == ':' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

// check refuses headers that could stand for one of ours behind our back.
// Identity headers under their exact names are left alone: nothing reads
// them, and the proxy replaces them.
func (g guard) check(h http.Header) error {
	for name := range h {
		if !isUnmistakable(name) && g.aliases[fold(name)] {
			return ReasonAlias
		}
	}
	for _, line := range h["Connection"] {
		for token := range strings.SplitSeq(line, ",") {
			if g.bound[fold(strings.Trim(token, " \t"))] {
				return ReasonConnection
			}
		}
	}
	return nil
}

// isUnmistakable reports whether a name can be confused with no other.
func isUnmistakable(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return !isOrdinary(r) })
}

// facts are the headers that policies may see, names in lower case.
func (g guard) facts(h http.Header) map[string][]string {
	facts := make(map[string][]string) // most are hidden
	block := make([]string, 0, len(h)) // has room for one value of each
	for name, values := range h {
		if g.hidden[name] {
			continue
		}
		from := len(block)
		for _, v := range values {
			block = append(block, strings.ToValidUTF8(v, "\uFFFD"))
		}
		facts[strings.ToLower(name)] = block[from:len(block):len(block)]
	}
	return facts
}

// credentials picks what authentication reads.
func credentials(h http.Header) http.Header {
	picked := make(http.Header) // few requests bring more than one of them
	for _, name := range credential {
		if values := h[name]; len(values) > 0 {
			picked[name] = values
		}
	}
	return picked
}
