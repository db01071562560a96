package authn

import (
	"context"
	"fmt"
	"net/http"

	"github.com/memberward/memberward/internal/tenancy"
)

// headerActAs names the user for whom a platform key acts.
const headerActAs = "X-Act-As"

// actFor turns the platform into the user that the request names, if it names
// one (contracts/native.md, "Starting it"). The right comes first and the form
// second: whoever may not act for anybody learns nothing about ids. Whether a
// disabled account may do anything is the gate's to say.
func (s *Service) actFor(ctx context.Context, actor tenancy.Actor, header http.Header) (tenancy.Actor, error) {
	named := header.Values(headerActAs)
	switch {
	case len(named) == 0:
		return actor, nil
	case !actor.Platform:
		return tenancy.Actor{}, &tenancy.Error{Code: tenancy.CodeForbidden, Msg: headerActAs + ": only a platform key acts for a user"}
	case len(named) > 1:
		return tenancy.Actor{}, &tenancy.Error{Code: tenancy.CodeInvalid, Msg: headerActAs + " was sent more than once"}
	}
	id, err := tenancy.ParseUserID(named[0])
	if err != nil {
		return tenancy.Actor{}, &tenancy.Error{Code: tenancy.CodeInvalid, Msg: headerActAs + " holds no user id", Cause: err}
	}
	_, known, err := s.dir.UserByID(ctx, id)
	switch {
	case err != nil:
		return tenancy.Actor{}, fmt.Errorf("look up the account to act for: %w", err)
	case !known:
		return tenancy.Actor{}, &tenancy.Error{Code: tenancy.CodeForbidden, Msg: headerActAs + ": there is no such user"}
	}
	actor.User, actor.Platform, actor.Delegated = id, false, true
	return actor, nil
}
