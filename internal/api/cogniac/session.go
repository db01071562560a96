package cogniac

import (
	"time"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// The vendor's client signs in in this order: its tenants and its second
// factors with the password or a key, the token for one tenant, and with that
// the tenant and itself.

// token serves GET /1/token?tenant_id=. Whoever comes with a token gets no other,
// but learns first that theirs has ended.
func (d *dialect) token(c *gin.Context, actor tenancy.Actor) error {
	query, err := api.Query(c.Request, true, "tenant_id")
	if err != nil {
		return err
	}
	tenant := query["tenant_id"]
	if tenant == "" {
		return &api.InputError{Fault: api.FaultMissing, In: api.InQuery, Path: []string{"tenant_id"}, Msg: "A tenant_id is required"}
	}
	if actor.ByToken() {
		if _, err := d.self(c, actor); err != nil {
			return err
		}
	}
	text, lifetime, err := d.accounts.Exchange(c.Request.Context(), actor, api.OpaqueTenantID(tenant))
	if err != nil {
		return err
	}
	return ok(c, struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int64  `json:"expires_in"`
	}{text, "Bearer", int64(lifetime / time.Second)})
}

// belongingTo is one of the caller's tenants.
type belongingTo struct {
	TenantID string   `json:"tenant_id"`
	Name     string   `json:"name"`
	Roles    []string `json:"roles"`
}

// myTenants serves GET /1/users/current/tenants: those where the caller can
// get a token.
func (d *dialect) myTenants(c *gin.Context, actor tenancy.Actor) error {
	if err := somebody(actor); err != nil {
		return err
	}
	page := func(last tenancy.Belonging) tenancy.Query {
		return tenancy.ListMemberships{User: actor.User, After: last.Tenant.ID, Limit: api.PageSize}
	}
	tenants := []belongingTo{}
	list := api.List[tenancy.Belonging]{Gate: d.gate, Options: options, Page: page}
	err := list.Each(c, actor, func(rows []tenancy.Belonging, _ bool) error {
		for _, row := range rows {
			tenants = append(tenants, belongingTo{row.Tenant.ID.String(), row.Tenant.Name, []string{roleOf(row.Member.Level)}})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return ok(c, struct {
		Tenants []belongingTo `json:"tenants"`
	}{tenants})
}

// factors serves GET /21/users/mfa/status. No second factors are served.
func (d *dialect) factors(c *gin.Context, actor tenancy.Actor) error {
	if _, err := d.self(c, actor); err != nil {
		return err
	}
	return ok(c, struct {
		TOTP string `json:"totp"`
	}{"inactive"})
}

// me serves GET /1/users/current.
func (d *dialect) me(c *gin.Context, actor tenancy.Actor) error {
	user, err := d.self(c, actor)
	if err != nil {
		return err
	}
	return ok(c, struct {
		UserID      string `json:"user_id"`
		Email       string `json:"email"`
		GivenName   string `json:"given_name"`
		Surname     string `json:"surname"`
		MachineUser bool   `json:"machine_user"`
		CreatedAt   int64  `json:"created_at"`
		LastAuth    *int64 `json:"last_auth"`
	}{
		user.ID.String(), user.Email, user.GivenName, user.Surname, user.Kind == tenancy.KindService,
		seconds(user.CreatedAt), secondsOrNull(user.LastLoginAt),
	})
}

// authorize serves GET /21/authorize: what the token says. No other credential
// is one.
func (d *dialect) authorize(c *gin.Context, actor tenancy.Actor) error {
	if !actor.ByToken() {
		return &tenancy.Error{Code: tenancy.CodeUnauthenticated, Msg: "only a token says whom it was issued to"}
	}
	user, err := d.self(c, actor)
	if err != nil {
		return err
	}
	held := []string{}
	if !actor.Tenant.IsZero() {
		outcome, err := d.read(c, actor, tenancy.GetMember{Tenant: tenancy.RefTo(actor.Tenant), User: actor.User})
		if err != nil {
			return err
		}
		member, err := api.Result[tenancy.Member](outcome)
		if err != nil {
			return err
		}
		held = append(held, roleOf(member.Level))
	}
	return ok(c, struct {
		UserID    string   `json:"user_id"`
		UserEmail string   `json:"user_email"`
		TenantID  *string  `json:"tenant_id"`
		Roles     []string `json:"roles"`
		IssuedAt  int64    `json:"issued_at"`
	}{user.ID.String(), user.Email, textOrNull(actor.Tenant.String()), held, seconds(actor.IssuedAt)})
}

// self reads the caller's own account.
func (d *dialect) self(c *gin.Context, actor tenancy.Actor) (tenancy.UserView, error) {
	if err := somebody(actor); err != nil {
		return tenancy.UserView{}, err
	}
	outcome, err := d.read(c, actor, tenancy.GetUser{User: actor.User})
	if err != nil {
		return tenancy.UserView{}, err
	}
	return api.Result[tenancy.UserView](outcome)
}

// somebody refuses the platform where a call is about the caller.
func somebody(actor tenancy.Actor) error {
	if actor.User.IsZero() {
		return &tenancy.Error{Code: tenancy.CodeForbidden, Msg: "a platform key is nobody's account"}
	}
	return nil
}
