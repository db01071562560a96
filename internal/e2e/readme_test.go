package e2e

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// block is one fenced block of a page that its reader is to run.
type block struct {
	line int
	kind string // what stands behind "sh": "", "server", or the proxy that it needs
	text string
	want string // the text block that follows: what it prints, "…" for anything
}

var (
	fence = regexp.MustCompile("(?ms)^```(sh|text)( server| nginx| caddy| haproxy| apache2)?\n(.*?)^```$")
	shell = regexp.MustCompile("(?m)^[ \t]*```sh")
)

// blocks reads them in order. A fence that looks like one and is none would
// silently not run, and is an error.
func blocks(page string) ([]block, error) {
	var found []block
	for _, m := range fence.FindAllStringSubmatchIndex(page, -1) {
		part := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return page[m[2*i]:m[2*i+1]]
		}
		line := strings.Count(page[:m[0]], "\n") + 1
		switch {
		case part(1) == "sh":
			found = append(found, block{line: line, kind: strings.TrimSpace(part(2)), text: part(3)})
		case len(found) == 0 || found[len(found)-1].want != "":
			return nil, fmt.Errorf("line %d: the output of no block", line)
		default:
			found[len(found)-1].want = part(3)
		}
	}
	if all := len(shell.FindAllString(page, -1)); all != len(found) {
		return nil, fmt.Errorf("%d of %d sh blocks would not run: they are indented, or say more than server or a proxy", all-len(found), all)
	}
	return found, nil
}

// TestThePagesDoWhatTheySay runs every sh block of the README and of docs/, as
// a reader would in one terminal, and the servers in another; on free ports,
// so that nothing of this machine is in the way. Each page begins in a folder
// like a new clone; it is the same one, so that Go compiles the program once.
func TestThePagesDoWhatTheySay(t *testing.T) {
	run, dir := 0, filepath.Join(t.TempDir(), "memberward")
	for _, name := range pages(t) {
		page, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		found, err := blocks(string(page))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(found) == 0 {
			continue // nothing to run
		}
		run += len(found)
		t.Run(name, func(t *testing.T) { newReader(t, name, dir).follow(found) })
	}
	if run < 30 {
		t.Errorf("only %d blocks were found", run)
	}
}

