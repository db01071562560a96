package cognee

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// cookieName is the cookie that holds a token (contracts/cognee.md).
const cookieName = "auth_token"

// registration is the body of a registration; anything else in it, such as
// is_superuser, is ignored.
type registration struct {
	Email    *string `json:"email"`
	Password *string `json:"password"`
}

// account is what a registration answers.
type account struct {
	ID          string `json:"id"`
	Email       string `json:"email"`
	IsActive    bool   `json:"is_active"`
	IsSuperuser bool   `json:"is_superuser"`
	IsVerified  bool   `json:"is_verified"`
}

// register serves POST /api/v1/auth/register. It acts as the account that it
// makes, whatever credential is sent along.
func (d *dialect) register(c *gin.Context, _ tenancy.Actor) error {
	input := form{c: c}
	var given registration
	var email string
	if input.json(&given, true) {
		email = input.email(given.Email)
		input.present(given.Password, "password")
	}
	if err := input.check(registering); err != nil {
		return err
	}
	hash, err := d.hash(c, *given.Password)
	if err != nil {
		return err
	}
	actor := tenancy.Actor{Registering: true, Via: tenancy.ViaNothing}
	outcome, err := d.apply(c, actor, tenancy.CreateUser{Email: email, Kind: tenancy.KindHuman, PasswordHash: hash})
	if err != nil {
		return &failure{operation: registering, cause: err}
	}
	user, err := api.Result[tenancy.UserView](outcome)
	if err != nil {
		return err
	}
	// The route exists only where the operator lets registration count as
	// verification (contracts/README.md, rule 6).
	write(c, http.StatusCreated, account{ID: user.ID.String(), Email: user.Email, IsActive: user.Enabled, IsVerified: user.SignedUp})
	return nil
}

// weakPassword is fastapi-users' answer to a password that it does not take.
type weakPassword struct {
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

func (d *dialect) hash(c *gin.Context, password string) (string, error) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), api.GateTimeout)
	defer cancel()
	hash, err := d.accounts.HashPassword(ctx, password)
	var wrong *tenancy.Error
	if errors.As(err, &wrong) && wrong.Code == tenancy.CodeInvalid {
		return "", &reply{status: http.StatusBadRequest, detail: weakPassword{"REGISTER_INVALID_PASSWORD", wrong.Msg}, cause: err}
	}
	return hash, busy(c, err)
}

// busy answers that more passwords wait for their turn than can be hashed in
// time: nothing is broken, and the client may try again.
func busy(c *gin.Context, err error) error {
	if err == nil || api.CodeOf(err) != tenancy.CodeTimeout {
		return err
	}
	c.Header("Retry-After", "1")
	return &reply{status: http.StatusServiceUnavailable, detail: "Service Unavailable", cause: err}
}

// email reads the address of a body.
func (f *form) email(given *string) string {
	if !f.present(given, "email") {
		return ""
	}
	email, err := tenancy.ParseEmail(*given)
	f.value(api.InBody, "email", *given, err)
	return email
}

// present notes a key of the body that must be there and is not.
func (f *form) present(given *string, name string) bool {
	if given == nil {
		f.faults = append(f.faults, missing(f.body, api.InBody, name))
	}
	return given != nil
}

// token is what a login answers.
type token struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
}

// login serves POST /api/v1/auth/login. Whatever is wrong with the form is
// answered like a wrong password (U).
func (d *dialect) login(c *gin.Context, _ tenancy.Actor) error {
	fields, err := api.Form(c, "username", "password")
	if err != nil {
		return errBadCredentials
	}
	username, named := fields["username"]
	password, given := fields["password"]
	if !named || !given {
		return errBadCredentials
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), api.GateTimeout)
	defer cancel()
	text, lifetime, err := d.accounts.Login(ctx, username, password)
	if code := api.CodeOf(err); err != nil && (code == tenancy.CodeUnauthenticated || code == tenancy.CodeInvalid) {
		return errBadCredentials // without its cause, which the shell would take for a 401
	}
	if err != nil {
		return busy(c, err)
	}
	d.setCookie(c, text, int(lifetime/time.Second))
	return ok(c, token{text, "bearer"})
}

var errBadCredentials = &reply{
	status: http.StatusBadRequest, detail: "LOGIN_BAD_CREDENTIALS", cause: &tenancy.Error{Code: tenancy.CodeInvalid, Msg: "no login"},
}

// logout serves POST /api/v1/auth/logout. The token itself lives on until it
// expires, as upstream's does.
func (d *dialect) logout(c *gin.Context, _ tenancy.Actor) error {
	d.setCookie(c, "", -1)
	return ok(c, struct{}{})
}

// setCookie sets the cookie for so many seconds, or clears it.
func (d *dialect) setCookie(c *gin.Context, value string, seconds int) {
	http.SetCookie(c.Writer, &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: seconds,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: d.secureCookie || c.Request.TLS != nil,
	})
}

// me serves GET /api/v1/auth/me.
func (d *dialect) me(c *gin.Context, actor tenancy.Actor) error {
	if err := somebody(actor); err != nil {
		return err
	}
	user, err := d.user(c, actor, tenancy.GetUser{User: actor.User})
	if err != nil {
		return err
	}
	return ok(c, struct {
		Email string `json:"email"`
	}{user.Email})
}

// userID serves POST /api/v1/users/get-user-id.
func (d *dialect) userID(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	var given struct {
		Email *string `json:"email"`
	}
	var email string
	if input.json(&given, false) {
		email = input.email(given.Email)
	}
	if err := input.check(finding); err != nil {
		return err
	}
	user, err := d.user(c, actor, tenancy.FindUser{Email: email})
	if err != nil {
		return &failure{operation: finding, cause: err}
	}
	return ok(c, struct {
		UserID string `json:"user_id"`
	}{user.ID.String()})
}

// user reads one account.
func (d *dialect) user(c *gin.Context, actor tenancy.Actor, query tenancy.Query) (tenancy.UserView, error) {
	outcome, err := d.gate.Read(c.Request.Context(), actor, query, options)
	if err != nil {
		return tenancy.UserView{}, err
	}
	user, err := api.Result[tenancy.UserView](outcome)
	if err != nil {
		return tenancy.UserView{}, err
	}
	api.Decided(c, outcome.DecisionID)
	return user, nil
}

// somebody refuses the platform where a call is about the caller.
func somebody(actor tenancy.Actor) error {
	if actor.User.IsZero() {
		return errNobody
	}
	return nil
}

var errNobody = &reply{
	status: http.StatusForbidden, detail: "A platform key is nobody's account. [PermissionDeniedError]",
	cause: &tenancy.Error{Code: tenancy.CodeForbidden, Msg: "a platform key is nobody's account"},
}
