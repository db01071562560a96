package app

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/telemetry"
)

// socketFolder is a folder with a short name: a socket's path holds about a
// hundred bytes.
func socketFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "mw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(socketFolder(t), "p.sock")
	first, err := listenUnix(t.Context(), "--proxy-listen", path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("mode %v, %v; want 0660", info.Mode(), err)
	}
	if _, err := listenUnix(t.Context(), "--proxy-listen", path); err == nil || !strings.Contains(err.Error(), "another program answers there") {
		t.Errorf("a socket in use: %v", err)
	}
	first.(*net.UnixListener).SetUnlinkOnClose(false) // as when it is killed
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := listenUnix(t.Context(), "--proxy-listen", path)
	if err != nil {
		t.Fatalf("a socket left behind: %v", err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := listenUnix(t.Context(), "--proxy-listen", path); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("a file: %v", err)
	}
	if got := readFile(t, path); got != "precious" {
		t.Errorf("the file now holds %q", got)
	}
	if _, err := listenUnix(t.Context(), "--proxy-listen", filepath.Join(filepath.Dir(path), "missing", "p.sock")); err == nil || !strings.Contains(err.Error(), "make it first") {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestServerOnASocket(t *testing.T) {
	cfg := settings(t.TempDir())
	path := filepath.Join(socketFolder(t), "p.sock")
	cfg.ProxyListen = "unix:" + path
	r := launch(t, cfg)
	if r.at.Proxy != "unix:"+path {
		t.Errorf("addresses.json says %q", r.at.Proxy)
	}
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
	}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://proxy/authz/nginx", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Original-URL", "http://app.example.com/tenants/acme/x")
	request.Header.Set("X-Original-Method", "GET")
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a credential: %d, %v; want 401", response.StatusCode, err)
	}
	r.stop(t)
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("the socket of a stopped server: %v", err)
	}
}

func TestAddressesAreWrittenWhole(t *testing.T) {
	folder := t.TempDir()
	want := addresses{API: "127.0.0.1:1", Proxy: "unix:/p", GRPC: "127.0.0.1:2", Ops: "127.0.0.1:3"}
	if err := want.write(folder); err != nil {
		t.Fatal(err)
	}
	var got addresses
	if err := json.Unmarshal([]byte(readFile(t, folder, addressesFile)), &got); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v; want one file", entries, err)
	}
	for range 2 {
		if err := want.remove(folder); err != nil {
			t.Error(err)
		}
	}
	if err := want.write(filepath.Join(folder, "missing")); err == nil {
		t.Error("a folder that is not there: no error")
	}
}

// A request that does not end must not keep the program from stopping.
func TestARequestThatDoesNotEndIsCutOff(t *testing.T) {
	var out outlet
	logger, err := telemetry.NewLogger(&out, "text", "info")
	if err != nil {
		t.Fatal(err)
	}
	p := &program{parts: parts{logger: logger}}
	arrived := make(chan struct{})
	server := p.server(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	}))
	l, err := listenTCP(t.Context(), "--listen", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- answer(server, l) }()
	connection, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := connection.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	<-arrived
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := p.shut(ctx, server); err != nil {
		t.Errorf("shut: %v", err)
	}
	if err := <-ended; err != nil || !strings.Contains(out.String(), slog.LevelWarn.String()) {
		t.Errorf("answer: %v; the log: %s", err, &out)
	}
}
