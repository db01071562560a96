package cognee

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// failure is an error together with the operation that it befell.
type failure struct {
	operation operation
	user      tenancy.UserID
	tenant    tenancy.TenantID
	principal tenancy.PrincipalID
	cause     error
}

// Error gives the cause, which is what the log wants.
func (f *failure) Error() string { return f.cause.Error() }

// Unwrap gives the cause, so that the shell finds refusals and codes.
func (f *failure) Unwrap() error { return f.cause }

// detail is the body of every error that is no validation error.
type detail struct {
	Detail any `json:"detail"`
}

// render writes the answer to an error.
func (d *dialect) render(c *gin.Context, err error) {
	var answer *reply
	var wrong *invalid
	var input *api.InputError
	var refusal *tenancy.Refusal
	switch {
	case errors.As(err, &answer):
		write(c, answer.status, detail{answer.detail})
	case errors.As(err, &wrong):
		write(c, d.statusOfInvalid(wrong.status), wrong)
	case errors.As(err, &input):
		d.renderInput(c, input)
	case errors.As(err, &refusal):
		renderRefusal(c, err, refusal)
	default:
		renderFailure(c, err)
	}
}

// statusOfInvalid is the status of a validation error: the operator's, or
// else the operation's own.
func (d *dialect) statusOfInvalid(own int) int {
	if d.validationStatus != 0 {
		return d.validationStatus
	}
	return own
}

// reply is an error that brings its answer.
type reply struct {
	status int
	detail any
	cause  error // its code says whose fault it is
}

// Error gives the cause.
func (r *reply) Error() string { return r.cause.Error() }

// Unwrap gives the cause.
func (r *reply) Unwrap() error { return r.cause }

func operationOf(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	return &failure{operation: others, cause: err}
}

// renderRefusal answers with the first row that matches. What no row names is
// a denial in its own words, of cognee's class of denials.
func renderRefusal(c *gin.Context, err error, refusal *tenancy.Refusal) {
	f := operationOf(err)
	row, named := f.operation.answers.Refused(refusal)
	if !named {
		write(c, row.Status, detail{row.Body + " [PermissionDeniedError]"})
		return
	}
	ids := strings.NewReplacer("{user}", f.user.String(), "{tenant}", f.tenant.String(), "{principal}", f.principal.String())
	write(c, row.Status, f.operation.bodyOf(row.Code, ids.Replace(row.Body)))
}

// failures answers what is no refusal, in the words of FastAPI.
var failures = api.Answers{
	{Code: tenancy.CodeUnauthenticated, Status: http.StatusUnauthorized, Body: "Unauthorized"},
	{Code: tenancy.CodeForbidden, Status: http.StatusForbidden, Body: "Forbidden"},
	{Code: tenancy.CodeNotFound, Status: http.StatusNotFound, Body: "Not Found"},
	{Code: tenancy.CodeMethod, Status: http.StatusMethodNotAllowed, Body: "Method Not Allowed"},
	{Code: tenancy.CodeTooLarge, Status: http.StatusRequestEntityTooLarge, Body: "Request Entity Too Large"},
	{Code: tenancy.CodeRateLimited, Status: http.StatusTooManyRequests, Body: "Too Many Requests"},
	{Code: tenancy.CodeInvalid, Status: http.StatusBadRequest, Body: "Bad Request"},
}

// renderFailure answers what is no refusal. Everything that no row names is a
// fault of ours or of the store: 500 with the operation's text, never a
// success (contracts/README.md, rule 15).
func renderFailure(c *gin.Context, err error) {
	row, ok := failures.For([]tenancy.Finding{{Code: api.CodeOf(err)}})
	if !ok {
		row = api.Answer{Status: http.StatusInternalServerError, Body: cmp.Or(operationOf(err).operation.failed, "Internal Server Error")}
	}
	write(c, row.Status, detail{row.Body})
}
