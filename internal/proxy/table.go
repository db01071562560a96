package proxy

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/memberward/memberward/internal/tenancy"
)

// RouteSpec is one row of a table as its operator wrote it.
type RouteSpec struct {
	Line  int      // where it stands, from 1; 0: nowhere
	Hosts []string // host names, a label may be a {parameter}; none: every host
	// Path is a template: literal segments, {parameters} for exactly one
	// segment that is not empty, and at the end perhaps ** for any number.
	Path string
	// Methods gives the action that each method asks for. GET covers HEAD, and
	// AnyMethod all that are not named. A public route has no actions; without
	// methods it is public for all.
	Methods map[string]string
	Public  bool
	// Tenant says where the tenant's id or slug stands: a {parameter}, or
	// TenantOfCredential. Exactly one of Tenant and TenantHeader is set, and
	// neither on a public route.
	Tenant       string
	TenantHeader string           // name of a header of the request
	Resource     tenancy.Resource // texts; the id may be a {parameter}
}

// AnyMethod stands for the methods that a route does not name.
const AnyMethod = "*"

// TenantOfCredential takes the tenant that the caller's key or token is bound
// to. Who comes with another credential is denied.
const TenantOfCredential = "credential"

// TableError is a table that cannot serve. Each problem is a line of text that
// begins with the line of the row at fault.
type TableError struct{ Problems []TableProblem }

// TableProblem is one thing that is wrong with a table.
type TableProblem struct {
	Line int // of the row; 0: of none
	Text string
}

// Error gives the problems, a line each.
func (e *TableError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = fmt.Sprintf("line %d: %s", p.Line, p.Text)
	}
	return strings.Join(lines, "\n")
}

// Routes is a compiled table. It is never changed and safe for concurrent use.
// The zero value denies everything.
type Routes struct {
	mapper Mapper // of byRule
	byRule bool   // a mapper decides, and nothing below is set

	rows    []row
	onHosts node     // keys: the labels of a host from its end, pathBegins, segments
	onAny   node     // keys: segments
	headers []string // that name tenants, canonical
	vary    string   // for the answers of every check, "" or ", NAME" for each of headers
}

// row is what a route says, once it is understood.
type row struct {
	line     int
	hosts    []hostTemplate
	template template
	public   bool
	every    bool     // is public for every method, also for those that another row names
	methods  []string // in order
	actions  map[string]tenancy.Action
	tenant   tenantSource
	resource tenancy.Resource
	about    string // the parameter that gives the resource's id; empty: none does
}

// tenantSource says where a route finds its tenant: exactly one field is set,
// but on a public route.
type tenantSource struct {
	param      string
	header     string // canonical
	credential bool
}

// BuiltInRoutes is the table that serves when no other is given: whoever may
// read or write a tenant's resources may do so below its path. Everything else
// is denied.
func BuiltInRoutes() *Routes {
	table, err := NewRoutes([]RouteSpec{{
		Path: "/tenants/{tenant}/**",
		Methods: map[string]string{
			http.MethodGet: string(tenancy.ActionResourceRead), AnyMethod: string(tenancy.ActionResourceWrite),
		},
		Tenant: "{tenant}",
	}})
	if err != nil { // a test makes it
		return &Routes{}
	}
	return table
}

// NewRoutes compiles a table. Rows that ask the same question, of the same
// hosts, path and method, contradict each other and are refused. The error is
// a *TableError that names everything that is wrong.
func NewRoutes(specs []RouteSpec) (*Routes, error) {
	b := builder{table: &Routes{}}
	if len(specs) == 0 {
		b.wrong(0, "there is no route: everything would be denied")
	}
	for _, spec := range specs {
		if r, ok := b.read(spec); ok {
			b.table.rows = append(b.table.rows, r)
		}
	}
	for i := range b.table.rows {
		b.insert(&b.table.rows[i])
	}
	if b.table.onHosts.visits()+b.table.onAny.visits() > visitLimit {
		b.wrong(0, "too many routes with a literal and a parameter in the same place: one request could be compared with more than %d of their parts", visitLimit)
	}
	if len(b.problems) > 0 {
		slices.SortStableFunc(b.problems, func(a, b TableProblem) int { return a.Line - b.Line })
		return nil, &TableError{Problems: b.problems}
	}
	for _, name := range b.table.headers {
		b.table.vary += ", " + name
	}
	return b.table, nil
}

// builder compiles a table and collects what is wrong with it.
type builder struct {
	table    *Routes
	problems []TableProblem
}

func (b *builder) wrong(line int, format string, args ...any) {
	b.problems = append(b.problems, TableProblem{Line: line, Text: fmt.Sprintf(format, args...)})
}

// insert puts a row where requests find it, for each of its hosts.
func (b *builder) insert(r *row) {
	if len(r.hosts) == 0 {
		b.enter(r, &b.table.onAny, nil)
	}
	for _, host := range r.hosts {
		b.enter(r, &b.table.onHosts, host)
	}
}

// enter puts a row below one host, or below none.
func (b *builder) enter(r *row, root *node, host hostTemplate) {
	parts := slices.Concat([]part(host), r.template.parts)
	var captures []capture
	for i, p := range parts {
		if p.param != "" {
			captures = append(captures, capture{p.param, i})
		}
	}
	end := root.at(parts, r.template.rest)
	for _, method := range r.methods {
		if first := end.rival(method, r); first != nil {
			b.wrong(r.line, "%s %s asks the same as line %d: %s", method, r.template.text, first.row.line, first.row.template.text)
			continue
		}
		*end = append(*end, rule{row: r, method: method, action: r.actions[method], captures: captures})
	}
}
