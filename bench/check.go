package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// connections is how many clients ask at once, each on its own connection.
const connections = 8

// benchKey is the platform key of the measured server.
const benchKey = "the-benchmark-asks-with-this-platform-key"

// measureCheck compares /v1/check, asked by a member about herself with her
// API key in a store of many memberships, with the baseline server. Each
// server has one core.
func measureCheck(ctx context.Context, p plan, dir string) ([]result, error) {
	data, who, err := seeded(ctx, dir, p.memberships)
	if err != nil {
		return nil, err
	}
	program, err := build(ctx, dir, "./cmd/memberward")
	if err != nil {
		return nil, err
	}
	base, err := build(ctx, dir, "./bench/baseline")
	if err != nil {
		return nil, err
	}
	server, address, err := startServer(ctx, program, data, oneCore)
	if err != nil {
		return nil, err
	}
	defer end(server)
	key, err := keyOf(ctx, address, who.User)
	if err != nil {
		return nil, err
	}
	product := target{address: address, path: "/v1/check", key: key, body: who.Question, want: `"allow":true`}
	answer, err := product.once()
	if err != nil {
		return nil, err
	}
	baseline, baseAddress, err := startBaseline(ctx, base, answer)
	if err != nil {
		return nil, err
	}
	defer end(baseline)
	plain := product
	plain.address = baseAddress
	r, err := p.compare("/v1/check, one core / baseline", 0.25,
		func() (float64, error) { return product.rate(ctx, connections, p.window) },
		func() (float64, error) { return plain.rate(ctx, connections, p.window) })
	return []result{r}, err
}

func build(ctx context.Context, dir, pkg string) (string, error) {
	path := filepath.Join(dir, filepath.Base(pkg))
	cmd := exec.CommandContext(ctx, "go", "build", "-tags", "nomsgpack,grpcnotrace", "-o", path, pkg)
	cmd.Stderr = os.Stderr
	return path, cmd.Run()
}

// oneCore keeps a server to one core.
const oneCore = "GOMAXPROCS=1"

// startServer starts the program and waits until it listens. A further
// environment comes as NAME=value.
func startServer(ctx context.Context, program, data string, environment ...string) (*exec.Cmd, string, error) {
	cmd := exec.CommandContext(ctx, program, "serve", "--data", data,
		"--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0", "--grpc-listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), "MEMBERWARD_BOOTSTRAP_KEY="+benchKey)
	cmd.Env = append(cmd.Env, environment...)
	if err := os.RemoveAll(filepath.Join(data, "addresses.json")); err != nil { // of one that was killed
		return nil, "", err
	}
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		var addresses struct{ API string }
		data, err := os.ReadFile(filepath.Join(data, "addresses.json"))
		if err == nil && json.Unmarshal(data, &addresses) == nil {
			return cmd, addresses.API, nil
		}
	}
	end(cmd)
	return nil, "", errors.New("the server does not start")
}

// startBaseline starts the server that gives one answer to everything: a body,
// and header lines.
func startBaseline(ctx context.Context, program, answer string, head ...string) (*exec.Cmd, string, error) {
	cmd := exec.CommandContext(ctx, program, append([]string{answer}, head...)...)
	cmd.Env = append(os.Environ(), oneCore)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	return cmd, strings.TrimSpace(address), err
}

func end(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// keyOf gives a user an API key.
func keyOf(ctx context.Context, address, user string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/v1/users/"+user+"/api-keys", strings.NewReader(`{}`))
	if err != nil {
		return "", err
	}
	req.Header.Set("X-Api-Key", benchKey)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	var answer struct{ Key string }
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || answer.Key == "" {
		return "", fmt.Errorf("no key: %d, %w", res.StatusCode, err)
	}
	return answer.Key, nil
}
