package native_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/api/native"
	"github.com/memberward/memberward/internal/authn"
	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/policy"
	"github.com/memberward/memberward/internal/tenancy"
)

// The cast. acme belongs to olga, globex to sam; nobody else is in both.
const (
	acme    = "0aaaaaaa-0000-4000-8000-000000000001"
	globex  = "0aaaaaaa-0000-4000-8000-000000000002"
	nowhere = "0aaaaaaa-0000-4000-8000-0000000000ff" // no tenant's

	olga   = "0bbbbbbb-0000-4000-8000-000000000001" // owner of acme
	adam   = "0bbbbbbb-0000-4000-8000-000000000002" // admin
	mary   = "0bbbbbbb-0000-4000-8000-000000000003" // member
	vic    = "0bbbbbbb-0000-4000-8000-000000000004" // viewer
	dora   = "0bbbbbbb-0000-4000-8000-000000000005" // a disabled admin of acme
	sam    = "0bbbbbbb-0000-4000-8000-000000000006" // owner of globex
	nina   = "0bbbbbbb-0000-4000-8000-000000000007" // belongs nowhere, and is invited to acme
	greta  = "0bbbbbbb-0000-4000-8000-000000000008" // administers acme's organization
	nobody = "0bbbbbbb-0000-4000-8000-0000000000ff" // no user's

	group      = "0ddddddd-0000-4000-8000-0000000000a1" // acme's organization; mary belongs to it
	emptyGroup = "0ddddddd-0000-4000-8000-0000000000a2" // has nothing and nobody
	editor     = "0ddddddd-0000-4000-8000-0000000000b1" // a role of acme's
	guest      = "0ddddddd-0000-4000-8000-0000000000b2" // a role of globex'
	invited    = "0ddddddd-0000-4000-8000-0000000000c1" // nina's invitation
	ninasCode  = "mwi_nina-s-code-in-the-tests-of-native-0123456789"

	marysKey = "0ccccccc-0000-4000-8000-000000000003"
	spareKey = "0ccccccc-0000-4000-8000-0000000000fe" // a second platform key
	noKey    = "0ccccccc-0000-4000-8000-0000000000ff"

	platform = "platform" // acts with the platform key
	spare    = "spare"    // with the second one
)

// keyText is the API key of one of the cast.
func keyText(who string) string { return "the key of " + who + " in the tests of native" }

// world is the API over the real gate, store, policies and credentials.
type world struct {
	t        testing.TB
	path     string // of the store
	store    *boltstore.Store
	accounts *authn.Service
	engine   *policy.Engine
	gate     api.Gate
	dialect  api.Dialect
	handler  http.Handler
	held     *contract
}

func newWorld(t testing.TB) *world {
	t.Helper()
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "store.db")
	store, err := boltstore.Open(path, boltstore.Options{Clock: time.Now})
	check(t, err)
	t.Cleanup(func() { check(t, store.Close()) })
	set, err := rules()
	check(t, err)
	newID := func() uuid.UUID { return uuid.Must(uuid.NewV7()) }
	engine := policy.NewEngine(set)
	g := gate.New(store, engine, gate.Options{Clock: time.Now, NewID: newID})
	accounts, err := authn.New(ctx, store, authn.Options{Clock: time.Now, Random: rand.Reader})
	check(t, err)
	_, err = g.Install(ctx, seed())
	check(t, err)
	w := &world{path: path, store: store, accounts: accounts, engine: engine}
	w.invite(t, time.Hour)
	return w.with(t, g)
}

// invite puts nina's invitation into the store; it lasts that long from now.
func (w *world) invite(t testing.TB, lasts time.Duration) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Microsecond)
	_, err := w.store.Update(t.Context(), func(tx gate.Tx) error {
		return tx.PutInvitation(tenancy.Invitation{
			ID: tenancy.InvitationID(uuid.MustParse(invited)), Tenant: tenantID(acme), Email: "7@example.com", Level: tenancy.LevelViewer,
			Code: w.accounts.CodeDigest(ninasCode), Status: tenancy.InvitationPending, CreatedAt: now, ExpiresAt: now.Add(lasts),
		})
	})
	check(t, err)
}

// rules loads the embedded rule book, once for all worlds. Its time limit is
// that of a test, not of a busy machine.
var rules = sync.OnceValues(func() (*policy.Set, error) {
	return policy.Load(context.Background(), policy.Embedded(), policy.Options{Clock: time.Now, TimeLimit: time.Minute, ShadowEvery: 1})
})

// with is the same world behind another gate, which may go wrong.
func (w *world) with(t testing.TB, g api.Gate) *world {
	t.Helper()
	return w.served(t, g, registry{w.accounts}, slog.DiscardHandler)
}

