package cognee_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/api/cognee"
	"github.com/memberward/memberward/internal/authn"
	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/policy"
	"github.com/memberward/memberward/internal/tenancy"
)

// The cast, by the names that the transcripts use. acme belongs to olga, with
// adam its admin, mary and vic; dora is disabled and eve expired there. guild
// has two administrators and no owner. globex belongs to greg, and has as
// many members as it may. sam belongs nowhere, and nil names nothing.
var cast = map[string]string{
	"olga": "0190aaaa-0000-7000-8000-000000000001", "adam": "0190aaaa-0000-7000-8000-000000000002", "mary": "0190aaaa-0000-7000-8000-000000000003",
	"vic": "0190aaaa-0000-7000-8000-000000000004", "dora": "0190aaaa-0000-7000-8000-000000000005", "eve": "0190aaaa-0000-7000-8000-000000000006",
	"sam": "0190aaaa-0000-7000-8000-000000000007", "greg": "0190aaaa-0000-7000-8000-000000000008",
	"gil": "0190aaaa-0000-7000-8000-000000000009", "gus": "0190aaaa-0000-7000-8000-00000000000a",
	"acme": "0190bbbb-0000-7000-8000-000000000001", "guild": "0190bbbb-0000-7000-8000-000000000002", "globex": "0190bbbb-0000-7000-8000-000000000003",
	"unknown": "0190cccc-0000-7000-8000-000000000001",

	// Keys of theirs.
	"maryskey": "0190eeee-0000-7000-8000-000000000003", "vicskey": "0190eeee-0000-7000-8000-000000000004",
}

const password = "correct horse battery staple"

func user(name string) tenancy.UserID { return tenancy.UserID(uuid.MustParse(cast[name])) }

func tenant(name string) tenancy.TenantID { return tenancy.TenantID(uuid.MustParse(cast[name])) }

// key is the API key of one of the cast; platform has one too.
func key(name string) string { return "the-key-of-" + name + strings.Repeat("-", 32) }

func as(name string) tenancy.Actor { return tenancy.Actor{User: user(name), Via: tenancy.ViaToken} }

func seed(hash string) tenancy.Seed {
	s := tenancy.Seed{
		Tenants: []tenancy.Tenant{
			{ID: tenant("acme"), Slug: "acme", Name: "Acme", Owner: user("olga"), MemberLimit: tenancy.Unlimited},
			{ID: tenant("guild"), Slug: "guild", Name: "Guild", MemberLimit: tenancy.Unlimited},
			{ID: tenant("globex"), Slug: "globex", Name: "Globex", Owner: user("greg"), MemberLimit: 1},
		},
		Keys: []tenancy.Key{
			{ID: newKeyID(), Platform: true, Digest: authn.DigestOf(key("platform"))},
			{ID: newKeyID(), User: user("mary"), Scopes: []tenancy.Action{tenancy.ActionMemberList}, Digest: authn.DigestOf(key("mary's scopes"))},
			{ID: newKeyID(), User: user("olga"), Tenant: tenant("acme"), Digest: authn.DigestOf(key("olga's acme"))},
		},
	}
	for _, name := range []string{"olga", "adam", "mary", "vic", "dora", "eve", "sam", "greg", "gil", "gus"} {
		s.Users = append(s.Users, tenancy.User{
			ID: user(name), Email: strings.ToUpper(name[:1]) + name[1:] + "@example.com", Kind: tenancy.KindHuman,
			SignedUp: true, Enabled: true, PasswordHash: hash,
		})
		s.Keys = append(s.Keys, tenancy.Key{ID: keyIDOf(name), User: user(name), Digest: authn.DigestOf(key(name))})
	}
	s.Memberships = []tenancy.Membership{
		{Tenant: tenant("acme"), User: user("adam"), Level: tenancy.LevelAdmin, Enabled: true},
		{Tenant: tenant("acme"), User: user("mary"), Level: tenancy.LevelMember, Enabled: true},
		{Tenant: tenant("acme"), User: user("vic"), Level: tenancy.LevelViewer, Enabled: true},
		{Tenant: tenant("acme"), User: user("dora"), Level: tenancy.LevelAdmin},
		{Tenant: tenant("acme"), User: user("eve"), Level: tenancy.LevelAdmin, Enabled: true, ExpiresAt: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)},
		{Tenant: tenant("guild"), User: user("gil"), Level: tenancy.LevelAdmin, Enabled: true},
		{Tenant: tenant("guild"), User: user("gus"), Level: tenancy.LevelAdmin, Enabled: true},
	}
	return s
}

