package app

import (
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/authn"
	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/policy"
	"github.com/memberward/memberward/internal/telemetry"
	"github.com/memberward/memberward/internal/tenancy"
)

// What the overhead is measured with: a tenant, its owner, who asks by a key,
// and somebody who is added and removed.
const (
	benchTenant = "0190bbbb-0000-7000-8000-000000000001"
	benchOwner  = "0190aaaa-0000-7000-8000-000000000001"
	benchUser   = "0190aaaa-0000-7000-8000-000000000002"
	benchKey    = "the-key-of-the-owner----------------"
)

// ask is one request of the benchmark.
type ask struct{ method, path, body string }

// overheads pairs what is asked through a dialect with what comes to the same
// natively.
var overheads = []struct {
	name            string
	native, dialect []ask
}{
	{
		"cognee/add and remove",
		[]ask{
			{"POST", "/v1/tenants/" + benchTenant + "/members", `{"user_id":"` + benchUser + `"}`},
			{"DELETE", "/v1/tenants/" + benchTenant + "/members/" + benchUser, ""},
		},
		[]ask{
			{"POST", "/api/v1/permissions/users/" + benchUser + "/tenants?tenant_id=" + benchTenant, ""},
			{"DELETE", "/api/v1/permissions/tenants/" + benchTenant + "/users/" + benchUser, ""},
		},
	},
	{
		"cognee/list",
		[]ask{{"GET", "/v1/tenants/" + benchTenant + "/members?limit=500", ""}},
		[]ask{{"GET", "/api/v1/permissions/tenants/" + benchTenant + "/users", ""}},
	},
	{
		"processmind/add, update and remove",
		[]ask{
			{"POST", "/v1/tenants/" + benchTenant + "/members", `{"email":"user1@example.com"}`},
			{"PATCH", "/v1/tenants/" + benchTenant + "/members/" + benchUser, `{"developer":true}`},
			{"DELETE", "/v1/tenants/" + benchTenant + "/members/" + benchUser, ""},
		},
		[]ask{
			{"POST", "/tenant/" + benchTenant + "/users", `{"email":"user1@example.com","isAdminInTenant":false}`},
			{"PUT", "/tenant/" + benchTenant + "/users", `{"userId":"` + benchUser + `","tenantId":"` + benchTenant + `","isDeveloperInTenant":true}`},
			{"DELETE", "/tenant/" + benchTenant + "/users", `{"userId":"` + benchUser + `","tenantId":"` + benchTenant + `"}`},
		},
	},
	{
		"processmind/list",
		[]ask{{"GET", "/v1/tenants/" + benchTenant + "/members?limit=500", ""}},
		[]ask{{"GET", "/tenant/" + benchTenant + "/users", ""}},
	},
}

// BenchmarkOverNative measures the CPU time that an operation takes natively
// and through a dialect, in turns over the same gate and store.
func BenchmarkOverNative(b *testing.B) {
	handler := benchProgram(b)
	for _, pair := range overheads {
		b.Run(pair.name, func(b *testing.B) {
			var native, dialect time.Duration
			for b.Loop() {
				native += cpuOf(b, handler, pair.native)
				dialect += cpuOf(b, handler, pair.dialect)
			}
			b.ReportMetric(float64(native)/float64(b.N), "native-cpu-ns/op")
			b.ReportMetric(float64(dialect)/float64(b.N), "dialect-cpu-ns/op")
			b.ReportMetric(float64(dialect)/float64(native), "dialect/native")
		})
	}
}

// cpuOf gives the CPU time that the process took for some requests.
func cpuOf(b *testing.B, handler http.Handler, asked []ask) time.Duration {
	b.Helper()
	before := cpuTime(b)
	for _, a := range asked {
		req := httptest.NewRequest(a.method, a.path, strings.NewReader(a.body))
		req.Header.Set("X-Api-Key", benchKey)
		if a.body != "" {
			req.Header.Set("Content-Type", "application/json")
		}
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, req)
		if recorder.Code >= http.StatusBadRequest {
			b.Fatalf("%s %s = %d %s", a.method, a.path, recorder.Code, recorder.Body)
		}
	}
	return cpuTime(b) - before
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// benchProgram assembles the program over a tenant of 400 members.
func benchProgram(b *testing.B) http.Handler {
	b.Helper()
	store, err := boltstore.Open(filepath.Join(b.TempDir(), storeFile), boltstore.Options{Clock: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { store.Close() })
	set, err := policy.Load(b.Context(), policy.Embedded(), policy.Options{Clock: time.Now, TimeLimit: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	p, err := assemble(b.Context(), Options{Clock: time.Now, Random: rand.Reader, Stdout: io.Discard, Stderr: io.Discard}, parts{
		logger: slog.New(slog.DiscardHandler), metrics: telemetry.NewMetrics(Version(), knownActions()),
		store: store, engine: policy.NewEngine(set),
	})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := p.gate.Install(b.Context(), benchSeed()); err != nil {
		b.Fatal(err)
	}
	return p.apis()
}

func benchSeed() tenancy.Seed {
	id := tenancy.TenantID(uuid.MustParse(benchTenant))
	owner := tenancy.UserID(uuid.MustParse(benchOwner))
	seed := tenancy.Seed{
		Tenants: []tenancy.Tenant{{ID: id, Slug: "acme", Name: "Acme", Owner: owner, MemberLimit: tenancy.Unlimited}},
		Keys:    []tenancy.Key{{ID: tenancy.KeyID(uuid.Must(uuid.NewV7())), User: owner, Digest: authn.DigestOf(benchKey)}},
	}
	for i := range 402 {
		user := tenancy.User{
			ID:    tenancy.UserID(uuid.MustParse(fmt.Sprintf("0190aaaa-0000-7000-8000-%012x", i+1))),
			Email: fmt.Sprintf("user%d@example.com", i), Kind: tenancy.KindHuman, SignedUp: true, Enabled: true,
		}
		seed.Users = append(seed.Users, user)
		if i >= 2 {
			seed.Memberships = append(seed.Memberships, tenancy.Membership{Tenant: id, User: user.ID, Level: tenancy.LevelMember, Enabled: true})
		}
	}
	return seed
}
