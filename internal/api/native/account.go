package native

import (
	"context"
	"errors"
	"net/http"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// account registers what happens to an account that is there.
func (d *dialect) account(s *surface) {
	const one = "/v1/users/{user}"
	register(s, describe(http.MethodPatch, one, "updateUser", "Change what is given of an account and keep the rest",
		changes, refuses(http.StatusNotFound)), d.updateUser)
	register(s, describe(http.MethodDelete, one, "deleteUser", "Delete an account with its memberships and keys; not while it owns a tenant",
		removes, refuses(http.StatusNotFound)), d.deleteUser)
	register(s, describe(http.MethodPost, one+"/password", "setPassword", "Set a password; every token issued before is refused",
		removes, refuses(http.StatusNotFound)), d.setPassword)
	register(s, describe(http.MethodPost, one+"/tokens/revoke", "revokeTokens", "Refuse every token issued before",
		removes, refuses(http.StatusNotFound)), d.revokeTokens)
	register(s, describe(http.MethodDelete, one+"/memberships", "leaveAll", "Leave every tenant, or none",
		changes, refuses(http.StatusNotFound)), d.leaveAll)
}

type userPatch struct {
	GivenName *string `json:"given_name,omitempty" maxLength:"256"`
	Surname   *string `json:"surname,omitempty" maxLength:"256"`
	Enabled   *bool   `json:"enabled,omitempty" doc:"False suspends the account everywhere. Only the platform changes it."`
}

type updateUserInput struct {
	User string    `path:"user" doc:"The user's id."`
	Body userPatch `doc:"At least one property."`
}

func (d *dialect) updateUser(ctx context.Context, r *request, in *updateUserInput) (*body[user], error) {
	if err := atLeastOne(in.Body == userPatch{}, "given_name", "given_name, surname and enabled"); err != nil {
		return nil, err
	}
	name, badName := given("given_name", in.Body.GivenName, parseName)
	surname, badSurname := given("surname", in.Body.Surname, parseName)
	if err := firstOf(badName, badSurname); err != nil {
		return nil, err
	}
	outcome, err := d.apply(ctx, r, tenancy.UpdateUser{
		User: userInPath(in.User), GivenName: name, Surname: surname, Enabled: in.Body.Enabled,
	})
	if err != nil {
		return nil, err
	}
	return show(outcome, userOf)
}

type userInput struct {
	User string `path:"user" doc:"The user's id."`
}

func (d *dialect) deleteUser(ctx context.Context, r *request, in *userInput) (*nothing, error) {
	_, err := d.apply(ctx, r, tenancy.DeleteUser{User: userInPath(in.User)})
	return &nothing{}, err
}

func (d *dialect) revokeTokens(ctx context.Context, r *request, in *userInput) (*nothing, error) {
	_, err := d.apply(ctx, r, tenancy.RevokeTokens{User: userInPath(in.User)})
	return &nothing{}, err
}

type left struct {
	Left int64 `json:"left" doc:"How many memberships ended."`
}

func (d *dialect) leaveAll(ctx context.Context, r *request, in *userInput) (*body[left], error) {
	outcome, err := d.apply(ctx, r, tenancy.LeaveAll{User: userInPath(in.User)})
	if err != nil {
		return nil, err
	}
	return show(outcome, func(n tenancy.Left) left { return left{int64(n)} })
}

type newPassword struct {
	Current *string `json:"current,omitempty" doc:"The password until now: for one's own account, if it has one."`
	New     string  `json:"new" doc:"8 to 1024 bytes."`
}

type setPasswordInput struct {
	User string `path:"user" doc:"The user's id."`
	Body newPassword
}

// setPassword checks and hashes before the gate decides, since both take long.
// A current password that is wrong is refused there and not here, so that the
// attempt is recorded and a retry of a change that was made finds its outcome.
func (d *dialect) setPassword(ctx context.Context, r *request, in *setPasswordInput) (*nothing, error) {
	change := tenancy.SetPassword{User: userInPath(in.User)}
	if may := r.actor.Platform || change.User == r.actor.User; may { // the gate refuses all others, who shall not make the server hash
		var err error
		if change.PasswordHash, err = d.hash(ctx, "new", in.Body.New); err != nil {
			return nil, err
		}
	}
	if own := !r.actor.Platform && change.User == r.actor.User; own && in.Body.Current != nil {
		var err error
		if change.Against, err = d.prove(ctx, change.User, *in.Body.Current); err != nil {
			return nil, err
		}
	}
	_, err := d.apply(ctx, r, change)
	return &nothing{}, err
}

// prove gives the stored hash that a password was found to match; "" where it
// does not.
func (d *dialect) prove(ctx context.Context, user tenancy.UserID, password string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, api.GateTimeout)
	defer cancel()
	against, matches, err := d.accounts.CheckPassword(ctx, user, password)
	if err != nil || !matches {
		return "", err
	}
	return against, nil
}

// hash hashes a new password, given in a field of the body, within the time
// that a request may take.
func (d *dialect) hash(ctx context.Context, field, password string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, api.GateTimeout)
	defer cancel()
	hash, err := d.accounts.HashPassword(ctx, password)
	var failure *tenancy.Error
	if errors.As(err, &failure) && failure.Code == tenancy.CodeInvalid {
		return "", wrong(field, errors.New(failure.Msg))
	}
	return hash, err
}
