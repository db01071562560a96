package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// block is one fenced block of the README that a reader is to run.
type block struct {
	line int
	kind string // what stands behind "sh": "", "server" or "nginx"
	text string
	want string // the text block that follows: what it prints, "…" for anything
}

var fence = regexp.MustCompile("(?ms)^```(sh|text)( server| nginx)?\n(.*?)^```$")

// blocks reads them in order.
func blocks(t *testing.T, page string) []block {
	t.Helper()
	var found []block
	for _, m := range fence.FindAllStringSubmatchIndex(page, -1) {
		part := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return page[m[2*i]:m[2*i+1]]
		}
		if part(1) == "text" {
			found[len(found)-1].want = part(3)
			continue
		}
		found = append(found, block{line: strings.Count(page[:m[0]], "\n") + 1, kind: strings.TrimSpace(part(2)), text: part(3)})
	}
	return found
}

// TestTheReadmeDoesWhatItSays runs every block of the page, as a reader would
// in one terminal, and the servers in another; on free ports, so that nothing
// of this machine is in the way.
func TestTheReadmeDoesWhatItSays(t *testing.T) {
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	r := newReader(t)
	found := blocks(t, string(page))
	if len(found) < 10 {
		t.Fatalf("only %d blocks found", len(found))
	}
	for _, b := range found {
		b.text = r.ports.Replace(b.text)
		switch b.kind {
		case "server":
			r.serve(b)
		case "nginx":
			if _, err := exec.LookPath("nginx"); err != nil {
				t.Skip("nginx is missing: apt-get install nginx")
			}
			r.run(b)
		default:
			r.run(b)
		}
	}
}

// reader follows the page: a folder like a clone, a shell, a server.
type reader struct {
	t      *testing.T
	dir    string
	ports  *strings.Replacer
	ready  string // URL of the running server's readiness
	server *exec.Cmd
	ended  chan error // of the server
	shell  io.Writer
	out    *output
}

func newReader(t *testing.T) *reader {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{t: t, dir: t.TempDir(), out: &output{lines: make(chan string, 1000)}}
	var pairs []string
	for _, port := range []string{"8080", "8081", "8282", "8000", "3000"} {
		free := freePort(t)
		pairs = append(pairs, "127.0.0.1:"+port, "127.0.0.1:"+free, "listen "+port, "listen "+free)
		if port == "8282" {
			r.ready = "http://127.0.0.1:" + free + "/readyz"
		}
	}
	r.ports = strings.NewReplacer(pairs...)
	for _, name := range []string{"cmd", "internal", "policies"} {
		if err := os.CopyFS(filepath.Join(r.dir, name), os.DirFS(filepath.Join(root, name))); err != nil {
			t.Fatal(err)
		}
	}
	r.copyFile(filepath.Join(root, "go.mod"), "go.mod")
	r.copyFile(filepath.Join(root, "go.sum"), "go.sum")
	r.copyConfigs(filepath.Join(root, "deploy", "nginx"))
	r.startShell()
	return r
}

// copyConfigs lays the configurations out with the ports of this run.
func (r *reader) copyConfigs(from string) {
	r.t.Helper()
	if err := os.MkdirAll(filepath.Join(r.dir, "deploy", "nginx"), 0o755); err != nil {
		r.t.Fatal(err)
	}
	for _, name := range []string{"memberward.conf", "demo.conf"} {
		r.copyFile(filepath.Join(from, name), filepath.Join("deploy", "nginx", name))
	}
}

// copyFile copies a file of the clone, with the ports of this run.
func (r *reader) copyFile(from, to string) {
	r.t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.dir, to), []byte(r.ports.Replace(string(data))), 0o644); err != nil {
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

// startShell starts the terminal that the blocks are pasted into.
func (r *reader) startShell() {
	r.t.Helper()
	shell := exec.Command("bash")
	shell.Dir = r.dir
	shell.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin")
	shell.Stdout, shell.Stderr = r.out, r.out
	in, err := shell.StdinPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := shell.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.shell = in
	r.t.Cleanup(func() {
		fmt.Fprintln(in, `[ -f try-nginx/nginx.pid ] && kill "$(cat try-nginx/nginx.pid)"`)
		in.Close()
		_ = shell.Wait()
	})
}

// serve runs a block in the other terminal, after the server before it was
// stopped, and waits until it is ready.
func (r *reader) serve(b block) {
	r.t.Helper()
	r.stop()
	flags := r.ports.Replace(" --listen 127.0.0.1:8080 --proxy-listen 127.0.0.1:8081 --ops-listen 127.0.0.1:8282")
	r.server = exec.Command("bash", "-c", "exec "+strings.TrimSpace(b.text)+flags)
	r.server.Dir = r.dir
	r.server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // go run is not the server: both are stopped
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
			r.t.Fatalf("README line %d: the server ended: %v\n%s", b.line, err, &said)
		default:
		}
	}
	r.t.Fatalf("README line %d: the server is not ready", b.line)
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
	const end = "--- end of block ---"
	fmt.Fprintf(r.shell, "%s\necho\necho '%s' $?\n", b.text, end)
	var said []string
	for line := range r.out.lines {
		if rest, ended := strings.CutPrefix(line, end); ended {
			if strings.TrimSpace(rest) != "0" {
				r.t.Fatalf("README line %d: the block failed:%s\n%s", b.line, rest, strings.Join(said, "\n"))
			}
			break
		}
		said = append(said, line)
	}
	text := strings.Join(said, "\n")
	for want := range strings.Lines(b.want) {
		if !pattern(strings.TrimSpace(want)).MatchString(text) {
			r.t.Errorf("README line %d: the page promises\n%s\nbut it prints\n%s", b.line, want, text)
		}
	}
}

// pattern makes "…" match anything.
func pattern(line string) *regexp.Regexp {
	return regexp.MustCompile(strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*"))
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

// TestAPageThatPromisesTooMuchIsFound plants what the test above looks for.
func TestAPageThatPromisesTooMuchIsFound(t *testing.T) {
	found := blocks(t, "```sh\necho hello\n```\n```text\ngoodbye\n```\n")
	if len(found) != 1 || found[0].want != "goodbye\n" || pattern("goodbye").MatchString("hello") || !pattern("h…o").MatchString("hello") {
		t.Errorf("blocks = %+v", found)
	}
}
