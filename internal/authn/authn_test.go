package authn

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

// directory is a store in memory.
type directory struct {
	mu      sync.Mutex
	keys    map[tenancy.KeyID]tenancy.Key
	signing []tenancy.SigningKey
	users   map[tenancy.UserID]tenancy.User
	tenants map[string]tenancy.TenantID // by slug
	members map[tenancy.TenantID]map[tenancy.UserID]tenancy.Membership
	touches []tenancy.Touch
	broken  error // answers every look-up when set
	full    error // answers every change of the signing keys when set
}

var _ Directory = (*directory)(nil)

func (d *directory) Key(_ context.Context, id tenancy.KeyID) (tenancy.Key, bool, error) {
	key, found := d.keys[id]
	return key, found, d.broken
}

func (d *directory) KeyByDigest(_ context.Context, digest tenancy.Digest) (tenancy.Key, bool, error) {
	for _, key := range d.keys {
		if key.Digest == digest {
			return key, true, d.broken
		}
	}
	return tenancy.Key{}, false, d.broken
}

func (d *directory) SigningKeys(context.Context) ([]tenancy.SigningKey, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.signing), d.broken
}

func (d *directory) AddSigningKey(_ context.Context, key tenancy.SigningKey) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full != nil {
		return d.full
	}
	d.signing = append(d.signing, key)
	return d.broken
}

func (d *directory) DeleteSigningKey(_ context.Context, id tenancy.KeyID) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full != nil {
		return d.full
	}
	d.signing = slices.DeleteFunc(d.signing, func(key tenancy.SigningKey) bool { return key.ID == id })
	return d.broken
}

func (d *directory) UserByID(_ context.Context, id tenancy.UserID) (tenancy.User, bool, error) {
	user, found := d.users[id]
	return user, found, d.broken
}

func (d *directory) UserByEmail(_ context.Context, email string) (tenancy.User, bool, error) {
	for _, user := range d.users {
		if tenancy.EmailKey(user.Email) == email {
			return user, true, d.broken
		}
	}
	return tenancy.User{}, false, d.broken
}

func (d *directory) Member(_ context.Context, tenant tenancy.TenantID, user tenancy.UserID) (tenancy.Membership, bool, error) {
	m, found := d.members[tenant][user]
	return m, found, d.broken
}

func (d *directory) ResolveTenant(_ context.Context, ref tenancy.TenantRef) (tenancy.TenantID, bool, error) {
	if !ref.ID.IsZero() {
		_, found := d.members[ref.ID]
		return ref.ID, found, d.broken
	}
	id, found := d.tenants[ref.Slug]
	return id, found, d.broken
}

func (d *directory) Touch(touch tenancy.Touch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.touches = append(d.touches, touch)
}

// clock stands still until it is moved.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

// marysHash is that of mary's password, made by an earlier HashPassword: what
// was stored once must verify for ever.
const marysHash = "$argon2id$v=19$m=19456,t=2,p=1$oTVzxCvH7yg9lSqBbuaF8A$DONNgzTy/aAfr+iIKEj0YRh2KUN4tovFLenXp2dk5mE"

// scene is a service on a directory with a few people and keys.
type scene struct {
	*Service
	dir      *directory
	clock    *clock
	acme     tenancy.TenantID
	mary     tenancy.UserID
	since    time.Time // when mary became a member of acme
	maryKey  NewKey
	password string
}

func newScene(t testing.TB) *scene {
	t.Helper()
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	s := &scene{
		clock: &clock{now}, acme: tenancy.TenantID(uuid.New()), mary: tenancy.UserID(uuid.New()),
		since: now.Add(-time.Hour).Add(123456 * time.Microsecond), password: "mary's long password",
	}
	s.dir = &directory{
		keys:  map[tenancy.KeyID]tenancy.Key{},
		users: map[tenancy.UserID]tenancy.User{},
	}
	s.Service = newService(t, s.dir, s.clock)
	s.dir.tenants = map[string]tenancy.TenantID{"acme": s.acme}
	s.dir.members = map[tenancy.TenantID]map[tenancy.UserID]tenancy.Membership{s.acme: {
		s.mary: {Tenant: s.acme, User: s.mary, Level: tenancy.LevelMember, Enabled: true, CreatedAt: s.since},
	}}
	s.dir.users[s.mary] = tenancy.User{ID: s.mary, Email: "Mary@example.com", Enabled: true, SignedUp: true, PasswordHash: marysHash}
	s.maryKey = s.addKey(t, tenancy.Key{User: s.mary})
	return s
}

