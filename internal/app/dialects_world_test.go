package app

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/authn"
	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/policy"
	"github.com/memberward/memberward/internal/telemetry"
	"github.com/memberward/memberward/internal/tenancy"
)

// dialects are all published APIs over the real store and the real rules, in
// this process.
type dialects struct {
	testing.TB
	handler http.Handler
	routes  gin.RoutesInfo
	reached map[string]bool // routes that were asked, as METHOD /path
}

const dialectsPlatform = "the platform's key in the tests of all dialects"

// keyOfUser is somebody's API key.
func keyOfUser(user tenancy.UserID) string { return "the key in these tests of " + user.String() }

// openDialects serves what a seed holds, with a key for everybody.
func openDialects(t testing.TB, set *policy.Set, seed tenancy.Seed) *dialects {
	t.Helper()
	logger, err := telemetry.NewLogger(io.Discard, "text", "error")
	if err != nil {
		t.Fatal(err)
	}
	store, err := boltstore.Open(filepath.Join(t.TempDir(), storeFile), boltstore.Options{Clock: time.Now, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	p, err := assemble(t.Context(), Options{Clock: time.Now, Random: rand.Reader}, parts{
		logger: logger, metrics: telemetry.NewMetrics(Version(), knownActions()), store: store, engine: policy.NewEngine(set),
	})
	if err != nil {
		t.Fatal(err)
	}
	seed.Keys = append(seed.Keys, tenancy.Key{ID: tenancy.KeyID(uuid.New()), Platform: true, Digest: authn.DigestOf(dialectsPlatform)})
	for _, user := range seed.Users {
		seed.Keys = append(seed.Keys, tenancy.Key{ID: tenancy.KeyID(uuid.New()), User: user.ID, Digest: authn.DigestOf(keyOfUser(user.ID))})
	}
	if _, err := p.gate.Install(t.Context(), seed); err != nil {
		t.Fatal(err)
	}
	d := &dialects{TB: t, handler: p.apis(), reached: map[string]bool{}}
	d.routes = d.handler.(*gin.Engine).Routes()
	return d
}

// routeOf finds the route of a request: of two, the one that says more of the
// path.
func (d *dialects) routeOf(request *http.Request) string {
	asked := strings.Split(request.URL.Path, "/")
	found, most := "", -1
	for _, route := range d.routes {
		parts, same := strings.Split(route.Path, "/"), 0
		matches := route.Method == request.Method && len(parts) == len(asked) && !slices.ContainsFunc(parts, func(part string) bool {
			i := slices.Index(parts, part)
			if part == asked[i] {
				same++
			}
			return part != asked[i] && !strings.HasPrefix(part, ":")
		})
		if matches && same > most {
			found, most = route.Method+" "+route.Path, same
		}
	}
	return found
}

// ask sends a request and gives its status and body.
func (d *dialects) ask(key, method, path, body string) (int, string) {
	d.Helper()
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	request.Header.Set("X-Api-Key", key)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	d.reached[d.routeOf(request)] = true
	answer := httptest.NewRecorder()
	d.handler.ServeHTTP(answer, request)
	if answer.Code >= http.StatusInternalServerError {
		d.Errorf("%s %s %s = %d %s", method, path, body, answer.Code, answer.Body)
	}
	return answer.Code, answer.Body.String()
}

// read decodes what the platform is shown.
func (d *dialects) read(path string, into any) {
	d.Helper()
	status, body := d.ask(dialectsPlatform, "GET", path, "")
	if err := json.Unmarshal([]byte(body), into); err != nil || status != http.StatusOK {
		d.Fatalf("GET %s = %d %.300s: %v", path, status, body, err)
	}
}

// seen is how one API shows a member, as far as it does.
type seen struct {
	id    string // or the address, where an API shows no id
	level string // in the words of that API; empty where it has none
	roles int    // custom ones; -1 where it shows none
}

// lists gives a tenant's members as each API lists them.
func (d *dialects) lists(tenant tenancy.TenantID) map[string][]seen {
	d.Helper()
	found := map[string][]seen{}
	var cognee []struct {
		ID    string
		Roles []struct{ ID string }
	}
	d.read(fmt.Sprintf("/api/v1/permissions/tenants/%s/users", tenant), &cognee)
	for _, m := range cognee {
		found["cognee"] = append(found["cognee"], seen{m.ID, "", len(m.Roles)})
	}
	var llama []struct {
		UserID string `json:"user_id"` // null of who has not signed up
		Email  string
		Roles  []struct{ Role struct{ Name string } }
	}
	d.read(fmt.Sprintf("/api/v1/organizations/%s/users", tenant), &llama)
	for _, m := range llama {
		found["llamacloud"] = append(found["llamacloud"], seen{cmp.Or(m.UserID, m.Email), m.Roles[0].Role.Name, -1})
	}
	var cogniac struct {
		Data []struct {
			UserID string `json:"user_id"`
			Role   string
		}
	}
	d.read(fmt.Sprintf("/1/tenants/%s/users", tenant), &cogniac)
	for _, m := range cogniac.Data {
		found["cogniac"] = append(found["cogniac"], seen{m.UserID, m.Role, -1})
	}
	var mind []struct {
		ID    string
		Admin bool `json:"isAdminInTenant"`
	}
	d.read(fmt.Sprintf("/tenant/%s/users", tenant), &mind)
	for _, m := range mind {
		found["processmind"] = append(found["processmind"], seen{m.ID, map[bool]string{true: "admin", false: ""}[m.Admin], -1})
	}
	return found
}
