package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

func get(t *testing.T, handler http.Handler, method, target string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(method, target, http.NoBody))
	return w.Code, w.Body.String()
}

func TestLogger(t *testing.T) {
	for _, tc := range []struct {
		format, level, want string
	}{
		{"text", "info", "level=WARN msg=heard who=\"a b\""},
		{"json", "error", ""},
		{"json", "debug", `"level":"WARN","msg":"heard","who":"a b"`},
	} {
		var out strings.Builder
		logger, err := NewLogger(&out, tc.format, tc.level)
		if err != nil {
			t.Fatal(err)
		}
		logger.Warn("heard", "who", "a b")
		if !strings.Contains(out.String(), tc.want) || (tc.want == "") != (out.String() == "") {
			t.Errorf("%s, %s: %q, want %q within", tc.format, tc.level, out.String(), tc.want)
		}
		if tc.format == "json" && out.String() != "" && !json.Valid([]byte(out.String())) {
			t.Errorf("not JSON: %s", out.String())
		}
	}
	for _, bad := range [][2]string{{"xml", "info"}, {"text", "loud"}, {"", "info"}, {"text", ""}, {"text", "INFO"}} {
		if _, err := NewLogger(&strings.Builder{}, bad[0], bad[1]); err == nil {
			t.Errorf("format %q, level %q: accepted", bad[0], bad[1])
		}
	}
}

func TestMetricsCount(t *testing.T) {
	m := NewMetrics(Build{Version: "v1", Revision: "abc", GoVersion: "go1"}, []string{"member.remove", "member.add"})
	m.Decision("change", "member.remove", true, "")
	m.Decision("change", "member.remove", false, "owner_permanent")
	m.Decision("check", "anything.at.all", false, "not_permitted")
	m.PolicyFault("policy_timeout")
	m.Request("api", "native", 201, 2*time.Millisecond)
	m.Watch(
		Reading{Name: "memberward_store_revision", Help: "h", Value: func() float64 { return 7 }},
		Reading{Name: "memberward_store_commits_total", Help: "h", Counter: true, Value: func() float64 { return 9 }},
	)
	revision := "first"
	m.WatchPolicy(func() (string, string) { return revision, "embedded" })
	read := func() string {
		_, body := get(t, m.Handler(), "GET", "/metrics")
		return body
	}
	text := read()
	for _, want := range []string{
		`memberward_build_info{goversion="go1",revision="abc",version="v1"} 1`,
		`memberward_decisions_total{action="member.remove",code="",kind="change",verdict="allow"} 1`,
		`memberward_decisions_total{action="member.remove",code="owner_permanent",kind="change",verdict="deny"} 1`,
		`memberward_decisions_total{action="other",code="not_permitted",kind="check",verdict="deny"} 1`,
		`memberward_policy_faults_total{code="policy_timeout"} 1`,
		`memberward_requests_total{dialect="native",listener="api",status="201"} 1`,
		`memberward_request_duration_seconds_bucket{dialect="native",listener="api",le="0.0025"} 1`,
		`memberward_request_duration_seconds_bucket{dialect="native",listener="api",le="0.001"} 0`,
		"# TYPE memberward_store_revision gauge\nmemberward_store_revision 7",
		"# TYPE memberward_store_commits_total counter\nmemberward_store_commits_total 9",
		`memberward_policy_info{revision="first",source="embedded"} 1`,
		"go_goroutines ", "process_start_time_seconds ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("missing: %s", want)
		}
	}
	revision = "second"
	if text = read(); strings.Contains(text, `revision="first"`) || !strings.Contains(text, `memberward_policy_info{revision="second"`) {
		t.Error("the policy's series does not follow the active set")
	}
}

// Codes of operators' own policies may be endless; series may not.
func TestLabelsAreBounded(t *testing.T) {
	m := NewMetrics(Build{}, nil)
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 2 * codesLimit {
				m.Decision("change", fmt.Sprint("made.up", i), false, fmt.Sprintf("code_%d_%d", worker, i))
			}
		})
	}
	group.Wait()
	_, text := get(t, m.Handler(), "GET", "/metrics")
	if got := strings.Count(text, "\nmemberward_decisions_total{"); got != codesLimit+1 {
		t.Errorf("%d series, want %d", got, codesLimit+1)
	}
}

func TestOps(t *testing.T) {
	var store error
	handler := OpsHandler(NewMetrics(Build{}, nil).Handler(), []Check{
		{"store", func(context.Context) error { return store }},
		{"policy", func(context.Context) error { return nil }},
	})
	amiss := errors.New("the disk\nis on fire")
	for _, tc := range []struct {
		name, method, target string
		store                error
		status               int
		body                 string
	}{
		{"alive", "GET", "/livez", nil, 200, "ok\n"},
		{"alive although not ready", "GET", "/livez", amiss, 200, "ok\n"},
		{"ready", "GET", "/readyz", nil, 200, "ok\n"},
		{"ready, at length", "GET", "/readyz?verbose", nil, 200, "[+] store\n[+] policy\n"},
		{"not ready", "GET", "/readyz", amiss, 503, "not ready: ask /readyz?verbose\n"},
		{"not ready, at length", "GET", "/readyz?verbose=1", amiss, 503, "[-] store: the disk is on fire\n[+] policy\n"},
		{"HEAD", "HEAD", "/readyz", amiss, 503, "not ready: ask /readyz?verbose\n"},
		{"an unknown path", "GET", "/", nil, 404, "404 page not found\n"},
		{"below a known path", "GET", "/livez/x", nil, 404, "404 page not found\n"},
		{"profiles are not served", "GET", "/debug/pprof/", nil, 404, "404 page not found\n"},
		{"another method", "POST", "/livez", nil, 405, "Method Not Allowed\n"},
		{"another method", "DELETE", "/metrics", nil, 405, "Method Not Allowed\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			store = tc.store
			if status, body := get(t, handler, tc.method, tc.target); status != tc.status || body != tc.body {
				t.Errorf("%s %s: %d %q, want %d %q", tc.method, tc.target, status, body, tc.status, tc.body)
			}
		})
	}
}

func TestAStuckCheckIsEnded(t *testing.T) {
	stuck := Check{"store", func(ctx context.Context) error {
		if _, bounded := ctx.Deadline(); !bounded {
			return errors.New("no deadline")
		}
		<-ctx.Done()
		return ctx.Err()
	}}
	if status, _ := get(t, OpsHandler(http.NotFoundHandler(), []Check{stuck}), "GET", "/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("status = %d, want 503", status)
	}
}