// pages are the README and everything below docs/.
func pages(t *testing.T) []string {
	t.Helper()
	found := []string{"README.md"}
	err := fs.WalkDir(os.DirFS("../.."), "docs", func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".md" {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// reader follows a page: a folder like a clone, a shell, a server.
type reader struct {
	t      *testing.T
	page   string
	dir    string
	ports  *strings.Replacer
	ready  string // URL of the running server's readiness
	server *exec.Cmd
	ended  chan error // of the server
	shell  io.Writer
	out    *output
}

// newReader lays out the clone in dir, in place of what is there.
func newReader(t *testing.T, page, dir string) *reader {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	r := &reader{t: t, page: page, dir: dir, out: &output{lines: make(chan string, 1000)}}
	var pairs []string
	for _, port := range []string{"8080", "8081", "9191", "8282", "8083", "8000", "3000"} {
		free := freePort(t)
		pairs = append(pairs, "127.0.0.1:"+port, "127.0.0.1:"+free, "listen "+port, "listen "+free, ":"+port+" {", ":"+free+" {", "bind :"+port, "bind :"+free, "Listen "+port, "Listen "+free, "*:"+port, "*:"+free)
		if port == "8282" {
			r.ready = "http://127.0.0.1:" + free + "/readyz"
		}
	}
	pairs = append(pairs, "abns@memberward", "abns@memberward-"+freePort(t)) // the name is the machine's
	r.ports = strings.NewReplacer(pairs...)
	for _, name := range []string{"cmd", "internal", "policies", "testdata/authzen", "testdata/conformance"} {
		if err := os.CopyFS(filepath.Join(r.dir, name), os.DirFS(filepath.Join("../..", name))); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{
		"go.mod", "go.sum", "tools/go.mod", "tools/go.sum", "deploy/embed.go", "deploy/traefik/traefik.yaml", "deploy/traefik/memberward.yaml", "deploy/envoy/envoy.yaml",
		"deploy/nginx/memberward.conf", "deploy/nginx/demo.conf",
		"deploy/caddy/Caddyfile", "deploy/caddy/demo.Caddyfile",
		"deploy/haproxy/haproxy.cfg", "deploy/haproxy/memberward.lua", "deploy/haproxy/demo.cfg", "deploy/apache/memberward.conf", "deploy/apache/demo.conf",
	} {
		r.copyFile(name)
	}
	r.startShell()
	return r
}

// copyFile copies a file of the clone, with the ports of this run.
func (r *reader) copyFile(name string) {
	r.t.Helper()
	data, err := os.ReadFile(filepath.Join("../..", name))
	if err != nil {
		r.t.Fatal(err)
	}
	to := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(to, []byte(r.ports.Replace(string(data))), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// follow runs a page from its first block to its last. Without a proxy that it
// needs it runs the rest all the same.
func (r *reader) follow(page []block) {
	r.t.Helper()
	missing := ""
	for _, b := range page {
		b.text, b.want = r.ports.Replace(b.text), r.ports.Replace(b.want)
		switch {
		case b.kind == "server":
			r.serve(b)
		case b.kind == "" || installed(b.kind):
			r.run(b)
		default:
			missing = b.kind
		}
	}
	if missing != "" {
		r.t.Skipf("%[1]s is missing: apt-get install %[1]s", missing)
	}
}

func installed(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// command is one of a reader's.
func (r *reader) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin")
	return cmd
}

// startShell starts the terminal that the blocks are pasted into.
func (r *reader) startShell() {
	r.t.Helper()
	bash := r.command("bash")
	bash.Stdout, bash.Stderr = r.out, r.out
	in, err := bash.StdinPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := bash.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.shell = in
	r.t.Cleanup(func() {
		for _, file := range []string{"try-nginx/nginx.pid", "try-caddy/caddy.pid", "try-haproxy/haproxy.pid", "try-apache/apache.pid"} {
			fmt.Fprintf(in, "[ -f %[1]s ] && kill \"$(cat %[1]s)\"\n", file)
		}
		in.Close()
		_ = bash.Wait()
	})
}

// serve runs a block in the other terminal, after the server before it was
// stopped, and waits until it is ready.
func (r *reader) serve(b block) {
	r.t.Helper()
	r.stop()
	flags := r.ports.Replace(" --listen 127.0.0.1:8080 --proxy-listen 127.0.0.1:8081 --grpc-listen 127.0.0.1:9191 --ops-listen 127.0.0.1:8282")
	r.server = r.command("bash", "-c", "exec env "+strings.TrimSpace(b.text)+flags) // env: variables may stand first
	r.server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}                      // go run is not the server: both are stopped
	var said bytes.Buffer
	r.server.Stdout, r.server.Stderr = &said, &said
	if err := r.server.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.ended = make(chan error, 1)
	go func(server *exec.Cmd) { r.ended <- server.Wait() }(r.server)
	r.t.Cleanup(r.stop)
	for deadline := time.Now().Add(5 * patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if res, err := http.Get(r.ready); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case err := <-r.ended:
			r.ended <- err
			r.stop()
			r.t.Fatalf("%s line %d: the server ended: %v\n%s", r.page, b.line, err, &said)
		default:
		}
	}
	r.t.Fatalf("%s line %d: the server is not ready", r.page, b.line)
}

func (r *reader) stop() {
	if r.server == nil {
		return
	}
	_ = syscall.Kill(-r.server.Process.Pid, syscall.SIGTERM)
	<-r.ended
	r.server = nil
}

// run pastes a block and holds what it prints against the page.
func (r *reader) run(b block) {
	r.t.Helper()
	said, code := r.paste(b.text)
	if code != "0" {
		r.t.Fatalf("%s line %d: the block failed: %s\n%s", r.page, b.line, code, strings.Join(said, "\n"))
	}
	if line, kept := keeps(said, b.want); !kept {
		r.t.Errorf("%s line %d: the page promises\n%s\nbut it prints\n%s", r.page, b.line, line, strings.Join(said, "\n"))
	}
}

// paste gives the lines that a text prints, and the exit code of its last
// command.
func (r *reader) paste(text string) (said []string, code string) {
	r.t.Helper()
	const end = "--- end of block ---"
	fmt.Fprintf(r.shell, "%scode=$?\necho\necho '%s' $code\n", text, end)
	for {
		select {
		case line := <-r.out.lines:
			if rest, ended := strings.CutPrefix(line, end); ended {
				return said, strings.TrimSpace(rest)
			}
			said = append(said, line)
		case <-time.After(5 * patience):
			r.t.Fatalf("%s: no end of\n%s\nafter\n%s", r.page, text, strings.Join(said, "\n"))
		}
	}
}

// keeps reports whether the lines of want stand among those that were said,
// each whole and in this order; if not, which one is missing.
func keeps(said []string, want string) (missing string, kept bool) {
	for line := range strings.Lines(want) {
		line = strings.TrimSpace(line)
		at := slices.IndexFunc(said, pattern(line).MatchString)
		if at < 0 {
			return line, false
		}
		said = said[at+1:]
	}
	return "", true
}

// pattern makes "…" match anything.
func pattern(line string) *regexp.Regexp {
	return regexp.MustCompile(`^\s*` + strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*") + `\s*$`)
}

// output gives what is written to it line by line.
type output struct {
	rest  []byte
	lines chan string
}

func (o *output) Write(p []byte) (int, error) {
	o.rest = append(o.rest, p...)
	for {
		line, rest, whole := bytes.Cut(o.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		o.lines <- string(line)
		o.rest = rest
	}
}
