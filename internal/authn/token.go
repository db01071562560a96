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
	claimVersion  = "tenant_epoch" // of that membership; absent: the token does not end with it
	claimKey      = "key"          // id of the key that the token was got with; absent: none
)

// skew is how far ahead of ours the clock may be that dated a token. It
// never prolongs a token's life.
const skew = 30 * time.Second

// Token is a signed statement of who its bearer is.
type Token struct {
	Text     string
	Lifetime time.Duration // whole seconds
}

// claims are what a token says.
type claims struct {
	user    tenancy.UserID
	tenant  tenancy.TenantID // zero: bound to none
	since   time.Time        // when the membership of a bound token began
	version uint64           // of a token that ends when that membership's epoch does: the epoch and one; else zero
	epoch   uint64           // of the account when the token was issued
	key     tenancy.KeyID    // that the token was got with; zero: none
	issued  time.Time        // set by [Service.issue]
}

// bind binds the claims to a membership.
func (c *claims) bind(m tenancy.Membership) { c.tenant, c.since = m.Tenant, m.CreatedAt }

// issue signs a token. Its epoch is that of the account as it was when its
// password or key was checked.
func (s *Service) issue(ctx context.Context, said claims) (Token, error) {
	signer, err := s.signer(ctx)
	if err != nil {
		return Token{}, err
	}
	id, err := uuid.NewRandomFromReader(s.random)
	if err != nil {
		return Token{}, fmt.Errorf("issue a token: %w", err)
	}
	now := s.clock().Truncate(time.Second)
	b := jwt.NewBuilder().Issuer(tokenIssuer).Audience([]string{tokenAudience}).Subject(said.user.String()).
		IssuedAt(now).Expiration(now.Add(s.lifetime)).JwtID(id.String()).Claim(claimEpoch, said.epoch)
	if !said.tenant.IsZero() {
		b = b.Claim(claimTenant, said.tenant.String()).Claim(claimSince, said.since.UnixMicro())
	}
	if said.version > 0 {
		b = b.Claim(claimVersion, said.version-1)
	}
	if !said.key.IsZero() {
		b = b.Claim(claimKey, said.key.String())
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
	said := claims{user: user}
	said.issued, _ = token.IssuedAt()
	if said.epoch, err = readEpoch(token); err != nil {
		return claims{}, refused("the token is of no epoch: " + err.Error())
	}
	if token.Has(claimKey) {
		if said.key, err = readID(token, claimKey, tenancy.ParseKeyID); err != nil {
			return claims{}, refused("the token was got with no key: " + err.Error())
		}
	}
	if !token.Has(claimTenant) && !token.Has(claimSince) && !token.Has(claimVersion) {
		return said, nil
	}
	if err := said.readBinding(token); err != nil {
		return claims{}, refused("the token is bound to no tenant's membership: " + err.Error())
	}
	return said, nil
}

// readEpoch: the tokens of programs before epochs are of the first, 0.
func readEpoch(token jwt.Token) (uint64, error) {
	if !token.Has(claimEpoch) {
		return 0, nil
	}
	return readCount(token, claimEpoch)
}

func (c *claims) readBinding(token jwt.Token) (err error) {
	if c.tenant, err = readID(token, claimTenant, tenancy.ParseTenantID); err != nil {
		return err
	}
	since, err := readCount(token, claimSince)
	if err != nil {
		return err
	}
	c.since = time.UnixMicro(int64(since)).UTC()
	if !token.Has(claimVersion) {
		return nil
	}
	epoch, err := readCount(token, claimVersion)
	c.version = epoch + 1
	return err
}

func readID[ID any](token jwt.Token, claim string, parse func(string) (ID, error)) (ID, error) {
	var text string
	if err := token.Get(claim, &text); err != nil {
		var none ID
		return none, err
	}
	return parse(text)
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
