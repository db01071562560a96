package native

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// question is the body of a check.
type question struct {
	Subject  *string        `json:"subject,omitempty" format:"uuid" doc:"A user's id; the caller when absent. Asking about others takes the right to read the tenant's decisions."`
	Action   *string        `json:"action" required:"true" nullable:"false" maxLength:"128" doc:"As member.remove: one of docs/policies.md, or of the operator's own policies."`
	Tenant   *string        `json:"tenant" required:"true" nullable:"false" doc:"The tenant's id or slug."`
	Resource *resource      `json:"resource,omitempty" doc:"For member.add, member.update, member.remove and tenant.transfer: type user and the id of whom it is about."`
	Context  map[string]any `json:"context,omitempty" doc:"For the operator's own rules."`
}

type resource struct {
	Type string `json:"type" maxLength:"128"`
	ID   string `json:"id" maxLength:"1024"`
}

// questions is the body of several checks.
type questions struct {
	Checks []question `json:"checks" nullable:"false" minItems:"1" maxItems:"1000"`
}

// verdict describes the answer of a check, which appendVerdict writes.
type verdict struct {
	Allow          bool         `json:"allow"`
	Reasons        []reason     `json:"reasons" nullable:"false" doc:"Empty when allowed."`
	DecisionID     string       `json:"decision_id" format:"uuid"`
	PolicyRevision string       `json:"policy_revision" doc:"Of the set of policies that judged."`
	Revision       uint64       `json:"revision" doc:"Of the store that was looked at."`
	Explanation    *explanation `json:"explanation,omitempty" doc:"With explain=true: why. Null where the caller may not know."`
}

// verdicts describes the answer of several checks.
type verdicts struct {
	Results  []verdict `json:"results" nullable:"false" doc:"In the order of the checks."`
	Revision uint64    `json:"revision" doc:"Of the store that was looked at, the same for all."`
}

// The longest texts of a resource, in bytes.
const (
	resourceTypeLimit = 128
	resourceIDLimit   = 1024
)

const paramExplain = "explain"

// check serves POST /v1/check: whether somebody may do something. It is the
// fast path, so it validates by hand and reflects as little as it can.
func (d *dialect) check(c *gin.Context, actor tenancy.Actor) error {
	var asked question
	shape, err := d.readAsked(c, &asked, d.asked)
	if err != nil {
		return err
	}
	q, err := asked.read(shape)
	if err != nil {
		return err
	}
	v, err := d.gate.Check(c.Request.Context(), actor, q)
	if err != nil {
		return err
	}
	answer, err := appendVerdict(make([]byte, 0, 256), actor, q, v)
	if err != nil {
		return err
	}
	api.Decided(c, v.DecisionID)
	writeJSON(c, answer)
	return nil
}

// checkAll serves POST /v1/checks.
func (d *dialect) checkAll(c *gin.Context, actor tenancy.Actor) error {
	var asked questions
	shape, err := d.readAsked(c, &asked, d.askedAll)
	if err != nil {
		return err
	}
	if len(asked.Checks) == 0 {
		return &api.InputError{Fault: api.FaultMissing, In: api.InBody, Path: []string{"checks"}, Msg: "give 1 to 1000 checks"}
	}
	all := make([]tenancy.Question, len(asked.Checks))
	for i := range asked.Checks {
		if all[i], err = asked.Checks[i].read(shape); err != nil {
			return at(err, "checks", strconv.Itoa(i))
		}
	}
	judged, err := d.gate.CheckAll(c.Request.Context(), actor, all)
	if err != nil {
		return err
	}
	if len(judged) != len(all) {
		return fmt.Errorf("native: the gate gave %d verdicts on %d questions", len(judged), len(all))
	}
	answer := append(make([]byte, 0, 256*len(all)), `{"results":[`...)
	for i, v := range judged {
		if i > 0 {
			answer = append(answer, ',')
		}
		if answer, err = appendVerdict(answer, actor, all[i], v); err != nil {
			return err
		}
	}
	answer = append(answer, `],"revision":`...)
	answer = strconv.AppendUint(answer, uint64(judged[0].Revision), 10)
	writeJSON(c, append(answer, '}'))
	return nil
}

// writeJSON writes an answer that is JSON already.
func writeJSON(c *gin.Context, answer []byte) {
	c.Writer.Header()["Content-Type"] = []string{mediaJSON}
	c.Status(http.StatusOK)
	_, _ = c.Writer.Write(answer) // who is gone needs no answer
}

