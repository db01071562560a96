package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/config"
	"github.com/memberward/memberward/internal/policy"
)

func TestFirstStartRestartAndStop(t *testing.T) {
	defer goleak.VerifyNone(t)
	folder := filepath.Join(t.TempDir(), "made", "by", "us")
	first := launch(t, settings(folder))
	key := strings.TrimSpace(readFile(t, folder, keyFile))
	for name, want := range map[string]os.FileMode{"": 0o700 | os.ModeDir, keyFile: 0o600, storeFile: 0o600, addressesFile: 0o600} {
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil || info.Mode() != want {
			t.Errorf("%q: mode %v, %v; want %v", name, info.Mode(), err, want)
		}
	}
	status, body := call(t, "POST", "http://"+first.at.API+"/v1/users", `{"email":"olga@example.com"}`, "Authorization", "Bearer "+key)
	if status != http.StatusCreated {
		t.Fatalf("POST /v1/users: %d %s", status, body)
	}
	if status, body := call(t, "GET", "http://"+first.at.Ops+"/readyz?verbose", ""); status != http.StatusOK || strings.Contains(body, "[-]") {
		t.Errorf("/readyz: %d %s", status, body)
	}
	if status, _ := call(t, "GET", "http://"+first.at.Proxy+"/elsewhere", ""); status != http.StatusNotFound {
		t.Errorf("the proxy listener answers %d elsewhere, want 404", status)
	}
	_, metrics := call(t, "GET", "http://"+first.at.Ops+"/metrics", "")
	for _, want := range []string{
		`memberward_decisions_total{action="user.create",code="",kind="change",verdict="allow"} 1`,
		`memberward_requests_total{dialect="native",listener="api",status="201"} 1`,
		`memberward_requests_total{dialect="proxy",listener="proxy",status="404"} 1`,
		`memberward_store_revision 2`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("missing in /metrics: %s", want)
		}
	}
	first.stop(t)
	if log := first.stderr.String(); strings.Contains(log, key) || !strings.Contains(log, keyFile) || !strings.Contains(log, `msg="a platform key was added"`) {
		t.Errorf("the key is printed, or its file is not named: %s", &first.stderr)
	}
	if _, err := os.Stat(filepath.Join(folder, addressesFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("addresses of a stopped server: %v", err)
	}

	second := launch(t, settings(folder))
	status, body = call(t, "GET", "http://"+second.at.API+"/v1/users?email=olga@example.com", "", "X-Api-Key", key)
	if status != http.StatusOK || !strings.Contains(body, "olga@example.com") {
		t.Errorf("after a restart: %d %s", status, body)
	}
	second.stop(t)
	if strings.Contains(second.stderr.String(), keyFile) {
		t.Errorf("a second start made a key: %s", &second.stderr)
	}
}

// TestAFirstStartLogsNothingButJSON: whoever reads the log as JSON meets no
// other line.
func TestAFirstStartLogsNothingButJSON(t *testing.T) {
	cfg := settings(t.TempDir())
	cfg.LogFormat = "json"
	r := launch(t, cfg)
	r.stop(t)
	for line := range strings.Lines(r.stderr.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("a line of the log is no JSON: %s", line)
		}
	}
}

func TestTheOperatorsKey(t *testing.T) {
	folder, key := t.TempDir(), strings.Repeat("operator's ", 4)+"key"
	cfg := settings(folder)
	cfg.BootstrapKey = key
	for i := range 2 { // it stays the one key
		r := launch(t, cfg)
		if status, body := call(t, "GET", "http://"+r.at.API+"/v1/policies", "", "X-Api-Key", key); status != http.StatusOK {
			t.Errorf("with the operator's key: %d %s", status, body)
		}
		r.stop(t)
		const line = `level=INFO msg="a platform key was added" source=MEMBERWARD_BOOTSTRAP_KEY key=`
		if log := r.stderr.String(); strings.Contains(log, key) || strings.Contains(log, line) != (i == 0) {
			t.Errorf("start %d logs: %s", i+1, log)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, keyFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a key was made although the operator chose one: %v", err)
	}
	cfg.BootstrapKey = "eyJ" + strings.Repeat("x", 32) + ".y.z"
	if err := fails(t, cfg); !errors.As(err, new(*config.Invalid)) {
		t.Errorf("a key like a token: %v, want *config.Invalid", err)
	}
}

// A first start that was killed between its two steps must not leave a store
// whose key nobody has.
func TestAFirstStartThatWasCutShort(t *testing.T) {
	key := "mw_0123456789abcdef0123456789abcdef_" + strings.Repeat("A", 43)
	for _, tc := range []struct {
		name, content string
		mode          os.FileMode
		ok            bool
	}{
		{"the key was written", key + "\n", 0o600, true},
		{"others may read it", key + "\n", 0o644, false},
		{"it holds no key", "short\n", 0o600, false},
		{"it is empty", "", 0o600, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, keyFile), []byte(tc.content), tc.mode); err != nil {
				t.Fatal(err)
			}
			if !tc.ok {
				if err := fails(t, settings(folder)); !strings.Contains(err.Error(), keyFile) {
					t.Errorf("err = %v", err)
				}
				return
			}
			r := launch(t, settings(folder))
			if status, body := call(t, "GET", "http://"+r.at.API+"/v1/policies", "", "X-Api-Key", key); status != http.StatusOK {
				t.Errorf("with the key of the file: %d %s", status, body)
			}
			r.stop(t)
		})
	}
}

