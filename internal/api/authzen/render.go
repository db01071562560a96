package authzen

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// refusals is what a caller reads who may not ask. That a question is denied is
// no refusal: it is an answer.
var refusals = api.Answers{
	{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: "you may not ask what others may do: that takes a platform key, or a key with the scope evaluate"},
}

// failures is what the shell and the store say. A row without words lets the
// error speak.
var failures = api.Answers{
	{Code: tenancy.CodeUnauthenticated, Status: http.StatusUnauthorized, Body: "no valid credential was presented"},
	{Code: tenancy.CodeForbidden, Status: http.StatusForbidden},
	{Code: tenancy.CodeInvalid, Status: http.StatusBadRequest},
	{Code: tenancy.CodeNotFound, Status: http.StatusNotFound},
	{Code: tenancy.CodeMethod, Status: http.StatusMethodNotAllowed},
	{Code: tenancy.CodeTooLarge, Status: http.StatusRequestEntityTooLarge},
	{Code: tenancy.CodeConflict, Status: http.StatusServiceUnavailable, Body: "the store cannot answer now"},
	{Code: tenancy.CodeTimeout, Status: http.StatusServiceUnavailable, Body: "the answer took too long"},
	{Code: tenancy.CodeStoreFull, Status: http.StatusServiceUnavailable, Body: "the store cannot answer now"},
	{Code: tenancy.CodeOutcomeUnknown, Status: http.StatusServiceUnavailable, Body: "the store cannot answer now"},
	{Code: tenancy.CodeUnavailable, Status: http.StatusServiceUnavailable, Body: "the store cannot answer now"},
}

// render writes an error: its message, a JSON text.
func render(c *gin.Context, err error) {
	var refusal *tenancy.Refusal
	var input *api.InputError
	switch {
	case errors.As(err, &refusal):
		row, _ := refusals.Refused(refusal)
		write(c, row.Status, row.Body)
	case errors.As(err, &input):
		status := http.StatusBadRequest
		if input.Fault == api.FaultTooSlow {
			status = http.StatusRequestTimeout
		}
		write(c, status, input.Error())
	default:
		renderFailure(c, err)
	}
}

func renderFailure(c *gin.Context, err error) {
	row, known := failures.For([]tenancy.Finding{{Code: api.CodeOf(err)}})
	if !known {
		write(c, http.StatusInternalServerError, "the server made a mistake")
		return
	}
	var failure *tenancy.Error
	if row.Body == "" && errors.As(err, &failure) {
		row.Body = failure.Msg
	}
	write(c, row.Status, row.Body)
}
