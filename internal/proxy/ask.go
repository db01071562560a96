package proxy

import (
	"context"
	"net/http"
	"strings"

	"github.com/memberward/memberward/internal/tenancy"
)

// RouteAnswer is what a table makes of one request.
type RouteAnswer struct {
	Line     int    // of the row; 0 in the built-in table
	Path     string // canonical
	Route    tenancy.Route
	Method   string // as the row names it
	Public   bool
	Action   tenancy.Action   // empty when public
	Tenant   string           // an id, a slug or TenantOfCredential; empty when public
	Resource tenancy.Resource // zero: none
}

// Ask says what the table makes of a request, as a check would: method, URL or
// path, and the headers that matter. A request that would be denied before
// anybody is judged has a [Reason] for its error. A path without a host falls
// under the routes of every host alone.
func (r *Routes) Ask(method, target string, header http.Header) (RouteAnswer, error) {
	t, err := readAsked(method, target)
	if err != nil {
		return RouteAnswer{}, err
	}
	m, err := r.route(context.Background(), t.asked(t.method, factsOf(header), ""))
	if err != nil {
		return RouteAnswer{}, err
	}
	answer := RouteAnswer{
		Line: m.row.line, Path: t.Path, Route: m.route, Method: m.method, Public: m.row.public, Action: m.action, Resource: m.resource,
	}
	switch {
	case m.row.public:
	case m.row.tenant.credential:
		answer.Tenant = TenantOfCredential
	default:
		ref, err := m.tenant(header, tenancy.Actor{})
		if err != nil {
			return RouteAnswer{}, err
		}
		answer.Tenant = ref.String()
	}
	return answer, nil
}

func readAsked(method, text string) (target, error) {
	var t target
	if err := t.readMethod(method); err != nil {
		return target{}, err
	}
	if strings.HasPrefix(text, "/") {
		return t, t.readPath(text)
	}
	return t, t.readURL(text)
}

// RouteMethod is one method of one row.
type RouteMethod struct {
	Line   int
	Method string
	Path   string // the template
}

// Methods lists every method of every row, in their order.
func (r *Routes) Methods() []RouteMethod {
	var all []RouteMethod
	for i := range r.rows {
		for _, method := range r.rows[i].methods {
			all = append(all, RouteMethod{Line: r.rows[i].line, Method: method, Path: r.rows[i].template.text})
		}
	}
	return all
}
