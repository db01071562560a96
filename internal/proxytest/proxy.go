package proxytest

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Kind is a kind of reverse proxy, with the configuration that is shipped for
// it.
type Kind struct {
	Name    string // as Debian's package is called
	FastCGI bool   // asks over FastCGI, on connections of one check each
	shipped string // path below the checkout
	// The addresses that the shipped configuration holds, each once: what is
	// replaced, and what by.
	addresses func(sidecar, application, listen string) []string
	// prepare writes the configuration into a folder, beside what else the
	// proxy needs, and gives the command that runs it there in the foreground.
	prepare func(t testing.TB, binary, dir, config string) *exec.Cmd
}

// Kinds are those that are tested, in the order of a report.
func Kinds() []Kind { return []Kind{Nginx(), Caddy(), HAProxy(), Apache()} }

// Setup says what a test's proxy stands between.
type Setup struct {
	Config      string // empty: what is shipped
	Sidecar     string // host:port or unix:/path of Memberward's proxy listener
	Application http.Handler
	// At is host:port of an application that listens already, in place of
	// Application.
	At string
	// Break replaces text of the configuration, old then new, to plant a
	// fault that the test must notice.
	Break []string
}

// Proxy is a running proxy.
type Proxy struct {
	Kind
	Addr string // host:port
	log  string
}

// logFile is where a proxy writes what it has to say, in its folder.
const logFile = "error.log"

// Shipped is the text of the configuration that operators get.
func (k Kind) Shipped(t testing.TB) string {
	t.Helper()
	return file(t, k.shipped)
}

// file reads a file of the checkout.
func file(t testing.TB, path string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	text, err := os.ReadFile(filepath.Join(dir, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Binary finds the proxy's program, or skips the test.
func (k Kind) Binary(t testing.TB) string {
	t.Helper()
	for _, name := range []string{k.Name, "/usr/sbin/" + k.Name, "/usr/local/sbin/" + k.Name} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skipf("%[1]s is missing: apt-get install %[1]s", k.Name)
	return ""
}

// Start runs a proxy until the test ends.
func (k Kind) Start(t testing.TB, setup Setup) *Proxy {
	t.Helper()
	if setup.Config == "" {
		setup.Config = k.Shipped(t)
	}
	binary, application := k.Binary(t), setup.At
	if application == "" {
		application = Serve(t, setup.Application)
	}
	for range 5 {
		dir, addr := t.TempDir(), freePort(t)
		p := &Proxy{Kind: k, Addr: addr, log: filepath.Join(dir, logFile)}
		write(t, p.log, "")
		config := configured(t, setup, k.addresses(setup.Sidecar, application, addr))
		if p.run(t, k.prepare(t, binary, dir, config)) {
			return p
		}
		if log := p.Log(t); !strings.Contains(strings.ToLower(log), "address already in use") {
			t.Fatalf("%s does not start:\n%s", k.Name, log)
		}
	}
	t.Fatalf("every port was taken before %s could have it", k.Name)
	return nil
}

// run starts the proxy and waits until it listens; false when it ended
// instead.
func (p *Proxy) run(t testing.TB, cmd *exec.Cmd) bool {
	t.Helper()
	log, err := os.OpenFile(p.log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close() // the proxy has its own
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // its log says more than its status
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("%s says:\n%s", p.Name, p.Log(t))
		}
	})
	for {
		select {
		case <-ended:
			return false
		case <-time.After(5 * time.Millisecond):
		}
		if conn, err := net.Dial("tcp4", p.Addr); err == nil {
			_ = conn.Close()
			return true
		}
	}
}

// freePort gives an address that was free a moment ago.
func freePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// configured is a configuration with the test's addresses and faults.
func configured(t testing.TB, setup Setup, addresses []string) string {
	t.Helper()
	pairs := append(addresses, setup.Break...)
	for i := 0; i < len(pairs); i += 2 {
		if n := strings.Count(setup.Config, pairs[i]); n != 1 {
			t.Fatalf("the configuration holds %q %d times, want once", pairs[i], n)
		}
	}
	return strings.NewReplacer(pairs...).Replace(setup.Config)
}

// Log is what the proxy had to say.
func (p *Proxy) Log(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(p.log)
	if err != nil {
		t.Logf("read the log of %s: %v", p.Name, err)
	}
	return string(text)
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
