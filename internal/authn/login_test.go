package authn

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

func TestLogin(t *testing.T) {
	s := newScene(t)
	globex := tenancy.TenantID(uuid.New())
	s.dir.tenants["globex"] = globex
	s.dir.members[globex] = map[tenancy.UserID]tenancy.Membership{s.mary: {Tenant: globex, User: s.mary, Pending: true, Enabled: true}}
	s.dir.users[tenancy.UserID(uuid.New())] = tenancy.User{Email: "svc@example.com", Enabled: true, SignedUp: true}
	for _, tc := range []struct {
		name, email, password string
		tenant                tenancy.TenantRef
		want                  tenancy.Code
	}{
		{"the right password", "Mary@example.com", s.password, tenancy.TenantRef{}, ""},
		{"the address in another case", " MARY@EXAMPLE.COM ", s.password, tenancy.TenantRef{}, ""},
		{"for a tenant by slug", "mary@example.com", s.password, tenancy.TenantRef{Slug: "acme"}, ""},
		{"for a tenant by id", "mary@example.com", s.password, tenancy.RefTo(s.acme), ""},
		{"another password", "mary@example.com", s.password + "!", tenancy.TenantRef{}, "unauthenticated"},
		{"no password", "mary@example.com", "", tenancy.TenantRef{}, "unauthenticated"},
		{"an over-long password", "mary@example.com", strings.Repeat("x", PasswordLongest+1), tenancy.TenantRef{}, "unauthenticated"},
		{"an unknown address", "max@example.com", s.password, tenancy.TenantRef{}, "unauthenticated"},
		{"no address", "", s.password, tenancy.TenantRef{}, "unauthenticated"},
		{"an account without a password", "svc@example.com", "anything at all", tenancy.TenantRef{}, "unauthenticated"},
		{"an unknown tenant", "mary@example.com", s.password, tenancy.TenantRef{Slug: "initech"}, "unauthenticated"},
		{"an unknown tenant's id", "mary@example.com", s.password, tenancy.RefTo(tenancy.TenantID(uuid.New())), "unauthenticated"},
		{"a tenant where the membership is pending", "mary@example.com", s.password, tenancy.TenantRef{Slug: "globex"}, "unauthenticated"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s.dir.touches = nil
			token, err := s.Login(t.Context(), tc.email, tc.password, tc.tenant)
			if got := codeOf(t, err); got != tc.want || (token.Text != "") != (tc.want == "") {
				t.Fatalf("code = %q, token %q; want %q", got, token.Text, tc.want)
			}
			var want []tenancy.Touch
			if tc.want == "" {
				want = []tenancy.Touch{{User: s.mary, At: s.clock.now}}
			} else if e := new(tenancy.Error); !errors.As(err, &e) || e.Msg != "wrong e-mail address, password or tenant" {
				t.Errorf("err = %v: it tells what was wrong", err)
			}
			if diff := cmp.Diff(want, s.dir.touches); diff != "" {
				t.Errorf("touches (-want +got)\n%s", diff)
			}
		})
	}
}

func TestPasswordLength(t *testing.T) {
	s := newScene(t)
	for length, want := range map[int]tenancy.Code{
		0: "invalid", PasswordShortest - 1: "invalid", PasswordShortest: "", PasswordLongest: "", PasswordLongest + 1: "invalid",
	} {
		_, err := s.HashPassword(t.Context(), strings.Repeat("p", length))
		if got := codeOf(t, err); got != want {
			t.Errorf("%d bytes: code = %q, want %q", length, got, want)
		}
	}
}

func TestHashesAreSaltedAndVerify(t *testing.T) {
	s := newScene(t)
	first, err := s.HashPassword(t.Context(), "the same password")
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.HashPassword(t.Context(), "the same password")
	if err != nil || first == second {
		t.Errorf("two hashes of a password are equal (%v)", err)
	}
	if !strings.HasPrefix(first, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash = %q", first)
	}
	for password, want := range map[string]bool{"the same password": true, "The same password": false, "": false} {
		got, err := s.verifyPassword(t.Context(), password, first)
		if err != nil || got != want {
			t.Errorf("verify %q: %v, %v; want %v", password, got, err, want)
		}
	}
}

func TestNobodysHashTakesTheSameWork(t *testing.T) {
	h, err := parseHash(nobodysHash)
	if err != nil {
		t.Fatal(err)
	}
	got := [...]int{int(h.memory), int(h.passes), int(h.lanes), len(h.salt), len(h.sum)}
	if want := [...]int{hashMemory, hashPasses, hashLanes, saltBytes, hashBytes}; got != want {
		t.Errorf("work = %v, want that of a real hash: %v", got, want)
	}
}

func TestDamagedHashesAreErrors(t *testing.T) {
	s := newScene(t)
	const salt, sum = "bm9ib2R5J3Mgc2FsdCEhIQ", "bm9ib2R5IGhhcyBhIHBhc3N3b3JkIHdpdGggdGhpcyE"
	for name, stored := range map[string]string{
		"empty":              "",
		"plain text":         "mary's long password",
		"another algorithm":  "$argon2i$v=19$m=19456,t=2,p=1$" + salt + "$" + sum,
		"another version":    "$argon2id$v=16$m=19456,t=2,p=1$" + salt + "$" + sum,
		"all memory":         "$argon2id$v=19$m=4294967295,t=2,p=1$" + salt + "$" + sum,
		"no memory":          "$argon2id$v=19$m=0,t=2,p=1$" + salt + "$" + sum,
		"forever":            "$argon2id$v=19$m=19456,t=4294967295,p=1$" + salt + "$" + sum,
		"no passes":          "$argon2id$v=19$m=19456,t=0,p=1$" + salt + "$" + sum,
		"256 lanes":          "$argon2id$v=19$m=19456,t=2,p=256$" + salt + "$" + sum,
		"out of order":       "$argon2id$v=19$t=2,m=19456,p=1$" + salt + "$" + sum,
		"a parameter more":   "$argon2id$v=19$m=19456,t=2,p=1,x=1$" + salt + "$" + sum,
		"a part more":        "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + sum + "$",
		"no hash":            "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$",
		"a hash of one byte": "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$AA",
		"no salt":            "$argon2id$v=19$m=19456,t=2,p=1$$" + sum,
		"not base64":         "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$!!!!!!!!!!!!!!!!",
		"an endless hash":    "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + strings.Repeat("AAAA", 100),
	} {
		t.Run(name, func(t *testing.T) {
			if ok, err := s.verifyPassword(t.Context(), "mary's long password", stored); ok || err == nil {
				t.Errorf("verify = %v, %v; want an error", ok, err)
			}
		})
	}
}

func FuzzParseHash(f *testing.F) {
	f.Add(nobodysHash)
	f.Add("$argon2id$v=19$m=1,t=1,p=1$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := parseHash(text)
		if err == nil && (h.memory == 0 || h.memory > memoryLimit || h.passes == 0 || h.passes > passesLimit || h.lanes == 0 || len(h.sum) > bytesLimit) {
			t.Errorf("parseHash(%q) = %+v", text, h)
		}
	})
}

func TestWaitingForAHashEndsWithTheRequest(t *testing.T) {
	s := newScene(t)
	for range cap(s.hashers) {
		s.hashers <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Login(ctx, "mary@example.com", s.password, tenancy.TenantRef{})
	if got := codeOf(t, err); got != tenancy.CodeTimeout {
		t.Errorf("code = %q, want timeout", got)
	}
}

func TestManyLoginsAtOnce(t *testing.T) {
	s := newScene(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if _, err := s.Login(t.Context(), "mary@example.com", s.password, tenancy.TenantRef{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}
