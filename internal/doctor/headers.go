package doctor

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

const (
	subjectHeader   = "X-Auth-Subject"
	assertionHeader = "X-Auth-Assertion"
	decisionHeader  = "X-Decision-Id"
	secretHeader    = "X-Memberward-Secret"
)

// anonymous is whom the application is told of on a public route.
const anonymous = "anonymous"

// identityHeaders are those that only Memberward may set.
var identityHeaders = []string{
	subjectHeader, "X-Auth-Tenant", "X-Auth-Level", "X-Auth-Roles", "X-Auth-Authenticated", assertionHeader, decisionHeader, "X-Policy-Revision",
}

// spoof is what no header may hold. It has the form of a JWT, as an assertion
// has: a proxy may remove what has another one.
const spoof = "doctor.was.here"

// complete looks at what the application got at first, and holds it against
// what was decided where that is known.
func (e *examiner) complete(ctx context.Context) error {
	for _, name := range identityHeaders {
		values := e.identity[name]
		joined := strings.Join(values, ", ")
		switch {
		case name == assertionHeader && len(values) == 0:
		case len(values) == 0 || joined == "":
			e.found("identity_incomplete", name, "GET "+e.target, "the application got no "+name)
		case len(values) > 1:
			e.found("identity_incomplete", name, "GET "+e.target, fmt.Sprintf("the application got %d of %s", len(values), name))
		case strings.ContainsAny(joined, "{}$%()"):
			e.found("identity_incomplete", name, "GET "+e.target, "the application got "+name+": "+joined+", which nobody has filled in")
		}
	}
	if len(e.usual.got(secretHeader)) > 0 {
		e.found("secret_shown", secretHeader, "GET "+e.target, "the application got the proxy's "+secretHeader)
	}
	judged, _ := e.judged(ctx, e.usual)
	for _, is := range []struct{ name, value string }{{subjectHeader, judged.Subject}, {"X-Auth-Tenant", judged.Tenant}, {"X-Auth-Level", judged.Level}} {
		if got := e.identity[is.name]; is.value != "" && len(got) == 1 && got[0] != is.value {
			e.found("identity_differs", is.name, "GET "+e.target, "the application got "+is.name+": "+got[0]+", decided was about "+is.value)
		}
	}
	return nil
}

// spoofs sends each identity header in the ways that proxies have treated
// differently.
func (e *examiner) spoofs(ctx context.Context) error {
	for _, name := range slices.Concat(identityHeaders, e.options.Headers) {
		for _, lines := range [][]string{
			{name + ": " + spoof},
			{strings.ToLower(name) + ": " + spoof},
			{name + ": " + spoof, name + ": " + spoof},
			{name + ":"},
		} {
			a, err := e.as(ctx, request{lines: lines})
			if err != nil {
				return err
			}
			if seen := e.spoofed(a, name); seen != "" {
				e.found("identity_spoofed", name, strings.Join(lines, ", "), seen)
				break
			}
		}
	}
	return nil
}

// spoofed says what a client's header came to; empty: nothing.
func (e *examiner) spoofed(a answer, name string) string {
	if a.received == nil {
		return ""
	}
	got := a.got(http.CanonicalHeaderKey(name))
	usual := e.identity[http.CanonicalHeaderKey(name)]
	switch joined := strings.Join(got, ", "); {
	case strings.Contains(joined, spoof):
		return "the application got " + name + ": " + joined
	case len(usual) > 0 && len(got) != len(usual), len(usual) == 0 && len(got) > 0 && !slices.Contains(e.options.Headers, name):
		return fmt.Sprintf("the application got %d of %s: %s", len(got), name, joined)
	case name != decisionHeader && name != assertionHeader && len(usual) > 0 && joined != strings.Join(usual, ", "):
		return "the application got " + name + ": " + joined
	default:
		return ""
	}
}

// aliases sends each identity header in spellings that gateways confuse.
func (e *examiner) aliases(ctx context.Context) error {
	for _, name := range slices.Concat(identityHeaders, e.options.Headers) {
		for _, alias := range []string{
			strings.ReplaceAll(name, "-", "_"), strings.ReplaceAll(name, "-", "."),
			strings.Replace(name, "-", "_", 1), strings.Replace(name, "-", ".", 1),
		} {
			if alias == name {
				continue
			}
			a, err := e.as(ctx, request{lines: []string{alias + ": " + spoof}})
			if err != nil {
				return err
			}
			if seen := confused(a, name); seen != "" {
				e.found("identity_alias", alias, alias+": "+spoof, "the application got "+seen)
				break
			}
		}
	}
	return nil
}

