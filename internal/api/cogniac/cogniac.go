package cogniac

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// Accounts makes what is shown once. Its errors are *tenancy.Error.
type Accounts interface {
	// Exchange gives whoever signed in with a password or a key a token for a
	// tenant, and how long it lives: not_a_member where they are no member of it,
	// not_permitted where their membership is not active, forbidden when they
	// came with anything else.
	Exchange(ctx context.Context, actor tenancy.Actor, tenant tenancy.TenantID) (token string, lifetime time.Duration, err error)
	// NewCode makes the code of an invitation.
	NewCode() (text string, digest tenancy.Digest, err error)
}

// Options goes with [New]. Every field is required.
type Options struct {
	Gate          api.Gate // bounds its own calls, see api.WithTimeout
	Authenticator api.Authenticator
	SignIn        api.Authenticator // also takes Basic and Key, where a client signs in
	Accounts      Accounts
	Now           func() time.Time
}

// dialect holds what the handlers need.
type dialect struct {
	gate     api.Gate
	accounts Accounts
	now      func() time.Time
}

// options goes with every change and query of this dialect.
var options = tenancy.ApplyOptions{Dialect: tenancy.DialectCogniac}

// New describes the dialect.
func New(opts Options) api.Dialect {
	d := &dialect{gate: opts.Gate, accounts: opts.Accounts, now: opts.Now}
	return api.Dialect{
		Name:          tenancy.DialectCogniac,
		Prefixes:      []string{"/1", "/21"},
		Authenticator: opts.Authenticator,
		Routes:        d.routes(opts.SignIn),
		Render:        render,
	}
}

func (d *dialect) routes(signIn api.Authenticator) []api.Route {
	return []api.Route{
		{Method: http.MethodGet, Path: "/1/token", Authenticator: signIn, Handle: signingIn.handle(d.token)},
		{Method: http.MethodGet, Path: "/1/users/current/tenants", Authenticator: signIn, Handle: reading.handle(d.myTenants)},
		{Method: http.MethodGet, Path: "/21/users/mfa/status", Authenticator: signIn, Handle: signingIn.handle(d.factors)},
		{Method: http.MethodGet, Path: "/21/authorize", Handle: signingIn.handle(d.authorize)},
		{Method: http.MethodGet, Path: "/1/users/current", Handle: reading.handle(d.me)},

		{Method: http.MethodGet, Path: "/1/tenants/:tenant/users", Handle: listing.handle(d.users)},
		{Method: http.MethodPost, Path: "/1/tenants/:tenant/users", Handle: adding.handle(d.addUser)},
		{Method: http.MethodDelete, Path: "/1/tenants/:tenant/users", Handle: removing.handle(d.removeUser)},
		{Method: http.MethodPost, Path: "/1/tenants/:tenant/users/role", Handle: promoting.handle(d.setRole)},

		{Method: http.MethodPost, Path: "/1/tenants", Handle: founding.handle(d.createTenant)},
		{Method: http.MethodGet, Path: "/1/tenants/:tenant", Handle: showing.handle(d.tenant)},
		{Method: http.MethodPost, Path: "/1/tenants/:tenant", Handle: changing.handle(d.updateTenant)},
		{Method: http.MethodDelete, Path: "/1/tenants/:tenant", Handle: deleting.handle(d.deleteTenant)},

		{Method: http.MethodGet, Path: "/1/tenants/:tenant/invites", Handle: listingInvites.handle(d.invites)},
		{Method: http.MethodPost, Path: "/1/tenants/:tenant/invites", Handle: inviting.handle(d.invite)},
		{Method: http.MethodDelete, Path: "/1/tenants/:tenant/invites", Handle: withdrawing.handle(d.withdraw)},
	}
}

// apply makes a change.
func (d *dialect) apply(c *gin.Context, actor tenancy.Actor, change tenancy.Change) (tenancy.Outcome, error) {
	outcome, err := d.gate.Apply(c.Request.Context(), actor, change, options)
	if err == nil {
		api.Decided(c, outcome.DecisionID)
	}
	return outcome, err
}

// read asks a query.
func (d *dialect) read(c *gin.Context, actor tenancy.Actor, query tenancy.Query) (tenancy.Outcome, error) {
	outcome, err := d.gate.Read(c.Request.Context(), actor, query, options)
	if err == nil {
		api.Decided(c, outcome.DecisionID)
	}
	return outcome, err
}

func ok(c *gin.Context, body any) error {
	write(c, http.StatusOK, body)
	return nil
}

func done(c *gin.Context) error {
	c.Status(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
	return nil
}

func write(c *gin.Context, status int, body any) {
	api.WriteJSON(c, status, "application/json", body)
}

// seconds gives a time as this API has it.
func seconds(t time.Time) int64 { return t.Unix() }

// secondsOrNull gives null where there is no time.
func secondsOrNull(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	s := seconds(t)
	return &s
}

// textOrNull gives null where there is no text.
func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