func newService(t testing.TB, dir Directory, c *clock) *Service {
	t.Helper()
	service, err := New(t.Context(), dir, Options{Clock: c.Now, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	return service
}

// addKey makes a key and stores it with what the record says.
func (s *scene) addKey(t testing.TB, record tenancy.Key) NewKey {
	t.Helper()
	key, err := s.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	record.ID, record.Digest = key.ID, key.Digest
	s.dir.keys[key.ID] = record
	return key
}

// addChosen stores a key of an operator's choice.
func (s *scene) addChosen(text string, record tenancy.Key) {
	record.ID, record.Digest = tenancy.KeyID(uuid.New()), DigestOf(text)
	s.dir.keys[record.ID] = record
}

// token issues mary one, bound to acme if a tenant is given.
func (s *scene) token(t *testing.T, tenant tenancy.TenantRef) string {
	t.Helper()
	said := claims{user: s.mary, epoch: s.dir.users[s.mary].TokenEpoch}
	if !tenant.IsZero() {
		bound, found, err := s.membership(t.Context(), s.mary, tenant)
		if err != nil || !found {
			t.Fatalf("%v, %v", found, err)
		}
		said.bind(bound)
	}
	token, err := s.issue(t.Context(), said)
	if err != nil {
		t.Fatal(err)
	}
	return token.Text
}

// update changes mary's account.
func (s *scene) update(change func(*tenancy.User)) {
	user := s.dir.users[s.mary]
	change(&user)
	s.dir.users[s.mary] = user
}

// with makes a request from name, value pairs; a name may repeat.
func with(pairs ...string) Request {
	r := Request{Header: http.Header{}, Method: http.MethodGet, Host: "app.example.com"}
	for i := 0; i < len(pairs); i += 2 {
		r.Header.Add(pairs[i], pairs[i+1])
	}
	return r
}

// codeOf gives the code of a *tenancy.Error, "" for no error.
func codeOf(t *testing.T, err error) tenancy.Code {
	t.Helper()
	var e *tenancy.Error
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &e):
		t.Fatalf("not a *tenancy.Error: %v", err)
	}
	return e.Code
}

// wantRefused checks that err is the one answer to every invalid credential.
func wantRefused(t *testing.T, actor tenancy.Actor, err error) {
	t.Helper()
	var e *tenancy.Error
	if !errors.As(err, &e) || e.Code != tenancy.CodeUnauthenticated || e.Msg != "the credential is not valid" {
		t.Errorf("err = %v, want unauthenticated: the credential is not valid", err)
	}
	if !actor.IsZero() {
		t.Errorf("actor = %v, want nobody", actor)
	}
}

func TestNewRefusesWhatItCannotWorkWith(t *testing.T) {
	c := &clock{time.Unix(0, 0)}
	good := Options{Clock: c.Now, Random: rand.Reader}
	for name, tc := range map[string]struct {
		dir    Directory
		change func(*Options)
	}{
		"no directory":         {nil, func(*Options) {}},
		"no clock":             {&directory{}, func(o *Options) { o.Clock = nil }},
		"no randomness":        {&directory{}, func(o *Options) { o.Random = nil }},
		"a token of 1 ms":      {&directory{}, func(o *Options) { o.TokenLifetime = time.Millisecond }},
		"a negative bound":     {&directory{}, func(o *Options) { o.Hashers = -1 }},
		"a store that fails":   {&directory{broken: errors.New("disk on fire")}, func(*Options) {}},
		"randomness that ends": {&directory{}, func(o *Options) { o.Random = http.NoBody }},
	} {
		t.Run(name, func(t *testing.T) {
			options := good
			tc.change(&options)
			if _, err := New(t.Context(), tc.dir, options); err == nil {
				t.Error("New succeeded")
			}
		})
	}
}

func TestSigningKeyIsMadeOnceAndKept(t *testing.T) {
	s := newScene(t)
	token := s.token(t, tenancy.TenantRef{})
	again := newService(t, s.dir, s.clock)
	if len(s.dir.signing) != 1 {
		t.Fatalf("%d signing keys, want 1", len(s.dir.signing))
	}
	actor, err := again.Authenticate(t.Context(), Source{}, with("Authorization", "Bearer "+token))
	if err != nil || actor.User != s.mary {
		t.Errorf("after a restart: %v, %v; want mary", actor, err)
	}
}

func TestStoreFailureIsNoRefusal(t *testing.T) {
	s := newScene(t)
	token := s.token(t, tenancy.TenantRef{})
	s.dir.broken = &tenancy.Error{Code: tenancy.CodeUnavailable}
	for name, r := range map[string]Request{
		"key":   with("X-Api-Key", s.maryKey.Text),
		"token": with("Authorization", "Bearer "+token),
		// falling through an outage would try the wrong person next
		"key before cookie": with("X-Api-Key", s.maryKey.Text, "Cookie", "auth_token="+token),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Authenticate(t.Context(), Source{Order: FallThrough, Cookie: "auth_token"}, r)
			if got := codeOf(t, err); got != tenancy.CodeUnavailable {
				t.Errorf("code = %q, want unavailable", got)
			}
		})
	}
	_, err := s.Login(t.Context(), "mary@example.com", s.password, tenancy.TenantRef{})
	if got := codeOf(t, err); got != tenancy.CodeUnavailable {
		t.Errorf("login: code = %q, want unavailable", got)
	}
}
