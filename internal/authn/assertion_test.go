package authn

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/tenancy"
)

// shownKey is a key as an application reads it (RFC 7517, RFC 7518, 6.2).
type shownKey struct {
	Kty, Crv, Alg, Use, Kid, X, Y string
	D                             string // which must never be there
}

// application verifies assertions by the standard library alone, with the keys
// that it has fetched.
type application struct{ keys map[string]shownKey }

func (s *scene) application(t *testing.T) application {
	t.Helper()
	data, err := s.AssertionKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []shownKey }
	if err := json.Unmarshal(data, &set); err != nil {
		t.Fatal(err)
	}
	a := application{map[string]shownKey{}}
	for _, key := range set.Keys {
		if key.D != "" || key.Kty != "EC" || key.Crv != "P-256" || key.Alg != "ES256" || key.Use != "sig" || key.Kid == "" {
			t.Errorf("shown is %+v", key)
		}
		a.keys[key.Kid] = key
	}
	return a
}

// read gives the claims of an assertion whose signature holds.
func (a application) read(text string) (header, claims map[string]any, err error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, nil, errors.New("not three parts")
	}
	raw := make([][]byte, 3)
	for i, part := range parts {
		if raw[i], err = base64.RawURLEncoding.DecodeString(part); err != nil {
			return nil, nil, err
		}
	}
	if err := errors.Join(json.Unmarshal(raw[0], &header), json.Unmarshal(raw[1], &claims)); err != nil {
		return nil, nil, err
	}
	id, _ := header["kid"].(string)
	key, known := a.keys[id]
	if !known || header["alg"] != "ES256" {
		return nil, nil, errors.New("an unknown key")
	}
	x, errX := base64.RawURLEncoding.DecodeString(key.X)
	y, errY := base64.RawURLEncoding.DecodeString(key.Y)
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
	if err := errors.Join(errX, errY, err); err != nil {
		return nil, nil, err
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if len(raw[2]) != 64 || !ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(raw[2][:32]), new(big.Int).SetBytes(raw[2][32:])) {
		return nil, nil, errors.New("the signature does not hold")
	}
	return header, claims, nil
}

func (s *scene) assertion() Assertion {
	return Assertion{
		Issuer: "https://members.example.com", Audience: "https://app.example.com", Lifetime: time.Minute, ID: "d1",
		Subject: s.mary.String(), Tenant: "t1", Level: "member", Roles: []string{"editor", "writer"}, Authenticated: true,
	}
}

