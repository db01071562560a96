package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/memberward/memberward/internal/proxy"
	"github.com/memberward/memberward/internal/tenancy"
)

// What the checks of proxies must reach: the rate of the baseline server, and
// the time of ten routes.
const (
	proxyRate  = 0.2
	routesTime = 1 / 1.3
)

// measureProxies measures the checks that nginx asks for: beside the baseline
// server, behind the real nginx, the table of routes alone, and what an open
// connection takes.
func measureProxies(ctx context.Context, p plan, dir string) ([]result, error) {
	routes, err := measureRoutes(p)
	if err != nil {
		return nil, err
	}
	data, who, err := seeded(ctx, dir, p.memberships)
	if err != nil {
		return nil, err
	}
	program, err := build(ctx, dir, "./cmd/memberward")
	if err != nil {
		return nil, err
	}
	alone, err := checksOnOneCore(ctx, p, dir, program, data, who)
	if err != nil {
		return nil, err
	}
	behind, err := checksBehindNginx(ctx, p, dir, program, data, who)
	return slices.Concat([]result{routes}, alone, behind), err
}

// sidecar is the program, its address for proxies, and a check that it allows.
type sidecar struct {
	*exec.Cmd
	address string
	check   target
}

// startSidecar starts the program and gives the member a key.
func startSidecar(ctx context.Context, program, data string, who asker, environment ...string) (sidecar, error) {
	server, address, err := startServer(ctx, program, data, environment...)
	if err != nil {
		return sidecar{}, err
	}
	s := sidecar{Cmd: server}
	key, err := keyOf(ctx, address, who.User)
	if err == nil {
		s.address, err = proxyAddress(data)
	}
	if err != nil {
		end(server)
		return sidecar{}, err
	}
	s.check = target{
		address: s.address, method: http.MethodGet, path: proxyEndpoint, key: key, names: "X-Auth-Subject",
		lines: "X-Original-Method: GET\r\nX-Original-Host: app.example:443\r\nX-Original-Uri: " + pathOf(who) + "\r\nX-Forwarded-For: 127.0.0.1\r\n",
	}
	return s, nil
}

const proxyEndpoint = "/authz/nginx"

// pathOf is a path that the member may read, by the built-in routes.
func pathOf(who asker) string { return "/tenants/" + who.Tenant + "/things/42" }

// proxyAddress is where a running program listens for proxies.
func proxyAddress(data string) (string, error) {
	var addresses struct{ Proxy string }
	text, err := os.ReadFile(filepath.Join(data, "addresses.json"))
	if err == nil {
		err = json.Unmarshal(text, &addresses)
	}
	return addresses.Proxy, err
}

// checksOnOneCore compares the check of one member with the same request to
// the baseline server, each on one core, and reads what idle connections take.
func checksOnOneCore(ctx context.Context, p plan, dir, program, data string, who asker) ([]result, error) {
	base, err := build(ctx, dir, "./bench/baseline")
	if err != nil {
		return nil, err
	}
	server, err := startSidecar(ctx, program, data, who, oneCore)
	if err != nil {
		return nil, err
	}
	defer end(server.Cmd)
	head, err := headOf(server.check)
	if err != nil {
		return nil, err
	}
	baseline, address, err := startBaseline(ctx, base, "", head...)
	if err != nil {
		return nil, err
	}
	defer end(baseline)
	plain := server.check
	plain.address = address
	rate, err := p.compare(proxyEndpoint+", one core / baseline", proxyRate,
		func() (float64, error) { return server.check.rate(ctx, connections, p.window) },
		func() (float64, error) { return plain.rate(ctx, connections, p.window) })
	if err != nil {
		return nil, err
	}
	memory, err := memoryOfConnections(p, server)
	return []result{rate, memory}, err
}

// headOf asks once and gives the header lines of the answer that a handler
// sets.
func headOf(t target) ([]string, error) {
	conn, err := net.Dial("tcp", t.address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	header, _, err := t.exchange(conn, bufio.NewReader(conn))
	var lines []string
	for name, values := range header {
		if name != "Date" && name != "Content-Length" {
			lines = append(lines, name+":"+strings.Join(values, ","))
		}
	}
	return slices.Sorted(slices.Values(lines)), err
}

// memoryOfConnections opens connections as a proxy keeps them, on each of
// which one check was answered, and reads what they take while they are idle.
func memoryOfConnections(p plan, server sidecar) (result, error) {
	time.Sleep(p.settling)
	before, err := rssAnon(server.Cmd)
	if err != nil {
		return result{}, err
	}
	for range p.connections {
		conn, err := net.Dial("tcp", server.address)
		if err != nil {
			return result{}, err
		}
		defer conn.Close()
		if _, err := server.check.ask(conn, bufio.NewReader(conn)); err != nil {
			return result{}, err
		}
	}
	time.Sleep(p.settling)
	after, err := rssAnon(server.Cmd)
	return result{
		name: "RssAnon of an open connection of a proxy", value: max(0, after-before) * 1024 / float64(p.connections), unit: "KiB",
		note: fmt.Sprintf("%d idle ones: from %.0f to %.0f MiB", p.connections, before, after),
	}, err
}

// measureRoutes compares a table of ten thousand routes with one of ten: the
// same requests, each from its target to its route.
func measureRoutes(p plan) (result, error) {
	few, err := tableOf(10)
	if err != nil {
		return result{}, err
	}
	many, err := tableOf(10_000)
	if err != nil {
		return result{}, err
	}
	p.window /= 10 // thousands of matches all the same
	return p.compare("matching, 10,000 routes / 10", routesTime, matching(p, many), matching(p, few))
}

// tableOf makes a table of so many routes, every other one for a host alone.
func tableOf(n int) (*proxy.Routes, error) {
	specs := make([]proxy.RouteSpec, n)
	for i := range specs {
		specs[i] = proxy.RouteSpec{
			Line: i + 1, Path: fmt.Sprintf("/v1/tenants/{tenant}/kind-%d/{id}", i/2), Methods: map[string]string{http.MethodGet: "thing.read"},
			Tenant: "{tenant}", Resource: tenancy.Resource{Type: "thing", ID: "{id}"},
		}
		if i%2 == 1 {
			specs[i].Hosts = []string{"app.example.com"}
		}
	}
	return proxy.NewRoutes(specs)
}

// matching asks a table for the routes of the five paths that both have, of
// the named host and of any.
func matching(p plan, table *proxy.Routes) side {
	var urls []string
	for i := range 5 {
		path := fmt.Sprintf("/v1/tenants/acme/kind-%d/42", i)
		urls = append(urls, "https://app.example.com"+path, "https://other.example.com"+path)
	}
	return func() (float64, error) {
		done, begin := 0, time.Now()
		for time.Since(begin) < p.window {
			for _, url := range urls {
				if _, err := table.Ask(http.MethodGet, url, nil); err != nil {
					return 0, err
				}
				done++
			}
		}
		return float64(done) / time.Since(begin).Seconds(), nil
	}
}
