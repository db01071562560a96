package native

import (
	"net/http"
	"strconv"

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
	Resource *resource      `json:"resource,omitempty" doc:"For member.add, member.update and member.remove: type user and the id of whom it is about."`
	Context  map[string]any `json:"context,omitempty" doc:"For the operator's own rules."`
}

type resource struct {
	Type string `json:"type" maxLength:"128"`
	ID   string `json:"id" maxLength:"1024"`
}

// verdict describes the answer of a check, which appendVerdict writes.
type verdict struct {
	Allow          bool     `json:"allow"`
	Reasons        []reason `json:"reasons" nullable:"false" doc:"Empty when allowed."`
	DecisionID     string   `json:"decision_id" format:"uuid"`
	PolicyRevision string   `json:"policy_revision" doc:"Of the set of policies that judged."`
	Revision       uint64   `json:"revision" doc:"Of the store that was looked at."`
}

// The longest texts of a resource, in bytes.
const (
	resourceTypeLimit = 128
	resourceIDLimit   = 1024
)

// check serves POST /v1/check: whether somebody may do something. It is the
// fast path, so it validates by hand and reflects as little as it can.
func (d *dialect) check(c *gin.Context, actor tenancy.Actor) error {
	if err := checkHeaders(c.Request.Header); err != nil {
		return err
	}
	if err := checkQuery(c.Request, nil); err != nil {
		return err
	}
	var asked question
	if err := api.JSON(c, &asked, api.DecodeOptions{}); err != nil {
		return err
	}
	if err := checkNulls(api.Body(c), d.questions, d.schemas); err != nil {
		return err
	}
	q, err := asked.read()
	if err != nil {
		return err
	}
	v, err := d.gate.Check(c.Request.Context(), actor, q)
	if err != nil {
		return err
	}
	api.Decided(c, v.DecisionID)
	c.Writer.Header()["Content-Type"] = []string{mediaJSON}
	c.Status(http.StatusOK)
	_, _ = c.Writer.Write(appendVerdict(make([]byte, 0, 256), shownOf(actor, q.Action, v), v)) // who is gone needs no answer
	return nil
}

func (a *question) read() (tenancy.Question, error) {
	q := tenancy.Question{Dialect: tenancy.DialectNative, Context: a.Context}
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

// appendVerdict writes a verdict as the type of that name describes it, with
// the reasons that are shown.
func appendVerdict(to []byte, shown []tenancy.Finding, v tenancy.Verdict) []byte {
	to = append(to, `{"allow":`...)
	to = strconv.AppendBool(to, v.Allow)
	to = append(to, `,"reasons":[`...)
	for i, f := range shown {
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
	return append(to, '}')
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
