package authn

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/memberward/memberward/internal/tenancy"
)

// byPassword checks the credentials of the scheme Basic (RFC 7617): the
// e-mail address, which holds no colon, and the password, which may.
func (s *Service) byPassword(ctx context.Context, text string) (tenancy.Actor, error) {
	pair, err := base64.StdEncoding.Strict().DecodeString(text)
	email, password, parted := strings.Cut(string(pair), ":")
	if err != nil || !parted || !utf8.Valid(pair) {
		return tenancy.Actor{}, refused("not an e-mail address and a password in base64")
	}
	user, err := s.account(ctx, email, password)
	if err != nil {
		if isRefused(err) {
			return tenancy.Actor{}, refused(err.Error())
		}
		return tenancy.Actor{}, err
	}
	s.dir.Touch(tenancy.Touch{User: user.ID, At: s.clock()})
	return tenancy.Actor{User: user.ID, Via: tenancy.ViaPassword, TokenEpoch: user.TokenEpoch}, nil
}

// byKeyParts checks a key of our own making that comes as its id and its
// secret, with a colon between them.
func (s *Service) byKeyParts(ctx context.Context, text string) (tenancy.Actor, error) {
	id, secret, _ := strings.Cut(text, ":")
	key, err := tenancy.ParseKeyID(id)
	if err != nil || len(secret) != secretDigits {
		return tenancy.Actor{}, refused("not a key's id and its secret")
	}
	return s.byKey(ctx, keyPrefix+hex.EncodeToString(key[:])+"_"+secret)
}

// Exchange gives whoever just signed in with a password or a key a token that
// is bound to their membership in a tenant, and to what that membership
// permits now: it ends when their level, roles or capabilities change. One got
// with a key ends with the key as well, and has its scopes. Errors are
// *tenancy.Error: not_a_member without a membership there, or with a key that
// is bound to another tenant; not_permitted where the membership is not active;
// forbidden for whoever came with anything else, so that no token prolongs itself; unauthenticated when the
// account has changed meanwhile; or the store's own.
func (s *Service) Exchange(ctx context.Context, actor tenancy.Actor, tenant tenancy.TenantID) (Token, error) {
	if actor.User.IsZero() || actor.Delegated || (actor.Via != tenancy.ViaPassword && actor.Via != tenancy.ViaAPIKey) {
		return Token{}, &tenancy.Error{Code: tenancy.CodeForbidden, Msg: "a token is got with a password or an API key of one's own"}
	}
	user, err := s.mayAct(ctx, actor.User)
	if err != nil {
		return Token{}, err
	}
	if actor.Via == tenancy.ViaPassword && actor.TokenEpoch != user.TokenEpoch {
		return Token{}, refused("the password has changed since it was checked")
	}
	if !actor.Tenant.IsZero() && actor.Tenant != tenant {
		return Token{}, errNoMember
	}
	bound, found, err := s.membership(ctx, user.ID, tenancy.RefTo(tenant))
	if err != nil {
		return Token{}, fmt.Errorf("exchange a credential: %w", err)
	}
	if !found {
		return Token{}, errNoMember
	}
	if !bound.Active(s.clock()) {
		return Token{}, &tenancy.Error{Code: tenancy.CodeNotPermitted, Msg: "your membership in the tenant is not active"}
	}
	said := claims{user: user.ID, epoch: user.TokenEpoch, version: bound.Epoch + 1, key: actor.Key}
	said.bind(bound)
	return s.issue(ctx, said)
}

var errNoMember = &tenancy.Error{Code: tenancy.CodeNotAMember, Msg: "you are no member of such a tenant"}
