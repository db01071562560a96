package cogniac

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// failure is an error together with the operation that it befell.
type failure struct {
	operation operation
	cause     error
}

// Error gives the cause, which is what the log wants.
func (f *failure) Error() string { return f.cause.Error() }

// Unwrap gives the cause, so that the shell finds refusals and codes.
func (f *failure) Unwrap() error { return f.cause }

// nothing is the operation of what none was found for.
var nothing = operation{code: "0099"}

// message is the body of every error.
type message struct {
	Message string `json:"message"`
}

// render writes the answer to an error.
func render(c *gin.Context, err error) {
	op := nothing
	var f *failure
	if errors.As(err, &f) {
		op = f.operation
	}
	var refusal *tenancy.Refusal
	var input *api.InputError
	switch {
	case errors.As(err, &refusal):
		op.answer(c, op.refused(refusal))
	case errors.As(err, &input):
		op.answer(c, wrongInput(input))
	default:
		op.answer(c, failed(err))
	}
}

// refused gives the answer to a refusal: the first row of the table that
// matches what the caller may learn of it. What no row names, operators' own
// rules among it, is a denial in its own words.
func (op operation) refused(refusal *tenancy.Refusal) api.Answer {
	shown := &tenancy.Refusal{Outcome: refusal.Outcome}
	shown.Reasons = tenancy.Shown(refusal.Reasons)
	row, named := op.answers.Refused(shown)
	if !named {
		row.Body = "019 " + row.Body
	}
	return row
}

// wrongInput gives the answer to an input that cannot be read.
func wrongInput(wrong *api.InputError) api.Answer {
	switch {
	case wrong.Fault == api.FaultTooSlow:
		return api.Answer{Status: http.StatusRequestTimeout, Body: "000 The body did not arrive in time"}
	case wrong.In == api.InQuery && wrong.Fault == api.FaultMissing:
		return api.Answer{Status: http.StatusBadRequest, Body: "016 " + wrong.Msg}
	default:
		return api.Answer{Status: http.StatusBadRequest, Body: "000 Invalid input: " + wrong.Error()}
	}
}

// failed gives the answer to what is no refusal. Everything that no row names
// is a mistake of ours, never a success.
func failed(err error) api.Answer {
	var wrong *tenancy.Error
	if errors.As(err, &wrong) && wrong.Code == tenancy.CodeInvalid {
		return api.Answer{Status: http.StatusBadRequest, Body: "000 Invalid input: " + wrong.Msg}
	}
	code := api.CodeOf(err)
	if row, named := failures.For([]tenancy.Finding{{Code: code}}); named {
		return row
	}
	return api.Answer{Status: http.StatusInternalServerError, Body: "999 The server made a mistake"}
}

// digits is how many digits of an error code stand before a row's text.
const digits = 3

// answer writes an error with the code of the operation. A credential that is
// not valid has one code everywhere.
func (op operation) answer(c *gin.Context, row api.Answer) {
	code, text := op.code+row.Body[:digits], row.Body[digits+1:]
	switch {
	case row.Status == http.StatusUnauthorized:
		code = "0100006"
	case op.code == nothing.code:
		code = "0099999"
	}
	write(c, row.Status, message{fmt.Sprintf("%s ## %s ##", text, code)})
}
