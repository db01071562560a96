package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/memberward/memberward/policies"
)

// What the dialects must reach: the work of the native operation for each
// nanosecond of the processor, the time of single additions for a bulk, and
// the memory that a long list takes.
const (
	dialectWork  = 1 / 1.10
	bulkSpeed    = 1 / 0.6
	listMemory   = 32 // MiB
	bulkSize     = 1000
	listedUsers  = 10_000
	listsOfOne   = 3
	sampledEvery = 2 * time.Millisecond
)

// spoken is how one API adds, removes and lists; {t} stands for a tenant, {u}
// for a user.
type spoken struct {
	name              string
	add, remove, list target
}

func languages() []spoken {
	return []spoken{
		{
			"native",
			target{path: "/v1/tenants/{t}/members", body: `{"user_id":"{u}"}`, want: `"user_id"`},
			target{method: http.MethodDelete, path: "/v1/tenants/{t}/members/{u}"},
			target{method: http.MethodGet, path: "/v1/tenants/{t}/members?limit=1000", want: `"items"`},
		},
		{
			"cognee",
			target{path: "/api/v1/permissions/users/{u}/tenants?tenant_id={t}", want: "added"},
			target{method: http.MethodDelete, path: "/api/v1/permissions/tenants/{t}/users/{u}", want: "removed"},
			target{method: http.MethodGet, path: "/api/v1/permissions/tenants/{t}/users", want: `"email"`},
		},
		{
			"llamacloud",
			target{method: http.MethodPut, path: "/api/v1/organizations/{t}/users", body: `[{"user_id":"{u}","project_ids":null}]`, want: `"roles"`},
			target{method: http.MethodDelete, path: "/api/v1/organizations/{t}/users/{u}"},
			target{method: http.MethodGet, path: "/api/v1/organizations/{t}/users", want: `"roles"`},
		},
		{
			"cogniac",
			target{path: "/1/tenants/{t}/users", body: `{"user_id":"{u}","role":"tenant_user"}`, want: `"added_user_id"`},
			target{method: http.MethodDelete, path: "/1/tenants/{t}/users?user_id={u}"},
			target{method: http.MethodGet, path: "/1/tenants/{t}/users", want: `"data"`},
		},
		{
			"processmind",
			target{path: "/tenant/{t}/users", body: `{"email":"{e}"}`, want: "added"},
			target{method: http.MethodDelete, path: "/tenant/{t}/users", body: `{"userId":"{u}","tenantId":"{t}"}`, want: "removed"},
			target{method: http.MethodGet, path: "/tenant/{t}/users", want: `"email"`},
		},
	}
}

// about fills in who and what is meant.
func (t target) about(address string, names *strings.Replacer) target {
	t.address, t.key, t.path, t.body = address, benchKey, names.Replace(t.path), names.Replace(t.body)
	return t
}

// measureDialects compares each dialect with the native API over the same
// store, a bulk with single additions, and reads what a long list takes.
func measureDialects(ctx context.Context, p plan, dir string) ([]result, error) {
	program, err := build(ctx, dir, "./cmd/memberward")
	if err != nil {
		return nil, err
	}
	rules, err := unlimited(dir)
	if err != nil {
		return nil, err
	}
	data, who, err := seeded(ctx, dir, 10*membersPerTenant)
	if err != nil {
		return nil, err
	}
	server, address, err := startServer(ctx, program, data, "MEMBERWARD_POLICIES="+rules)
	if err != nil {
		return nil, err
	}
	defer func() { end(server) }()
	results, err := overhead(ctx, p, server, address, who)
	if err != nil {
		return nil, err
	}
	tenant, err := made(address, "/v1/tenants", fmt.Sprintf(`{"name":"Bulk","owner_id":%q}`, who.User))
	if err != nil {
		return nil, err
	}
	bulk, err := bulkAgainstSingle(ctx, p, address, tenant)
	if err != nil {
		return nil, err
	}
	if err := fillUp(address, tenant); err != nil {
		return nil, err
	}
	end(server)
	if server, address, err = startServer(ctx, program, data); err != nil {
		return nil, err
	}
	lists, err := longLists(server, p, address, tenant)
	return append(append(results, bulk), lists...), err
}

// unlimited writes the shipped rules without a limit of additions.
func unlimited(dir string) (string, error) {
	rules := filepath.Join(dir, "rules")
	if err := os.CopyFS(rules, policies.Files); err != nil {
		return "", err
	}
	terms := filepath.Join(rules, "dialects", "data.yaml")
	text, err := os.ReadFile(terms)
	if err != nil {
		return "", err
	}
	return rules, os.WriteFile(terms, []byte(strings.ReplaceAll(string(text), "adds_per_minute: 600", "adds_per_minute: 0")), 0o600)
}

