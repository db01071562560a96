package native

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// The media types of the answers.
const (
	mediaJSON    = "application/json"
	mediaProblem = "application/problem+json" // RFC 9457
)

// problem is the body of every error (RFC 9457).
type problem struct {
	Type       string          `json:"type" format:"uri" doc:"urn:memberward:error: and the code."`
	Title      string          `json:"title" doc:"The status in words."`
	Status     int             `json:"status"`
	Detail     string          `json:"detail" doc:"What is wrong, for people; of an input, the first fault and its place."`
	Code       string          `json:"code" doc:"What is wrong, for programs; of a refusal, the first reason's."`
	Reasons    []reason        `json:"reasons,omitempty" nullable:"false" doc:"Of a refusal: everything that stands against the request, as far as the caller may know."`
	DecisionID string          `json:"decision_id,omitempty" format:"uuid" doc:"Of a refusal: the decision, as in X-Decision-Id."`
	Errors     []problemDetail `json:"errors,omitempty" nullable:"false" doc:"Of an input: what is wrong, and where."`
	Results    []itemFailure   `json:"results,omitempty" nullable:"false" doc:"Of a batch: every operation that fails."`

	retry string // seconds
}

// reason is one finding.
type reason struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// problemDetail is one fault of an input.
type problemDetail struct {
	Location string `json:"location" doc:"body, query, path or header, and the dotted path within it."`
	Message  string `json:"message"`
}

// faults are several things wrong with one input.
type faults []*api.InputError

