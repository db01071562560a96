package llamacloud

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// detail is the body of every error: a text, or the faults of an input.
type detail struct {
	Detail any `json:"detail"`
}

// refusals: contracts/llamacloud.md, "Rules". They are looked up after what a
// stranger, or somebody without the right, may not learn has been taken away.
var refusals = api.Answers{
	{Code: tenancy.CodeTenantUnknown, Status: http.StatusNotFound, Body: "Organization not found"},
	{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: "You are not permitted to do this in this organization"},
	{Code: tenancy.CodeUserUnknown, Status: http.StatusNotFound, Body: "User not found"},
	{Code: tenancy.CodeTargetNotMember, Status: http.StatusNotFound, Body: "User is not a member of this organization"},
	{Code: tenancy.CodeRoleUnknown, Status: http.StatusNotFound, Body: "Role not found in this organization"},
	{Code: tenancy.CodeProjectUnknown, Status: http.StatusNotFound, Body: "Project not found"},
	{Code: tenancy.CodeOwnerPermanent, Status: http.StatusForbidden, Body: "The owner of an organization cannot be removed, demoted or suspended"},
	{Code: tenancy.CodeLastAdministrator, Status: http.StatusForbidden, Body: "The organization would be left without an administrator"},
	{Code: tenancy.CodeMemberLimit, Status: http.StatusForbidden, Body: "The organization has as many members as it may"},
	{Code: tenancy.CodeRankExceeded, Status: http.StatusForbidden, Body: "You cannot give or take away more than you hold"},
	{Code: tenancy.CodeActionsExceeded, Status: http.StatusForbidden, Body: "You cannot give or take away more than you hold"},
}

// projectRefusals stands before refusals where a project alone is named:
// nobody learns that another organization has it.
var projectRefusals = api.Answers{
	{Code: tenancy.CodeTenantUnknown, Status: http.StatusNotFound, Body: "Project not found"},
}

// answersTo gives the table of the operation that an error befell.
func answersTo(err error) api.Answers {
	if errors.As(err, new(projectError)) {
		return slices.Concat(projectRefusals, refusals)
	}
	return refusals
}

// failures answers what is no refusal.
var failures = api.Answers{
	{Code: tenancy.CodeUnauthenticated, Status: http.StatusUnauthorized, Body: "Not authenticated"},
	{Code: tenancy.CodeForbidden, Status: http.StatusForbidden, Body: "Forbidden"},
	{Code: tenancy.CodeNotFound, Status: http.StatusNotFound, Body: "Not Found"},
	{Code: tenancy.CodeMethod, Status: http.StatusMethodNotAllowed, Body: "Method Not Allowed"},
	{Code: tenancy.CodeTooLarge, Status: http.StatusRequestEntityTooLarge, Body: "Request Entity Too Large"},
	{Code: tenancy.CodeRateLimited, Status: http.StatusTooManyRequests, Body: "Too many requests that add users to this organization"},
	{Code: tenancy.CodeOutcomeUnknown, Status: http.StatusServiceUnavailable, Body: "It is unknown whether the change was made"},
	{Code: tenancy.CodeStoreFull, Status: http.StatusServiceUnavailable, Body: "The store is full; nothing was changed"},
	{Code: tenancy.CodeUnavailable, Status: http.StatusServiceUnavailable, Body: "Service Unavailable"},
	{Code: tenancy.CodeTimeout, Status: http.StatusServiceUnavailable, Body: "Service Unavailable"},
	{Code: tenancy.CodeConflict, Status: http.StatusServiceUnavailable, Body: "Service Unavailable"},
}

// render writes the answer to an error.
func render(c *gin.Context, err error) {
	var wrong *invalid
	var input *api.InputError
	var refusal *tenancy.Refusal
	switch {
	case errors.As(err, &wrong):
		write(c, http.StatusUnprocessableEntity, detail{wrong.faults})
	case errors.As(err, &input):
		renderInput(c, input)
	case errors.As(err, &refusal):
		renderRefusal(c, answersTo(err), refusal)
	case api.CodeOf(err) == tenancy.CodeInvalid:
		renderInput(c, faultOfItem(err))
	default:
		renderFailure(c, err)
	}
}

// renderInput answers wrong input that the shell or the decoder found.
func renderInput(c *gin.Context, wrong *api.InputError) {
	if wrong.Fault == api.FaultTooSlow {
		write(c, http.StatusRequestTimeout, detail{"Request Timeout"})
		return
	}
	write(c, http.StatusUnprocessableEntity, detail{[]api.FieldFault{api.FieldFaultOf(wrong)}})
}

// faultOfItem says what the domain found wrong, and with which element of the
// body.
func faultOfItem(err error) *api.InputError {
	fault := &api.InputError{Fault: api.FaultValue, In: api.InBody, Msg: "the request cannot be carried out"}
	var item *tenancy.ItemError
	if errors.As(err, &item) {
		fault.Path = []string{strconv.Itoa(item.Index)}
	}
	var failure *tenancy.Error
	if errors.As(err, &failure) {
		fault.Msg = failure.Msg
	}
	return fault
}

// renderRefusal answers with the first row that matches what the caller may
// learn. Two names of different people, and a name that is in use, are faults
// of the input: nothing is ever 409, which the SDKs of LlamaCloud retry.
func renderRefusal(c *gin.Context, answers api.Answers, refusal *tenancy.Refusal) {
	shown := &tenancy.Refusal{Outcome: refusal.Outcome}
	shown.Reasons = tenancy.Shown(refusal.Reasons)
	row, named := answers.Refused(shown)
	if !named && (row.Code == tenancy.CodeConflict || row.Code == tenancy.CodeNameTaken) {
		err := error(&tenancy.Error{Code: tenancy.CodeInvalid, Msg: row.Body})
		if items, several := refusal.Result.([]tenancy.ItemRefusal); several && len(items) > 0 {
			err = &tenancy.ItemError{Index: items[0].Index, Err: err}
		}
		renderInput(c, faultOfItem(err))
		return
	}
	write(c, row.Status, detail{row.Body})
}

// renderFailure answers what is no refusal. What no row names is a fault of
// ours.
func renderFailure(c *gin.Context, err error) {
	row, ok := failures.For([]tenancy.Finding{{Code: api.CodeOf(err)}})
	if !ok {
		row = api.Answer{Status: http.StatusInternalServerError, Body: "Internal Server Error"}
	}
	write(c, row.Status, detail{row.Body})
}