// served is the same world behind another gate, with other accounts and
// another log.
func (w *world) served(t testing.TB, g api.Gate, accounts native.Accounts, log slog.Handler) *world {
	t.Helper()
	other := w.in(t)
	other.gate = g
	other.dialect = native.New(native.Options{
		Gate: g, Authenticator: doorman{w.accounts}, Accounts: accounts, Policies: rulebook{w.engine}, Program: program{w.store}, Now: time.Now,
	})
	other.handler = api.New(api.Options{
		Dialects: []api.Dialect{other.dialect}, Logger: slog.New(log), NewID: uuid.NewString, Now: time.Now,
	})
	other.held = newContract(t)
	return other
}

// in is the world as a subtest sees it.
func (w *world) in(t testing.TB) *world {
	same := *w
	same.t = t
	return &same
}

func seed() tenancy.Seed {
	var s tenancy.Seed
	for _, name := range []string{olga, adam, mary, vic, dora, sam, nina, greta} {
		id := userID(name)
		s.Users = append(s.Users, tenancy.User{ID: id, Email: name[len(name)-1:] + "@example.com", Kind: tenancy.KindHuman, SignedUp: true, Enabled: true})
		s.Keys = append(s.Keys, tenancy.Key{ID: tenancy.KeyID(newKeyID(name)), User: id, Digest: authn.DigestOf(keyText(name))})
	}
	s.Keys = append(s.Keys,
		tenancy.Key{ID: tenancy.KeyID(uuid.New()), Platform: true, Digest: authn.DigestOf(keyText(platform))},
		tenancy.Key{ID: tenancy.KeyID(uuid.MustParse(spareKey)), Platform: true, Digest: authn.DigestOf(keyText(spare))})
	s.Tenants = []tenancy.Tenant{
		{ID: tenantID(acme), Slug: "acme", Name: "Acme", Owner: userID(olga), Plan: "free", MemberLimit: 50, Organization: organizationID(group)},
		{ID: tenantID(globex), Slug: "globex", Name: "Globex", Owner: userID(sam), MemberLimit: tenancy.Unlimited},
	}
	s.Organizations = []tenancy.Organization{
		{ID: organizationID(group), Name: "Acme Group", ShortName: "acme-group"},
		{ID: organizationID(emptyGroup), Name: "Empty", ShortName: "empty"},
	}
	s.OrganizationMembers = []tenancy.OrganizationMember{
		{Organization: organizationID(group), User: userID(greta), Admin: true, Enabled: true},
		{Organization: organizationID(group), User: userID(mary), Enabled: true},
	}
	s.Roles = []tenancy.Role{
		{ID: roleID(editor), Tenant: tenantID(acme), Name: "editor", Actions: []tenancy.Action{tenancy.ActionResourceWrite}},
		{ID: roleID(guest), Tenant: tenantID(globex), Name: "guest"},
	}
	s.Entities = []tenancy.Entity{{EntityRef: tenancy.EntityRef{Type: "record", ID: "record-1"}, Owner: "alice", Properties: `{"status":"active"}`}}
	levels := map[string]tenancy.Level{adam: tenancy.LevelAdmin, mary: tenancy.LevelMember, vic: tenancy.LevelViewer, dora: tenancy.LevelAdmin}
	for name, level := range levels {
		s.Memberships = append(s.Memberships, tenancy.Membership{Tenant: tenantID(acme), User: userID(name), Level: level, Enabled: name != dora})
	}
	return s
}

// newKeyID is the id of somebody's key: theirs with another beginning.
func newKeyID(user string) uuid.UUID {
	return uuid.MustParse(strings.Replace(user, "0bbbbbbb", "0ccccccc", 1))
}

func userID(s string) tenancy.UserID     { return tenancy.UserID(uuid.MustParse(s)) }
func tenantID(s string) tenancy.TenantID { return tenancy.TenantID(uuid.MustParse(s)) }

func organizationID(s string) tenancy.OrganizationID {
	return tenancy.OrganizationID(uuid.MustParse(s))
}
func roleID(s string) tenancy.RoleID { return tenancy.RoleID(uuid.MustParse(s)) }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// doorman, registry and rulebook stand where the app stands in the program.
type doorman struct{ accounts *authn.Service }

func (d doorman) Authenticate(ctx context.Context, r *http.Request) (tenancy.Actor, error) {
	return d.accounts.Authenticate(ctx, authn.Source{ActAs: true}, authn.Request{Header: r.Header, Method: r.Method, Host: r.Host})
}

type registry struct{ accounts *authn.Service }

func (r registry) HashPassword(ctx context.Context, password string) (string, error) {
	return r.accounts.HashPassword(ctx, password)
}

func (r registry) Login(ctx context.Context, email, password string, tenant tenancy.TenantRef) (native.Token, error) {
	token, err := r.accounts.Login(ctx, email, password, tenant)
	return native.Token(token), err
}

