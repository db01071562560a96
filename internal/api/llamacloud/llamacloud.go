package llamacloud

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// Options goes with [New]. All of them are required.
type Options struct {
	Gate          api.Gate // bounds its own calls, see api.WithTimeout
	Authenticator api.Authenticator
	// Terms gives what the active policies say of this dialect.
	Terms func() tenancy.Terms
	// LevelActions lists what the active policies let a level do, sorted.
	LevelActions func(tenancy.Level) []tenancy.Action
	Now          func() time.Time
}

// dialect holds what the handlers need.
type dialect struct {
	gate         api.Gate
	levelActions func(tenancy.Level) []tenancy.Action
	additions    *additions
}

// options goes with every change and query of this dialect.
var options = tenancy.ApplyOptions{Dialect: tenancy.DialectLlamaCloud}

// New describes the dialect.
func New(opts Options) api.Dialect {
	d := &dialect{gate: opts.Gate, levelActions: opts.LevelActions, additions: newAdditions(opts.Terms, opts.Now)}
	return api.Dialect{
		Name:          tenancy.DialectLlamaCloud,
		Prefixes:      []string{"/api/v1/organizations", "/api/v1/projects"},
		Authenticator: opts.Authenticator,
		Routes:        d.routes(),
		Render:        render,
	}
}

func (d *dialect) routes() []api.Route {
	return []api.Route{
		{Method: http.MethodGet, Path: "/api/v1/organizations", Handle: d.organizations},
		{Method: http.MethodPost, Path: "/api/v1/organizations", Handle: d.createOrganization},
		{Method: http.MethodGet, Path: "/api/v1/organizations/:organization_id", Handle: d.organization},
		{Method: http.MethodPut, Path: "/api/v1/organizations/:organization_id", Handle: d.updateOrganization},
		{Method: http.MethodDelete, Path: "/api/v1/organizations/:organization_id", Handle: d.deleteOrganization},
		{Method: http.MethodGet, Path: "/api/v1/organizations/:organization_id/users", Handle: d.users},
		{Method: http.MethodPut, Path: "/api/v1/organizations/:organization_id/users", Handle: d.addUsers},
		{Method: http.MethodDelete, Path: "/api/v1/organizations/:organization_id/users/:member_user_id", Handle: d.removeUser},
		{Method: http.MethodPut, Path: "/api/v1/organizations/:organization_id/users/remove", Handle: d.removeUsers},
		{Method: http.MethodGet, Path: "/api/v1/organizations/:organization_id/roles", Handle: d.roles},
		{Method: http.MethodGet, Path: "/api/v1/organizations/:organization_id/users/roles", Handle: d.ownRole},
		{Method: http.MethodPut, Path: "/api/v1/organizations/:organization_id/users/roles", Handle: d.assignRole},
		{Method: http.MethodGet, Path: "/api/v1/organizations/:organization_id/users/:member_user_id/projects", Handle: d.projectsOfUser},
		{Method: http.MethodPut, Path: "/api/v1/organizations/:organization_id/users/:member_user_id/projects", Handle: d.addToProject},
		{Method: http.MethodDelete, Path: "/api/v1/organizations/:organization_id/users/:member_user_id/projects/:project_id", Handle: d.removeFromProject},
		{Method: http.MethodGet, Path: "/api/v1/projects", Handle: d.projects},
		{Method: http.MethodPost, Path: "/api/v1/projects", Handle: d.createProject},
		{Method: http.MethodGet, Path: "/api/v1/projects/:project_id", Handle: d.project},
		{Method: http.MethodPut, Path: "/api/v1/projects/:project_id", Handle: d.updateProject},
		{Method: http.MethodDelete, Path: "/api/v1/projects/:project_id", Handle: d.deleteProject},
	}
}

// apply makes a change and gives its result.
func apply[Result any](d *dialect, c *gin.Context, actor tenancy.Actor, change tenancy.Change) (Result, error) {
	outcome, err := d.gate.Apply(c.Request.Context(), actor, change, options)
	return resultOf[Result](c, outcome, err)
}

// read reads something.
func read[Result any](d *dialect, c *gin.Context, actor tenancy.Actor, query tenancy.Query) (Result, error) {
	outcome, err := d.gate.Read(c.Request.Context(), actor, query, options)
	return resultOf[Result](c, outcome, err)
}

func resultOf[Result any](c *gin.Context, outcome tenancy.Outcome, err error) (Result, error) {
	if err != nil {
		var none Result
		return none, err
	}
	api.Decided(c, outcome.DecisionID)
	return api.Result[Result](outcome)
}

// do makes a change whose result is of no interest.
func (d *dialect) do(c *gin.Context, actor tenancy.Actor, change tenancy.Change) error {
	outcome, err := d.gate.Apply(c.Request.Context(), actor, change, options)
	if err == nil {
		api.Decided(c, outcome.DecisionID)
	}
	return err
}

func ok(c *gin.Context, body any) error {
	write(c, http.StatusOK, body)
	return nil
}

func noContent(c *gin.Context) error {
	c.Status(http.StatusNoContent)
	return nil
}

func write(c *gin.Context, status int, body any) {
	api.WriteJSON(c, status, "application/json", body)
}
