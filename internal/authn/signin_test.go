package authn

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

func basic(pair string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair)) }

// keyParts is a key as the scheme Key has it.
func keyParts(key NewKey) string {
	return "Key " + key.ID.String() + ":" + key.Text[len(key.Text)-secretDigits:]
}

func TestSignIn(t *testing.T) {
	s := newScene(t)
	s.update(func(u *tenancy.User) { u.TokenEpoch = 7 })
	platform := s.addKey(t, tenancy.Key{Platform: true})
	expired := s.addKey(t, tenancy.Key{User: s.mary, ExpiresAt: s.clock.now})
	chosen := "a key that an operator chose, 32 long"
	s.addChosen(chosen, tenancy.Key{User: s.mary})
	password := tenancy.Actor{User: s.mary, Via: tenancy.ViaPassword, TokenEpoch: 7}
	key := tenancy.Actor{User: s.mary, Via: tenancy.ViaAPIKey, Key: s.maryKey.ID}
	secret := s.maryKey.Text[len(s.maryKey.Text)-secretDigits:]
	for _, tc := range []struct {
		name, header string
		want         tenancy.Actor // zero: refused
	}{
		{"e-mail address and password", basic("mary@example.com:" + s.password), password},
		{"the address in another spelling", basic(" MARY@Example.com:" + s.password), password},
		{"the scheme in another case", strings.Replace(basic("mary@example.com:"+s.password), "Basic", "bAsIc", 1), password},
		{"another password", basic("mary@example.com:wrong"), tenancy.Actor{}},
		{"the password in another case", basic("mary@example.com:" + strings.ToUpper(s.password)), tenancy.Actor{}},
		{"more behind the password", basic("mary@example.com:" + s.password + ":"), tenancy.Actor{}},
		{"an over-long password", basic("mary@example.com:" + strings.Repeat("x", PasswordLongest+1)), tenancy.Actor{}},
		{"nobody's address", basic("max@example.com:" + s.password), tenancy.Actor{}},
		{"no colon", basic("mary@example.com"), tenancy.Actor{}},
		{"invalid UTF-8", basic("mary@example.com:\xff"), tenancy.Actor{}},
		{"no base64", "Basic mary@example.com:" + s.password, tenancy.Actor{}},
		{"nothing", "Basic", tenancy.Actor{}},
		{"a key's id and secret", keyParts(s.maryKey), key},
		{"the id in upper case", "KEY " + strings.ToUpper(s.maryKey.ID.String()) + ":" + secret, key},
		{"the platform's", keyParts(platform), tenancy.Actor{Platform: true, Via: tenancy.ViaPlatformKey, Key: platform.ID}},
		{"another key's secret", "Key " + platform.ID.String() + ":" + secret, tenancy.Actor{}},
		{"an unknown id", "Key " + uuid.NewString() + ":" + secret, tenancy.Actor{}},
		{"an id without dashes", "Key " + strings.ReplaceAll(s.maryKey.ID.String(), "-", "") + ":" + secret, tenancy.Actor{}},
		{"no secret", "Key " + s.maryKey.ID.String() + ":", tenancy.Actor{}},
		{"the whole key for the secret", "Key " + s.maryKey.ID.String() + ":" + s.maryKey.Text, tenancy.Actor{}},
		{"the whole key alone", "Key " + s.maryKey.Text, tenancy.Actor{}},
		{"an expired key", keyParts(expired), tenancy.Actor{}},
		{"a key of an operator's choice", "Key " + chosen, tenancy.Actor{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := s.Authenticate(t.Context(), Source{SignIn: true}, with("Authorization", tc.header))
			if tc.want.IsZero() {
				wantRefused(t, got, err)
			} else if diff := cmp.Diff(tc.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			got, err = s.Authenticate(t.Context(), Source{}, with("Authorization", tc.header)) // where it is not read
			wantRefused(t, got, err)
		})
	}
}

func TestSignInOfAccountsThatMayNot(t *testing.T) {
	for name, change := range map[string]func(*tenancy.User){
		"disabled":      func(u *tenancy.User) { u.Enabled = false },
		"not signed up": func(u *tenancy.User) { u.SignedUp = false },
		"no password":   func(u *tenancy.User) { u.PasswordHash = "" },
	} {
		s := newScene(t)
		s.update(change)
		got, err := s.Authenticate(t.Context(), Source{SignIn: true}, with("Authorization", basic("mary@example.com:"+s.password)))
		t.Log(name)
		wantRefused(t, got, err)
	}
}

// exchanged is who bears the token that a credential is exchanged for.
func (s *scene) exchanged(t *testing.T, header string) (tenancy.Actor, string) {
	t.Helper()
	actor, err := s.Authenticate(t.Context(), Source{SignIn: true}, with("Authorization", header))
	if err != nil {
		t.Fatal(err)
	}
	token, err := s.Exchange(t.Context(), actor, s.acme)
	if err != nil {
		t.Fatal(err)
	}
	bearer, err := s.Authenticate(t.Context(), Source{}, with("Authorization", "Bearer "+token.Text))
	if err != nil {
		t.Fatal(err)
	}
	return bearer, token.Text
}

func TestExchange(t *testing.T) {
	s := newScene(t)
	s.update(func(u *tenancy.User) { u.TokenEpoch = 7 })
	scoped := s.addKey(t, tenancy.Key{User: s.mary, Tenant: s.acme, Scopes: []tenancy.Action{tenancy.ActionMemberList}})
	member := s.dir.members[s.acme][s.mary]
	for epoch := range uint64(3) { // from the first on
		member.Epoch = epoch
		s.dir.members[s.acme][s.mary] = member
		want := tenancy.Actor{
			User: s.mary, Via: tenancy.ViaToken, Tenant: s.acme, TenantSince: s.since, MemberEpoch: epoch + 1, TokenEpoch: 7, IssuedAt: s.clock.now,
		}
		got, _ := s.exchanged(t, basic("mary@example.com:"+s.password))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("with a password (-want +got):\n%s", diff)
		}
		got, _ = s.exchanged(t, keyParts(scoped))
		want.Key, want.Scopes = scoped.ID, []tenancy.Action{tenancy.ActionMemberList}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("with a key (-want +got):\n%s", diff)
		}
	}
}