// readAsked reads the body of a check, and gives what the request's terms and
// query say of every question in it.
func (d *dialect) readAsked(c *gin.Context, into any, schema *huma.Schema) (tenancy.Question, error) {
	q := tenancy.Question{Dialect: tenancy.DialectNative}
	query, err := checkQuery(c.Request, nil, paramExplain)
	if err != nil {
		return q, err
	}
	if q.Explain, err = truth(query, paramExplain); err != nil {
		return q, err
	}
	t, err := termsOf(c, reading, query)
	if err != nil {
		return q, err
	}
	q.AtLeast = t.AtLeast
	if err := api.JSON(c, into, api.DecodeOptions{KeepDigits: true}); err != nil {
		return q, err
	}
	return q, checkNulls(api.Body(c), schema, d.schemas)
}

// read completes a question.
func (a *question) read(q tenancy.Question) (tenancy.Question, error) {
	q.Context = a.Context
	if a.Action == nil || a.Tenant == nil {
		return q, a.missing()
	}
	var err error
	if q.Subject, err = optional("subject", a.Subject, parseUser); err != nil {
		return q, err
	}
	if q.Action, err = tenancy.ParseAction(*a.Action); err != nil {
		return q, wrong("action", err)
	}
	q.Tenant = tenantRef(*a.Tenant)
	if a.Resource != nil {
		q.Resource = tenancy.Resource{Type: a.Resource.Type, ID: a.Resource.ID}
		return q, a.Resource.check()
	}
	return q, nil
}

func (a *question) missing() error {
	var missing faults
	if a.Action == nil {
		missing = append(missing, &api.InputError{Fault: api.FaultMissing, In: api.InBody, Path: []string{"action"}, Msg: "action is required"})
	}
	if a.Tenant == nil {
		missing = append(missing, &api.InputError{Fault: api.FaultMissing, In: api.InBody, Path: []string{"tenant"}, Msg: "tenant is required"})
	}
	return missing
}

func (r *resource) check() error {
	if r.Type == "" || len(r.Type) > resourceTypeLimit {
		return &api.InputError{Fault: api.FaultValue, In: api.InBody, Path: []string{"resource", "type"}, Msg: "a resource's type has 1 to 128 bytes"}
	}
	if r.ID == "" || len(r.ID) > resourceIDLimit {
		return &api.InputError{Fault: api.FaultValue, In: api.InBody, Path: []string{"resource", "id"}, Msg: "a resource's id has 1 to 1024 bytes"}
	}
	return nil
}

// at puts the faults of a part of the body into their place in the whole.
func at(err error, place ...string) error {
	var several faults
	var one *api.InputError
	switch {
	case errors.As(err, &several):
	case errors.As(err, &one):
		several = faults{one}
	default:
		return err
	}
	for _, fault := range several {
		fault.Path = append(place[:len(place):len(place)], fault.Path...)
	}
	return several
}

// appendVerdict writes a verdict as the type of that name describes it, with
// the reasons that the caller may know.
func appendVerdict(to []byte, actor tenancy.Actor, q tenancy.Question, v tenancy.Verdict) ([]byte, error) {
	to = append(to, `{"allow":`...)
	to = strconv.AppendBool(to, v.Allow)
	to = append(to, `,"reasons":[`...)
	for i, f := range shownOf(actor, q.Action, v) {
		if i > 0 {
			to = append(to, ',')
		}
		to = append(to, `{"code":`...)
		to = appendText(to, string(f.Code))
		to = append(to, `,"message":`...)
		to = appendText(to, f.Message)
		to = append(to, '}')
	}
	to = append(to, `],"decision_id":`...)
	to = appendText(to, v.DecisionID.String())
	to = append(to, `,"policy_revision":`...)
	to = appendText(to, v.PolicyRevision)
	to = append(to, `,"revision":`...)
	to = strconv.AppendUint(to, uint64(v.Revision), 10)
	if q.Explain {
		return appendExplanation(to, v)
	}
	return append(to, '}'), nil
}

// shownOf gives the reasons that the caller may know. Whatever is no change
// has one reason only (design, "One check"); the platform, which is never a
// stranger, reads also that there is no such tenant.
func shownOf(actor tenancy.Actor, action tenancy.Action, v tenancy.Verdict) []tenancy.Finding {
	switch {
	case v.Allow:
		return nil
	case actor.Platform && tenancy.Has(v.Reasons, tenancy.CodeTenantUnknown):
		return []tenancy.Finding{tenancy.Find(tenancy.CodeTenantUnknown)}
	case action.Changes() && len(v.Reasons) > 0:
		return tenancy.Shown(v.Reasons)
	default:
		return []tenancy.Finding{tenancy.Find(tenancy.CodeNotPermitted)}
	}
}

// appendText writes a JSON string; an error says only that invalid UTF-8 was
// replaced.
func appendText(to []byte, s string) []byte {
	to, _ = jsontext.AppendQuote(to, s)
	return to
}
