package processmind

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// The texts that several rows share.
const (
	noTenant       = "Tenant not found."
	noOrganization = "Organization not found."
	noUser         = "User not found."
	notPermitted   = "You do not have permission to do this."
	noAnswer       = "The store cannot answer now. Nothing was changed."
)

// refusals is the order of errors of every other operation (contracts/processmind.md).
// A stranger learns nothing but that there is no such tenant, whoever lacks the
// right nothing else; an account without a place in the tenant reads as none.
// What no row names is 403 in its own words: the member limit, ranks, the
// operator's rules.
var refusals = api.Answers{
	{Code: tenancy.CodeTenantUnknown, Status: http.StatusNotFound, Body: noTenant},
	{Code: tenancy.CodeNotAMember, Status: http.StatusNotFound, Body: noTenant},
	{Code: tenancy.CodeOrganizationUnknown, Status: http.StatusNotFound, Body: noOrganization},
	{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: notPermitted},
	{Code: tenancy.CodeUserUnknown, Status: http.StatusNotFound, Body: noUser},
	{Code: tenancy.CodeTargetNotMember, Status: http.StatusNotFound, Body: noUser},
	{Code: tenancy.CodeSlugTaken, Status: http.StatusBadRequest, Body: "shortName: this name is in use"},
	{Code: tenancy.CodeConflict, Status: http.StatusBadRequest, Body: "userId: the user has not signed up yet"},
	{Code: tenancy.CodeOwnerPermanent, Status: http.StatusForbidden, Body: "The owner of a tenant stays its active administrator."},
	{Code: tenancy.CodeLastAdministrator, Status: http.StatusForbidden, Body: "A tenant keeps an active administrator."},
}

// detaching is that of DELETE …/organization/tenants/{target}, where it is a
// tenant that is not there.
var detaching = api.Answers{
	{Code: tenancy.CodeTenantUnknown, Status: http.StatusNotFound, Body: noTenant},
	{Code: tenancy.CodeNotAMember, Status: http.StatusNotFound, Body: noTenant},
	{Code: tenancy.CodeOrganizationUnknown, Status: http.StatusNotFound, Body: noOrganization},
	{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: notPermitted},
	{Code: tenancy.CodeTargetNotMember, Status: http.StatusNotFound, Body: noTenant},
	{Code: tenancy.CodeConflict, Status: http.StatusBadRequest, Body: "The tenant has this organization to itself."},
}

// failure is an error of an operation that has a table of its own.
type failure struct {
	answers api.Answers
	cause   error
}

// Error gives the cause, which is what the log wants.
func (f *failure) Error() string { return f.cause.Error() }

// Unwrap gives the cause, so that the shell finds refusals and codes.
func (f *failure) Unwrap() error { return f.cause }

// failures answers what is no refusal. A store that cannot answer is 503, never
// a success (contracts/README.md, rule 15).
var failures = api.Answers{
	{Code: tenancy.CodeUnauthenticated, Status: http.StatusUnauthorized, Body: "Unauthorized"},
	{Code: tenancy.CodeForbidden, Status: http.StatusForbidden, Body: "Forbidden"},
	{Code: tenancy.CodeNotFound, Status: http.StatusNotFound, Body: "Not Found"},
	{Code: tenancy.CodeMethod, Status: http.StatusMethodNotAllowed, Body: "Method Not Allowed"},
	{Code: tenancy.CodeTooLarge, Status: http.StatusRequestEntityTooLarge, Body: "Payload Too Large"},
	{Code: tenancy.CodeRateLimited, Status: http.StatusTooManyRequests, Body: "Too Many Requests"},
	{Code: tenancy.CodeOutcomeUnknown, Status: http.StatusServiceUnavailable, Body: "It is not known whether the change was made."},
	{Code: tenancy.CodeStoreFull, Status: http.StatusServiceUnavailable, Body: noAnswer},
	{Code: tenancy.CodeUnavailable, Status: http.StatusServiceUnavailable, Body: noAnswer},
	{Code: tenancy.CodeConflict, Status: http.StatusServiceUnavailable, Body: noAnswer},
	{Code: tenancy.CodeTimeout, Status: http.StatusServiceUnavailable, Body: "The request took too long."},
}

// render writes the answer to an error.
func render(c *gin.Context, err error) {
	var input *api.InputError
	var refusal *tenancy.Refusal
	operation := &failure{answers: refusals}
	errors.As(err, &operation)
	switch {
	case errors.As(err, &input):
		renderInput(c, input)
	case errors.As(err, &refusal):
		row, _ := operation.answers.Refused(refusal)
		write(c, row.Status, message{row.Body})
	default:
		renderFailure(c, err)
	}
}

// renderInput answers wrong input: where it stands, and what is wrong.
func renderInput(c *gin.Context, wrong *api.InputError) {
	text, status := wrong.Msg, http.StatusBadRequest
	if len(wrong.Path) > 0 {
		text = strings.Join(wrong.Path, ".") + ": " + text
	}
	if wrong.Fault == api.FaultTooSlow {
		status = http.StatusRequestTimeout
	}
	write(c, status, message{text})
}

// renderFailure answers what is neither. What no row names is a mistake of
// ours, and its cause is for the log alone.
func renderFailure(c *gin.Context, err error) {
	var wrong *tenancy.Error
	if errors.As(err, &wrong) && wrong.Code == tenancy.CodeInvalid {
		write(c, http.StatusBadRequest, message{wrong.Msg})
		return
	}
	row, ok := failures.For([]tenancy.Finding{{Code: api.CodeOf(err)}})
	if !ok {
		row = api.Answer{Status: http.StatusInternalServerError, Body: "Internal Server Error"}
	}
	write(c, row.Status, message{row.Body})
}
