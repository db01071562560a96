package proxy_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/memberward/memberward/internal/proxy"
	"github.com/memberward/memberward/internal/proxytest"
	"github.com/memberward/memberward/internal/tenancy"
)

// front is a proxy in one configuration.
type front struct {
	name    string
	kind    proxytest.Kind
	faults  []string
	decodes bool // sends the application a path that it has decoded
}

// withPath is nginx with a path in the proxy_pass to the application, as many
// have it: nginx decodes the path, merges slashes and resolves dot segments.
var withPath = front{"nginx, path", proxytest.Nginx(), []string{"http://$memberward_application;", "http://application/;"}, true}

func fronts() []front {
	var all []front
	for _, kind := range proxytest.Kinds() {
		all = append(all, front{name: kind.Name, kind: kind})
	}
	return slices.Insert(all, 1, withPath)
}

// tally counts what became of the requests of one class.
type tally struct{ sent, allowed, refused, stopped int }

// witnessed is a site whose application takes down what it sees.
type witnessed struct {
	*site
	front
	witness *proxytest.Witness
	lax     lax
	checks  atomic.Int64
}

func newWitnessed(t testing.TB, f front, l lax) *witnessed {
	t.Helper()
	f.kind.Binary(t)
	w := &witnessed{site: &site{world: newWorld()}, front: f, witness: &proxytest.Witness{}, lax: l}
	handler := w.world.handler(t, proxy.Options{Timeout: patience})
	at := ""
	if f.kind.FastCGI {
		at = w.authorize(t, handler)
	} else {
		at = listen(t, "tcp4", anywhere, checking(handler, func(rw http.ResponseWriter, r *http.Request) {
			w.checks.Add(1)
			l.hide(r.Header)
			handler.ServeHTTP(rw, r)
		})).String()
	}
	w.Proxy = f.kind.Start(t, proxytest.Setup{Sidecar: at, At: w.witness.Serve(t), Break: f.faults})
	return w
}

// checked counts the checks so far: over FastCGI, each is a connection.
func (w *witnessed) checked() int64 { return w.checks.Load() + w.connections.Load() }

// send sends one request as mary, and says what became of it and what is wrong
// with that, if anything is.
func (w *witnessed) send(t testing.TB, r rawRequest, count *tally) (wrong string) {
	t.Helper()
	asked, checks := len(w.world.questions()), w.checked()
	answer := w.Raw(t, r.method, r.target, "", "Host: "+r.host, asMary)
	questions, seen := w.world.questions()[asked:], w.witness.Take()
	count.sent++
	switch {
	case len(seen) == 0 && w.checked() > checks && (answer.Status == http.StatusForbidden || answer.Status == http.StatusUnauthorized):
		count.refused++
		return ""
	case len(seen) == 0 && answer.Status/100 != 2:
		count.stopped++
		return ""
	case len(seen) == 0:
		return fmt.Sprintf("%d without the application", answer.Status)
	case len(seen) > 1 || len(questions) != 1:
		return fmt.Sprintf("judged was %+v, the application saw %q", questions, seen)
	}
	count.allowed++
	judged := w.lax.show(questions[0].HTTP)
	if !strings.HasPrefix(judged.Path, "/tenants/acme") && !strings.HasPrefix(judged.Path, "/tenants/"+acme.String()) {
		return "mary came to " + judged.Path
	}
	if d := difference(judged, seen[0], w.decodes); d != "" {
		return fmt.Sprintf("judged was %s %s %s %q, the application saw %q: %s", judged.Method, judged.Host, judged.Path, judged.Query, seen[0], d)
	}
	return ""
}

// TestWhatWasJudgedIsWhatTheApplicationSees sends raw requests through every
// proxy to an application that takes down what arrives, and prints what became
// of them: proxy by class.
func TestWhatWasJudgedIsWhatTheApplicationSees(t *testing.T) {
	requests, all := rawRequests(), fronts()
	tallies := make([]map[string]*tally, len(all))
	for i, f := range all {
		tallies[i] = map[string]*tally{}
		for _, r := range requests {
			tallies[i][r.class] = &tally{}
		}
		t.Run(f.name, func(t *testing.T) {
			w, through := newWitnessed(t, f, lax{}), 0
			for _, r := range requests {
				if wrong := w.send(t, r, tallies[i][r.class]); wrong != "" {
					t.Errorf("%s: %.200q, Host %.100q: %.2000s", r.method, r.target, r.host, wrong)
				}
			}
			for _, count := range tallies[i] {
				through += count.allowed
			}
			if len(requests) < 300 || through < 300 {
				t.Errorf("%d of %d came through: the comparison proves little", through, len(requests))
			}
		})
	}
	t.Logf("what became of %d raw requests, allowed/refused by Memberward/stopped by the proxy:\n%s", len(requests), printed(requests, all, tallies))
}

