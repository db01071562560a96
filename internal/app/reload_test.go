package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/proxy"
	"github.com/memberward/memberward/internal/telemetry"
	"github.com/memberward/memberward/internal/tenancy"
)

// mirror lets everybody do everything, and says in the revision of the policy
// what it was asked.
type mirror struct{}

func (mirror) Authenticate(_ context.Context, c proxy.Credentials) (tenancy.Actor, error) {
	if c.Header.Get("X-Api-Key") == "" {
		return tenancy.Actor{}, &tenancy.Error{Code: tenancy.CodeUnauthenticated}
	}
	return tenancy.Actor{User: demoUser(1), Via: tenancy.ViaAPIKey}, nil
}

func (mirror) Check(_ context.Context, _ tenancy.Actor, q tenancy.Question) (tenancy.Verdict, error) {
	said := fmt.Sprint(q.Action, q.Route.Template, q.Resource)
	return tenancy.Verdict{
		Outcome: tenancy.Outcome{DecisionID: tenancy.DecisionID(uuid.New()), PolicyRevision: said},
		Allow:   true, Tenant: demoTenant(1), Level: tenancy.LevelMember,
	}, nil
}

// The two tables in turn, and those that cannot serve.
const (
	firstTable  = "routes:\n- {path: \"/t/{tenant}/x\", methods: {GET: first.read}, tenant: \"{tenant}\", resource: {type: first, id: one}}\n- {path: /one, public: true}\n"
	secondTable = "routes:\n- {path: \"/t/{t}/{x}\", methods: {GET: second.read}, tenant: \"{t}\", resource: {type: second, id: \"{x}\"}}\n- {path: /two, public: true}\n"
)

var brokenTables = []string{"", "routes: [", "routes: []\n", firstTable + firstTable, firstTable + "- {path: /one, public: true}\n", "mapping: rego\nroutes: [{path: /, public: true}]\n"}