func (s *scene) assert(t *testing.T) string {
	t.Helper()
	text, err := s.Assert(t.Context(), s.assertion())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAnAssertionIsVerifiedByItsKeys(t *testing.T) {
	s := newScene(t)
	header, claims, err := s.application(t).read(s.assert(t))
	if err != nil {
		t.Fatal(err)
	}
	if header["typ"] != AssertionType {
		t.Errorf("the header is %v", header)
	}
	now := float64(s.clock.now.Unix())
	want := map[string]any{
		"iss": "https://members.example.com", "aud": "https://app.example.com", "sub": s.mary.String(), "jti": "d1", "iat": now, "exp": now + 60,
		"tenant": "t1", "level": "member", "roles": []any{"editor", "writer"}, "authenticated": true,
	}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestTheApplicationNotices plants assertions that are changed or of others.
func TestTheApplicationNotices(t *testing.T) {
	s, other := newScene(t), newScene(t)
	good := strings.Split(s.assert(t), ".")
	changed := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"olga"}`))
	a := s.application(t)
	for name, text := range map[string]string{
		"another payload":   good[0] + "." + changed + "." + good[2],
		"of another store":  other.assert(t),
		"without signature": good[0] + "." + good[1] + ".",
	} {
		if _, claims, err := a.read(text); err == nil {
			t.Errorf("%s is believed: %v", name, claims)
		}
	}
}

// TestAnAssertionLetsNobodyIn: nor is a token of ours one.
func TestAnAssertionLetsNobodyIn(t *testing.T) {
	s := newScene(t)
	text := s.assert(t)
	dressed := s.forger() // signed by the key of tokens, but of the other kind
	dressed.header["typ"] = AssertionType
	named := s.forger() // by the key of tokens, under the name of the other
	named.header["kid"] = s.keys.Load().assertions[0].id
	for name, presented := range map[string]string{"an assertion": text, "a token dressed up as one": dressed.token(t), "a token under its key": named.token(t)} {
		for _, r := range []Request{with("Authorization", "Bearer "+presented), with("X-Api-Key", presented), with("Cookie", "auth_token="+presented)} {
			actor, err := s.Authenticate(t.Context(), Source{Cookie: "auth_token"}, r)
			if codeOf(t, err) != tenancy.CodeUnauthenticated || !actor.IsZero() {
				t.Errorf("%s: %v, %v; want unauthenticated", name, actor, err)
			}
		}
	}
	token, err := s.Login(t.Context(), "mary@example.com", s.password, tenancy.TenantRef{})
	if err != nil {
		t.Fatal(err)
	}
	if _, claims, err := s.application(t).read(token.Text); err == nil {
		t.Errorf("a token is taken for an assertion: %v", claims)
	}
	if _, err := s.Authenticate(t.Context(), Source{}, with("Authorization", "Bearer "+token.Text)); err != nil {
		t.Errorf("the token is refused where it belongs, so the rows above show nothing: %v", err)
	}
}

// TestTheKeysOfAssertionsRotate: a new key is shown before it signs, and the
// one before stays until nothing it signed is good any more.
func TestTheKeysOfAssertionsRotate(t *testing.T) {
	s := newScene(t)
	first := s.application(t)
	signer := func() string {
		t.Helper()
		header, _, err := s.application(t).read(s.assert(t))
		if err != nil {
			t.Fatal(err)
		}
		return header["kid"].(string)
	}
	before := signer()
	s.clock.now = s.clock.now.Add(40 * 24 * time.Hour)
	if done, err := s.RotateIfOlder(t.Context(), 30*24*time.Hour); err != nil || done.Added.IsZero() {
		t.Fatalf("%+v, %v", done, err)
	}
	for _, wait := range []time.Duration{0, AssertionLead - time.Second} {
		s.clock.now = s.clock.now.Add(wait)
		if got := signer(); got != before || len(s.application(t).keys) != 2 {
			t.Errorf("after %v: %s signs of %d", wait, got, len(s.application(t).keys))
		}
		if _, _, err := first.read(s.assert(t)); err != nil {
			t.Errorf("after %v, an application with the keys of before: %v", wait, err)
		}
	}
	last, lastSigned := s.assert(t), s.clock.now
	s.clock.now = s.clock.now.Add(time.Second)
	if got := signer(); got == before {
		t.Error("the new key does not sign when it has been shown for long enough")
	}
	for s.clock.now.Before(lastSigned.Add(AssertionAtMost)) {
		s.clock.now = s.clock.now.Add(time.Minute)
		if _, err := s.RotateIfOlder(t.Context(), 30*24*time.Hour); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.application(t).read(last); err != nil {
			t.Fatalf("%v after it was signed, the last assertion of the key before: %v", s.clock.now.Sub(lastSigned), err)
		}
	}
	s.clock.now = s.clock.now.Add(2 * time.Hour)
	if _, err := s.RotateIfOlder(t.Context(), 30*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	if shown := s.application(t).keys; len(shown) != 1 || shown[before].Kid != "" {
		t.Errorf("shown for ever: %v", shown)
	}
}

// TestTheKeyOfASeedIsAlwaysTheSame: also after a restart, in another version.
func TestTheKeyOfASeedIsAlwaysTheSame(t *testing.T) {
	const want = "nw9jCicjZQcKPvN72ToCO4GqkFn51WG1EHPJBBCd_wc"
	if got := fuzzSigner().assertions[0].id; got != want {
		t.Errorf("the key is %s, want %s", got, want)
	}
}

func TestAssertionsThatAreNotSigned(t *testing.T) {
	s := newScene(t)
	for name, change := range map[string]func(*Assertion){
		"nobody's":       func(a *Assertion) { a.Issuer = "" },
		"for nobody":     func(a *Assertion) { a.Audience = "" },
		"about nobody":   func(a *Assertion) { a.Subject = "" },
		"of no decision": func(a *Assertion) { a.ID = "" },
		"good for ever":  func(a *Assertion) { a.Lifetime = AssertionAtMost + 1 },
		"never good":     func(a *Assertion) { a.Lifetime = 0 },
	} {
		said := s.assertion()
		change(&said)
		if text, err := s.Assert(t.Context(), said); err == nil {
			t.Errorf("%s: %s", name, text)
		}
	}
	s.dir.broken = errors.New("the disk is on fire")
	s.keys.Store(nil)
	if text, err := s.Assert(t.Context(), s.assertion()); err == nil || text != "" {
		t.Errorf("without a key: %q, %v", text, err)
	}
	if data, err := s.AssertionKeys(t.Context()); err == nil || !slices.Equal(data, nil) {
		t.Errorf("without a store: %s, %v", data, err)
	}
}
