package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// platformKey is what every server of these tests is started with.
const platformKey = "an-operator-chose-this-platform-key"

// patience bounds every wait of these tests; nothing is measured by it.
const patience = 60 * time.Second

// binary builds the program once and gives its path.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "memberward-e2e-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "memberward")
	build := exec.Command("go", "build", "-tags", "nomsgpack,grpcnotrace", "-o", path, "./cmd/memberward")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// server is one running program.
type server struct {
	t               *testing.T
	cmd             *exec.Cmd
	dir             string
	api, proxy, ops string // base URLs
	log             *bytes.Buffer
	done            chan error
}

// start runs `serve` on free ports over the data in dir and waits until it is
// ready.
func start(t *testing.T, dir string, args ...string) *server {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "addresses.json")); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	s := &server{t: t, dir: dir, log: &bytes.Buffer{}, done: make(chan error, 1)}
	s.cmd = exec.Command(path, append([]string{
		"serve", "--data", dir, "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0",
		"--grpc-listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0",
	}, args...)...)
	s.cmd.Env = append(os.Environ(), "MEMBERWARD_BOOTSTRAP_KEY="+platformKey)
	s.cmd.Stderr = s.log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.done <- s.cmd.Wait() }()
	t.Cleanup(s.kill)
	s.await()
	return s
}

// await reads the addresses as soon as they are there, and asks for readiness.
func (s *server) await() {
	s.t.Helper()
	var addresses struct{ API, Proxy, Ops string }
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		select {
		case err := <-s.done:
			s.t.Fatalf("the server ended before it was ready: %v\n%s", err, s.log)
		default:
		}
		data, err := os.ReadFile(filepath.Join(s.dir, "addresses.json"))
		if err != nil || json.Unmarshal(data, &addresses) != nil {
			continue
		}
		s.api, s.proxy, s.ops = "http://"+addresses.API, "http://"+addresses.Proxy, "http://"+addresses.Ops
		if res, err := http.Get(s.ops + "/readyz"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
	}
	s.t.Fatal("the server is not ready")
}

// kill ends the program as kill -9 does.
func (s *server) kill() {
	if s.cmd.ProcessState == nil {
		_ = s.cmd.Process.Kill()
		<-s.done
		s.done <- errors.New("killed")
	}
}

// stop ends the program as an operator does and wants exit code 0.
func (s *server) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	select {
	case err := <-s.done:
		s.done <- err
		if err != nil {
			s.t.Fatalf("after SIGTERM: %v\n%s", err, s.log)
		}
	case <-time.After(patience):
		s.t.Fatal("the server does not stop")
	}
}

// reply is what a request came to.
type reply struct {
	status int
	header http.Header
	body   string
}

// field gives a member of the JSON body, as text.
func (r reply) field(name string) string {
	var body map[string]any
	if json.Unmarshal([]byte(r.body), &body) != nil {
		return ""
	}
	if body[name] == nil {
		return ""
	}
	return fmt.Sprint(body[name])
}

// call asks with a key or token; an empty one sends none. A request that got no answer
// is an error.
func call(ctx context.Context, client *http.Client, method, url, key, body string) (reply, error) {
	return callOnce(ctx, client, method, url, key, body, "")
}

// callOnce is call with an Idempotency-Key, unless that is empty.
func callOnce(ctx context.Context, client *http.Client, method, url, key, body, idempotencyKey string) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	if idempotencyKey != "" {
		req.Header.Set("Idempotency-Key", idempotencyKey)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return reply{res.StatusCode, res.Header, string(data)}, err
}

// must asks with a key and wants a status.
func (s *server) must(status int, method, path, key, body string) reply {
	s.t.Helper()
	got, err := call(s.t.Context(), http.DefaultClient, method, s.api+path, key, body)
	if err != nil {
		s.t.Fatalf("%s %s: %v\n%s", method, path, err, s.log)
	}
	if got.status != status {
		s.t.Fatalf("%s %s = %d, want %d\n%s", method, path, got.status, status, got.body)
	}
	return got
}

// user creates an account with a key and gives both.
func (s *server) user(email string) (id, key string) {
	s.t.Helper()
	id = s.must(http.StatusCreated, "POST", "/v1/users", platformKey, fmt.Sprintf(`{"email":%q}`, email)).field("id")
	key = s.must(http.StatusCreated, "POST", "/v1/users/"+id+"/api-keys", platformKey, `{"label":"test"}`).field("key")
	return id, key
}