// Error joins them.
func (f faults) Error() string {
	texts := make([]string, len(f))
	for i, fault := range f {
		texts[i] = fault.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap gives each of them.
func (f faults) Unwrap() []error {
	errs := make([]error, len(f))
	for i, fault := range f {
		errs[i] = fault
	}
	return errs
}

// findings is the native order of what a decision found, with its status
// (contracts/levels.md). Codes that are not listed are an operator's: 403.
var findings = api.Answers{
	{Code: tenancy.CodeTenantUnknown, Status: http.StatusNotFound},
	{Code: tenancy.CodeKeyUnknown, Status: http.StatusNotFound},
	{Code: tenancy.CodeOrganizationUnknown, Status: http.StatusNotFound},
	{Code: tenancy.CodeDecisionExpired, Status: http.StatusNotFound},
	{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden},
	{Code: tenancy.CodeStale, Status: http.StatusPreconditionFailed},
	{Code: tenancy.CodeUserUnknown, Status: http.StatusNotFound},
	{Code: tenancy.CodeTargetNotMember, Status: http.StatusNotFound},
	{Code: tenancy.CodeRoleUnknown, Status: http.StatusNotFound},
	{Code: tenancy.CodeProjectUnknown, Status: http.StatusNotFound},
	{Code: tenancy.CodePrincipalUnknown, Status: http.StatusNotFound},
	{Code: tenancy.CodeInvitationUnknown, Status: http.StatusNotFound},
	{Code: tenancy.CodeAlreadyMember, Status: http.StatusConflict},
	{Code: tenancy.CodeEmailTaken, Status: http.StatusConflict},
	{Code: tenancy.CodeSlugTaken, Status: http.StatusConflict},
	{Code: tenancy.CodeNameTaken, Status: http.StatusConflict},
	{Code: tenancy.CodeIDTaken, Status: http.StatusConflict},
	{Code: tenancy.CodeConflict, Status: http.StatusConflict},
	{Code: tenancy.CodeOwnerPermanent, Status: http.StatusForbidden},
	{Code: tenancy.CodeLastAdministrator, Status: http.StatusForbidden},
	{Code: tenancy.CodeMemberLimit, Status: http.StatusForbidden},
	{Code: tenancy.CodeRankExceeded, Status: http.StatusForbidden},
	{Code: tenancy.CodeActionsExceeded, Status: http.StatusForbidden},
	{Code: tenancy.CodeOwnerByTransferOnly, Status: http.StatusForbidden},
	{Code: tenancy.CodeFactsIncomplete, Status: http.StatusForbidden},
	{Code: tenancy.CodePolicyError, Status: http.StatusForbidden},
	{Code: tenancy.CodePolicyUndefined, Status: http.StatusForbidden},
	{Code: tenancy.CodePolicyTimeout, Status: http.StatusForbidden},
}

// failures is what the shell, the accounts and the store say. A row without
// words lets the error speak; one with words keeps the error for the log.
var failures = api.Answers{
	{Code: tenancy.CodeUnauthenticated, Status: http.StatusUnauthorized},
	{Code: tenancy.CodeInvalid, Status: http.StatusUnprocessableEntity},
	{Code: tenancy.CodeForbidden, Status: http.StatusForbidden},
	{Code: tenancy.CodeNotFound, Status: http.StatusNotFound},
	{Code: tenancy.CodeMethod, Status: http.StatusMethodNotAllowed},
	{Code: tenancy.CodeTooLarge, Status: http.StatusRequestEntityTooLarge},
	{Code: tenancy.CodeIdempotencyReused, Status: http.StatusUnprocessableEntity},
	{Code: tenancy.CodeConflict, Status: http.StatusConflict},
	{Code: tenancy.CodeRateLimited, Status: http.StatusTooManyRequests},
	{Code: tenancy.CodeStoreFull, Status: http.StatusInsufficientStorage, Body: "the disk is full; nothing was changed"},
	{Code: tenancy.CodeOutcomeUnknown, Status: http.StatusServiceUnavailable, Body: "it is unknown whether the change was made; the same Idempotency-Key settles it"},
	{Code: tenancy.CodeUnavailable, Status: http.StatusServiceUnavailable, Body: "the store does not serve; nothing was changed"},
	{Code: tenancy.CodeTimeout, Status: http.StatusServiceUnavailable, Body: "this took too long; nothing was changed"},
	{Code: tenancy.CodeInternal, Status: http.StatusInternalServerError, Body: "the server made a mistake"},
}

// headerRetry says when another try is worth it, in seconds.
const headerRetry = "Retry-After"

// retries says after how many seconds what is passing is worth another try. A
// conflict that a decision found passes with nothing but another change.
var retries = map[tenancy.Code]string{
	tenancy.CodeConflict: "1", tenancy.CodeTimeout: "1", tenancy.CodeOutcomeUnknown: "5", tenancy.CodeUnavailable: "5",
}

// statusOf says which status a fault of an input has: 408 for a body that is
// too slow to arrive, 415 for the type of the body, 422 for a body that is JSON but not what the operation takes, else 400.
func statusOf(fault *api.InputError) int {
	switch {
	case fault.Fault == api.FaultTooSlow:
		return http.StatusRequestTimeout
	case fault.Fault == api.FaultMedia:
		return http.StatusUnsupportedMediaType
	case fault.In != api.InBody, fault.Fault == api.FaultSyntax, fault.Fault == api.FaultDuplicate, fault.Fault == api.FaultTooDeep:
		return http.StatusBadRequest
	case fault.Fault == api.FaultMissing && len(fault.Path) == 0: // no body at all
		return http.StatusBadRequest
	default:
		return http.StatusUnprocessableEntity
	}
}

// render writes the problem of an error.
func render(c *gin.Context, err error) {
	p := problemOf(err)
	p.Title = http.StatusText(p.Status)
	if p.retry != "" {
		c.Header(headerRetry, p.retry)
	}
	p.Type = "urn:memberward:error:" + url.PathEscape(p.Code)
	api.WriteJSON(c, p.Status, mediaProblem, p)
}

func problemOf(err error) problem {
	var refusal *tenancy.Refusal
	var several faults
	var one *api.InputError
	switch {
	case errors.As(err, &refusal):
		return refused(refusal)
	case errors.As(err, &several):
		return invalid(several)
	case errors.As(err, &one):
		return invalid(faults{one})
	default:
		return failed(err)
	}
}

// refused shows as much of a refusal as the caller may know.
func refused(refusal *tenancy.Refusal) problem {
	shown := tenancy.Shown(refusal.Reasons)
	if len(shown) == 0 {
		shown = []tenancy.Finding{tenancy.Find(tenancy.CodeNotPermitted)}
	}
	p := problem{
		Status: http.StatusForbidden, Code: string(shown[0].Code), Detail: shown[0].Message,
		Reasons: reasonsOf(shown), DecisionID: refusal.DecisionID.String(), Results: failuresOf(refusal),
	}
	if row, known := findings.For(shown); known {
		p.Status = row.Status
	}
	return p
}

func reasonsOf(found []tenancy.Finding) []reason {
	reasons := make([]reason, len(found))
	for i, f := range found {
		reasons[i] = reason{Code: string(f.Code), Message: f.Message}
	}
	return reasons
}

// invalid lists the faults of an input. The first one gives the status and the
// detail, which names the place: a client may show nothing else.
func invalid(list faults) problem {
	p := problem{Status: statusOf(list[0]), Code: string(tenancy.CodeInvalid)}
	for _, fault := range list {
		location := strings.Join(append([]string{string(fault.In)}, fault.Path...), ".")
		p.Errors = append(p.Errors, problemDetail{Location: location, Message: fault.Msg})
	}
	p.Detail = list[0].Msg
	if len(list[0].Path) > 0 {
		p.Detail = p.Errors[0].Location + ": " + p.Detail
	}
	return p
}

// failed answers what no decision refused. Findings that the API makes itself
// keep their status.
func failed(err error) problem {
	code := api.CodeOf(err)
	row, known := failures.For([]tenancy.Finding{{Code: code}})
	if !known {
		return found(err, code)
	}
	p := problem{Status: row.Status, Code: string(row.Code), Detail: row.Body, retry: retries[code]}
	var failure *tenancy.Error
	if p.Detail == "" && errors.As(err, &failure) {
		p.Detail = failure.Msg
	}
	place := string(api.InBody)
	var item *tenancy.ItemError
	if errors.As(err, &item) {
		p.Results = []itemFailure{failureOf(item.Index, p)}
		place += ".operations." + strconv.Itoa(item.Index)
	}
	if code == tenancy.CodeInvalid { // found beneath the API, which sees no more than that it is the body
		p.Errors = []problemDetail{{Location: place, Message: p.Detail}}
	}
	return p
}

// found answers a finding of the API's own.
func found(err error, code tenancy.Code) problem {
	row, known := findings.For([]tenancy.Finding{{Code: code}})
	if !known {
		return failed(&tenancy.Error{Code: tenancy.CodeInternal, Cause: err})
	}
	finding := tenancy.Find(code)
	return problem{Status: row.Status, Code: string(code), Detail: finding.Message, Reasons: reasonsOf([]tenancy.Finding{finding})}
}
