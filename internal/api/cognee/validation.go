package cognee

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// invalid is the answer to an input that cannot be read, in the shape of
// FastAPI's HTTPValidationError (S 001).
type invalid struct {
	status  int
	Details []fault `json:"detail"`
	Body    any     `json:"body"` // what was sent, or null
}

// Error names the first fault.
func (e *invalid) Error() string { return "validation: " + e.Details[0].Message }

// Unwrap names the code for the shell's log.
func (e *invalid) Unwrap() error { return &tenancy.Error{Code: tenancy.CodeInvalid} }

// fault is one thing wrong, with what was given.
type fault struct {
	api.FieldFault
	Input any `json:"input"`
}

// renderInput answers wrong input that no handler put into the words of an
// operation: what the shell itself refuses.
func (d *dialect) renderInput(c *gin.Context, wrong *api.InputError) {
	if wrong.Fault == api.FaultTooSlow {
		write(c, http.StatusRequestTimeout, detail{"Request Timeout"})
		return
	}
	write(c, d.statusOfInvalid(http.StatusBadRequest), &invalid{Details: []fault{faultOf(wrong, nil)}})
}

// faultOf puts an input error into pydantic's words. body is the decoded
// body, where it may be shown.
func faultOf(wrong *api.InputError, body any) fault {
	f := fault{FieldFault: api.FieldFaultOf(wrong), Input: wrong.Input}
	if wrong.Fault == api.FaultType {
		f.Input = at(body, wrong.Path)
	}
	return f
}

// at follows a path into a decoded value; nil where it leads nowhere.
func at(value any, path []string) any {
	for _, token := range path {
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[token]
	}
	return value
}

// form reads the input of one request and collects what is wrong with it, so
// that an answer names every fault, in the order path, query, body.
type form struct {
	c      *gin.Context
	faults []fault
	body   any // what was sent, where it may be sent back
}

// user reads the user id of the path.
func (f *form) user() tenancy.UserID {
	id, err := tenancy.ParseUserID(f.c.Param("user_id"))
	f.uuid(api.InPath, "user_id", f.c.Param("user_id"), err)
	return id
}

// tenant reads the tenant id of the path.
func (f *form) tenant() tenancy.TenantID {
	id, err := tenancy.ParseTenantID(f.c.Param("tenant_id"))
	f.uuid(api.InPath, "tenant_id", f.c.Param("tenant_id"), err)
	return id
}

// parameter reads the one parameter of the query that is known, and must be
// there; others are ignored.
func (f *form) parameter(name string) (string, bool) {
	query, err := api.Query(f.c.Request, true, name)
	if err != nil {
		f.note(err)
		return "", false
	}
	given, found := query[name]
	if !found {
		f.faults = append(f.faults, missing(nil, api.InQuery, name))
	}
	return given, found
}

// tenantParameter reads the tenant id of the query.
func (f *form) tenantParameter() tenancy.TenantID {
	given, found := f.parameter("tenant_id")
	if !found {
		return tenancy.TenantID{}
	}
	id, err := tenancy.ParseTenantID(given)
	f.uuid(api.InQuery, "tenant_id", given, err)
	return id
}

// json decodes the body and reports whether it could be. Of a secret one
// nothing is ever sent back.
func (f *form) json(into any, secret bool) bool {
	if !secret && api.Decode(api.Body(f.c), &f.body, api.DecodeOptions{}) != nil {
		f.body = nil // nothing that could be shown
	}
	err := api.JSON(f.c, into, api.DecodeOptions{IgnoreUnknown: true})
	f.note(err)
	return err == nil
}

func newFault(kind, message string, input any, loc ...any) fault {
	return fault{FieldFault: api.FieldFault{Type: kind, Loc: loc, Message: message}, Input: input}
}

func missing(body any, in api.Place, name string) fault {
	return newFault("missing", "Field required", body, string(in), name)
}

// uuid notes why an id is none; nil notes nothing.
func (f *form) uuid(in api.Place, name, given string, err error) {
	if err != nil {
		f.faults = append(f.faults, newFault("uuid_parsing", "Input should be a valid UUID, "+err.Error(), given, string(in), name))
	}
}

// value notes why a value is not acceptable; nil notes nothing.
func (f *form) value(in api.Place, name string, given any, err error) {
	if err != nil {
		f.faults = append(f.faults, newFault("value_error", "Value error, "+err.Error(), given, string(in), name))
	}
}

// note notes what the shell found wrong; nil notes nothing.
func (f *form) note(err error) {
	var wrong *api.InputError
	switch {
	case err == nil:
	case errors.As(err, &wrong):
		f.faults = append(f.faults, faultOf(wrong, f.body))
	default:
		f.faults = append(f.faults, newFault("value_error", "Value error, the input cannot be read", nil, "body"))
	}
}

// check gives the validation error of the operation, nil when nothing is
// wrong.
func (f *form) check(op operation) error {
	if len(f.faults) == 0 {
		return nil
	}
	return &invalid{status: op.invalid, Details: f.faults, Body: f.body}
}
