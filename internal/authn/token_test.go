package authn

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/memberward/memberward/internal/tenancy"
)

// forger makes tokens that are like ours but for what a test changes.
type forger struct {
	key    ed25519.PrivateKey
	header map[string]any
	claims map[string]any
}

func (s *scene) newestKey() tenancy.KeyID { return s.keys.Load().newest.ID }

func (s *scene) forger() forger {
	now := s.clock.now.Unix()
	return forger{
		key:    s.keys.Load().private,
		header: map[string]any{"alg": "EdDSA", "typ": "JWT", "kid": s.newestKey().String()},
		claims: map[string]any{
			"iss": "memberward", "aud": "memberward", "sub": s.mary.String(), "iat": now, "exp": now + 60, "jti": "x",
		},
	}
}

func encode(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// token signs with Ed25519, whatever the header says.
func (f forger) token(t *testing.T) string {
	t.Helper()
	input := encode(t, f.header) + "." + encode(t, f.claims)
	return input + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(f.key, []byte(input)))
}

func TestForgedTokens(t *testing.T) {
	s := newScene(t)
	public, stranger, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := jwk.Import(public)
	if err != nil {
		t.Fatal(err)
	}
	now := s.clock.now.Unix()
	for _, tc := range []struct {
		name   string
		change func(*forger)
		ok     bool
	}{
		{"ours", func(*forger) {}, true},
		{"ours, audience as a list", func(f *forger) { f.claims["aud"] = []string{"other", "memberward"} }, true},
		{"ours, in its last second", func(f *forger) { f.claims["exp"] = now + 1 }, true},
		{"issued by a clock that is ahead a little", func(f *forger) { f.claims["iat"] = now + 20 }, true},
		{"headers that name a key are ignored", func(f *forger) { f.header["jku"], f.header["jwk"] = "https://evil.example", foreign }, true},

		{"signed by a stranger under our kid", func(f *forger) { f.key = stranger }, false},
		{"signed by a stranger who sends the key", func(f *forger) { f.key = stranger; f.header["jwk"] = foreign }, false},
		{"signed by a stranger who sends an address", func(f *forger) { f.key = stranger; f.header["jku"] = "https://evil.example/jwks" }, false},
		{"signed by a stranger who sends a certificate", func(f *forger) { f.key = stranger; f.header["x5u"] = "https://evil.example/c" }, false},
		{"an unknown kid", func(f *forger) { f.header["kid"] = uuid.NewString() }, false},
		{"no kid", func(f *forger) { delete(f.header, "kid") }, false},
		{"kid is no string", func(f *forger) { f.header["kid"] = 7 }, false},
		{"no algorithm", func(f *forger) { delete(f.header, "alg") }, false},
		{"alg: none over a real signature", func(f *forger) { f.header["alg"] = "none" }, false},
		{"another algorithm over a real signature", func(f *forger) { f.header["alg"] = "Ed448" }, false},
		{"an unknown critical header", func(f *forger) { f.header["crit"], f.header["x"] = []string{"x"}, 1 }, false},
		{"an unencoded payload", func(f *forger) { f.header["crit"], f.header["b64"] = []string{"b64"}, false }, false},
		{"b64 without crit", func(f *forger) { f.header["b64"] = false }, false},
		{"expired", func(f *forger) { f.claims["exp"] = now - 1 }, false},
		{"expired this second", func(f *forger) { f.claims["exp"] = now }, false},
		{"no end", func(f *forger) { delete(f.claims, "exp") }, false},
		{"an end that is no number", func(f *forger) { f.claims["exp"] = "never" }, false},
		{"not valid yet", func(f *forger) { f.claims["nbf"] = now + 60 }, false},
		{"issued in the future", func(f *forger) { f.claims["iat"] = now + 60 }, false},
		{"another issuer", func(f *forger) { f.claims["iss"] = "evil" }, false},
		{"no issuer", func(f *forger) { delete(f.claims, "iss") }, false},
		{"another audience", func(f *forger) { f.claims["aud"] = "other" }, false},
		{"no audience", func(f *forger) { delete(f.claims, "aud") }, false},
		{"no subject", func(f *forger) { delete(f.claims, "sub") }, false},
		{"a subject that is no id", func(f *forger) { f.claims["sub"] = "mary" }, false},
		{"the nil UUID as subject", func(f *forger) { f.claims["sub"] = uuid.Nil.String() }, false},
		{"an unknown subject", func(f *forger) { f.claims["sub"] = uuid.NewString() }, false},
		{"a tenant without since", func(f *forger) { f.claims["tenant"] = s.acme.String() }, false},
		{"since without a tenant", func(f *forger) { f.claims["tenant_since"] = now }, false},
		{"a tenant's since before 1970", func(f *forger) { f.claims["tenant"], f.claims["tenant_since"] = s.acme.String(), -1 }, false},
		{"a tenant's since that is no number", func(f *forger) { f.claims["tenant"], f.claims["tenant_since"] = s.acme.String(), "now" }, false},
		{"no epoch, as tokens of an older program", func(f *forger) { delete(f.claims, "epoch") }, true},
		{"the first epoch", func(f *forger) { f.claims["epoch"] = 0 }, true},
		{"another epoch", func(f *forger) { f.claims["epoch"] = 1 }, false},
		{"an epoch before the first", func(f *forger) { f.claims["epoch"] = -1 }, false},
		{"half an epoch", func(f *forger) { f.claims["epoch"] = 0.5 }, false},
		{"an epoch beyond all numbers", func(f *forger) { f.claims["epoch"] = json.Number("1e300") }, false},
		{"an epoch that is no number", func(f *forger) { f.claims["epoch"] = "0" }, false},
		{"an epoch of null", func(f *forger) { f.claims["epoch"] = nil }, false},
		{"a tenant that is no id", func(f *forger) { f.claims["tenant"], f.claims["tenant_since"] = "acme", now }, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := s.forger()
			tc.change(&f)
			actor, err := s.Authenticate(t.Context(), Source{}, with("Authorization", "Bearer "+f.token(t)))
			if !tc.ok {
				wantRefused(t, actor, err)
			} else if err != nil || actor.User != s.mary {
				t.Errorf("%v, %v; want mary", actor, err)
			}
		})
	}
}

