package doctor

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"path"
	"strings"
)

// harmless are endings of a path that Memberward judges as they stand; below
// them, one that it refuses because readers differ over it.
var harmless = []string{
	"/doctor", "/doctor/", "/%41", "/a-b_c.d~e", "/%7e", "/a%20b", "/a+b", "/a%2Bb", "/a%26b", "/a%3Db", "/a%40b", "/a:b@c", "/a,b", "/a%2Cb", "/(a)", "/%28a%29",
	"/%C3%A9", "/%e2%82%ac", "/a%22b", "/a%7Cb", "/a%5Eb", "/a%3Cb%3E", "/%5Ba%5D", "/a?b=/../c", "/a?b=%2f%00", "/a?b;c", "/...", "/.a", "/a.", "/*", "/a%2Ab", "/a=b&c",
}

var ambiguous = []string{
	"/a/../b", "/a/./b", "/..", "/.", "/%2e%2e/b", "/%2E./b", "/a/%2e", "/a//b", "//", "/a/", "/a%2fb", "/a%2Fb", "/..%2fb", "/a%5cb", "/..%5cb", `/a\b`, "/a;b", "/a;b=c/d", "/..;/b", "/a%3bb",
	"/a%00b", "/a%23b", "/a%3fb", "/a#b", "/a%252fb", "/%252e%252e/b", "/a%u002fb", "/a%b", "/a%", "/a%zz", "/%ff", "/%c0%af", "/%c0%ae%c0%ae/b", "/a%0ab", "/a%7fb", "/a|b", "/a^b", `/a"b`, "/a<b>", "/a`b",
}

// paths sends both kinds below the page.
func (e *examiner) paths(ctx context.Context) error {
	page := strings.TrimSuffix(e.target, "/")
	came := 0
	for _, ending := range harmless {
		reached, err := e.path(ctx, page+ending, false)
		if err != nil {
			return err
		}
		if reached {
			came++
		}
	}
	for _, ending := range ambiguous {
		if ending == "/a/" {
			continue // stands for itself
		}
		if _, err := e.path(ctx, page+ending, true); err != nil {
			return err
		}
	}
	if came < len(harmless)/2 {
		e.skip(fmt.Sprintf("only %d of %d paths below the page came through, none of which is ambiguous: name a page whose subpages the credential may read", came, len(harmless)))
	}
	return nil
}

// path sends one path and holds what the application got against what was
// judged, or against what was sent where that is not known.
func (e *examiner) path(ctx context.Context, target string, ambiguous bool) (reached bool, err error) {
	a, err := e.as(ctx, request{target: target})
	if err != nil || a.received == nil {
		return a.reached, err
	}
	got, query, _ := strings.Cut(a.received.Target, "?")
	sent, sentQuery, _ := strings.Cut(target, "?")
	seen := "the application got " + a.received.Target
	judged, known := e.judged(ctx, a)
	switch {
	case known && canonical(got) != judged.Path:
		e.found("path_differs", target, "GET "+target, seen+", judged was "+judged.Path)
	case known:
	case got == sent && ambiguous: // encoded on the way, it may have been what was judged
		e.found("path_differs", target, "GET "+target, seen+", which Memberward refuses: it was asked about another path, or not at all")
	case canonical(got) == canonical(sent):
	case ambiguous && canonical(got) == canonical(path.Clean(sent)):
		e.skip("the proxy tidies paths (" + target + " becomes " + a.received.Target + "): whether it does so before it asks, only --api tells")
	default:
		e.found("path_differs", target, "GET "+target, seen)
	}
	if query != sentQuery {
		e.found("path_differs", target, "GET "+target, seen)
	}
	return true, nil
}

// judged reads the decision that an answer rests on.
func (e *examiner) judged(ctx context.Context, a answer) (Judged, bool) {
	id := a.decision()
	if e.options.Decisions == nil || id == "" {
		return Judged{}, false
	}
	judged, err := e.options.Decisions(ctx, id)
	if err != nil {
		e.skip(clean(err.Error()))
	}
	return judged, err == nil
}

// canonical writes a path as decisions do: what means the same written and
// encoded is written, everything else that is no sub-delimiter encoded.
func canonical(written string) string {
	const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	const subDelimiters = "!$&'()*+,=:@/;"
	var c strings.Builder
	for i := 0; i < len(written); i++ {
		b, escaped := written[i], false
		if b == '%' && i+2 < len(written) {
			if _, err := fmt.Sscanf(written[i+1:i+3], "%02X", &b); err == nil {
				escaped, i = true, i+2
			}
		}
		if strings.IndexByte(unreserved, b) >= 0 || !escaped && strings.IndexByte(subDelimiters, b) >= 0 {
			c.WriteByte(b)
			continue
		}
		fmt.Fprintf(&c, "%%%02X", b)
	}
	return c.String()
}

// oddMethod is one that proxies let pass and Memberward refuses.
const oddMethod = "DOC_TOR"

