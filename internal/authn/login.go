package authn

import (
	"context"
	"errors"
	"fmt"

	"github.com/memberward/memberward/internal/tenancy"
)

// Login exchanges an e-mail address and a password for a token. With a tenant
// the token is bound to that tenant, of which the person must be an active
// member. Whatever is wrong, the error is the same unauthenticated one, after
// the same work.
func (s *Service) Login(ctx context.Context, email, password string, tenant tenancy.TenantRef) (Token, error) {
	if len(password) > PasswordLongest {
		return Token{}, badLogin("the password is too long")
	}
	user, known, err := s.dir.UserByEmail(ctx, tenancy.EmailKey(email))
	if err != nil {
		return Token{}, fmt.Errorf("look up an account: %w", err)
	}
	stored := user.PasswordHash
	if !known || stored == "" {
		known, stored = false, nobodysHash
	}
	right, err := s.verifyPassword(ctx, password, stored)
	switch {
	case err != nil:
		return Token{}, err
	case !known || !right:
		return Token{}, badLogin("no such account, or another password")
	}
	if err := canSignIn(user); err != nil {
		return Token{}, badLogin(err.Error())
	}
	bound, err := s.membership(ctx, user.ID, tenant)
	if err != nil {
		return Token{}, err
	}
	token, err := s.issue(user.ID, bound)
	if err != nil {
		return Token{}, err
	}
	s.dir.Touch(tenancy.Touch{User: user.ID, At: s.clock()})
	return token, nil
}

// membership finds the membership that a token is bound to; zero without a
// tenant.
func (s *Service) membership(ctx context.Context, user tenancy.UserID, ref tenancy.TenantRef) (tenancy.Membership, error) {
	if ref.IsZero() {
		return tenancy.Membership{}, nil
	}
	tenant, found, err := s.dir.ResolveTenant(ctx, ref)
	if err != nil {
		return tenancy.Membership{}, fmt.Errorf("look up a tenant: %w", err)
	}
	if !found {
		return tenancy.Membership{}, badLogin("there is no such tenant")
	}
	member, found, err := s.dir.Member(ctx, tenant, user)
	switch {
	case err != nil:
		return tenancy.Membership{}, fmt.Errorf("look up a membership: %w", err)
	case !found || !member.Active(s.clock()):
		return tenancy.Membership{}, badLogin("no active member of the tenant")
	default:
		return member, nil
	}
}

// badLogin is the one error of a login that fails. The cause is for the log.
func badLogin(cause string) error {
	return &tenancy.Error{
		Code:  tenancy.CodeUnauthenticated,
		Msg:   "wrong e-mail address, password or tenant",
		Cause: errors.New(cause),
	}
}
