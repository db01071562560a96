package opadata

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// Evaluator gives the value of rules and data.
type Evaluator interface {
	EvaluateRule(ctx context.Context, actor tenancy.Actor, q tenancy.RuleQuestion) (tenancy.RuleAnswer, error)
}

// Options goes with [New]. All are required.
type Options struct {
	Gate          api.Gate // bounds its own calls, see api.WithTimeout
	Evaluator     Evaluator
	Authenticator api.Authenticator
	Modules       func() []tenancy.Module         // those in force
	Ready         func(ctx context.Context) error // nil: the program can answer
}

// dialect holds what the handlers need.
type dialect struct{ Options }

// The paths.
const (
	dataPath     = "/v1/data"
	dataPathV0   = "/v0/data"
	healthPath   = "/health"
	policiesPath = "/opa/v1/policies"
)

// options goes with every query of this dialect.
var options = tenancy.ApplyOptions{Dialect: tenancy.DialectOPA}

// New describes the dialect. What changes data or policies is 405, at OPA's own
// paths of policies too, whose list stands elsewhere here.
func New(opts Options) api.Dialect {
	d := &dialect{opts}
	return api.Dialect{
		Name:          tenancy.DialectOPA,
		Prefixes:      []string{dataPath, dataPathV0, healthPath, "/opa"},
		Authenticator: opts.Authenticator,
		ReadOnly:      []string{dataPath, dataPathV0, "/opa", "/v1/policies"},
		Routes: []api.Route{
			{Method: http.MethodPost, Path: dataPath + "/*path", Quiet: true, Handle: d.post},
			{Method: http.MethodGet, Path: dataPath + "/*path", Quiet: true, Handle: d.get},
			{Method: http.MethodPost, Path: dataPathV0 + "/*path", Quiet: true, Handle: d.postV0},
			{Method: http.MethodGet, Path: healthPath, Quiet: true, Public: true, Handle: d.health},
			{Method: http.MethodGet, Path: policiesPath, Handle: d.policies},
			{Method: http.MethodGet, Path: policiesPath + "/*id", Handle: d.policy},
		},
		Render: render,
	}
}

// health serves GET /health: 200 once questions can be answered. Which plugins
// and bundles are asked about makes no difference: there are none.
func (d *dialect) health(c *gin.Context, _ tenancy.Actor) error {
	ctx, cancel := context.WithTimeout(c.Request.Context(), api.GateTimeout)
	defer cancel()
	if err := d.Ready(ctx); err != nil {
		api.WriteJSON(c, http.StatusInternalServerError, mediaJSON, map[string]string{"error": "not ready"})
		return nil
	}
	api.WriteJSON(c, http.StatusOK, mediaJSON, struct{}{})
	return nil
}

// module is one policy, as OPA lists it, without its syntax tree.
type module struct {
	ID  string `json:"id"`
	Raw string `json:"raw"`
}

// policies serves GET /opa/v1/policies.
func (d *dialect) policies(c *gin.Context, actor tenancy.Actor) error {
	modules, err := d.inForce(c, actor)
	if err != nil {
		return err
	}
	list := make([]module, len(modules))
	for i, m := range modules {
		list[i] = module{m.Path, m.Text}
	}
	api.WriteJSON(c, http.StatusOK, mediaJSON, map[string]any{"result": list})
	return nil
}

// policy serves GET /opa/v1/policies/{id}.
func (d *dialect) policy(c *gin.Context, actor tenancy.Actor) error {
	modules, err := d.inForce(c, actor)
	if err != nil {
		return err
	}
	for _, m := range modules {
		if "/"+m.Path == c.Param("id") {
			api.WriteJSON(c, http.StatusOK, mediaJSON, map[string]any{"result": module{m.Path, m.Text}})
			return nil
		}
	}
	return &tenancy.Error{Code: tenancy.CodeNotFound, Msg: "there is no such policy"}
}

// inForce gives the modules to who may read the rules.
func (d *dialect) inForce(c *gin.Context, actor tenancy.Actor) ([]tenancy.Module, error) {
	outcome, err := d.Gate.Read(c.Request.Context(), actor, tenancy.GetPolicies{}, options)
	if err != nil {
		return nil, err
	}
	api.Decided(c, outcome.DecisionID)
	return d.Modules(), nil
}