// methods holds the method that the application gets against the one that was
// sent, and finds out whether it is the one that is judged.
func (e *examiner) methods(ctx context.Context) error {
	known := false
	for _, r := range []request{
		{method: http.MethodPost},
		{method: http.MethodPut},
		{method: http.MethodPatch},
		{method: http.MethodDelete},
		{method: http.MethodOptions},
		{method: "PROPFIND"},
		{lines: []string{"X-Http-Method-Override: DELETE"}},
		{lines: []string{"X-Http-Method: DELETE"}},
		{lines: []string{"X-Method-Override: DELETE"}},
	} {
		a, err := e.as(ctx, r)
		if err != nil {
			return err
		}
		if a.received == nil {
			continue
		}
		judged, is := e.judged(ctx, a)
		known = known || is
		if a.received.Method != cmp.Or(r.method, http.MethodGet) || is && judged.Method != a.received.Method {
			e.found("method_differs", r.describe(e.target), r.describe(e.target), a.describe()+besides("judged was ", judged.Method))
		}
	}
	a, err := e.as(ctx, request{method: oddMethod})
	switch {
	case err != nil:
		return err
	case a.reached && a.received != nil && a.received.Method == oddMethod:
		e.found("method_differs", oddMethod, oddMethod+" "+e.target, a.describe()+", which Memberward refuses: it was asked about another method")
	case !refusal(a) && !known:
		e.skip("the proxy refuses odd methods itself: whether the method is what is judged, only --api tells")
	}
	return nil
}

func besides(what, text string) string {
	if text == "" {
		return ""
	}
	return ", " + what + text
}

// oddHosts are such that proxies let pass and Memberward refuses.
var oddHosts = []string{"doc~tor.invalid", "doctor..invalid", "doctor!invalid", "doctor.invalid:", strings.Repeat("doctor.", 40) + "invalid"}

// hosts does for the host what methods does for the method.
func (e *examiner) hosts(ctx context.Context) error {
	if got := e.usual.received.Host; !sameHost(got, e.wire.url.Host) {
		e.found("host_differs", "", "Host: "+e.wire.url.Host, "the application was asked as "+got)
	}
	for _, r := range []request{
		{host: "doctor.invalid"},
		{host: strings.ToUpper(e.wire.url.Hostname())},
		{host: "doctor.invalid", target: "http://" + e.wire.url.Host + e.target},
		{target: "http://doctor.invalid" + e.target},
	} {
		a, err := e.as(ctx, r)
		if err != nil {
			return err
		}
		if a.received == nil {
			continue
		}
		want := cmp.Or(r.host, e.wire.url.Host)
		if whole, is := strings.CutPrefix(r.target, "http://"); is { // counts before Host (RFC 9112, 3.2.2)
			want, _, _ = strings.Cut(whole, "/")
		}
		judged, known := e.judged(ctx, a)
		if known && !sameHost(judged.Host, a.received.Host) || !known && !sameHost(want, a.received.Host) {
			e.found("host_differs", r.describe(e.target), r.describe(e.target), "the application was asked as "+a.received.Host+besides("judged was ", judged.Host))
		}
	}
	return e.hostIsJudged(ctx)
}

// hostIsJudged tries hosts that Memberward refuses.
func (e *examiner) hostIsJudged(ctx context.Context) error {
	if _, known := e.judged(ctx, e.usual); known {
		return nil // compared
	}
	if err := e.twoHosts(ctx); err != nil {
		return err
	}
	for _, host := range oddHosts {
		a, err := e.as(ctx, request{host: host})
		switch {
		case err != nil:
			return err
		case a.received != nil && sameHost(a.received.Host, host):
			e.found("host_differs", host, "Host: "+host, "the application was asked so, which Memberward refuses: it was asked about another host")
			return nil
		case refusal(a):
			return nil
		}
	}
	e.skip("the proxy refuses odd hosts itself: whether the host is what is judged, only --api tells")
	return nil
}

// twoHosts names one host in the request line, which is the one that counts,
// and one that Memberward refuses in Host.
func (e *examiner) twoHosts(ctx context.Context) error {
	target := "http://" + e.wire.url.Host + e.target
	one, err := e.as(ctx, request{target: target})
	if err != nil || one.received == nil {
		return err
	}
	two, err := e.as(ctx, request{host: oddHosts[0], target: target})
	if err == nil && refusal(two) && two.decision() != "" {
		e.found("host_differs", oddHosts[0], "GET "+target+", Host: "+oddHosts[0], two.describe()+": Host is judged, the application is asked as "+one.received.Host)
	}
	return err
}

// sameHost compares hosts without case, port and trailing dot.
func sameHost(a, b string) bool {
	name := func(host string) string {
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		return strings.ToLower(strings.Trim(strings.TrimSuffix(host, "."), "[]"))
	}
	return name(a) == name(b)
}