// overhead compares the processor's time that a pair of an addition and a
// removal takes, and that a list of a thousand members takes.
func overhead(ctx context.Context, p plan, server *exec.Cmd, address string, who asker) ([]result, error) {
	email := fmt.Sprintf("guest%d@example.com", server.Process.Pid)
	guest, err := made(address, "/v1/users", fmt.Sprintf(`{"email":%q}`, email))
	if err != nil {
		return nil, err
	}
	names := strings.NewReplacer("{t}", who.Tenant, "{u}", guest, "{e}", email)
	change := func(s spoken) side {
		return onProcessor(ctx, p, server, s.add.about(address, names), s.remove.about(address, names))
	}
	list := func(s spoken) side { return onProcessor(ctx, p, server, s.list.about(address, names)) }
	spoken := languages()
	native := spoken[0]
	var results []result
	for _, dialect := range spoken[1:] {
		r, err := p.compare("adding and removing, "+dialect.name+" / native", dialectWork, change(dialect), change(native))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dialect.name, err)
		}
		listed, err := p.compare("listing 1,000 members, "+dialect.name+" / native", dialectWork, list(dialect), list(native))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dialect.name, err)
		}
		results = append(results, r, listed)
	}
	return results, nil
}

// onProcessor asks for a while, in turn, and gives the requests for each
// second that the server spent on a processor.
func onProcessor(ctx context.Context, p plan, server *exec.Cmd, targets ...target) side {
	return func() (float64, error) {
		conn, err := net.Dial("tcp", targets[0].address)
		if err != nil {
			return 0, err
		}
		defer conn.Close()
		reader := bufio.NewReader(conn)
		before, err := onCPU(server)
		if err != nil {
			return 0, err
		}
		done := 0
		for end := time.Now().Add(p.window); time.Now().Before(end) && ctx.Err() == nil; {
			for _, target := range targets {
				if _, err := target.ask(conn, reader); err != nil {
					return 0, err
				}
				done++
			}
		}
		after, err := onCPU(server)
		return float64(done) / (after - before).Seconds(), err
	}
}

// onCPU gives how long the threads of a process have run.
func onCPU(cmd *exec.Cmd) (time.Duration, error) {
	files, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid), "task", "*", "schedstat"))
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		first, _, _ := strings.Cut(string(text), " ")
		ran, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", file, err)
		}
		sum += time.Duration(ran)
	}
	return sum, nil
}

// made makes something through the native API and gives its id.
func made(address, path, body string) (string, error) {
	text, err := target{address: address, path: path, key: benchKey, body: body, want: `"id"`}.once()
	var shown struct{ ID string }
	if err == nil {
		err = json.Unmarshal([]byte(text), &shown)
	}
	return shown.ID, err
}

// bulkAgainstSingle compares one request that adds a thousand members with a
// thousand that add one, one after another.
func bulkAgainstSingle(ctx context.Context, p plan, address, tenant string) (result, error) {
	add := target{address: address, method: http.MethodPut, path: "/api/v1/organizations/" + tenant + "/users", key: benchKey, want: `"pending":true`}
	turn := 0
	timed := func(send func(email func(int) string) error) side {
		return func() (float64, error) {
			turn++
			begin := time.Now()
			err := send(func(i int) string {
				return fmt.Sprintf(`{"email":"bulk%d.%d@example.com","project_ids":null}`, turn, i)
			})
			return bulkSize / time.Since(begin).Seconds(), err
		}
	}
	p.turns = min(p.turns, 5) // a turn of single additions takes seconds
	return p.compare(fmt.Sprintf("adding %d members at once / one by one", bulkSize), bulkSpeed,
		timed(func(element func(int) string) error {
			_, err := add.bulk(element).once()
			return err
		}),
		timed(func(element func(int) string) error {
			return add.timesEach(ctx, 1, bulkSize, func(i int) string { return "[" + element(i) + "]" })
		}))
}

// bulk is a target whose body holds a thousand elements.
func (t target) bulk(element func(int) string) target {
	elements := make([]string, bulkSize)
	for i := range elements {
		elements[i] = element(i)
	}
	t.body = "[" + strings.Join(elements, ",") + "]"
	return t
}

// fillUp adds members until there are as many as a long list has, at least.
func fillUp(address, tenant string) error {
	add := target{address: address, method: http.MethodPut, path: "/api/v1/organizations/" + tenant + "/users", key: benchKey}
	for from := 0; from < listedUsers; from += bulkSize {
		_, err := add.bulk(func(i int) string {
			return fmt.Sprintf(`{"email":"long%d@example.com","project_ids":null}`, from+i)
		}).once()
		if err != nil {
			return err
		}
	}
	return nil
}

// longLists reads by how much the memory of a program rises that lists ten
// thousand members and more.
func longLists(server *exec.Cmd, p plan, address, tenant string) ([]result, error) {
	names := strings.NewReplacer("{t}", tenant)
	var results []result
	for _, s := range languages() {
		time.Sleep(p.settling)
		before, err := rssAnon(server)
		if err != nil {
			return nil, err
		}
		most, err := mostWhile(server, func() error {
			for range listsOfOne {
				if _, err := s.list.about(address, names).once(); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		results = append(results, result{
			name: "RssAnon while listing, " + s.name, value: max(0, most-before), unit: "MiB", bound: atMost(listMemory),
			note: fmt.Sprintf("from %.0f MiB", before),
		})
	}
	return results, nil
}

// mostWhile gives the most memory of its own that a process held meanwhile.
func mostWhile(server *exec.Cmd, work func() error) (float64, error) {
	done := make(chan struct{})
	var most float64
	var failed error
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			now, err := rssAnon(server)
			most, failed = max(most, now), err
			select {
			case <-done:
				return
			case <-time.After(sampledEvery):
			}
		}
	})
	err := work()
	close(done)
	wait.Wait()
	if err == nil {
		err = failed
	}
	return most, err
}
