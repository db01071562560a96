package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// What the program may hold in memory of its own, in MiB, whatever it serves;
// the pages of the store's file are the kernel's.
const ownMemory = 60

// measureMemory starts the program on a large store, lets it do each kind of
// work, and reads what memory of its own it holds (RssAnon) once it has come
// to rest.
func measureMemory(ctx context.Context, p plan, dir string) ([]result, error) {
	data, who, err := seeded(ctx, dir, p.large)
	if err != nil {
		return nil, err
	}
	program, err := build(ctx, dir, "./cmd/memberward")
	if err != nil {
		return nil, err
	}
	server, address, err := startServer(ctx, program, data)
	if err != nil {
		return nil, err
	}
	defer end(server)
	key, err := keyOf(ctx, address, who.User)
	if err != nil {
		return nil, err
	}
	var results []result
	worst := result{name: "RssAnon, the most", unit: "MiB", bound: atMost(ownMemory)}
	for _, phase := range phases(p, address, key, who) {
		if err := phase.work(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", phase.name, err)
		}
		atOnce, err := rssAnon(server)
		if err != nil {
			return nil, err
		}
		time.Sleep(p.settling)
		settled, err := rssAnon(server)
		if err != nil {
			return nil, err
		}
		results = append(results, result{
			name: "RssAnon, " + phase.name, value: settled, unit: "MiB", note: fmt.Sprintf("%.0f MiB at once", atOnce),
		})
		worst.value = max(worst.value, settled)
	}
	return append(results, worst), nil
}

// phase is one kind of work.
type phase struct {
	name string
	work func(context.Context) error
}

func phases(p plan, address, key string, who asker) []phase {
	check := target{address: address, path: "/v1/check", key: key, body: who.Question, want: `"allow":true`}
	list := target{
		address: address, method: http.MethodGet, path: "/v1/tenants/" + who.Tenant + "/members?limit=1000", key: benchKey, want: `"items"`,
	}
	write := target{address: address, path: "/v1/users", key: benchKey, want: `"id"`}
	return []phase{
		{"after the start", func(context.Context) error { return nil }},
		{"after checks", func(ctx context.Context) error { return check.times(ctx, connections, p.requests) }},
		{"after lists of 1,000 members", func(ctx context.Context) error { return list.times(ctx, connections, p.requests/500) }},
		{"after writes", func(ctx context.Context) error {
			return write.timesEach(ctx, connections, p.requests/50, func(i int) string {
				return fmt.Sprintf(`{"email":"new%d@example.com"}`, i)
			})
		}},
		{"after checks again", func(ctx context.Context) error { return check.times(ctx, connections, p.requests) }},
	}
}

// rssAnon reads what memory of its own a process holds, in MiB.
func rssAnon(cmd *exec.Cmd) (float64, error) {
	status, err := os.Open(filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid), "status"))
	if err != nil {
		return 0, err
	}
	defer status.Close()
	lines := bufio.NewScanner(status)
	for lines.Scan() {
		if value, found := strings.CutPrefix(lines.Text(), "RssAnon:"); found {
			kib, err := strconv.Atoi(strings.Fields(value)[0])
			return float64(kib) / 1024, err
		}
	}
	return 0, errors.Join(lines.Err(), errors.New("the kernel does not tell RssAnon"))
}

// measureStart says how long the program takes from its start to its first
// correct answer, on stores of several sizes. It promises nothing.
func measureStart(ctx context.Context, p plan, dir string) ([]result, error) {
	program, err := build(ctx, dir, "./cmd/memberward")
	if err != nil {
		return nil, err
	}
	empty := filepath.Join(dir, "empty")
	first := func(address string) error {
		_, err := target{address: address, method: http.MethodGet, path: "/v1/tenants", key: benchKey, want: `"items":[]`}.once()
		return err
	}
	results := []result{}
	r, err := started(ctx, "an empty store", program, empty, first)
	if err != nil {
		return nil, err
	}
	results = append(results, r)
	for _, memberships := range p.starts {
		data, who, err := seeded(ctx, dir, memberships)
		if err != nil {
			return nil, err
		}
		question := strings.TrimSuffix(who.Question, "}") + fmt.Sprintf(`,"subject":%q}`, who.User)
		r, err := started(ctx, fmt.Sprintf("%d memberships", memberships), program, data, func(address string) error {
			_, err := target{address: address, path: "/v1/check", key: benchKey, body: question, want: `"allow":true`}.once()
			return err
		})
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

// startsTaken is how often a start is measured; the first one makes what a
// first start makes.
const startsTaken = 4

// started measures starts; of a store that is there already, from the second
// one on.
func started(ctx context.Context, name, program, data string, ask func(address string) error) (result, error) {
	var took []float64
	for range startsTaken {
		begin := time.Now()
		server, address, err := startServer(ctx, program, data)
		if err != nil {
			return result{}, err
		}
		err = ask(address)
		took = append(took, time.Since(begin).Seconds()*1000)
		end(server)
		if err != nil {
			return result{}, err
		}
	}
	return result{
		name: "start to first answer, " + name, value: median(took[1:]), unit: "ms", note: fmt.Sprintf("the first time %.0f ms", took[0]),
	}, nil
}
