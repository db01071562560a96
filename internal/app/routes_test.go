package app

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/memberward/memberward/internal/config"
)

// TestRoutesAreReadAgain follows the file of a running program: what changes is
// in force soon, what cannot serve never is, and no check is lost meanwhile.
func TestRoutesAreReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "routes.yaml")
	public := func(prefix string) string { return "routes: [{path: " + prefix + ", public: true}]\n" }
	putFile(t, path, public("/one"))
	cfg := settings(t.TempDir())
	cfg.Routes = path
	r := launch(t, cfg)
	defer r.stop(t)

	asked, done, lost := make(chan struct{}), make(chan struct{}), 0
	go func() { // whatever is in force, nobody may read /tenants/acme unasked
		defer close(done)
		for {
			select {
			case <-asked:
				return
			default:
				if askPath(t, r.at.Proxy, "/tenants/acme/x") != 401 {
					lost++
				}
			}
		}
	}()
	until(t, r, "/one", 200)
	if got := askPath(t, r.at.Proxy, "/two"); got != 401 {
		t.Errorf("before the change: %d", got)
	}
	putFile(t, path, public("/two"))
	until(t, r, "/two", 200)
	if got := askPath(t, r.at.Proxy, "/one"); got != 401 {
		t.Errorf("what was taken away: %d", got)
	}
	for _, tt := range []struct{ name, text, logged string }{
		{"no YAML", "routes: [", "routes.yaml:1"},
		{"two of the same", "routes: [{path: /one, public: true}, {path: /one, public: true}]\n", "asks the same as line 1"},
		{"empty", "", "the file is empty"},
	} {
		putFile(t, path, tt.text)
		await(t, r, tt.logged)
		if one, two := askPath(t, r.at.Proxy, "/one"), askPath(t, r.at.Proxy, "/two"); one != 401 || two != 200 {
			t.Errorf("%s: the table before is not in force: %d, %d", tt.name, one, two)
		}
	}
	if _, metrics := call(t, http.MethodGet, "http://"+r.at.Ops+"/metrics", ""); !strings.Contains(metrics, "memberward_routes_stale 1") {
		t.Error("the metric does not say that the routes are stale")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	await(t, r, "no such file")
	putFile(t, path, public("/three"))
	until(t, r, "/three", 200)
	if _, metrics := call(t, http.MethodGet, "http://"+r.at.Ops+"/metrics", ""); !strings.Contains(metrics, "memberward_routes_stale 0") {
		t.Error("the metric still says that the routes are stale")
	}
	close(asked)
	<-done
	if lost > 0 {
		t.Errorf("%d checks had another answer meanwhile", lost)
	}
}

// putFile replaces a file at once, as operators should.
func putFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// askPath asks as nobody, through nginx.
func askPath(t *testing.T, sidecar, path string) int {
	got, _ := call(t, http.MethodGet, "http://"+sidecar+"/authz/nginx", "",
		"X-Original-Method", "GET", "X-Original-Host", "app.example", "X-Original-Uri", path)
	return got
}

func until(t *testing.T, r *running, path string, want int) {
	t.Helper()
	for range 3000 {
		if askPath(t, r.at.Proxy, path) == want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s never became %d\n%s", path, want, &r.stderr)
}

func await(t *testing.T, r *running, logged string) {
	t.Helper()
	for range 3000 {
		if strings.Contains(r.stderr.String(), logged) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the log never says %q\n%s", logged, &r.stderr)
}

// TestAFileIsReadOnceItStaysTheSame looks at a file while it is written.
func TestAFileIsReadOnceItStaysTheSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "routes.yaml")
	putFile(t, path, "whole")
	f := routesFile{path: path, seen: statOrNil(path)}
	for i, step := range []struct {
		text string // empty: nothing is written
		read bool
	}{
		{"", false},
		{"", false}, // nothing has changed
		{"half", false},
		{"another whole", false}, // not as it was a moment ago
		{"", true},
		{"", false}, // it was read
		{"one more", false},
		{"", true},
	} {
		if step.text != "" {
			putFile(t, path, step.text)
		}
		if got := f.look(); got != step.read {
			t.Errorf("look %d: %t, want %t", i, got, step.read)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if f.look() || !f.look() || f.look() {
		t.Error("a file that is gone is not reported once")
	}
}

func TestATableThatCannotServeRefusesTheStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "routes.yaml")
	putFile(t, path, "routes:\n  - {path: /a, public: true}\n  - {path: /a, public: true}\n  - {path: b, public: true}\n")
	cfg := settings(filepath.Join(t.TempDir(), "data"))
	cfg.Routes = path
	var invalid *config.Invalid
	if err := fails(t, cfg); !errors.As(err, &invalid) || len(invalid.Problems) != 2 ||
		!strings.HasPrefix(invalid.Problems[0], path+":3: ") || !strings.HasPrefix(invalid.Problems[1], path+":4: ") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(cfg.Data); err == nil {
		t.Error("the folder of the store was made")
	}
	if _, err := LoadTable(path+".gone", nil); !errors.As(err, &invalid) {
		t.Errorf("a file that is not there: %v", err)
	}
}