// differs reports whether the comparison finds a proxy's configuration wrong.
func differs(t *testing.T, kind proxytest.Kind, faults ...string) bool {
	t.Helper()
	w := newWitnessed(t, front{kind: kind, faults: faults}, lax{})
	return slices.ContainsFunc(rawRequests(), func(r rawRequest) bool { return w.send(t, r, &tally{}) != "" })
}

func printed(requests []rawRequest, all []front, tallies []map[string]*tally) string {
	var table strings.Builder
	fmt.Fprintf(&table, "%-28s %5s", "class", "sent")
	for _, f := range all {
		fmt.Fprintf(&table, "  %-13s", f.name)
	}
	class := ""
	for _, r := range requests {
		if r.class == class {
			continue
		}
		class = r.class
		fmt.Fprintf(&table, "\n%-28s %5d", class, count(requests, class))
		for _, byClass := range tallies {
			n := byClass[class]
			fmt.Fprintf(&table, "  %-13s", fmt.Sprintf("%d/%d/%d", n.allowed, n.refused, n.stopped))
		}
	}
	return table.String()
}

func count(requests []rawRequest, class string) (n int) {
	for _, r := range requests {
		if r.class == class {
			n++
		}
	}
	return n
}

// lax makes a canonicaliser that lets something stand: it hides that from ours
// behind a word, and puts it back into what was judged. The zero value changes
// nothing.
type lax struct {
	name    string
	find    string // in a path
	word    string // in its place while it is judged
	path    string // in the canonical path
	segment string // in the segments
}

// hide works on what nginx reports.
func (l lax) hide(h http.Header) {
	const header = "X-Original-Uri"
	if l.find == "" {
		return
	}
	raw, query, asks := strings.Cut(h.Get(header), "?")
	for strings.Contains(raw, l.find) {
		raw = strings.Replace(raw, l.find, l.word, 1)
	}
	if asks {
		raw += "?" + query
	}
	h.Set(header, raw)
}

func (l lax) show(judged tenancy.HTTPRequest) tenancy.HTTPRequest {
	if l.find == "" {
		return judged
	}
	judged.Path = strings.ReplaceAll(judged.Path, l.word, l.path)
	word := strings.Trim(l.word, "/")
	judged.Segments = mapped(slices.Clone(judged.Segments), func(s string) string { return strings.ReplaceAll(s, word, l.segment) })
	return judged
}

// TestALaxCanonicaliserIsNoticed plants canonicalisers that let stand what is
// ambiguous, in front of nginx with and without a path in its proxy_pass. The
// comparison finds every one of them by itself.
func TestALaxCanonicaliserIsNoticed(t *testing.T) {
	plants := []lax{
		{"%2f", "%2f", "qqSLASHqq", "%2F", "/"},
		{"%5c", "%5c", "qqBACKqq", "%5C", "\\"},
		{"%3b", "%3b", "qqSEMIqq", "%3B", ";"},
		{"%3f", "%3f", "qqASKqq", "%3F", "?"},
		{"double encoding", "%25", "qqTWICEqq", "%25", "%"},
		{"..", "/../", "/qqUPqq/", "/../", ".."},
		{".. in disguise", "/%2e%2e/", "/qqUPqq/", "/../", ".."},
		{"//", "//", "/qqNONEqq/", "//", ""},
		{"a parameter", ";", "qqPARAMqq", ";", ";"},
		{"a fragment", "#", "qqHASHqq", "#", "#"},
	}
	for _, f := range []front{{name: "nginx", kind: proxytest.Nginx()}, withPath} {
		for _, l := range plants {
			t.Run(f.name+", "+l.name, func(t *testing.T) {
				w, found := newWitnessed(t, f, l), 0
				for _, r := range rawRequests() {
					if strings.Contains(r.target, l.find) && len(r.target) < 1000 && w.send(t, r, &tally{}) != "" {
						found++
					}
				}
				if found == 0 {
					t.Error("a canonicaliser that lets it stand passes")
				}
			})
		}
	}
}
