package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/memberward/memberward/internal/config"
	"github.com/memberward/memberward/internal/proxy"
	"github.com/memberward/memberward/internal/tenancy"
)

// Table is a table of routes that could serve, with what its file says beside
// them.
type Table struct {
	*proxy.Routes
	File config.RouteFile
}

// Rules are those that may map requests in place of a table.
type Rules interface {
	proxy.Mapper
	// Routes reports whether there is a rule that does.
	Routes() bool
}

// LoadTable reads and compiles a file of routes; an empty path stands for the
// built-in ones. Where the file leaves the mapping to rules, those are asked;
// nil: they are not loaded yet, and everything is denied. The error is a
// *config.Invalid that names each problem as path:line.
func LoadTable(path string, rules Rules) (Table, error) {
	if path == "" {
		return Table{Routes: proxy.BuiltInRoutes()}, nil
	}
	file, err := config.LoadRoutes(path)
	if err != nil {
		return Table{}, err
	}
	if file.Mapping == config.MappingRego {
		return mappedBy(file, rules)
	}
	specs := make([]proxy.RouteSpec, len(file.Routes))
	for i, r := range file.Routes {
		specs[i] = proxy.RouteSpec{
			Line: r.Line, Hosts: r.Hosts, Path: r.Path, Methods: r.Methods, Public: r.Public,
			Tenant: r.Tenant.Text, TenantHeader: r.Tenant.Header, Resource: tenancy.Resource(r.Resource),
		}
	}
	routes, err := proxy.NewRoutes(specs)
	if err != nil {
		return Table{}, located(path, err)
	}
	return Table{Routes: routes, File: file}, nil
}

// mappedBy gives the routes that rules decide on.
func mappedBy(file config.RouteFile, rules Rules) (Table, error) {
	switch {
	case rules == nil:
		return Table{Routes: proxy.MapBy(nil), File: file}, nil
	case !rules.Routes():
		return Table{}, &config.Invalid{Problems: []string{
			file.Name + ": mapping: rego needs the rule data.routing.route in the policies: see docs/proxies/routes.md",
		}}
	default:
		return Table{Routes: proxy.MapBy(rules), File: file}, nil
	}
}

// located names the file in front of each problem of a table.
func located(path string, err error) error {
	var wrong *proxy.TableError
	if !errors.As(err, &wrong) {
		return fmt.Errorf("%s: %w", path, err)
	}
	invalid := &config.Invalid{}
	for _, p := range wrong.Problems {
		invalid.Problems = append(invalid.Problems, fmt.Sprintf("%s:%d: %s", path, cmp.Or(p.Line, 1), p.Text))
	}
	return invalid
}

// routesEvery is how often the file of routes is looked at. Looking works for
// files that are replaced, for links that are turned to another folder, as
// Kubernetes does, and on disks of other machines.
const routesEvery = time.Second

// routesFile is the file of routes that a running program follows.
type routesFile struct {
	path string
	seen fs.FileInfo // when it was read last; nil: it was not there
	next fs.FileInfo // as it was found since: read once it stays so
}

// watchRoutes puts the table into force that its file holds, whenever that has
// changed, until ctx ends. SIGHUP, which would end a program that does not
// expect it, says that it has.
func (p *program) watchRoutes(ctx context.Context) error {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGHUP)
	defer signal.Stop(told)
	ticker := time.NewTicker(routesEvery)
	defer ticker.Stop()
	return p.watchRoutesAt(ctx, ticker.C, told)
}

// watchRoutesAt looks whenever due says so, and reads whenever told to.
func (p *program) watchRoutesAt(ctx context.Context, due <-chan time.Time, told <-chan os.Signal) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-due:
			p.lookAtRoutes()
		case <-told:
			p.routes.seen = statOrNil(p.routes.path)
			p.readRoutes()
		}
	}
}

// lookAtRoutes reads the file when it is time to.
func (p *program) lookAtRoutes() {
	if p.routes.look() {
		p.readRoutes()
	}
}

// readRoutes reads the file. A table that cannot serve leaves the one before in
// force. The built-in table never changes.
func (p *program) readRoutes() {
	if p.routes.path == "" {
		return
	}
	table, err := LoadTable(p.routes.path, p.engine)
	p.routesFailed.Store(err != nil)
	if err != nil {
		p.logger.Error("the routes could not be read again: those before stay in force", "error", err.Error())
		return
	}
	p.proxy.Use(table.Routes)
	p.logger.Info("routes read again", "file", p.routes.path, "routes", len(table.File.Routes))
}

// look reports whether to read the file: it has changed since it was read, and
// stayed the same from one look to the next, since half of a table may be one
// too.
func (f *routesFile) look() bool {
	now := statOrNil(f.path)
	settled := same(now, f.next)
	f.next = now
	if !settled || same(now, f.seen) {
		return false
	}
	f.seen = now
	return true
}

// statOrNil describes a file; nil when there is none to read.
func statOrNil(path string) fs.FileInfo {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	return info
}

// same reports whether a file is the same and as long and old as it was.
func same(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && a.Mode() == b.Mode()
}
