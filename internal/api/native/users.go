package native

import (
	"context"
	"errors"
	"net/http"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

func (d *dialect) users(s *surface) {
	register(s, describe(http.MethodPost, "/v1/users", "createUser", "Create an account",
		created), d.createUser)
	register(s, describe(http.MethodGet, "/v1/users", "findUser", "Find an account by its e-mail address"), d.findUser)
	register(s, describe(http.MethodGet, "/v1/users/{user}", "getUser", "Read an account",
		object, refuses(http.StatusNotFound)), d.getUser)
}

type newUser struct {
	ID        *string `json:"id,omitempty" format:"uuid" doc:"A new one when absent."`
	Email     string  `json:"email" maxLength:"254"`
	GivenName *string `json:"given_name,omitempty" maxLength:"256"`
	Surname   *string `json:"surname,omitempty" maxLength:"256"`
	Kind      *string `json:"kind,omitempty" enum:"human,service" doc:"human when absent."`
	Password  *string `json:"password,omitempty" doc:"8 to 1024 bytes. Absent: the account cannot sign in with a password."`
}

type createUserInput struct{ Body newUser }

func (d *dialect) createUser(ctx context.Context, r *request, in *createUserInput) (*body[user], error) {
	change, err := in.Body.change()
	if err != nil {
		return nil, err
	}
	// Who is not the platform is refused anyway (gate) and shall not make the
	// server hash passwords.
	if in.Body.Password != nil && r.actor.Platform {
		if change.PasswordHash, err = d.hash(ctx, "password", *in.Body.Password); err != nil {
			return nil, err
		}
	}
	outcome, err := d.apply(ctx, r, change)
	if err != nil {
		return nil, err
	}
	return show(outcome, userOf)
}

func (n newUser) change() (tenancy.CreateUser, error) {
	id, badID := optional("id", n.ID, tenancy.ParseUserID)
	email, badEmail := optional("email", &n.Email, tenancy.ParseEmail)
	given, badGiven := optional("given_name", n.GivenName, parseName)
	surname, badSurname := optional("surname", n.Surname, parseName)
	kind, badKind := optional("kind", n.Kind, tenancy.ParseKind)
	err := firstOf(badID, badEmail, badGiven, badSurname, badKind)
	return tenancy.CreateUser{ID: id, Email: email, GivenName: given, Surname: surname, Kind: kind}, err
}

func (d *dialect) getUser(ctx context.Context, r *request, in *userInput) (*body[user], error) {
	outcome, err := d.read(ctx, r, tenancy.GetUser{User: userInPath(in.User)})
	if err != nil {
		return nil, err
	}
	return show(outcome, userOf)
}

type findUserInput struct {
	Email string `query:"email" required:"true" doc:"Matched without regard to case."`
}

// findUser answers a list of one account, or of none where nobody has the
// address.
func (d *dialect) findUser(ctx context.Context, r *request, in *findUserInput) (*body[list[user]], error) {
	email, err := tenancy.ParseEmail(in.Email)
	if err != nil {
		return nil, &api.InputError{Fault: api.FaultValue, In: api.InQuery, Path: []string{"email"}, Msg: err.Error(), Cause: err}
	}
	outcome, err := d.read(ctx, r, tenancy.FindUser{Email: email})
	found := []user{}
	var refusal *tenancy.Refusal
	switch {
	case errors.As(err, &refusal) && isNobody(refusal):
		outcome = refusal.Outcome
		r.answered(outcome)
	case err != nil:
		return nil, err
	default:
		view, ok := outcome.Result.(tenancy.UserView)
		if !ok {
			return nil, unexpected(outcome)
		}
		found = append(found, userOf(view))
	}
	return &body[list[user]]{list[user]{Items: found, Revision: uint64(outcome.Revision)}}, nil
}

// isNobody reports whether all that stands against finding somebody is that
// there is nobody to be found.
func isNobody(refusal *tenancy.Refusal) bool {
	return len(refusal.Reasons) == 1 && refusal.Reasons[0].Code == tenancy.CodeUserUnknown
}

// firstOf gives the first error there is.
func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