// answered is what the tables make of each request, with the caller's key and
// without: a status, and what was asked.
func answered(h http.Handler, path, key string) string {
	r := httptest.NewRequest(http.MethodGet, "/authz/nginx", http.NoBody)
	r.RemoteAddr = "127.0.0.1:4711"
	r.Header.Set("X-Original-Method", "GET")
	r.Header.Set("X-Original-Host", "app.example")
	r.Header.Set("X-Original-Uri", path)
	if key != "" {
		r.Header.Set("X-Api-Key", key)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return fmt.Sprint(w.Code, " ", w.Header().Get("X-Auth-Subject"), " ", w.Header().Get("X-Policy-Revision"))
}

var asks = []struct{ path, key string }{{"/t/acme/x", "k"}, {"/t/acme/x", ""}, {"/one", ""}, {"/two", ""}, {"/one", "k"}, {"/other", "k"}, {"/t/acme/../x", "k"}}

// storm swaps tables while many ask, and names the answers that neither table
// gives. Each round gives the one who swaps the number of answers so far.
func storm(t *testing.T, p *program, rounds int, swap func(round int, answers *atomic.Int64)) []string {
	t.Helper()
	right := map[string]map[string]bool{}
	path := filepath.Join(t.TempDir(), "routes.yaml")
	for _, text := range []string{secondTable, firstTable} { // the first table serves when the storm begins
		putFile(t, path, text)
		table, err := LoadTable(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		p.proxy.Use(table.Routes)
		for _, a := range asks {
			if right[a.path+a.key] == nil {
				right[a.path+a.key] = map[string]bool{}
			}
			right[a.path+a.key][answered(p.proxy, a.path, a.key)] = true
		}
	}
	var group sync.WaitGroup
	var answers atomic.Int64
	var wrong sync.Map
	done := make(chan struct{})
	for n := range 4 {
		group.Go(func() {
			for i := n; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				a := asks[i%len(asks)]
				if got := answered(p.proxy, a.path, a.key); !right[a.path+a.key][got] {
					wrong.Store(a.path+" "+got, true)
				}
				answers.Add(1)
			}
		})
	}
	for round := range rounds {
		swap(round, &answers)
	}
	close(done)
	group.Wait()
	var named []string
	wrong.Range(func(key, _ any) bool { named = append(named, key.(string)); return true })
	return named
}

// awaitAnswers waits until so many more checks were answered.
func awaitAnswers(t *testing.T, answers *atomic.Int64, more int64) {
	t.Helper()
	for until, deadline := answers.Load()+more, time.Now().Add(time.Minute); answers.Load() < until; time.Sleep(time.Microsecond) {
		if time.Now().After(deadline) {
			t.Fatal("nobody is answered any more")
		}
	}
}

func stormProgram(t *testing.T) *program {
	t.Helper()
	logger, err := telemetry.NewLogger(&outlet{}, "text", "error")
	if err != nil {
		t.Fatal(err)
	}
	handler, err := proxy.New(proxy.Ports{
		Checker: mirror{}, Authenticator: mirror{}, Clock: time.Now, Log: slog.New(slog.DiscardHandler),
		NewID: func() tenancy.DecisionID { return tenancy.DecisionID(uuid.New()) },
	}, proxy.Options{Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return &program{parts: parts{logger: logger, metrics: telemetry.NewMetrics(Version(), nil)}, clock: time.Now, proxy: handler}
}

// TestAReloadUnderLoadLosesNoCheck: while the file changes from one table to
// another, and into what is none, each check is answered by a whole table.
func TestAReloadUnderLoadLosesNoCheck(t *testing.T) {
	p := stormProgram(t)
	p.routes.path = filepath.Join(t.TempDir(), "routes.yaml")
	served := map[string]int{}
	wrong := storm(t, p, 60, func(round int, answers *atomic.Int64) {
		text := []string{secondTable, brokenTables[round/4%len(brokenTables)], firstTable, brokenTables[(round/4+3)%len(brokenTables)]}[round%4]
		putFile(t, p.routes.path, text)
		p.lookAtRoutes()
		p.lookAtRoutes() // it has stayed the same
		if stale := p.routesFailed.Load(); stale != (round%2 == 1) {
			t.Errorf("round %d: stale %t", round, stale)
		}
		awaitAnswers(t, answers, 20)
		served[answered(p.proxy, "/t/acme/x", "k")]++
	})
	if len(wrong) > 0 {
		t.Errorf("neither table gives:\n%s", strings.Join(wrong, "\n"))
	}
	if len(served) != 2 {
		t.Errorf("in force were %v, want both tables in turn", served)
	}
}

// TestAHangupReadsTheRoutes: what other programs take as the order to read
// their configuration again ends no program, and is obeyed at once.
func TestAHangupReadsTheRoutes(t *testing.T) {
	ours := make(chan os.Signal, 1)
	signal.Notify(ours, syscall.SIGHUP) // a program that does not catch it fails, and the test goes on
	defer signal.Stop(ours)
	p := stormProgram(t)
	p.routes.path = filepath.Join(t.TempDir(), "routes.yaml")
	putFile(t, p.routes.path, firstTable)
	p.routes.seen = statOrNil(p.routes.path) // has not changed since it was read
	p.routes.next = p.routes.seen
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.watchRoutes(ctx) }()
	for deadline := time.Now().Add(20 * time.Second); !strings.HasPrefix(answered(p.proxy, "/one", ""), "200"); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the routes were not read")
		}
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestTheStormNotices plants swaps that lose checks, and ones that open.
func TestTheStormNotices(t *testing.T) {
	open, err := proxy.NewRoutes([]proxy.RouteSpec{{Path: "/**", Public: true}})
	if err != nil {
		t.Fatal(err)
	}
	for name, between := range map[string]*proxy.Routes{"no table for a while": nil, "everything is public for a while": open} {
		p := stormProgram(t)
		wrong := storm(t, p, 1, func(_ int, answers *atomic.Int64) {
			p.proxy.Use(between)
			awaitAnswers(t, answers, int64(4*len(asks)))
		})
		if len(wrong) == 0 {
			t.Errorf("%s is not noticed", name)
		}
	}
}
