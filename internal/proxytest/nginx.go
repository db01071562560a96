package proxytest

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The addresses that the shipped configuration holds, each once.
const (
	sidecarAddress     = "127.0.0.1:8081;"
	applicationAddress = "127.0.0.1:3000;"
	listenAddress      = "listen 8000;"
)

// Setup says what a test's nginx stands between.
type Setup struct {
	Config      string // empty: [Shipped]
	Sidecar     string // host:port or unix:/path of Memberward's proxy listener
	Application http.Handler
	// Break replaces text of the configuration, old then new, to plant a
	// fault that the test must notice.
	Break []string
}

// Nginx is a running nginx.
type Nginx struct {
	Addr string // host:port
	log  string
}

// Shipped is the text of deploy/nginx/memberward.conf, the file that operators
// get.
func Shipped(t testing.TB) string {
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
	text, err := os.ReadFile(filepath.Join(dir, "deploy", "nginx", "memberward.conf"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Binary finds nginx, or skips the test.
func Binary(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("nginx is missing: apt-get install nginx")
	return ""
}

// Start runs nginx until the test ends.
func Start(t testing.TB, setup Setup) *Nginx {
	t.Helper()
	if setup.Config == "" {
		setup.Config = Shipped(t)
	}
	binary, application := Binary(t), Serve(t, setup.Application)
	for range 5 {
		dir, addr := t.TempDir(), freePort(t)
		n := &Nginx{Addr: addr, log: filepath.Join(dir, "error.log")}
		write(t, filepath.Join(dir, "memberward.conf"), configured(t, setup, application, addr))
		write(t, filepath.Join(dir, "nginx.conf"), fmt.Sprintf(frame, n.log, dir))
		if n.run(t, binary, dir) {
			return n
		}
		if log := n.Log(t); !strings.Contains(log, "Address already in use") {
			t.Fatalf("nginx does not start:\n%s", log)
		}
	}
	t.Fatal("every port was taken before nginx could have it")
	return nil
}

// run starts nginx and waits until it listens; false when it ended instead.
func (n *Nginx) run(t testing.TB, binary, dir string) bool {
	t.Helper()
	cmd := exec.Command(binary, "-e", n.log, "-p", dir, "-c", filepath.Join(dir, "nginx.conf"))
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
			t.Logf("nginx says:\n%s", n.Log(t))
		}
	})
	for {
		select {
		case <-ended:
			return false
		case <-time.After(5 * time.Millisecond):
		}
		if conn, err := net.Dial("tcp4", n.Addr); err == nil {
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

// frame is the main configuration around the shipped file: one process, all
// its files in the test's directory.
const frame = `daemon off;
master_process off;
error_log %[1]s info;
pid %[2]s/nginx.pid;
events { worker_connections 512; }
http {
    access_log off;
    client_body_temp_path %[2]s/body;
    proxy_temp_path %[2]s/proxy;
    fastcgi_temp_path %[2]s/fastcgi;
    uwsgi_temp_path %[2]s/uwsgi;
    scgi_temp_path %[2]s/scgi;
    include %[2]s/memberward.conf;
}
`

// configured is the shipped configuration with the test's addresses.
func configured(t testing.TB, setup Setup, application, listen string) string {
	t.Helper()
	pairs := append([]string{
		sidecarAddress, setup.Sidecar + ";",
		applicationAddress, application + ";",
		listenAddress, "listen " + listen + ";",
	}, setup.Break...)
	for i := 0; i < len(pairs); i += 2 {
		if n := strings.Count(setup.Config, pairs[i]); n != 1 {
			t.Fatalf("the configuration holds %q %d times, want once", pairs[i], n)
		}
	}
	return strings.NewReplacer(pairs...).Replace(setup.Config)
}

// Log is nginx's error log.
func (n *Nginx) Log(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(n.log)
	if err != nil {
		t.Logf("read nginx's log: %v", err)
	}
	return string(text)
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
