package opadata

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// mediaJSON is the type of every answer.
const mediaJSON = "application/json"

// answer is that of /v1/data. An undefined document has no result.
type answer struct {
	DecisionID  string         `json:"decision_id"`
	Explanation jsontext.Value `json:"explanation,omitzero"`
	Metrics     jsontext.Value `json:"metrics,omitzero"`
	Result      jsontext.Value `json:"result,omitzero"`
	Warning     *warning       `json:"warning,omitzero"`
}

// warning says that a request is most likely not what was meant.
type warning struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// post serves POST /v1/data/{path}: {"input": any}, or no body for no input.
func (d *dialect) post(c *gin.Context, actor tenancy.Actor) error {
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	var body struct {
		Input jsontext.Value `json:"input"`
	}
	if err := readBody(c, &body, api.DecodeOptions{IgnoreUnknown: true, AllowEmpty: true}); err != nil {
		return err
	}
	if err := setInput(&q, body.Input); err != nil {
		return err
	}
	var missing *warning
	if body.Input == nil {
		missing = &warning{"api_usage_warning", "'input' key missing from the request"}
	}
	return d.answer(c, actor, q, missing)
}

// get serves GET /v1/data/{path}?input=….
func (d *dialect) get(c *gin.Context, actor tenancy.Actor) error {
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	if text, given := c.GetQuery(paramInput); given {
		var input jsontext.Value
		if err := api.Decode([]byte(text), &input, api.DecodeOptions{}); err != nil {
			return inQuery(err)
		}
		if err := setInput(&q, input); err != nil {
			return inQuery(err)
		}
	}
	return d.answer(c, actor, q, nil)
}

func (d *dialect) answer(c *gin.Context, actor tenancy.Actor, q tenancy.RuleQuestion, missing *warning) error {
	got, err := d.evaluate(c, actor, q)
	if err != nil {
		return err
	}
	api.WriteJSON(c, http.StatusOK, mediaJSON, answer{
		DecisionID: got.DecisionID.String(), Explanation: got.Trace, Metrics: got.Metrics, Result: got.JSON, Warning: missing,
	})
	return nil
}

// postV0 serves POST /v0/data/{path}: the body is the input, the answer is the
// value, and an undefined one is 404.
func (d *dialect) postV0(c *gin.Context, actor tenancy.Actor) error {
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	var input jsontext.Value
	if err := readBody(c, &input, api.DecodeOptions{AllowEmpty: true}); err != nil {
		return err
	}
	if err := setInput(&q, input); err != nil {
		return err
	}
	got, err := d.evaluate(c, actor, q)
	if err != nil {
		return err
	}
	if got.JSON == nil {
		return errUndefined
	}
	api.WriteJSON(c, http.StatusOK, mediaJSON, jsontext.Value(got.JSON))
	return nil
}

// errUndefined answers /v0/data, where a value cannot be left out.
var errUndefined = &tenancy.Error{Code: codeUndefined, Msg: "document missing"}

// codeUndefined is a code of this dialect alone.
const codeUndefined tenancy.Code = "undefined_document"

func (d *dialect) evaluate(c *gin.Context, actor tenancy.Actor, q tenancy.RuleQuestion) (tenancy.RuleAnswer, error) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), api.GateTimeout)
	defer cancel()
	got, err := d.Evaluator.EvaluateRule(ctx, actor, q)
	if err == nil {
		api.Decided(c, got.DecisionID)
	}
	return got, err
}
