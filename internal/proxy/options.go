package proxy

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// defaultTimeout is how long a check may take: Envoy gives up after 200 ms.
const defaultTimeout = 150 * time.Millisecond

// Options of a handler. The zero value trusts loopback and unix sockets, asks
// them for no secret, redirects nobody and lets no request through unjudged.
type Options struct {
	// TrustedPeers are the networks whose control headers count, in place of
	// loopback. Peers on a unix socket are always trusted.
	TrustedPeers []netip.Prefix
	// Secret is what every proxy must show in X-Memberward-Secret, besides
	// being a trusted peer: 16 to 256 printable ASCII characters, no blanks.
	// Empty: none is asked for.
	Secret string
	// LoginURL is an absolute http or https URL. Browsers without a valid
	// credential are sent there by the protocols whose proxies hand a redirect
	// on. Empty: they get 401 like everybody else.
	LoginURL string
	// RedirectHosts are the hosts, as host or host:port, that a redirect may
	// lead to: the login page's own, and those that it may lead back to. A
	// host without a port stands for the default port of http and https.
	RedirectHosts []string
	// AllowPreflight lets CORS preflights through as anonymous: they never
	// carry a credential. False: policies judge them like any other request.
	AllowPreflight bool
	Timeout        time.Duration // for one check; 0: 150 ms
	Routes         *Routes       // nil: the built-in ones
	// HeaderPreset adds the identity headers of another gateway's convention to
	// every allow: remote-user or oauth2-proxy. Empty: ours alone.
	HeaderPreset string
	// EnvoyRule is the path below data of a rule that has to allow a request of
	// Envoy's, too. Empty: none.
	EnvoyRule []string
}

// Bounds of the secret, in bytes: shorter ones can be guessed, longer ones
// crowd the head of a request.
const (
	secretMin = 16
	secretMax = 256
)

// Check names everything that is wrong with the options, and never quotes the
// secret. [New] refuses them for the same; a program that is about to open its
// store can ask before.
func (o Options) Check() error {
	_, err := o.rules()
	return err
}

// rules are the options in the form that a check needs.
type rules struct {
	peers     peers
	password  password
	login     *login // nil: no redirects
	preflight bool   // CORS preflights pass
	timeout   time.Duration
	preset    preset
	envoyRule []string
}

func (o Options) rules() (rules, error) {
	r := rules{preflight: o.AllowPreflight, timeout: o.Timeout, envoyRule: o.EnvoyRule}
	if r.timeout == 0 {
		r.timeout = defaultTimeout
	}
	var wrong [5]error
	r.peers, wrong[0] = newPeers(o.TrustedPeers)
	r.password, wrong[1] = newPassword(o.Secret)
	r.login, wrong[2] = newLogin(o.LoginURL, o.RedirectHosts)
	wrong[3] = checkTimeout(o.Timeout)
	r.preset, wrong[4] = newPreset(o.HeaderPreset)
	return r, errors.Join(wrong[:]...)
}

func checkTimeout(timeout time.Duration) error {
	if timeout < 0 {
		return errors.New("proxy: a check needs a positive timeout")
	}
	return nil
}

// newPassword checks a secret without ever quoting it.
func newPassword(secret string) (password, error) {
	if secret == "" {
		return nil, nil
	}
	if len(secret) < secretMin || len(secret) > secretMax {
		return nil, fmt.Errorf("proxy secret: want %d to %d characters, not %d", secretMin, secretMax, len(secret))
	}
	if strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("proxy secret: want printable ASCII characters without blanks")
	}
	return password(secret), nil
}