func TestExchangeRefuses(t *testing.T) {
	s := newScene(t)
	globex := tenancy.TenantID(uuid.New())
	s.dir.members[globex] = map[tenancy.UserID]tenancy.Membership{s.mary: {Tenant: globex, User: s.mary, Enabled: true, Pending: true}}
	password := tenancy.Actor{User: s.mary, Via: tenancy.ViaPassword}
	for _, tc := range []struct {
		name   string
		actor  tenancy.Actor
		tenant tenancy.TenantID
		want   tenancy.Code
	}{
		{"nothing against it", password, s.acme, ""},
		{"no such tenant", password, tenancy.TenantID(uuid.New()), "not_a_member"},
		{"pending there", password, globex, "not_permitted"},
		{"a key that is bound elsewhere", tenancy.Actor{User: s.mary, Via: tenancy.ViaAPIKey, Tenant: globex}, s.acme, "not_a_member"},
		{"a token", tenancy.Actor{User: s.mary, Via: tenancy.ViaToken}, s.acme, "forbidden"},
		{"a cookie", tenancy.Actor{User: s.mary, Via: tenancy.ViaCookie}, s.acme, "forbidden"},
		{"the platform", tenancy.Actor{Platform: true, Via: tenancy.ViaPlatformKey}, s.acme, "forbidden"},
		{"the platform for somebody", tenancy.Actor{User: s.mary, Delegated: true, Via: tenancy.ViaPlatformKey}, s.acme, "forbidden"},
		{"nobody", tenancy.Actor{}, s.acme, "forbidden"},
		{"an account that is gone", tenancy.Actor{User: tenancy.UserID(uuid.New()), Via: tenancy.ViaAPIKey}, s.acme, "unauthenticated"},
		{"another password meanwhile", tenancy.Actor{User: s.mary, Via: tenancy.ViaPassword, TokenEpoch: 1}, s.acme, "unauthenticated"},
	} {
		token, err := s.Exchange(t.Context(), tc.actor, tc.tenant)
		if got := codeOf(t, err); got != tc.want || (got == "") != (token.Text != "") {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
	s.dir.broken = &tenancy.Error{Code: tenancy.CodeUnavailable}
	if _, err := s.Exchange(t.Context(), password, s.acme); codeOf(t, err) != tenancy.CodeUnavailable {
		t.Errorf("a store that fails: %v", err)
	}
}

// A token that was got with a key is worth what the key is worth.
func TestTokensEndWithTheirKey(t *testing.T) {
	for name, end := range map[string]func(*scene, tenancy.Key){
		"deleted":             func(s *scene, k tenancy.Key) { delete(s.dir.keys, k.ID) },
		"expired":             func(s *scene, k tenancy.Key) { k.ExpiresAt = s.clock.now; s.dir.keys[k.ID] = k },
		"of another user":     func(s *scene, k tenancy.Key) { k.User = tenancy.UserID(uuid.New()); s.dir.keys[k.ID] = k },
		"of the platform":     func(s *scene, k tenancy.Key) { k.Platform = true; s.dir.keys[k.ID] = k },
		"of another tenant":   func(s *scene, k tenancy.Key) { k.Tenant = tenancy.TenantID(uuid.New()); s.dir.keys[k.ID] = k },
		"the account's epoch": func(s *scene, _ tenancy.Key) { s.update(func(u *tenancy.User) { u.TokenEpoch++ }) },
	} {
		s := newScene(t)
		_, token := s.exchanged(t, keyParts(s.maryKey))
		end(s, s.dir.keys[s.maryKey.ID])
		got, err := s.Authenticate(t.Context(), Source{}, with("Authorization", "Bearer "+token))
		t.Log(name)
		wantRefused(t, got, err)
	}
}

func TestForgedBindings(t *testing.T) {
	s := newScene(t)
	bound := func(f *forger) { f.claims["tenant"], f.claims["tenant_since"] = s.acme.String(), s.since.UnixMicro() }
	for name, change := range map[string]func(*forger){
		"a version without a tenant":   func(f *forger) { f.claims["tenant_epoch"] = 1 },
		"a version below the first":    func(f *forger) { bound(f); f.claims["tenant_epoch"] = -1 },
		"half a version":               func(f *forger) { bound(f); f.claims["tenant_epoch"] = 1.5 },
		"a version of null":            func(f *forger) { bound(f); f.claims["tenant_epoch"] = nil },
		"a version that is no number":  func(f *forger) { bound(f); f.claims["tenant_epoch"] = "1" },
		"a version beyond all numbers": func(f *forger) { bound(f); f.claims["tenant_epoch"] = 1 << 53 },
		"a key that is no id":          func(f *forger) { f.claims["key"] = "mary's" },
		"a key of null":                func(f *forger) { f.claims["key"] = nil },
		"the nil UUID as key":          func(f *forger) { f.claims["key"] = uuid.Nil.String() },
		"an unknown key":               func(f *forger) { f.claims["key"] = uuid.NewString() },
		"a key that is no text":        func(f *forger) { f.claims["key"] = 7 },
	} {
		f := s.forger()
		change(&f)
		actor, err := s.Authenticate(t.Context(), Source{}, with("Authorization", "Bearer "+f.token(t)))
		t.Log(name)
		wantRefused(t, actor, err)
	}
	f := s.forger()
	bound(&f)
	f.claims["tenant_epoch"], f.claims["key"] = 0, s.maryKey.ID.String()
	actor, err := s.Authenticate(t.Context(), Source{}, with("Authorization", "Bearer "+f.token(t)))
	if err != nil || actor.MemberEpoch != 1 || actor.Key != s.maryKey.ID || actor.IssuedAt != time.Unix(s.clock.now.Unix(), 0).UTC() {
		t.Errorf("ours: %+v, %v", actor, err)
	}
}
