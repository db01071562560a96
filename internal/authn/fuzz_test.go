package authn

import (
	"crypto/ed25519"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

// fuzzNow is when the fuzz targets happen.
const fuzzNow = 1777896000

// fuzzSigner has one key that never changes, so that the corpus stays valid.
func fuzzSigner() *signer {
	key := tenancy.SigningKey{ID: tenancy.KeyID(uuid.MustParse("0f000000-0000-4000-8000-000000000001"))}
	copy(key.Seed[:], "the seed of the fuzz targets' key")
	s, err := newSigner([]tenancy.SigningKey{key})
	if err != nil {
		panic(err)
	}
	return s
}

const (
	fuzzHeader = `{"alg":"EdDSA","kid":"0f000000-0000-4000-8000-000000000001","typ":"JWT"}`
	fuzzClaims = `{"iss":"memberward","aud":["memberward"],"sub":"a0000000-0000-4000-8000-000000000001",` +
		`"iat":1777896000,"exp":1777899600,"epoch":3,"tenant":"a1000000-0000-4000-8000-000000000001","tenant_since":1777890000000000}`
)

func (s *signer) compact(header, payload string) string {
	input := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	return input + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(s.private, []byte(input)))
}

// No text panics, and none is accepted but one that the standard library finds
// signed by our key.
func FuzzToken(f *testing.F) {
	s := fuzzSigner()
	valid := s.compact(fuzzHeader, fuzzClaims)
	if _, err := s.verify(valid, time.Unix(fuzzNow, 0)); err != nil {
		f.Fatalf("the valid token: %v", err)
	}
	f.Add(valid)
	f.Add(valid[:len(valid)-1])
	f.Add("eyJ..")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := s.verify(text, time.Unix(fuzzNow, 0)); err == nil && !s.signed(text) {
			t.Errorf("verify accepts %q", text)
		}
	})
}

func (s *signer) signed(text string) bool {
	end := strings.LastIndexByte(text, '.')
	signature, err := base64.RawURLEncoding.DecodeString(text[end+1:])
	return err == nil && ed25519.Verify(s.private.Public().(ed25519.PublicKey), []byte(text[:end]), signature)
}

// Whatever stands in a token that our key has signed, only a header and
// claims like ours are accepted, and mean what they say.
func FuzzClaims(f *testing.F) {
	s := fuzzSigner()
	f.Add(fuzzHeader, fuzzClaims)
	f.Add(`{"alg":"none"}`, fuzzClaims)
	f.Add(fuzzHeader, `{}`)
	f.Fuzz(func(t *testing.T, header, payload string) {
		got, err := s.verify(s.compact(header, payload), time.Unix(fuzzNow, 0))
		if err != nil {
			return
		}
		var head, body map[string]any
		if json.Unmarshal([]byte(header), &head) != nil || json.Unmarshal([]byte(payload), &body) != nil {
			return // a key twice or the like: which one counts is not ours to say
		}
		if !isOurHeader(head) || !areOurClaims(body, got) {
			t.Errorf("verify accepts %s %s as %+v", header, payload, got)
		}
	})
}

func isOurHeader(head map[string]any) bool {
	_, critical := head["crit"]
	_, unencoded := head["b64"]
	return head["alg"] == "EdDSA" && head["kid"] == "0f000000-0000-4000-8000-000000000001" && !critical && !unencoded
}

func areOurClaims(body map[string]any, got claims) bool {
	audience, many := body["aud"].([]any)
	if !many {
		audience = []any{body["aud"]}
	}
	subject, _ := body["sub"].(string)
	epoch, isNumber := body["epoch"].(float64)
	_, hasEpoch := body["epoch"]
	tenant, bound := body["tenant"].(string)
	_, ends := body["exp"]
	return ends && body["iss"] == "memberward" && slices.Contains(audience, any("memberward")) &&
		strings.EqualFold(subject, got.user.String()) && !got.user.IsZero() &&
		hasEpoch == isNumber && float64(got.epoch) == epoch &&
		bound == !got.tenant.IsZero() && (!bound || strings.EqualFold(tenant, got.tenant.String()))
}

// No text is anybody's key but the key itself, and none panics: not as a key,
// not as a bearer, and not as what a platform key acts for.
func FuzzKey(f *testing.F) {
	s := newScene(f)
	platform := "a platform key of the operator's own!"
	mary := "mw_" + strings.Repeat("ab", 16) + "_" + strings.Repeat("A", secretDigits)
	id, _ := KeyIDOf(mary)
	s.dir.keys[id] = tenancy.Key{ID: id, User: s.mary, Digest: DigestOf(mary)}
	s.addChosen(platform, tenancy.Key{Platform: true})
	f.Add(mary)
	f.Add(platform)
	f.Add(s.mary.String())
	f.Add(mary[:len(mary)-1] + "B")
	f.Fuzz(func(t *testing.T, text string) {
		for _, r := range []Request{
			with("X-Api-Key", text), with("Authorization", "Bearer "+text), with("Authorization", text),
			with("Cookie", "auth_token="+text), with("X-Api-Key", platform, "X-Act-As", text),
		} {
			actor, err := s.Authenticate(t.Context(), Source{Cookie: "auth_token", ActAs: true}, r)
			if err == nil && !s.isTheirs(actor, r, text, mary, platform) {
				t.Errorf("%v is %+v", r.Header, actor)
			}
		}
	})
}

func (s *scene) isTheirs(actor tenancy.Actor, r Request, text, mary, platform string) bool {
	if actor.Delegated {
		return actor.User == s.mary && strings.EqualFold(r.Header.Get("X-Act-As"), s.mary.String())
	}
	text = strings.TrimLeft(text, " ") // behind "Bearer"
	if scheme, rest, _ := strings.Cut(text, " "); strings.EqualFold(scheme, "bearer") {
		text = strings.TrimLeft(rest, " ")
	}
	return actor.Platform && text == platform || actor.User == s.mary && text == mary
}