// keyIDOf is the id of somebody's key: theirs with another beginning.
func keyIDOf(name string) tenancy.KeyID {
	return tenancy.KeyID(uuid.MustParse(strings.Replace(cast[name], "0190aaaa", "0190eeee", 1)))
}

func newKeyID() tenancy.KeyID { return tenancy.KeyID(uuid.Must(uuid.NewV7())) }

// stage is the dialect over a real gate, store, rule book and authentication,
// behind a real server.
type stage struct {
	*httptest.Server
	gate *gate.Gate
	full atomic.Bool // the disk is
}

// directions change how a stage is set. The zero value is the usual one, with
// self-registration.
type directions struct {
	closed bool                    // no self-registration
	secure bool                    // SecureCookie
	status int                     // ValidationStatus
	gate   func(api.Gate) api.Gate // stands in front of the real one
	more   func(*tenancy.Seed)
}

func set(t *testing.T, with directions) *stage {
	t.Helper()
	s := &stage{}
	beforeSync := func() error {
		if s.full.Load() {
			return errors.New("no space left")
		}
		return nil
	}
	store, err := boltstore.Open(filepath.Join(t.TempDir(), "store.db"), boltstore.Options{Clock: time.Now, BeforeSync: beforeSync})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	book, err := rules()
	if err != nil {
		t.Fatal(err)
	}
	s.gate = gate.New(store, policy.NewEngine(book), gate.Options{Clock: time.Now, NewID: func() uuid.UUID { return uuid.Must(uuid.NewV7()) }})
	service, err := authn.New(t.Context(), store, authn.Options{Clock: time.Now, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	hash, err := service.HashPassword(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	data := seed(hash)
	if with.more != nil {
		with.more(&data)
	}
	if _, err := s.gate.Install(t.Context(), data); err != nil {
		t.Fatal(err)
	}
	s.serve(t, service, with)
	return s
}

func (s *stage) serve(t *testing.T, service *authn.Service, with directions) {
	front := api.Gate(s.gate)
	if with.gate != nil {
		front = with.gate(front)
	}
	dialect := cognee.New(cognee.Options{
		Gate:             api.WithTimeout(front, 0),
		Authenticator:    service.Door(authn.Source{Order: authn.FallThrough, Cookie: "auth_token"}),
		Accounts:         accounts{service},
		SelfRegistration: !with.closed,
		SecureCookie:     with.secure,
		ValidationStatus: with.status,
	})
	s.Server = httptest.NewServer(api.New(api.Options{
		Dialects: []api.Dialect{dialect}, Logger: slog.New(slog.DiscardHandler), NewID: uuid.NewString, Now: time.Now,
	}))
	t.Cleanup(s.Close)
}

// rules loads the embedded rule book, once for all stages. Its time limit is
// that of a test, not of a busy machine.
var rules = sync.OnceValues(func() (*policy.Set, error) {
	return policy.Load(context.Background(), policy.Embedded(), policy.Options{Clock: time.Now, TimeLimit: time.Minute, ShadowEvery: 1})
})

// accounts fits authentication to the dialect, as the program does.
type accounts struct{ *authn.Service }

func (a accounts) Login(ctx context.Context, email, password string) (string, time.Duration, error) {
	token, err := a.Service.Login(ctx, email, password, tenancy.TenantRef{})
	return token.Text, token.Lifetime, err
}

func (a accounts) NewKey() (cognee.NewKey, error) {
	key, err := a.Service.NewKey()
	return cognee.NewKey(key), err
}

// revision is that of the store: it is raised by every change.
func (s *stage) revision(t *testing.T) tenancy.Revision {
	t.Helper()
	outcome, err := s.gate.Read(t.Context(), tenancy.Actor{Platform: true, Via: tenancy.ViaPlatformKey}, tenancy.GetPolicies{}, tenancy.ApplyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return outcome.Revision
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request as one of the cast; nobody sends no credential.
func (s *stage) ask(t *testing.T, who, method, path, body string, header http.Header) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	if who != "nobody" {
		req.Header.Set("X-Api-Key", key(who))
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(text)}
}
