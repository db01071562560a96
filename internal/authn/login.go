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
	user, err := s.account(ctx, email, password)
	if err != nil {
		return Token{}, err
	}
	said := claims{user: user.ID, epoch: user.TokenEpoch}
	if !tenant.IsZero() {
		bound, found, err := s.membership(ctx, user.ID, tenant)
		if err != nil {
			return Token{}, err
		}
		if !found || !bound.Active(s.clock()) {
			return Token{}, badLogin("no such tenant, or no active member of it")
		}
		said.bind(bound)
	}
	token, err := s.issue(ctx, said)
	if err != nil {
		return Token{}, err
	}
	s.dir.Touch(tenancy.Touch{User: user.ID, At: s.clock()})
	return token, nil
}

// account finds the account whose e-mail address and password were given, if
// it may sign in.
func (s *Service) account(ctx context.Context, email, password string) (tenancy.User, error) {
	if len(password) > PasswordLongest {
		return tenancy.User{}, badLogin("the password is too long")
	}
	user, known, err := s.dir.UserByEmail(ctx, tenancy.EmailKey(email))
	if err != nil {
		return tenancy.User{}, fmt.Errorf("look up an account: %w", err)
	}
	right, err := s.isPasswordOf(ctx, user, known, password)
	switch {
	case err != nil:
		return tenancy.User{}, err
	case !right:
		return tenancy.User{}, badLogin("no such account, or another password")
	}
	if err := canSignIn(user); err != nil {
		return tenancy.User{}, badLogin(err.Error())
	}
	return user, nil
}

// CheckPassword reports whether a password is the account's present one, and
// gives the stored hash that it was checked against, for a change that holds
// only while that hash stands. An unknown account, and one without a password,
// take the same work and are a no. Errors are *tenancy.Error: timeout for the
// wait for one's turn, or the store's own.
func (s *Service) CheckPassword(ctx context.Context, user tenancy.UserID, password string) (against string, ok bool, err error) {
	if len(password) > PasswordLongest {
		return "", false, nil
	}
	account, known, err := s.dir.UserByID(ctx, user)
	if err != nil {
		return "", false, fmt.Errorf("look up an account: %w", err)
	}
	ok, err = s.isPasswordOf(ctx, account, known, password)
	if !ok || err != nil {
		return "", false, err
	}
	return account.PasswordHash, true, nil
}

// isPasswordOf does the work of a real check for every account, known or not.
func (s *Service) isPasswordOf(ctx context.Context, user tenancy.User, known bool, password string) (bool, error) {
	stored := user.PasswordHash
	if !known || stored == "" {
		known, stored = false, nobodysHash
	}
	right, err := s.verifyPassword(ctx, password, stored)
	return known && right && err == nil, err
}

// membership finds the membership that a token is to be bound to, active or
// not.
func (s *Service) membership(ctx context.Context, user tenancy.UserID, ref tenancy.TenantRef) (tenancy.Membership, bool, error) {
	tenant, found, err := s.dir.ResolveTenant(ctx, ref)
	if err != nil {
		return tenancy.Membership{}, false, fmt.Errorf("look up a tenant: %w", err)
	}
	if !found {
		return tenancy.Membership{}, false, nil
	}
	member, found, err := s.dir.Member(ctx, tenant, user)
	if err != nil {
		return tenancy.Membership{}, false, fmt.Errorf("look up a membership: %w", err)
	}
	return member, found, nil
}

// badLogin is the one error of a login that fails. The cause is for the log.
func badLogin(cause string) error {
	return &tenancy.Error{
		Code:  tenancy.CodeUnauthenticated,
		Msg:   "wrong e-mail address, password or tenant",
		Cause: errors.New(cause),
	}
}
