//go:build !race

package app

import (
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/authn"
	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/policy"
	"github.com/memberward/memberward/internal/telemetry"
	"github.com/memberward/memberward/internal/tenancy"
)

// checkBudget bounds the allocations of one proxied check, from the request's
// head to the answer's.
const checkBudget = 130

// proxied gives the proxy listener of a program, and a check that it allows.
func proxied(t testing.TB) (http.Handler, *http.Request) {
	t.Helper()
	logger, err := telemetry.NewLogger(io.Discard, "text", "info")
	if err != nil {
		t.Fatal(err)
	}
	store, err := boltstore.Open(filepath.Join(t.TempDir(), storeFile), boltstore.Options{Clock: time.Now, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	set, err := policy.Load(t.Context(), policy.Embedded(), policy.Options{Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	p, err := assemble(t.Context(), Options{Clock: time.Now, Random: rand.Reader}, parts{
		logger: logger, metrics: telemetry.NewMetrics(Version(), knownActions()), store: store, engine: policy.NewEngine(set),
	})
	if err != nil {
		t.Fatal(err)
	}
	user, tenant := tenancy.UserID(uuid.New()), tenancy.TenantID(uuid.New())
	key, err := p.authn.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.gate.Install(t.Context(), tenancy.Seed{
		Users:   []tenancy.User{{ID: user, Email: "olga@acme.example", Kind: tenancy.KindHuman, SignedUp: true, Enabled: true, CreatedAt: time.Now()}},
		Tenants: []tenancy.Tenant{{ID: tenant, Slug: "acme", Name: "Acme", Owner: user, MemberLimit: tenancy.Unlimited}},
		Keys:    []tenancy.Key{{ID: key.ID, User: user, Digest: authn.DigestOf(key.Text)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest(http.MethodGet, "/authz/nginx", http.NoBody)
	request.RemoteAddr = "127.0.0.1:40000"
	for name, value := range map[string]string{
		"X-Original-Method": "GET", "X-Original-Host": "app.example:443", "X-Original-Uri": "/tenants/" + tenant.String() + "/things/42",
		"X-Forwarded-For": "127.0.0.1", "X-Api-Key": key.Text, "User-Agent": "a browser", "Accept": "text/html",
	} {
		request.Header.Set(name, value)
	}
	return p.counted("proxy", "proxy", p.proxy), request
}

func TestAllocationsOfAProxiedCheck(t *testing.T) {
	handler, request := proxied(t)
	got := testing.AllocsPerRun(100, func() {
		w := httptest.NewRecorder()
		if handler.ServeHTTP(w, request); w.Code != http.StatusOK || w.Header().Get("X-Auth-Subject") == "" {
			t.Fatalf("%d %v, want an allow", w.Code, w.Header())
		}
	})
	t.Logf("%.0f allocations", got)
	if got > checkBudget {
		t.Errorf("%.0f allocations, at most %d", got, checkBudget)
	}
}

// BenchmarkProxiedCheck measures the same without the HTTP server.
func BenchmarkProxiedCheck(b *testing.B) {
	handler, request := proxied(b)
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		if handler.ServeHTTP(w, request); w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}
