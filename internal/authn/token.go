package authn

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/memberward/memberward/internal/tenancy"
)

// What our own tokens say besides the registered claims of RFC 7519.
const (
	tokenIssuer   = "memberward"
	tokenAudience = "memberward"
	claimTenant   = "tenant"       // id of the tenant that the token is bound to
	claimSince    = "tenant_since" // when that membership began, in microseconds since 1970
)

// skew is how far ahead of ours the clock may be that dated a token. It
// never prolongs a token's life.
const skew = 30 * time.Second

// Token is a signed statement of who its bearer is.
type Token struct {
	Text     string
	Lifetime time.Duration // whole seconds
}

// claims are what a verified token says.
type claims struct {
	user   tenancy.UserID
	tenant tenancy.TenantID // zero: bound to none
	since  time.Time        // when the membership of a bound token began
}

// signer signs with its newest key and verifies with any. It never changes.
type signer struct {
	newest  tenancy.KeyID
	private ed25519.PrivateKey
	public  map[string]ed25519.PublicKey // by key id
}

// loadSigner reads the signing keys; it makes the first one.
func (s *Service) loadSigner(ctx context.Context) (signer, error) {
	keys, err := s.dir.SigningKeys(ctx)
	if err != nil {
		return signer{}, err
	}
	if len(keys) == 0 {
		first, err := s.newSigningKey()
		if err != nil {
			return signer{}, err
		}
		if err := s.dir.AddSigningKey(ctx, first); err != nil {
			return signer{}, err
		}
		keys = []tenancy.SigningKey{first}
	}
	return newSigner(keys), nil
}

func (s *Service) newSigningKey() (tenancy.SigningKey, error) {
	id, err := uuid.NewRandomFromReader(s.random)
	if err != nil {
		return tenancy.SigningKey{}, err
	}
	key := tenancy.SigningKey{ID: tenancy.KeyID(id), CreatedAt: s.clock()}
	_, err = io.ReadFull(s.random, key.Seed[:])
	return key, err
}

func newSigner(keys []tenancy.SigningKey) signer {
	result := signer{public: make(map[string]ed25519.PublicKey, len(keys))}
	var newest time.Time
	for _, key := range keys {
		private := ed25519.NewKeyFromSeed(key.Seed[:])
		result.public[key.ID.String()] = private.Public().(ed25519.PublicKey)
		if result.private == nil || key.CreatedAt.After(newest) {
			result.newest, result.private, newest = key.ID, private, key.CreatedAt
		}
	}
	return result
}

// issue signs a token for a user, bound to a membership unless that is zero.
func (s *Service) issue(user tenancy.UserID, bound tenancy.Membership) (Token, error) {
	id, err := uuid.NewRandomFromReader(s.random)
	if err != nil {
		return Token{}, fmt.Errorf("issue a token: %w", err)
	}
	now := s.clock().Truncate(time.Second)
	b := jwt.NewBuilder().Issuer(tokenIssuer).Audience([]string{tokenAudience}).Subject(user.String()).
		IssuedAt(now).Expiration(now.Add(s.lifetime)).JwtID(id.String())
	if !bound.Tenant.IsZero() {
		b = b.Claim(claimTenant, bound.Tenant.String()).Claim(claimSince, bound.CreatedAt.UnixMicro())
	}
	token, err := b.Build()
	if err != nil {
		return Token{}, fmt.Errorf("issue a token: %w", err)
	}
	text, err := s.signer.sign(token)
	return Token{Text: text, Lifetime: s.lifetime}, err
}

func (s signer) sign(token jwt.Token) (string, error) {
	header := jws.NewHeaders()
	if err := header.Set(jws.KeyIDKey, s.newest.String()); err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	signed, err := jwt.Sign(token, jwt.WithKey(jwa.EdDSA(), s.private, jws.WithProtectedHeaders(header)))
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return string(signed), nil
}

// looksLikeToken tells tokens from keys: three parts, the first of them the
// beginning of a JSON object in base64url.
func looksLikeToken(text string) bool {
	return strings.HasPrefix(text, "eyJ") && strings.Count(text, ".") == 2
}

// verify checks a token's signature and claims. The algorithm is EdDSA, the
// key one of our own, whatever the token's header says; jku, x5u, jwk and the
// like are never looked at.
func (s signer) verify(text string, now time.Time) (claims, error) {
	if len(text) > textLimit || !looksLikeToken(text) {
		return claims{}, refused("not a token")
	}
	key, err := s.keyOf(text)
	if err != nil {
		return claims{}, err
	}
	token, err := jwt.ParseString(text,
		jwt.WithKey(jwa.EdDSA(), key), jwt.WithStrictStringClaims(true),
		jwt.WithIssuer(tokenIssuer), jwt.WithAudience(tokenAudience),
		jwt.WithRequiredClaim(jwt.ExpirationKey), jwt.WithRequiredClaim(jwt.SubjectKey),
		jwt.WithAcceptableSkew(skew), jwt.WithClock(jwt.ClockFunc(func() time.Time { return now })))
	if err != nil {
		return claims{}, refused(err.Error())
	}
	if end, ok := token.Expiration(); !ok || !now.Before(end) {
		return claims{}, refused("the token has expired")
	}
	return readClaims(token)
}

// keyOf picks the key that a token names. What its header asks for beyond
// that is refused, not ignored, when it would change the meaning of the
// signature (RFC 7515, 4.1.11; RFC 7797).
func (s signer) keyOf(text string) (ed25519.PublicKey, error) {
	message, err := jws.ParseString(text, jws.WithCompact())
	if err != nil || len(message.Signatures()) != 1 {
		return nil, refused("not a token in the compact form")
	}
	header := message.Signatures()[0].ProtectedHeaders()
	if algorithm, ok := header.Algorithm(); !ok || algorithm != jwa.EdDSA() {
		return nil, refused("the token is not signed with EdDSA")
	}
	if header.Has(jws.CriticalKey) || header.Has("b64") {
		return nil, refused("the token has critical headers")
	}
	id, ok := header.KeyID()
	key, known := s.public[id]
	if !ok || !known {
		return nil, refused("the token is signed with an unknown key")
	}
	return key, nil
}

func readClaims(token jwt.Token) (claims, error) {
	subject, _ := token.Subject()
	user, err := tenancy.ParseUserID(subject)
	if err != nil {
		return claims{}, refused("the token's subject is no user id")
	}
	if !token.Has(claimTenant) && !token.Has(claimSince) {
		return claims{user: user}, nil
	}
	tenant, since, err := readBinding(token)
	if err != nil {
		return claims{}, refused("the token is bound to no tenant's membership: " + err.Error())
	}
	return claims{user: user, tenant: tenant, since: since}, nil
}

func readBinding(token jwt.Token) (tenancy.TenantID, time.Time, error) {
	var id string
	var since float64 // JSON's number; microseconds stay exact until the year 2255
	if err := errors.Join(token.Get(claimTenant, &id), token.Get(claimSince, &since)); err != nil {
		return tenancy.TenantID{}, time.Time{}, err
	}
	tenant, err := tenancy.ParseTenantID(id)
	return tenant, time.UnixMicro(int64(since)).UTC(), err
}
