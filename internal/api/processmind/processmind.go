package processmind

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// Options goes with [New]. Both are required.
type Options struct {
	Gate          api.Gate // bounds its own calls, see api.WithTimeout
	Authenticator api.Authenticator
}

// dialect holds what the handlers need.
type dialect struct{ gate api.Gate }

// options goes with every change and query of this dialect.
var options = tenancy.ApplyOptions{Dialect: tenancy.DialectProcessMind}

// New describes the dialect.
func New(opts Options) api.Dialect {
	d := &dialect{gate: opts.Gate}
	return api.Dialect{
		Name:          tenancy.DialectProcessMind,
		Prefixes:      []string{"/tenant"},
		Authenticator: opts.Authenticator,
		Routes: []api.Route{
			{Method: http.MethodGet, Path: "/tenant/:tenantId", Handle: d.tenant},
			{Method: http.MethodPut, Path: "/tenant/:tenantId", Handle: d.updateTenant},
			{Method: http.MethodGet, Path: "/tenant/:tenantId/statistics", Handle: d.statistics},
			{Method: http.MethodGet, Path: "/tenant/:tenantId/users", Handle: d.users},
			{Method: http.MethodPost, Path: "/tenant/:tenantId/users", Handle: d.addUser},
			{Method: http.MethodPut, Path: "/tenant/:tenantId/users", Handle: d.updateUser},
			{Method: http.MethodDelete, Path: "/tenant/:tenantId/users", Handle: d.removeUser},
			{Method: http.MethodGet, Path: "/tenant/:tenantId/organization", Handle: d.organization},
			{Method: http.MethodGet, Path: "/tenant/:tenantId/organization/statistics", Handle: d.organizationStatistics},
			{Method: http.MethodGet, Path: "/tenant/:tenantId/organization/tenants", Handle: d.organizationTenants},
			{Method: http.MethodPost, Path: "/tenant/:tenantId/organization/tenants", Handle: d.createTenant},
			{Method: http.MethodDelete, Path: "/tenant/:tenantId/organization/tenants/:targetTenantId", Handle: d.detachTenant},
			{Method: http.MethodGet, Path: "/tenant/:tenantId/organization/users", Handle: d.organizationUsers},
			{Method: http.MethodPut, Path: "/tenant/:tenantId/organization/users", Handle: d.updateOrganizationUser},
			{Method: http.MethodDelete, Path: "/tenant/:tenantId/organization/users", Handle: d.removeOrganizationUser},
		},
		Render: render,
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

// read reads one record, a T.
func read[T any](d *dialect, c *gin.Context, actor tenancy.Actor, query tenancy.Query) (T, error) {
	outcome, err := d.gate.Read(c.Request.Context(), actor, query, options)
	if err != nil {
		var none T
		return none, err
	}
	api.Decided(c, outcome.DecisionID)
	return api.Result[T](outcome)
}

// list writes the rows that page asks for.
func list[Row any](d *dialect, c *gin.Context, actor tenancy.Actor, page func(last Row) tenancy.Query, show func(Row) any) error {
	return api.List[Row]{Gate: d.gate, Options: options, Page: page, Show: show}.Write(c, actor)
}

// message is the body of every error, and of successes that show no record.
type message struct {
	Message string `json:"message"`
}

// said answers a change in the words of the API.
func said(c *gin.Context, err error, text string) error {
	if err != nil {
		return err
	}
	return ok(c, message{text})
}

func ok(c *gin.Context, body any) error {
	write(c, http.StatusOK, body)
	return nil
}

func write(c *gin.Context, status int, body any) {
	api.WriteJSON(c, status, "application/json", body)
}

// stamp is a time in the form of the API, in UTC and to the second.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// text is a text that may be absent: null.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
