package cognee

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// Accounts checks and prepares what people sign in with. Its errors are
// *tenancy.Error.
type Accounts interface {
	// Login gives a token and how long it lives; unauthenticated when e-mail
	// or password are wrong or the account may not sign in.
	Login(ctx context.Context, email, password string) (token string, lifetime time.Duration, err error)
	// HashPassword prepares a password for the store; invalid when it is too
	// short or too long.
	HashPassword(ctx context.Context, password string) (string, error)
	// NewKey makes an API key, whose text is mw_, its id in 32 hexadecimal
	// digits, _ and a secret.
	NewKey() (NewKey, error)
}

// Options goes with [New]. Gate, Authenticator and Accounts are required.
type Options struct {
	Gate             api.Gate // bounds its own calls, see api.WithTimeout
	Authenticator    api.Authenticator
	Accounts         Accounts
	SelfRegistration bool // serves POST /api/v1/auth/register
	SecureCookie     bool // marks the cookie Secure also where TLS ends before us
	ValidationStatus int  // 400 or 422 for every validation error; 0: what the contract says of each operation
}

// dialect holds what the handlers need.
type dialect struct {
	gate             api.Gate
	accounts         Accounts
	secureCookie     bool
	validationStatus int
}

// activeTenant is the one that the caller has selected.
var activeTenant = tenancy.TenantRef{Active: true}

// options goes with every change and query of this dialect.
var options = tenancy.ApplyOptions{Dialect: tenancy.DialectCognee}

// New describes the dialect.
func New(opts Options) api.Dialect {
	d := &dialect{gate: opts.Gate, accounts: opts.Accounts, secureCookie: opts.SecureCookie, validationStatus: opts.ValidationStatus}
	return api.Dialect{
		Name:          tenancy.DialectCognee,
		Prefixes:      []string{"/api/v1/permissions", "/api/v1/auth", "/api/v1/users", "/api/v1/datasets"},
		Authenticator: opts.Authenticator,
		Routes:        d.routes(opts.SelfRegistration),
		Render:        d.render,
	}
}

func (d *dialect) routes(selfRegistration bool) []api.Route {
	routes := slices.Concat(d.accountRoutes(), d.tenantRoutes(), d.roleRoutes(), d.datasetRoutes())
	if selfRegistration {
		routes = append(routes, api.Route{Method: http.MethodPost, Path: "/api/v1/auth/register", Public: true, Handle: d.register})
	}
	return routes
}

func (d *dialect) accountRoutes() []api.Route {
	return []api.Route{
		{Method: http.MethodPost, Path: "/api/v1/auth/login", Public: true, Handle: d.login},
		{Method: http.MethodPost, Path: "/api/v1/auth/logout", Handle: d.logout},
		{Method: http.MethodGet, Path: "/api/v1/auth/me", Handle: d.me},
		{Method: http.MethodGet, Path: "/api/v1/auth/api-keys", Handle: d.keys},
		{Method: http.MethodPost, Path: "/api/v1/auth/api-keys", Handle: d.createKey},
		{Method: http.MethodDelete, Path: "/api/v1/auth/api-keys/:api_key_id", Handle: d.deleteKey},
		{Method: http.MethodPost, Path: "/api/v1/users/get-user-id", Handle: d.userID},
	}
}

func (d *dialect) tenantRoutes() []api.Route {
	return []api.Route{
		{Method: http.MethodPost, Path: "/api/v1/permissions/users/:user_id/tenants", Handle: d.addUser},
		{Method: http.MethodDelete, Path: "/api/v1/permissions/tenants/:tenant_id/users/:user_id", Handle: d.removeUser},
		{Method: http.MethodGet, Path: "/api/v1/permissions/tenants/:tenant_id/users", Handle: d.users},
		{Method: http.MethodPost, Path: "/api/v1/permissions/tenants", Handle: d.createTenant},
		{Method: http.MethodPost, Path: "/api/v1/permissions/tenants/select", Handle: d.selectTenant},
		{Method: http.MethodGet, Path: "/api/v1/permissions/tenants/me", Handle: d.myTenants},
		{Method: http.MethodGet, Path: "/api/v1/permissions/tenants/:tenant_id/capabilities/me", Handle: d.capabilities},
		{Method: http.MethodPost, Path: "/api/v1/permissions/capabilities/:principal_id", Handle: d.grantCapability},
		{Method: http.MethodDelete, Path: "/api/v1/permissions/capabilities/:principal_id", Handle: d.revokeCapability},
	}
}

func (d *dialect) roleRoutes() []api.Route {
	return []api.Route{
		{Method: http.MethodPost, Path: "/api/v1/permissions/roles", Handle: d.createRole},
		{Method: http.MethodDelete, Path: "/api/v1/permissions/roles/:role_id", Handle: d.deleteRole},
		{Method: http.MethodPost, Path: "/api/v1/permissions/users/:user_id/roles", Handle: d.addToRole},
		{Method: http.MethodDelete, Path: "/api/v1/permissions/users/:user_id/roles", Handle: d.removeFromRole},
		{Method: http.MethodGet, Path: "/api/v1/permissions/tenants/:tenant_id/roles", Handle: d.roles},
		{Method: http.MethodGet, Path: "/api/v1/permissions/tenants/:tenant_id/roles/:role_id/users", Handle: d.holders},
		{Method: http.MethodGet, Path: "/api/v1/permissions/tenants/:tenant_id/roles/users/:user_id", Handle: d.rolesOf},
	}
}

func (d *dialect) datasetRoutes() []api.Route {
	return []api.Route{
		{Method: http.MethodGet, Path: "/api/v1/datasets", Handle: d.datasets},
		{Method: http.MethodPost, Path: "/api/v1/datasets", Handle: d.createDataset},
		{Method: http.MethodPost, Path: "/api/v1/permissions/datasets/:principal_id", Handle: d.grantDatasets},
		{Method: http.MethodDelete, Path: "/api/v1/permissions/datasets/:principal_id", Handle: d.revokeDatasets},
		{Method: http.MethodGet, Path: "/api/v1/permissions/principals/:principal_id/datasets", Handle: d.datasetsOf},
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

// message is the body of most successes.
type message struct {
	Message string `json:"message"`
}

func ok(c *gin.Context, body any) error {
	write(c, http.StatusOK, body)
	return nil
}

func write(c *gin.Context, status int, body any) {
	api.WriteJSON(c, status, "application/json", body)
}
