package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/config"
)

// outlet collects what a server prints while it runs.
type outlet struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *outlet) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *outlet) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// running is a server of a test.
type running struct {
	at             addresses
	stdout, stderr outlet
	cancel         context.CancelFunc
	ended          chan error
}

// settings are those of a server on free ports in a folder.
func settings(folder string) config.Serve {
	return config.Serve{
		Data: folder, Listen: "127.0.0.1:0", ProxyListen: "127.0.0.1:0", GRPCListen: "127.0.0.1:0", OpsListen: "127.0.0.1:0",
		LogFormat: "text", LogLevel: "info",
	}
}

// launch starts a server and waits until it listens.
func launch(t *testing.T, cfg config.Serve) *running {
	t.Helper()
	r := begin(t, cfg)
	for {
		data, err := os.ReadFile(filepath.Join(cfg.Data, addressesFile))
		if err == nil {
			if err := json.Unmarshal(data, &r.at); err != nil {
				t.Fatal(err)
			}
			return r
		}
		select {
		case err := <-r.ended:
			t.Fatalf("Serve ended: %v\n%s", err, &r.stderr)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// begin starts a server.
func begin(t *testing.T, cfg config.Serve) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{cancel: cancel, ended: make(chan error, 1)}
	go func() {
		r.ended <- Serve(ctx, Options{Config: cfg, Stdout: &r.stdout, Stderr: &r.stderr, Clock: time.Now, Random: rand.Reader})
	}()
	return r
}

// stop ends the server gracefully.
func (r *running) stop(t *testing.T) {
	t.Helper()
	r.cancel()
	if err := <-r.ended; err != nil {
		t.Errorf("Serve: %v\n%s", err, &r.stderr)
	}
}

// fails runs Serve and gives the error that it ends with.
func fails(t *testing.T, cfg config.Serve) error {
	t.Helper()
	r := begin(t, cfg)
	defer r.cancel()
	err := <-r.ended
	if err == nil {
		t.Fatalf("Serve ended well\n%s", &r.stderr)
	}
	return err
}

// call asks a server, and gives status and body. Pairs are header names and
// values.
func call(t *testing.T, method, url, body string, pairs ...string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(pairs); i += 2 {
		request.Header.Set(pairs[i], pairs[i+1])
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(data)
}

// scrape reads a handler's metrics.
func scrape(t *testing.T, handler http.Handler) string {
	t.Helper()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	return w.Body.String()
}

// check asks /v1/check with a key.
func (r *running) check(t *testing.T, key, action, tenant string) (int, string) {
	t.Helper()
	return call(t, "POST", "http://"+r.at.API+"/v1/check", `{"action":"`+action+`","tenant":"`+tenant+`"}`, "X-Api-Key", key)
}

func readFile(t *testing.T, parts ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