const people = `users:
  - {email: olga@example.com, password: "olga's password"}
  - {email: mary@example.com}
tenants:
  - {slug: acme, name: Acme, owner: olga@example.com}
memberships:
  - {tenant: acme, user: mary@example.com}
keys:
  - {user: mary@example.com, key: "mary's key of at least 32 characters"}
`

func TestBootstrapDataIsAppliedOnce(t *testing.T) {
	folder := t.TempDir()
	cfg := settings(filepath.Join(folder, "data"))
	cfg.Bootstrap = filepath.Join(folder, "people.yaml")
	if err := os.WriteFile(cfg.Bootstrap, []byte(people), 0o600); err != nil {
		t.Fatal(err)
	}
	first := launch(t, cfg)
	if status, body := first.check(t, "mary's key of at least 32 characters", "resource.write", "acme"); status != 200 || !strings.Contains(body, `"allow":true`) {
		t.Errorf("mary: %d %s", status, body)
	}
	status, body := call(t, "POST", "http://"+first.at.API+"/v1/tokens", `{"email":"OLGA@example.com","password":"olga's password","tenant_id":"acme"}`)
	if status != http.StatusOK {
		t.Errorf("olga signs in: %d %s", status, body)
	}
	if status, body := call(t, "POST", "http://"+first.at.API+"/api/v1/auth/register", `{"email":"a@b.example","password":"long enough"}`); status != http.StatusNotFound {
		t.Errorf("self-registration is off: %d %s", status, body)
	}
	first.stop(t)
	second := launch(t, cfg)
	second.stop(t)
	if got := strings.Count(second.stderr.String(), "bootstrap data skipped"); got != 1 {
		t.Errorf("skipped %d times, want one line: %s", got, &second.stderr)
	}
	if err := os.WriteFile(cfg.Bootstrap, []byte("users: [{}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := fails(t, cfg); !errors.As(err, new(*config.Invalid)) {
		t.Errorf("a broken file beside a store with users: %v, want *config.Invalid", err)
	}
	if err := os.Remove(cfg.Bootstrap); err != nil {
		t.Fatal(err)
	}
	if err := fails(t, cfg); !errors.As(err, new(*config.Invalid)) || !strings.Contains(err.Error(), "--bootstrap (MEMBERWARD_BOOTSTRAP): ") {
		t.Errorf("no file beside a store with users: %v, want *config.Invalid", err)
	}
	cfg.Bootstrap = ""
	cfg.BootstrapKey = "mary's key of at least 32 characters"
	if err := fails(t, cfg); !errors.As(err, new(*config.Invalid)) || !strings.Contains(err.Error(), "a person's API key") {
		t.Errorf("a person's key as platform key: %v, want *config.Invalid", err)
	}
}

// A person registers, signs in and works through cognee's API, and makes a key
// through the native one: both speak to the same accounts.
func TestOneAccountThroughBothAPIs(t *testing.T) {
	cfg := settings(t.TempDir())
	cfg.SelfRegistration = true
	r := launch(t, cfg)
	defer r.stop(t)
	base := "http://" + r.at.API
	status, body := call(t, "POST", base+"/api/v1/auth/register", `{"email":"olga@example.com","password":"olga's password"}`)
	var olga struct{ ID string }
	if err := json.Unmarshal([]byte(body), &olga); err != nil || status != http.StatusCreated {
		t.Fatalf("register: %d %s", status, body)
	}
	status, body = call(t, "POST", base+"/api/v1/auth/login", "username=olga%40example.com&password=olga%27s+password", "Content-Type", "application/x-www-form-urlencoded")
	var token struct {
		Text string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(body), &token); err != nil || status != http.StatusOK {
		t.Fatalf("login: %d %s", status, body)
	}
	cookie := []string{"Cookie", "auth_token=" + token.Text, "X-Api-Key", "an invalid one falls through in cognee's API"}
	if status, body := call(t, "POST", base+"/api/v1/permissions/tenants?tenant_name=Acme", "", cookie...); status != http.StatusOK {
		t.Errorf("by cookie: %d %s", status, body)
	}
	if status, body := call(t, "GET", base+"/v1/tenants", "", "Cookie", "auth_token="+token.Text); status != http.StatusUnauthorized {
		t.Errorf("the native API reads a cookie: %d %s", status, body)
	}
	status, body = call(t, "POST", base+"/v1/users/"+olga.ID+"/api-keys", `{"label":"ci"}`, "Authorization", "Bearer "+token.Text)
	var key struct{ Key string }
	if err := json.Unmarshal([]byte(body), &key); err != nil || status != http.StatusCreated {
		t.Fatalf("make a key: %d %s", status, body)
	}
	if status, body := r.check(t, key.Key, "resource.write", "acme"); status != http.StatusOK || !strings.Contains(body, `"allow":true`) {
		t.Errorf("by the new key: %d %s", status, body)
	}
}

func TestBootstrapDataThatIsRefused(t *testing.T) {
	for _, tc := range []struct {
		name, file, want string
		early            bool // before anything is made; else by the invariants of the store
	}{
		{"a misspelt key", "users:\n- emial: x\n", ":2: unknown key emial", true},
		{"an unknown owner", "tenants:\n- {slug: acme, name: Acme, owner: nobody@example.com}\n", ":2: owner:", true},
		{"more members than the limit", "users: [{email: a@b}]\ntenants: [{slug: a, name: A, limits: {members: 1}, owner: a@b}]\n" +
			"memberships: []\n", "", false},
		{"nobody", "tenants: [{slug: a, name: A}]\n", "names at least one user", true},
		{"beyond the limit", "users: [{email: a@b}, {email: c@d}]\ntenants: [{slug: a, name: A, limits: {members: 1}, owner: a@b}]\n" +
			"memberships: [{tenant: a, user: c@d}]\n", "limit of 1", false},
		{"a second owner", "users: [{email: a@b}, {email: c@d}]\ntenants: [{slug: a, name: A, owner: a@b}]\n" +
			"memberships: [{tenant: a, user: c@d, level: owner}]\n", "transfer", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			folder := t.TempDir()
			cfg := settings(filepath.Join(folder, "data"))
			cfg.Bootstrap = filepath.Join(folder, "b.yaml")
			if err := os.WriteFile(cfg.Bootstrap, []byte(tc.file), 0o600); err != nil {
				t.Fatal(err)
			}
			if tc.want == "" {
				launch(t, cfg).stop(t)
				return
			}
			err := fails(t, cfg)
			if !errors.As(err, new(*config.Invalid)) || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("err = %v, want *config.Invalid with %q", err, tc.want)
			}
			if _, err := os.Stat(cfg.Data); tc.early != errors.Is(err, os.ErrNotExist) {
				t.Errorf("refused before anything was made: %t, want %t", !tc.early, tc.early)
			}
			if err := os.WriteFile(cfg.Bootstrap, []byte("users: [{email: a@b}]\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			launch(t, cfg).stop(t) // nothing of the refused file is left
		})
	}
	t.Run("a file that is not there", func(t *testing.T) {
		folder := t.TempDir()
		cfg := settings(filepath.Join(folder, "data"))
		cfg.Bootstrap = filepath.Join(folder, "missing.yaml")
		if err := fails(t, cfg); !errors.As(err, new(*config.Invalid)) || !strings.Contains(err.Error(), "missing.yaml") {
			t.Errorf("err = %v, want *config.Invalid", err)
		}
		cfg.Bootstrap = folder
		if err := fails(t, cfg); !errors.As(err, new(*config.Invalid)) {
			t.Errorf("a folder: %v, want *config.Invalid", err)
		}
	})
	t.Run("a person's key that is the platform's", func(t *testing.T) {
		cfg := settings(t.TempDir())
		cfg.BootstrapKey = "mary's key of at least 32 characters"
		cfg.Bootstrap = filepath.Join(cfg.Data, "b.yaml")
		if err := os.WriteFile(cfg.Bootstrap, []byte(people), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := fails(t, cfg); !errors.As(err, new(*config.Invalid)) || strings.Contains(err.Error(), cfg.BootstrapKey) {
			t.Errorf("err = %v, want *config.Invalid without the key", err)
		}
	})
}

func TestWhatKeepsAServerFromStarting(t *testing.T) {
	folder := t.TempDir()
	first := launch(t, settings(folder))
	defer first.stop(t)
	if err := fails(t, settings(folder)); !errors.Is(err, boltstore.ErrLocked) {
		t.Errorf("a folder in use: %v, want ErrLocked", err)
	}
	taken := settings(t.TempDir())
	taken.OpsListen = first.at.API
	if err := fails(t, taken); !strings.Contains(err.Error(), "--ops-listen") {
		t.Errorf("a taken address: %v", err)
	}
	if entries, err := os.ReadDir(taken.Data); err != nil || len(entries) > 0 {
		t.Errorf("it left %v, %v behind", entries, err)
	}
	broken := settings(t.TempDir())
	broken.Policies = t.TempDir()
	if err := fails(t, broken); !errors.As(err, new(*policy.LoadError)) && !errors.As(err, new(*config.Invalid)) {
		t.Errorf("a folder without policies: %v", err)
	}
	broken.Policies = filepath.Join(folder, "missing")
	if err := fails(t, broken); !errors.As(err, new(*policy.LoadError)) && !errors.As(err, new(*config.Invalid)) {
		t.Errorf("no folder: %v", err)
	}
	if err := fails(t, settings(filepath.Join(folder, storeFile))); !errors.As(err, new(*config.Invalid)) || !strings.Contains(err.Error(), "is a file; name a folder") {
		t.Errorf("a file: %v, want *config.Invalid", err)
	}
	file := settings(filepath.Join(folder, storeFile, "below"))
	if err := fails(t, file); !strings.Contains(err.Error(), "data folder") {
		t.Errorf("a file for a folder: %v", err)
	}
}

// What is in flight finishes, and meanwhile the server says that it is not
// ready.
func TestAGracefulStop(t *testing.T) {
	r := launch(t, settings(t.TempDir()))
	slow, err := net.Dial("tcp", r.at.API)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	const body = `{"email":"a@b.example","password":"a wrong password"}`
	head := fmt.Sprintf("POST /v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"+
		"Connection: close\r\nExpect: 100-continue\r\n\r\n", len(body))
	if _, err := io.WriteString(slow, head); err != nil {
		t.Fatal(err)
	}
	const begun = "HTTP/1.1 100 Continue\r\n\r\n" // the server waits for the body now
	if got, err := io.ReadAll(io.LimitReader(slow, int64(len(begun)))); err != nil || string(got) != begun {
		t.Fatalf("%q, %v", got, err)
	}
	r.cancel()
	for {
		if status, body := call(t, "GET", "http://"+r.at.Ops+"/readyz?verbose", ""); status == http.StatusServiceUnavailable {
			if !strings.Contains(body, "[-] listeners: the program is stopping") {
				t.Errorf("/readyz says %q", body)
			}
			break
		}
	}
	if _, err := io.WriteString(slow, body); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(slow)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 401 ") {
		t.Errorf("the request in flight: %v %q, want 401", err, answer)
	}
	if err := <-r.ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestDemo(t *testing.T) {
	defer goleak.VerifyNone(t)
	cfg := settings("")
	cfg.Demo = true
	r := begin(t, cfg)
	for !strings.Contains(r.stderr.String(), "msg=listening") {
		select {
		case err := <-r.ended:
			t.Fatalf("Serve ended: %v", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
	text := r.stdout.String()
	for _, want := range []string{"olga  owner   of acme", "adam  admin", "mary  member", "vic   viewer", "gina  owner   of globex"} {
		if !strings.Contains(text, want) {
			t.Errorf("missing: %s\n%s", want, text)
		}
	}
	folder := text[strings.Index(text, "curl"):]
	if got := strings.Count(folder, "\ncurl ") + 1; got != 3 {
		t.Errorf("%d curl lines, want 3", got)
	}
	r.stop(t)
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "memberward-demo-*"))
	for _, one := range left {
		if strings.Contains(r.stderr.String(), one) {
			t.Errorf("the temporary folder is still there: %v, %v", one, err)
		}
	}
}