func (r registry) NewKey() (native.NewKey, error) {
	key, err := r.accounts.NewKey()
	return native.NewKey(key), err
}

func (r registry) NewCode() (native.NewCode, error) {
	code, err := r.accounts.NewCode()
	return native.NewCode(code), err
}

func (r registry) CodeDigest(text string) tenancy.Digest { return r.accounts.CodeDigest(text) }

func (r registry) CheckPassword(ctx context.Context, user tenancy.UserID, password string) (string, bool, error) {
	return r.accounts.CheckPassword(ctx, user, password)
}

func (r registry) NewSigningKey() (tenancy.SigningKey, error) { return r.accounts.NewSigningKey() }

func (r registry) ReloadSigningKeys(ctx context.Context) error {
	return r.accounts.ReloadSigningKeys(ctx)
}

type program struct{ store *boltstore.Store }

func (p program) Info() native.Info {
	counts := p.store.Stats()
	return native.Info{Version: "test", Store: native.StoreCounts{
		Commits: counts.Commits, Changes: counts.Changes, Refusals: counts.Appended, DroppedRecords: counts.DroppedRecords,
		DroppedTouches: counts.DroppedTouches, LongReads: counts.LongReads, Full: counts.Full,
	}}
}

func (p program) Verify(ctx context.Context) (native.StoreReport, error) {
	found, err := p.store.Verify(ctx)
	report := native.StoreReport{
		Format: found.Format, Revision: found.Revision, Audit: found.Audit, Head: found.Head.String(), Records: found.Records,
	}
	for _, fault := range found.Faults {
		report.Faults = append(report.Faults, native.StoreFault(fault))
	}
	return report, err
}

type rulebook struct{ engine *policy.Engine }

func (b rulebook) Active() native.PolicySet {
	set := b.engine.Active()
	shown := native.PolicySet{Revision: set.Revision(), Digest: set.Digest(), Source: set.Source()}
	for _, r := range set.Catalogue() {
		shown.Rules = append(shown.Rules, native.Rule{Kind: string(r.Kind), Code: r.Code, Title: r.Title, Description: r.Description, File: r.File})
	}
	return shown
}

// call is one request; header pairs follow the body.
type call struct {
	as     string // one of the cast; "" for nobody
	method string
	path   string
	body   string
	header []string
	twice  bool // every header is sent on two lines
}

// reply is its answer.
type reply struct {
	Status int
	Header http.Header
	Body   string
}

// do sends a request and holds the answer against the document.
func (w *world) do(c call) reply {
	w.t.Helper()
	var body *bytes.Reader
	request := httptest.NewRequest(c.method, "http://memberward.test/", http.NoBody)
	if c.body != "" {
		body = bytes.NewReader([]byte(c.body))
		request = httptest.NewRequest(c.method, "http://memberward.test/", body)
		request.Header.Set("Content-Type", "application/json")
	}
	target, err := url.ParseRequestURI(c.path) // as a server does: nothing is cleaned
	check(w.t, err)
	request.URL, request.RequestURI = target, c.path
	if c.as != "" {
		request.Header.Set("Authorization", "Bearer "+keyText(c.as))
	}
	for i := 0; i < len(c.header); i += 2 {
		request.Header.Set(c.header[i], c.header[i+1])
		if c.twice {
			request.Header.Add(c.header[i], c.header[i+1])
		}
	}
	recorder := httptest.NewRecorder()
	w.handler.ServeHTTP(recorder, request)
	answer := reply{recorder.Code, recorder.Header(), recorder.Body.String()}
	w.held.hold(w.t, request, answer)
	return answer
}

// object gives the answer's body, which must be an object.
func (r reply) object(t testing.TB) map[string]any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(r.Body), &object); err != nil {
		t.Fatalf("%d %s: %v", r.Status, r.Body, err)
	}
	return object
}

// must sends a request that has to succeed with the status.
func (w *world) must(status int, c call) reply {
	w.t.Helper()
	answer := w.do(c)
	if answer.Status != status {
		w.t.Fatalf("%s %s %s as %q\n got %d %s\nwant %d", c.method, c.path, c.body, c.as, answer.Status, answer.Body, status)
	}
	return answer
}

// refused sends a request that has to fail with the status and code, and
// leaves nothing changed.
func (w *world) refused(status int, code string, c call) map[string]any {
	w.t.Helper()
	before := w.store.Revision()
	answer := w.must(status, c)
	p := answer.object(w.t)
	if p["code"] != code || answer.Header.Get("Content-Type") != "application/problem+json" || p["status"] != float64(status) {
		w.t.Fatalf("%s %s %s as %q\n got %s\nwant code %s", c.method, c.path, c.body, c.as, answer.Body, code)
	}
	if after := w.store.Revision(); after != before {
		w.t.Fatalf("%s %s: refused, but the revision went from %d to %d", c.method, c.path, before, after)
	}
	return p
}
