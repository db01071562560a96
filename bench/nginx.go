package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// shippedNginx is the configuration that operators get; bench runs in the
// checkout.
const shippedNginx = "deploy/nginx/memberward.conf"

// nginxFrame is the main configuration around a server: one process, all its
// files in a folder, connections that are never closed for their age.
const nginxFrame = `daemon off;
master_process off;
pid nginx.pid;
error_log error.log;
events { worker_connections 1024; }
http {
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path body;
    proxy_temp_path       proxy;
    fastcgi_temp_path     fastcgi;
    uwsgi_temp_path       uwsgi;
    scgi_temp_path        scgi;
%s
}
`

// application answers everything at once.
const application = `
server {
    listen 8000;
    location / { return 200 "the application\n"; }
}`

// applicationSays is in every answer of the application.
const applicationSays = "the application"

// nginxServers are those that run for a measurement.
type nginxServers struct {
	binary, dir string
	running     []*exec.Cmd
}

// findNginx finds the program, where Debian puts it, too.
func findNginx() (string, error) {
	path, err := exec.LookPath("nginx")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/nginx")
	}
	return path, err
}

// start runs one more nginx with a server, and gives where it listens. Pairs
// of old and new text change its configuration; each old one is there once.
func (n *nginxServers) start(ctx context.Context, config string, changes ...string) (string, error) {
	address, err := freeAddress()
	if err != nil {
		return "", err
	}
	changes = append(changes, "listen 8000;", "listen "+address+";")
	for i := 0; i < len(changes); i += 2 {
		if count := strings.Count(config, changes[i]); count != 1 {
			return "", fmt.Errorf("the configuration holds %q %d times, want once", changes[i], count)
		}
	}
	dir := filepath.Join(n.dir, fmt.Sprintf("nginx%d", len(n.running)))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	main := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(nginxFrame, strings.NewReplacer(changes...).Replace(config))
	if err := os.WriteFile(main, []byte(text), 0o600); err != nil {
		return "", err
	}
	log := filepath.Join(dir, "error.log")
	cmd := exec.CommandContext(ctx, n.binary, "-e", log, "-p", dir, "-c", main)
	if err := cmd.Start(); err != nil {
		return "", err
	}
	n.running = append(n.running, cmd)
	return address, listening(address, log)
}

// stop ends them all.
func (n *nginxServers) stop() {
	for _, cmd := range n.running {
		end(cmd)
	}
	n.running = nil
}

// freeAddress gives an address that was free a moment ago.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// listening waits until somebody answers, and else says what the log says.
func listening(address, log string) error {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			return conn.Close()
		}
	}
	text, err := os.ReadFile(log)
	return errors.Join(fmt.Errorf("nginx does not start: %s", text), err)
}

// ways are what a request may go through on its way to the application.
type ways struct{ without, with, hop, allowing target }

// startWays runs the real nginx with the shipped configuration, the same with
// one in Memberward's place that allows everything, without the check, and one
// that stands in front of the latter: a hop more.
func (n *nginxServers) startWays(ctx context.Context, s sidecar, path string) (ways, error) {
	text, err := os.ReadFile(shippedNginx)
	if err != nil {
		return ways{}, err
	}
	config := string(text)
	behind, err := n.start(ctx, application)
	if err != nil {
		return ways{}, err
	}
	leadsTo := func(address string) []string { return []string{"127.0.0.1:3000;", address + ";"} }
	unasked := []string{"auth_request /_memberward;", "", "proxy_pass http://$memberward_application;", "proxy_pass http://application;"}
	with, err := n.start(ctx, config, append(leadsTo(behind), "127.0.0.1:8081;", s.address+";")...)
	if err != nil {
		return ways{}, err
	}
	head, err := headOf(s.check)
	if err != nil {
		return ways{}, err
	}
	permissive, err := n.start(ctx, allowsEverything(head))
	if err != nil {
		return ways{}, err
	}
	allowing, err := n.start(ctx, config, append(leadsTo(behind), "127.0.0.1:8081;", permissive+";")...)
	if err != nil {
		return ways{}, err
	}
	without, err := n.start(ctx, config, append(leadsTo(behind), unasked...)...)
	if err != nil {
		return ways{}, err
	}
	hop, err := n.start(ctx, config, append(leadsTo(without), unasked...)...)
	if err != nil {
		return ways{}, err
	}
	to := func(address string) target {
		return target{address: address, method: "GET", path: path, key: s.check.key, want: applicationSays}
	}
	w := ways{without: to(without), with: to(with), hop: to(hop), allowing: to(allowing)}
	w.with.names, w.allowing.names = "X-Decision-Id", "X-Decision-Id" // else nobody was asked
	return w, nil
}

// allowsEverything answers every check by the same header lines.
func allowsEverything(head []string) string {
	var lines strings.Builder
	for _, line := range head {
		name, value, _ := strings.Cut(line, ":")
		fmt.Fprintf(&lines, "    add_header %s %q;\n", name, value)
	}
	return "server {\n    listen 8000;\n" + lines.String() + "    return 200;\n}"
}
