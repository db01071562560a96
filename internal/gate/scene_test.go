package gate_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/policy"
	"github.com/memberward/memberward/internal/tenancy"
)

// The cast. acme belongs to olga; guild has two administrators and no owner;
// sam belongs nowhere, and globex is where nobody of acme belongs but adam.
var (
	olga, adam, mary, vic, dora, pete, eve, sam = user(1), user(2), user(3), user(4), user(5), user(6), user(7), user(8)
	gil, gus                                    = user(9), user(10)
	off, res                                    = user(11), user(12) // a disabled account, a reserved address
	acme, guild, globex                         = tenant(1), tenant(2), tenant(3)
	platform                                    = tenancy.Actor{Platform: true, Via: tenancy.ViaPlatformKey}
	began                                       = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
)

func user(n byte) tenancy.UserID     { return tenancy.UserID{0xaa, 15: n} }
func tenant(n byte) tenancy.TenantID { return tenancy.TenantID{0xbb, 15: n} }

func as(u tenancy.UserID) tenancy.Actor { return tenancy.Actor{User: u, Via: tenancy.ViaToken} }

func seed() tenancy.Seed {
	member := func(t tenancy.TenantID, u tenancy.UserID, l tenancy.Level) tenancy.Membership {
		return tenancy.Membership{Tenant: t, User: u, Level: l, Enabled: true}
	}
	account := func(u tenancy.UserID, name string) tenancy.User {
		return tenancy.User{ID: u, Email: name + "@example.com", Kind: tenancy.KindHuman, SignedUp: true, Enabled: true}
	}
	disabled := member(acme, dora, tenancy.LevelAdmin)
	disabled.Enabled = false
	pending := member(acme, pete, tenancy.LevelAdmin)
	pending.Pending = true
	expired := member(acme, eve, tenancy.LevelAdmin)
	expired.ExpiresAt = began
	suspended, reserved := account(off, "off"), account(res, "res")
	suspended.Enabled, reserved.SignedUp = false, false
	return tenancy.Seed{
		Users: []tenancy.User{
			suspended, reserved,
			account(olga, "olga"), account(adam, "adam"), account(mary, "mary"), account(vic, "vic"), account(dora, "dora"),
			account(pete, "pete"), account(eve, "eve"), account(sam, "sam"), account(gil, "gil"), account(gus, "gus"),
		},
		Tenants: []tenancy.Tenant{
			{ID: acme, Slug: "acme", Name: "Acme", Owner: olga, MemberLimit: 8},
			{ID: guild, Slug: "guild", Name: "Guild", MemberLimit: tenancy.Unlimited},
			{ID: globex, Slug: "globex", Name: "Globex", Owner: adam, MemberLimit: 1},
		},
		Memberships: []tenancy.Membership{
			member(acme, adam, tenancy.LevelAdmin), member(acme, mary, tenancy.LevelMember), member(acme, vic, tenancy.LevelViewer),
			disabled, pending, expired,
			member(guild, gil, tenancy.LevelAdmin), member(guild, gus, tenancy.LevelAdmin),
		},
	}
}

// scene is a gate over a real store with the cast in it.
type scene struct {
	*gate.Gate
	t     *testing.T
	store *boltstore.Store
	mu    sync.Mutex
	seen  []gate.Observation
	later *atomic.Int64 // nanoseconds that the clock was set forward by
}

func (s *scene) observe(o gate.Observation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, o)
}

// clock runs on by a second at each reading, from a day after the expired
// membership's end.
func clock(later *atomic.Int64) func() time.Time {
	var ticks atomic.Int64
	return func() time.Time {
		return began.Add(24*time.Hour + time.Duration(ticks.Add(1))*time.Second + time.Duration(later.Load()))
	}
}

