package proxy

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// returnTo is the parameter that tells the login page where a browser wanted
// to go.
const returnTo = "return_to"

// requestedWith is what scripts of pages send with their requests, by an old
// convention that outlived the browsers that say nothing of the mode.
const requestedWith = "X-Requested-With"

// login is the page that browsers without a valid credential are sent to, and
// the hosts that a redirect may name. Nil sends nobody anywhere.
type login struct {
	page  target
	text  string // the page's URL
	hosts []site
}

// site is a host that a redirect may name; without a port it stands for the
// default port of either scheme.
type site struct{ host, port string }

// newLogin checks a page and its hosts. Both empty give nil.
func newLogin(page string, hosts []string) (*login, error) {
	if page == "" && len(hosts) == 0 {
		return nil, nil
	}
	if page == "" {
		return nil, errors.New("redirect hosts: nobody is redirected without a login URL")
	}
	l := &login{text: page}
	for _, host := range hosts {
		var t target
		if err := t.readHost(host); err != nil {
			return nil, fmt.Errorf("redirect hosts: %q: %w", host, err)
		}
		l.hosts = append(l.hosts, site{t.host, t.port})
	}
	if err := l.readPage(page); err != nil {
		return nil, fmt.Errorf("login URL: %w", err)
	}
	return l, nil
}

// readPage accepts a URL that no browser can take for another one.
func (l *login) readPage(page string) error {
	if strings.ContainsFunc(page, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("want printable ASCII characters without blanks")
	}
	if err := l.page.readURL(page); err != nil {
		return fmt.Errorf("want http(s)://host/path: %w", err)
	}
	if strings.Contains(page, "#") {
		return ReasonFragment
	}
	if _, taken := parseQuery(l.page.Query)[returnTo]; taken {
		return fmt.Errorf("the parameter %s is set for each redirect", returnTo)
	}
	if !l.lists(&l.page) {
		return fmt.Errorf("%s is not among the redirect hosts", l.page.authority)
	}
	if err := l.way(page).check(); err != nil {
		return err
	}
	return nil
}

// lists reports whether a redirect may name the host of a target, on its port.
func (l *login) lists(t *target) bool {
	standard := map[string]string{"http": "80", "https": "443"}[t.scheme]
	port := or(t.port, standard)
	return standard != "" && slices.ContainsFunc(l.hosts, func(s site) bool {
		return s.host == t.host && or(s.port, standard) == port
	})
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// isAt reports whether a request is for the login page itself: a redirect
// would only come back.
func (l *login) isAt(t *target) bool {
	return t.host == l.page.host && t.Path == l.page.Path
}

// back is the login page with the way back to a target, which the target's
// host must be listed for.
func (l *login) back(t *target) string {
	original := t.scheme + "://" + t.host
	if t.port != "" {
		original += ":" + t.port
	}
	original += t.Path
	if t.Query != "" {
		original += "?" + t.Query
	}
	separator := "?"
	if strings.Contains(l.text, "?") {
		separator = "&"
	}
	return l.text + separator + returnTo + "=" + url.QueryEscape(original)
}

// way is the answer that leads to a location, as yet without what stands in
// every denial.
func (l *login) way(location string) answer {
	return answer{status: http.StatusFound, fields: []field{{"Location", location}}}
}

// invite makes of the 401 of a browser the way to the login page. Whoever
// else, and whatever else than 401, stays as it is.
func (c *check) invite(a answer) answer {
	l, t := c.handler.rules.login, &c.target
	if l == nil || a.status != http.StatusUnauthorized || !c.endpoint.redirects ||
		!isNavigation(t.method, c.request.Header) || l.isAt(t) {
		return a
	}
	common := slices.DeleteFunc(slices.Clone(a.fields), func(f field) bool { return f.name == authenticate })
	locations := []string{l.text}
	if l.lists(t) {
		locations = []string{l.back(t), l.text} // the way back may be too long
	}
	for _, location := range locations {
		way := l.way(location)
		way.fields = append(way.fields, common...)
		if way.check() == nil {
			return way
		}
	}
	return a
}

// isNavigation reports whether a browser shows the answer to a person: a page
// is fetched to be seen, by a method that a redirect keeps harmless.
func isNavigation(method string, h http.Header) bool {
	if method != http.MethodGet && method != http.MethodHead {
		return false
	}
	if has(h, requestedWith) {
		return false
	}
	modes := h["Sec-Fetch-Mode"]
	if len(modes) > 1 || len(modes) == 1 && modes[0] != "navigate" {
		return false
	}
	return slices.ContainsFunc(h["Accept"], namesHTML)
}

// namesHTML reports whether a list of media ranges names text/html itself,
// and not to exclude it (RFC 9110, 12.5.1). "*/*" is what programs send.
func namesHTML(accept string) bool {
	for entry := range strings.SplitSeq(accept, ",") {
		media, parameters, _ := strings.Cut(entry, ";")
		if strings.EqualFold(strings.TrimSpace(media), "text/html") && !isExcluded(parameters) {
			return true
		}
	}
	return false
}

// isExcluded reports whether parameters give the weight zero.
func isExcluded(parameters string) bool {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if strings.EqualFold(name, "q") && strings.Trim(value, "0.") == "" {
			return true
		}
	}
	return false
}