func TestTokensInOtherForms(t *testing.T) {
	s := newScene(t)
	f := s.forger()
	token := f.token(t)
	parts := strings.Split(token, ".")
	hmacHeader := encode(t, map[string]any{"alg": "HS256", "kid": s.newestKey().String()})
	public := s.keys.Load().public[s.newestKey().String()]
	hmac, err := jws.Sign([]byte(mustDecode(t, parts[1])), jws.WithKey(jwa.HS256(), []byte(public), jws.WithProtectedHeaders(header(t, s))))
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(map[string]any{"payload": parts[1], "protected": parts[0], "signature": parts[2]})
	if err != nil {
		t.Fatal(err)
	}
	f.header["alg"] = "none"
	unsigned := encode(t, f.header) + "." + parts[1] + "."
	for name, text := range map[string]string{
		"alg: none without signature":         unsigned,
		"HS256 with the public key as secret": string(hmac),
		"HS256 header on our signature":       hmacHeader + "." + parts[1] + "." + parts[2],
		"the JSON form":                       string(asJSON),
		"no signature":                        parts[0] + "." + parts[1] + ".",
		"two parts":                           parts[0] + "." + parts[1],
		"four parts":                          token + ".x",
		"other claims under our signature":    parts[0] + "." + encode(t, map[string]any{"sub": uuid.NewString()}) + "." + parts[2],
		"a padded signature":                  token + "=",
		"white space within":                  parts[0] + "." + parts[1] + ". " + parts[2],
		"over-long":                           parts[0] + "." + strings.Repeat("A", textLimit) + "." + parts[2],
		"a header that is no object":          base64.RawURLEncoding.EncodeToString([]byte(`[]`)) + "." + parts[1] + "." + parts[2],
		"empty parts":                         "eyJ..",
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range []Request{with("Authorization", "Bearer "+text), with("Cookie", "auth_token="+text)} {
				actor, err := s.Authenticate(t.Context(), Source{Cookie: "auth_token"}, r)
				if codeOf(t, err) != tenancy.CodeUnauthenticated || !actor.IsZero() {
					t.Errorf("%v, %v; want unauthenticated", actor, err)
				}
			}
		})
	}
}

func header(t *testing.T, s *scene) jws.Headers {
	t.Helper()
	h := jws.NewHeaders()
	if err := h.Set(jws.KeyIDKey, s.newestKey().String()); err != nil {
		t.Fatal(err)
	}
	return h
}

func mustDecode(t *testing.T, text string) string {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestTokenLivesForItsTime(t *testing.T) {
	s := newScene(t)
	token, err := s.Login(t.Context(), "mary@example.com", s.password, tenancy.TenantRef{})
	if err != nil || token.Lifetime != time.Hour {
		t.Fatalf("Login: lifetime %v, %v; want an hour", token.Lifetime, err)
	}
	issued := s.clock.now
	for age, want := range map[time.Duration]bool{0: true, time.Hour - 1: true, time.Hour: false, time.Hour + skew: false, -skew: true, -time.Minute: false} {
		s.clock.now = issued.Add(age)
		_, err := s.Authenticate(t.Context(), Source{}, with("Authorization", "Bearer "+token.Text))
		if (err == nil) != want {
			t.Errorf("at the age of %v: %v, want accepted %v", age, err, want)
		}
	}
}
