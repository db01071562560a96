package authn

import (
	"context"
	"fmt"

	"github.com/memberward/memberward/internal/tenancy"
)

// Authenticate finds out who makes a request. Its errors are *tenancy.Error:
// unauthenticated without a valid credential, always in the same words;
// forbidden when only a cookie speaks for a request that another site may
// have caused, or when the caller may not act for the user it names; invalid
// when it names none; or the store's own.
func (s *Service) Authenticate(ctx context.Context, source Source, r Request) (tenancy.Actor, error) {
	found, err := source.presented(r.Header)
	if err != nil {
		return tenancy.Actor{}, err
	}
	err = errNothing
	for _, c := range found {
		actor, checked := s.check(ctx, source, c, r)
		if checked == nil && source.ActAs {
			return s.actFor(ctx, actor, r.Header)
		}
		if checked == nil {
			return actor, nil
		}
		err = checked
		if source.Order != FallThrough || !isRefused(err) {
			break
		}
	}
	return tenancy.Actor{}, err
}

// check checks one credential.
func (s *Service) check(ctx context.Context, source Source, c credential, r Request) (tenancy.Actor, error) {
	switch c.place {
	case inKeyHeader:
		return s.byKey(ctx, c.text)
	case inAuthorization:
		return s.byAuthorization(ctx, source, c.text)
	case inCookie:
		if err := checkSite(r); err != nil {
			return tenancy.Actor{}, err
		}
		return s.byToken(ctx, c.text, tenancy.ViaCookie)
	default:
		return tenancy.Actor{}, refused("unknown place of a credential")
	}
}

// byAuthorization checks what an Authorization header holds.
func (s *Service) byAuthorization(ctx context.Context, source Source, header string) (tenancy.Actor, error) {
	switch name, text := scheme(header); {
	case name == "bearer" && looksLikeToken(text):
		return s.byToken(ctx, text, tenancy.ViaToken)
	case name == "bearer" && text != "":
		return s.byKey(ctx, text)
	case name == "basic" && source.SignIn:
		return s.byPassword(ctx, text)
	case name == "key" && source.SignIn:
		return s.byKeyParts(ctx, text)
	default:
		return tenancy.Actor{}, refused("Authorization does not have a form that is read here")
	}
}

// byKey checks an API key or a platform key.
func (s *Service) byKey(ctx context.Context, text string) (tenancy.Actor, error) {
	key, err := s.findKey(ctx, text)
	if err != nil {
		return tenancy.Actor{}, err
	}
	now := s.clock()
	if key.Expired(now) {
		return tenancy.Actor{}, refused("the key has expired")
	}
	actor := tenancy.Actor{Via: tenancy.ViaAPIKey, Key: key.ID, Tenant: key.Tenant, Scopes: key.Scopes}
	switch {
	case key.Platform && key.User.IsZero():
		actor.Platform, actor.Via = true, tenancy.ViaPlatformKey
	case key.Platform || key.User.IsZero():
		return tenancy.Actor{}, refused("the key belongs to nobody")
	default:
		if _, err := s.mayAct(ctx, key.User); err != nil {
			return tenancy.Actor{}, err
		}
		actor.User = key.User
	}
	s.touch(key.ID, now)
	return actor, nil
}

// byToken checks a token of our own. One of another epoch than the account's
// was issued before all of them were ended.
func (s *Service) byToken(ctx context.Context, text string, via tenancy.Credential) (tenancy.Actor, error) {
	signer, err := s.signer(ctx)
	if err != nil {
		return tenancy.Actor{}, err
	}
	claims, err := signer.verify(text, s.clock())
	if err != nil {
		return tenancy.Actor{}, err
	}
	user, err := s.mayAct(ctx, claims.user)
	if err != nil {
		return tenancy.Actor{}, err
	}
	if claims.epoch != user.TokenEpoch {
		return tenancy.Actor{}, refused("the token was revoked")
	}
	actor := tenancy.Actor{
		User: claims.user, Via: via, Key: claims.key, Tenant: claims.tenant, TenantSince: claims.since, MemberEpoch: claims.version,
		TokenEpoch: claims.epoch, IssuedAt: claims.issued,
	}
	if actor.Key.IsZero() {
		return actor, nil
	}
	return s.withKey(ctx, actor)
}

// withKey holds a token that was got with a key to what the key is worth now:
// it ends with the key, and reaches no further than the key's scopes.
func (s *Service) withKey(ctx context.Context, actor tenancy.Actor) (tenancy.Actor, error) {
	key, found, err := s.dir.Key(ctx, actor.Key)
	switch {
	case err != nil:
		return tenancy.Actor{}, fmt.Errorf("look up the key of a token: %w", err)
	case !found || key.Platform || key.User != actor.User || key.Expired(s.clock()):
		return tenancy.Actor{}, refused("the key that the token was got with is gone")
	case !key.Tenant.IsZero() && key.Tenant != actor.Tenant:
		return tenancy.Actor{}, refused("the key that the token was got with is bound to another tenant")
	default:
		actor.Scopes = key.Scopes
		return actor, nil
	}
}

// mayAct finds an account, and refuses those that are gone, disabled or only
// reserved.
func (s *Service) mayAct(ctx context.Context, id tenancy.UserID) (tenancy.User, error) {
	user, found, err := s.dir.UserByID(ctx, id)
	switch {
	case err != nil:
		return tenancy.User{}, fmt.Errorf("look up the account of a credential: %w", err)
	case !found:
		return tenancy.User{}, refused("the account is gone")
	default:
		return user, canSignIn(user)
	}
}

// canSignIn refuses accounts that are disabled or only reserved.
func canSignIn(user tenancy.User) error {
	switch {
	case !user.Enabled:
		return refused("the account is disabled")
	case !user.SignedUp:
		return refused("the account is not signed up")
	default:
		return nil
	}
}