// confused names a header that some applications take for another one, with
// its value.
func confused(a answer, name string) string {
	if a.received == nil {
		return ""
	}
	for other, values := range a.received.Header {
		if joined := strings.Join(values, ", "); fold(other) == fold(name) && strings.Contains(joined, spoof) {
			return other + ": " + joined
		}
	}
	return ""
}

// fold gives the form in which gateways that turn headers into variables
// confuse names.
func fold(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "-", ".", "-").Replace(name))
}

// stripping names each identity header as one of this hop alone.
func (e *examiner) stripping(ctx context.Context) error {
	for _, name := range identityHeaders {
		if len(e.identity[name]) == 0 {
			continue // there is nothing to take away
		}
		for _, lines := range [][]string{
			{"Connection: close, " + name},
			{"Connection: " + strings.ToLower(name), "Connection: close"},
		} {
			a, err := e.as(ctx, request{lines: lines})
			if err != nil {
				return err
			}
			if a.received != nil && len(a.got(name)) == 0 {
				e.found("identity_stripped", name, strings.Join(lines, ", "), "the application got no "+name)
				break
			}
		}
	}
	return nil
}

// control is a header that says what is asked about, with a value that
// Memberward must refuse, and the right one.
type control struct{ name, refused, right string }

func (e *examiner) control() []control {
	host, scheme := e.wire.url.Host, e.wire.url.Scheme
	return []control{
		{"X-Original-Method", "doctor", http.MethodGet},
		{"X-Original-Uri", "/doctor/../x", e.target},
		{"X-Original-Url", "doctor", scheme + "://" + host + e.target},
		{"X-Original-Host", "doc~tor", host},
		{"X-Forwarded-Method", "doctor", http.MethodGet},
		{"X-Forwarded-Uri", "/doctor/../x", e.target},
		{"X-Forwarded-Host", "doc~tor", host},
		{"X-Forwarded-Proto", "gopher", scheme},
		{"X-Forwarded-For", "doctor", "198.51.100.7"},
	}
}

// asks reports whether the page, refused to the credential, opens to who says
// what is asked about: the proxy does not, and every client can. It finds the
// headers that must be there for it.
func (e *examiner) asks(ctx context.Context) bool {
	opens := func(left string) bool {
		var lines []string
		for _, c := range e.control() {
			if strings.HasPrefix(c.name, "X-Original-") && c.name != "X-Original-Url" && c.name != left {
				lines = append(lines, c.name+": "+c.right)
			}
		}
		a, err := e.as(ctx, request{lines: lines})
		e.application = e.application || a.received != nil
		return err == nil && a.status/100 == 2
	}
	if !opens("") {
		return false
	}
	for _, c := range e.control() {
		if strings.HasPrefix(c.name, "X-Original-") && c.name != "X-Original-Url" && !opens(c.name) {
			e.believed = append(e.believed, c.name)
		}
	}
	return len(e.believed) > 0
}

// controls finds headers of a client that are taken for the proxy's. A value
// that Memberward must refuse shows that it arrives; a right one that passes,
// that nothing but it is looked at.
func (e *examiner) controls(ctx context.Context) error {
	for _, name := range e.believed {
		e.found("control_believed", name, "GET "+e.target+", without and with "+name, "403, then 200: the client's own is what is judged")
	}
	if len(e.believed) > 0 {
		return nil
	}
	for _, control := range e.control() {
		refused, err := e.as(ctx, request{lines: []string{control.name + ": " + control.refused}})
		if err != nil {
			return err
		}
		if e.through(refused) {
			continue
		}
		right, err := e.as(ctx, request{lines: []string{control.name + ": " + control.right}})
		if err != nil {
			return err
		}
		if e.through(right) {
			e.found("control_believed", control.name, control.name+": "+control.refused+", then "+control.right,
				fmt.Sprintf("%d, then %d: the client's own is what is judged", refused.status, right.status))
		}
	}
	return nil
}
