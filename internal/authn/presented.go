package authn

import (
	"net/http"
	"strings"

	"github.com/memberward/memberward/internal/tenancy"
)

// Source says how the callers of a listener or dialect present credentials.
// The zero value reads no cookie and lets the first credential decide, as the
// native API does.
type Source struct {
	Order  Order
	Cookie string // name of the cookie that may hold a token; empty: none is read
	ActAs  bool   // X-Act-As is read, not ignored: the listeners of the APIs
	SignIn bool   // Authorization may also be Basic, with e-mail address and password, or Key, with a key's id and secret
}

// Order says what an invalid credential means when others are present
// (contracts/README.md, rule 14).
type Order int

// The orders. Both look at X-Api-Key, then Authorization, then the cookie.
const (
	FirstDecides Order = iota // the first credential present decides
	FallThrough               // an invalid one falls through to the next (cognee)
)

// Request is what authentication reads of a request. At proxy checks the
// method and the host are those of the original request.
type Request struct {
	Header http.Header
	Method string
	Host   string // host or host:port, as in the Host header
}

// place is where a credential was found.
type place int

const (
	inKeyHeader place = iota
	inAuthorization
	inCookie
)

// credential is one presented credential, not yet checked.
type credential struct {
	place place
	text  string
}

// textLimit is the longest credential that is looked at, in bytes.
const textLimit = 8 << 10

// presented lists the credentials of a request in the order in which they are
// tried. A credential that is sent twice is refused: who sits in between may
// have checked the other one.
func (s Source) presented(header http.Header) ([]credential, error) {
	var found []credential
	add := func(at place, values []string) error {
		switch {
		case len(values) > 1:
			return refused("a credential was sent more than once")
		case len(values) == 1 && len(values[0]) > textLimit:
			return refused("the credential is too long")
		case len(values) == 1:
			found = append(found, credential{place: at, text: values[0]})
		}
		return nil
	}
	if err := add(inKeyHeader, header.Values("X-Api-Key")); err != nil {
		return nil, err
	}
	if err := add(inAuthorization, header.Values("Authorization")); err != nil {
		return nil, err
	}
	if s.Cookie == "" {
		return found, nil
	}
	return found, add(inCookie, cookies(header, s.Cookie))
}

// cookies gives the values of every cookie of that name.
func cookies(header http.Header, name string) []string {
	request := http.Request{Header: header}
	var values []string
	for _, c := range request.CookiesNamed(name) {
		values = append(values, c.Value)
	}
	return values
}

// scheme parts an Authorization header. The scheme comes in lower case, since
// it is compared without case (RFC 9110, 11.1).
func scheme(header string) (name, text string) {
	name, text, _ = strings.Cut(header, " ")
	return strings.ToLower(name), strings.TrimLeft(text, " ")
}

// errNothing is the answer to a request without any credential.
var errNothing = &tenancy.Error{
	Code: tenancy.CodeUnauthenticated,
	Msg:  "no credential was presented: send Authorization: Bearer <key or token>, or X-Api-Key: <key>",
}