// forward sets the clock forward.
func (s *scene) forward(by time.Duration) { s.later.Add(int64(by)) }

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// shipped gives the embedded policies.
func shipped(t *testing.T) gate.Decider {
	t.Helper()
	set, err := policy.Load(t.Context(), policy.Embedded(), policy.Options{Clock: time.Now, TimeLimit: time.Minute, ShadowEvery: 1})
	if err != nil {
		t.Fatal(err)
	}
	return policy.NewEngine(set)
}

func open(t *testing.T, decider gate.Decider) *scene {
	t.Helper()
	later := new(atomic.Int64)
	now := clock(later)
	store, err := boltstore.Open(filepath.Join(t.TempDir(), "store.db"), boltstore.Options{Clock: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	s := &scene{t: t, store: store, later: later}
	s.Gate = gate.New(store, decider, gate.Options{Clock: now, NewID: newID, Observe: s.observe})
	if _, err := s.Install(t.Context(), seed()); err != nil {
		t.Fatal(err)
	}
	return s
}

// try applies a change and gives the codes that it was refused with.
func (s *scene) try(actor tenancy.Actor, change tenancy.Change) []tenancy.Code {
	s.t.Helper()
	_, err := s.Apply(s.t.Context(), actor, change, tenancy.ApplyOptions{})
	return s.codes(err)
}

func (s *scene) codes(err error) []tenancy.Code {
	s.t.Helper()
	var refusal *tenancy.Refusal
	if err != nil && !errors.As(err, &refusal) {
		s.t.Fatalf("failed, not refused: %v", err)
	}
	if err == nil {
		return nil
	}
	return codes(refusal.Reasons)
}

func codes(findings []tenancy.Finding) []tenancy.Code {
	var codes []tenancy.Code
	for _, f := range findings {
		codes = append(codes, f.Code)
	}
	return codes
}

func (s *scene) want(what string, got []tenancy.Code, want ...tenancy.Code) {
	s.t.Helper()
	if !slices.Equal(got, want) {
		s.t.Errorf("%s: found %v, want %v", what, got, want)
	}
}

// membership reads the store itself.
func (s *scene) membership(t tenancy.TenantID, u tenancy.UserID) (m tenancy.Membership, is bool) {
	s.t.Helper()
	s.view(func(r gate.Reader) (err error) { m, is, err = r.Membership(t, u); return err })
	return m, is
}

func (s *scene) view(fn func(gate.Reader) error) {
	s.t.Helper()
	if err := s.store.View(context.Background(), fn); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) revision() (rev tenancy.Revision) {
	s.view(func(r gate.Reader) error { rev = r.Revision(); return nil })
	return rev
}

func (s *scene) tenant(id tenancy.TenantID) (t tenancy.Tenant) {
	s.view(func(r gate.Reader) (err error) { t, _, err = r.Tenant(id); return err })
	return t
}

func (s *scene) user(id tenancy.UserID) (u tenancy.User) {
	s.view(func(r gate.Reader) (err error) { u, _, err = r.User(id); return err })
	return u
}

func (s *scene) key(id tenancy.KeyID) (k tenancy.Key, is bool) {
	s.view(func(r gate.Reader) (err error) { k, is, err = r.Key(id); return err })
	return k, is
}

func (s *scene) members(id tenancy.TenantID) (members []tenancy.Membership) {
	s.view(func(r gate.Reader) (err error) { members, err = r.Members(id, tenancy.UserID{}, 1000); return err })
	return members
}

// records counts the audit records that are committed.
func (s *scene) records() (n uint64) {
	s.view(func(r gate.Reader) error {
		end, err := r.Chain()
		n = end.Seq
		return err
	})
	return n
}

// held decides once it is told to.
type held struct {
	gate.Decider
	once             sync.Once
	entered, proceed chan struct{}
}

func (h *held) Decide(ctx context.Context, in *gate.Input) (gate.Ruling, error) {
	h.once.Do(func() { close(h.entered) })
	<-h.proceed
	return h.Decider.Decide(ctx, in)
}
