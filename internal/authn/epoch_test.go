package authn

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

// Every token issued before a password change or a revocation is refused, one
// issued right after is good: the clock stands still throughout.
func TestARevocationEndsTheTokensBeforeIt(t *testing.T) {
	s := newScene(t)
	login := func() string {
		t.Helper()
		token, err := s.Login(t.Context(), "mary@example.com", s.password, tenancy.TenantRef{Slug: "acme"})
		if err != nil {
			t.Fatal(err)
		}
		return token.Text
	}
	var before []string
	for epoch := range uint64(3) {
		s.update(func(u *tenancy.User) { u.TokenEpoch = epoch })
		for _, old := range before {
			for _, r := range []Request{with("Authorization", "Bearer "+old), with("Cookie", "auth_token="+old)} {
				actor, err := s.Authenticate(t.Context(), Source{Cookie: "auth_token"}, r)
				wantRefused(t, actor, err)
			}
		}
		fresh := login()
		actor, err := s.Authenticate(t.Context(), Source{}, with("Authorization", "Bearer "+fresh))
		if err != nil || actor.TokenEpoch != epoch || actor.User != s.mary {
			t.Fatalf("epoch %d: %+v, %v", epoch, actor, err)
		}
		before = append(before, fresh)
	}
	if _, err := s.Authenticate(t.Context(), Source{}, with("X-Api-Key", s.maryKey.Text)); err != nil {
		t.Errorf("a key is no token, and stays: %v", err)
	}
}

// late changes an account after its password was read for a login.
type late struct {
	*directory
	after func()
}

// UserByEmail changes the account behind the answer.
func (d late) UserByEmail(ctx context.Context, email string) (tenancy.User, bool, error) {
	defer d.after()
	return d.directory.UserByEmail(ctx, email)
}

// A login that began before a password change ends with a token that the
// change has ended.
func TestALoginThatTheRevocationOvertook(t *testing.T) {
	s := newScene(t)
	s.Service = newService(t, late{s.dir, func() { s.update(func(u *tenancy.User) { u.TokenEpoch++ }) }}, s.clock)
	token, err := s.Login(t.Context(), "mary@example.com", s.password, tenancy.TenantRef{})
	if err != nil {
		t.Fatal(err)
	}
	actor, err := s.Authenticate(t.Context(), Source{}, with("Authorization", "Bearer "+token.Text))
	wantRefused(t, actor, err)
}

func TestCheckPassword(t *testing.T) {
	s := newScene(t)
	service := tenancy.UserID(uuid.New())
	s.dir.users[service] = tenancy.User{ID: service, Enabled: true, SignedUp: true}
	for _, tc := range []struct {
		name     string
		user     tenancy.UserID
		password string
		ok       bool
	}{
		{"the present password", s.mary, s.password, true},
		{"another password", s.mary, s.password + "!", false},
		{"no password", s.mary, "", false},
		{"an over-long password", s.mary, strings.Repeat("x", PasswordLongest+1), false},
		{"an account without a password", service, "anything at all", false},
		{"an account without a password, none given", service, "", false},
		{"an unknown account", tenancy.UserID(uuid.New()), s.password, false},
		{"nobody", tenancy.UserID{}, s.password, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			against, ok, err := s.CheckPassword(t.Context(), tc.user, tc.password)
			if err != nil || ok != tc.ok || (against == marysHash) != tc.ok || (against == "") == tc.ok {
				t.Errorf("CheckPassword = %q, %v, %v; want %v", against, ok, err, tc.ok)
			}
		})
	}
}

func TestCheckPasswordFailsClosed(t *testing.T) {
	s := newScene(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range cap(s.hashers) { // nobody's turn comes
		s.hashers <- struct{}{}
	}
	for name, user := range map[string]tenancy.UserID{"a known account": s.mary, "an unknown one": tenancy.UserID(uuid.New())} {
		if _, ok, err := s.CheckPassword(ended, user, s.password); ok || codeOf(t, err) != tenancy.CodeTimeout {
			t.Errorf("%s waits its turn: %v, %v; want timeout", name, ok, err)
		}
	}
	for range cap(s.hashers) {
		<-s.hashers
	}
	s.update(func(u *tenancy.User) { u.PasswordHash = "damaged" })
	if _, ok, err := s.CheckPassword(t.Context(), s.mary, s.password); ok || err == nil {
		t.Errorf("a damaged hash: %v, %v; want an error", ok, err)
	}
	s.dir.broken = &tenancy.Error{Code: tenancy.CodeUnavailable}
	if _, ok, err := s.CheckPassword(t.Context(), s.mary, s.password); ok || codeOf(t, err) != tenancy.CodeUnavailable {
		t.Errorf("a store that fails: %v, %v; want unavailable", ok, err)
	}
}
