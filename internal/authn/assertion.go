package authn

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/memberward/memberward/internal/tenancy"
)

// AssertionType is the typ of an assertion's header. No token that lets
// somebody in has it.
const AssertionType = "memberward-assertion+jwt"

// What an assertion says besides the registered claims of RFC 7519.
const (
	claimLevel         = "level"
	claimRoles         = "roles"
	claimAuthenticated = "authenticated"
)

// AssertionLead is how long a new key is shown before it signs assertions:
// longer than readers keep the keys that they have fetched.
const AssertionLead = 15 * time.Minute

// AssertionAtMost is the longest life of an assertion. Keys are shown for
// longer than that after they have signed their last.
const AssertionAtMost = 5 * time.Minute

// Assertion says who made a request that was allowed, for an application that
// does not take the word of a header.
type Assertion struct {
	Issuer, Audience string
	Lifetime         time.Duration // whole seconds, at most AssertionAtMost
	ID               string        // of the decision
	Subject          string
	Tenant, Level    string
	Roles            []string
	Authenticated    bool
}

// assertionKey signs assertions. It is made of the seed of a key that signs
// tokens, and is no such key: what one signs, the other does not verify.
type assertionKey struct {
	id      string // RFC 7638
	private *ecdsa.PrivateKey
	public  jwk.Key
	since   time.Time // when it was made
}

// newAssertionKey derives the key: ES256, which every library that reads JWTs
// knows (RFC 7518, 3.1), from a seed that the store keeps already.
func newAssertionKey(from tenancy.SigningKey) (assertionKey, error) {
	private, err := p256(from.Seed)
	if err != nil {
		return assertionKey{}, fmt.Errorf("make the key of assertions: %w", err)
	}
	public, err := jwk.Import(&private.PublicKey)
	if err == nil {
		err = jwk.AssignKeyID(public)
	}
	for name, value := range map[string]any{jwk.AlgorithmKey: jwa.ES256(), jwk.KeyUsageKey: jwk.ForSignature} {
		if err == nil {
			err = public.Set(name, value)
		}
	}
	if err != nil {
		return assertionKey{}, fmt.Errorf("make the key of assertions: %w", err)
	}
	id, _ := public.KeyID()
	return assertionKey{id: id, private: private, public: public, since: from.CreatedAt}, nil
}

// p256 makes a key of P-256 from a seed: from 1 up to the order of the group,
// with 128 bits more than it takes, so that no value is likelier (FIPS 186-5,
// A.2.1).
func p256(seed [32]byte) (*ecdsa.PrivateKey, error) {
	const size, more = 32, 16
	bits, err := hkdf.Key(sha256.New, seed[:], nil, "memberward assertion ES256", size+more)
	if err != nil {
		return nil, err
	}
	order := new(big.Int).Sub(elliptic.P256().Params().N, big.NewInt(1))
	scalar := new(big.Int).Mod(new(big.Int).SetBytes(bits), order)
	scalar.Add(scalar, big.NewInt(1))
	return ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar.FillBytes(make([]byte, size)))
}

// newAssertionKeys gives the keys in the order of the keys they are made of.
func newAssertionKeys(keys []tenancy.SigningKey) ([]assertionKey, error) {
	made := make([]assertionKey, len(keys))
	for i, key := range keys {
		var err error
		if made[i], err = newAssertionKey(key); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// asserting is the newest key that has been shown for long enough, or else the
// oldest there is.
func (s *signer) asserting(now time.Time) assertionKey {
	for i := len(s.assertions) - 1; i > 0; i-- {
		if now.Sub(s.assertions[i].since) >= AssertionLead {
			return s.assertions[i]
		}
	}
	return s.assertions[0]
}

// Assert signs an assertion. Its errors are those of the store, and of an
// assertion that nobody could hold to account.
func (s *Service) Assert(ctx context.Context, said Assertion) (string, error) {
	if said.Issuer == "" || said.Audience == "" || said.Subject == "" || said.ID == "" {
		return "", errors.New("an assertion names its issuer, its audience, its subject and its decision")
	}
	if said.Lifetime < time.Second || said.Lifetime > AssertionAtMost {
		return "", fmt.Errorf("an assertion lives from a second to %v, not %v", AssertionAtMost, said.Lifetime)
	}
	signer, err := s.signer(ctx)
	if err != nil {
		return "", err
	}
	now := s.clock()
	roles := said.Roles
	if roles == nil {
		roles = []string{}
	}
	claims, err := json.Marshal(map[string]any{
		"iss": said.Issuer, "aud": said.Audience, "sub": said.Subject, "jti": said.ID,
		"iat": now.Unix(), "exp": now.Unix() + int64(said.Lifetime/time.Second),
		claimTenant: said.Tenant, claimLevel: said.Level, claimRoles: roles, claimAuthenticated: said.Authenticated,
	})
	if err != nil {
		return "", fmt.Errorf("sign an assertion: %w", err)
	}
	key := signer.asserting(now)
	header := jws.NewHeaders()
	for name, value := range map[string]any{jws.KeyIDKey: key.id, jws.TypeKey: AssertionType} {
		if err := header.Set(name, value); err != nil {
			return "", fmt.Errorf("sign an assertion: %w", err)
		}
	}
	signed, err := jws.Sign(claims, jws.WithKey(jwa.ES256(), key.private, jws.WithProtectedHeaders(header)))
	if err != nil {
		return "", fmt.Errorf("sign an assertion: %w", err)
	}
	return string(signed), nil
}

// AssertionKeys gives the public keys that assertions are verified with, as a
// JWK Set (RFC 7517, 5): the one that signs now, those that signed what may
// still be good, and the one that will sign next.
func (s *Service) AssertionKeys(ctx context.Context) ([]byte, error) {
	signer, err := s.signer(ctx)
	if err != nil {
		return nil, err
	}
	set := jwk.NewSet()
	for _, key := range signer.assertions {
		if err := set.AddKey(key.public); err != nil {
			return nil, fmt.Errorf("show the keys of assertions: %w", err)
		}
	}
	data, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("show the keys of assertions: %w", err)
	}
	return data, nil
}
