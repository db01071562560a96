package authn

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/memberward/memberward/internal/tenancy"
)

// What our own tokens say besides the registered claims of RFC 7519.
const (
	tokenIssuer   = "memberward"
	tokenAudience = "memberward"
	claimTenant   = "tenant"       // id of the tenant that the token is bound to
	claimSince    = "tenant_since" // when that membership began, in microseconds since 1970
	claimEpoch    = "epoch"        // of the account when the token was issued; absent: 0
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
	epoch  uint64           // of the account
}

// issue signs a token for a user, bound to a membership unless that is zero.
// Its epoch is that of the account as it was when its password was checked.
func (s *Service) issue(ctx context.Context, user tenancy.User, bound tenancy.Membership) (Token, error) {
	signer, err := s.signer(ctx)
	if err != nil {
		return Token{}, err
	}
	id, err := uuid.NewRandomFromReader(s.random)
	if err != nil {
		return Token{}, fmt.Errorf("issue a token: %w", err)
	}
	now := s.clock().Truncate(time.Second)
	b := jwt.NewBuilder().Issuer(tokenIssuer).Audience([]string{tokenAudience}).Subject(user.ID.String()).
		IssuedAt(now).Expiration(now.Add(s.lifetime)).JwtID(id.String()).Claim(claimEpoch, user.TokenEpoch)
	if !bound.Tenant.IsZero() {
		b = b.Claim(claimTenant, bound.Tenant.String()).Claim(claimSince, bound.CreatedAt.UnixMicro())
	}
	token, err := b.Build()
	if err != nil {
		return Token{}, fmt.Errorf("issue a token: %w", err)
	}
	text, err := signer.sign(token)
	return Token{Text: text, Lifetime: s.lifetime}, err
}

// looksLikeToken tells tokens from keys: three parts, the first of them the
// beginning of a JSON object in base64url.
func looksLikeToken(text string) bool {
	return strings.HasPrefix(text, "eyJ") && strings.Count(text, ".") == 2
}

// verify checks a token's signature and claims. The algorithm is EdDSA, the
// key one of our own, whatever the token's header says; jku, x5u, jwk and the
// like are never looked at.
func (s *signer) verify(text string, now time.Time) (claims, error) {
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

func readClaims(token jwt.Token) (claims, error) {
	subject, _ := token.Subject()
	user, err := tenancy.ParseUserID(subject)
	if err != nil {
		return claims{}, refused("the token's subject is no user id")
	}
	epoch, err := readEpoch(token)
	if err != nil {
		return claims{}, refused("the token is of no epoch: " + err.Error())
	}
	if !token.Has(claimTenant) && !token.Has(claimSince) {
		return claims{user: user, epoch: epoch}, nil
	}
	tenant, since, err := readBinding(token)
	if err != nil {
		return claims{}, refused("the token is bound to no tenant's membership: " + err.Error())
	}
	return claims{user: user, tenant: tenant, since: since, epoch: epoch}, nil
}

// readEpoch: the tokens of programs before epochs are of the first, 0.
func readEpoch(token jwt.Token) (uint64, error) {
	if !token.Has(claimEpoch) {
		return 0, nil
	}
	return readCount(token, claimEpoch)
}

func readBinding(token jwt.Token) (tenancy.TenantID, time.Time, error) {
	var id string
	if err := token.Get(claimTenant, &id); err != nil {
		return tenancy.TenantID{}, time.Time{}, err
	}
	tenant, err := tenancy.ParseTenantID(id)
	if err != nil {
		return tenancy.TenantID{}, time.Time{}, err
	}
	since, err := readCount(token, claimSince)
	return tenant, time.UnixMicro(int64(since)).UTC(), err
}

// readCount reads a whole number, at least 0, that JSON's numbers hold
// exactly: microseconds do until the year 2255.
func readCount(token jwt.Token, claim string) (uint64, error) {
	const exact = 1 << 53
	var n float64
	if err := token.Get(claim, &n); err != nil {
		return 0, err
	}
	if n < 0 || n >= exact || n != math.Trunc(n) {
		return 0, fmt.Errorf("%s is no whole number from 0", claim)
	}
	return uint64(n), nil
}
