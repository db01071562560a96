package app

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/memberward/memberward/internal/config"
	"github.com/memberward/memberward/internal/proxy"
	"github.com/memberward/memberward/internal/tenancy"
)

// Examined is what a table makes of the examples in its file.
type Examined struct {
	Examples  int
	Failed    []string            // "path:line: what differs", a line each
	Methods   int                 // of all routes
	Uncovered []proxy.RouteMethod // those that no example reaches
}

// Examine asks the table about every example of its file. The error is a
// *config.Invalid: an example does not say clearly what it expects.
func (t Table) Examine() (Examined, error) {
	all := t.Methods()
	done := Examined{Examples: len(t.File.Examples), Methods: len(all)}
	reached := map[proxy.RouteMethod]bool{}
	invalid := &config.Invalid{}
	for _, e := range t.File.Examples {
		at := fmt.Sprintf("%s:%d: ", t.File.Name, e.Line)
		method, target, err := readExample(e)
		if err != nil {
			invalid.Problems = append(invalid.Problems, at+err.Error())
			continue
		}
		got, err := t.Ask(method, target, headerOf(e.Headers))
		if err == nil {
			reached[proxy.RouteMethod{Line: got.Line, Method: got.Method, Path: got.Route.Template}] = true
		}
		if is, want := Says(got, err), expected(e); !agrees(is, want) {
			done.Failed = append(done.Failed, fmt.Sprintf("%s%s is %s, want %s", at, e.Request, is, want))
		}
	}
	for _, m := range all {
		if !reached[m] {
			done.Uncovered = append(done.Uncovered, m)
		}
	}
	if len(invalid.Problems) > 0 {
		return Examined{}, invalid
	}
	return done, nil
}

// readExample gives the request of an example that expects one thing.
func readExample(e config.RouteExample) (method, target string, err error) {
	ways := 0
	for _, is := range []bool{e.Action != "", e.Public, e.Denied} {
		if is {
			ways++
		}
	}
	method, target, parted := strings.Cut(e.Request, " ")
	switch {
	case !parted:
		return "", "", fmt.Errorf("request: want a method and a URL or path, such as GET /a, not %q", e.Request)
	case ways != 1:
		return "", "", fmt.Errorf("want one of action, public and denied")
	case (e.Tenant == "") != (e.Action == ""):
		return "", "", fmt.Errorf("an action goes with a tenant, and nothing else does")
	case e.Resource != (config.RouteResource{}) && e.Action == "":
		return "", "", fmt.Errorf("a resource goes with an action")
	default:
		return method, target, nil
	}
}

func headerOf(pairs map[string]string) http.Header {
	h := http.Header{}
	for name, value := range pairs {
		h.Set(name, value)
	}
	return h
}

// Says puts what a table makes of a request into words: "public", "denied:
// why", or action, tenant and resource.
func Says(a proxy.RouteAnswer, err error) string {
	switch {
	case err != nil:
		return "denied: " + err.Error()
	case a.Public:
		return "public"
	default:
		return inWords(string(a.Action), a.Tenant, a.Resource)
	}
}

func expected(e config.RouteExample) string {
	switch {
	case e.Denied:
		return "denied"
	case e.Public:
		return "public"
	default:
		return inWords(e.Action, e.Tenant, tenancy.Resource(e.Resource))
	}
}

func inWords(action, tenant string, about tenancy.Resource) string {
	said := action + " in " + tenant
	if about != (tenancy.Resource{}) {
		said += " on " + about.Type + ":" + about.ID
	}
	return said
}

// agrees reports whether an answer is the expected one; why something is
// denied is left open.
func agrees(is, want string) bool {
	return is == want || want == "denied" && strings.HasPrefix(is, "denied: ")
}
