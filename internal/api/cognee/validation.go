package cognee

import (
	"errors"
	"net/http"
	"strconv"

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

// fault is one thing wrong, in pydantic's words.
type fault struct {
	Type    string `json:"type"`
	Loc     []any  `json:"loc"` // texts and array indexes
	Message string `json:"msg"`
	Input   any    `json:"input"`
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
	f := fault{Loc: []any{string(wrong.In)}, Input: wrong.Input}
	if wrong.In == api.InHeader {
		f.Loc[0] = string(api.InBody) // the only header that is judged says what the body is
	}
	for _, token := range wrong.Path {
		if wrong.In != api.InHeader {
			f.Loc = append(f.Loc, index(token))
		}
	}
	switch {
	case wrong.Fault == api.FaultMissing:
		f.Type, f.Message = "missing", "Field required"
	case wrong.Fault == api.FaultSyntax && wrong.In == api.InBody:
		f.Type, f.Message = "json_invalid", "JSON decode error"
		f.Loc = append(f.Loc, wrong.Offset)
	case wrong.Fault == api.FaultType:
		f.Type, f.Message = typeFault(wrong.Want)
		f.Input = at(body, wrong.Path)
	default:
		f.Type, f.Message = "value_error", "Value error, "+wrong.Msg
	}
	return f
}

// index gives an array index as a number, a key as it is.
func index(token string) any {
	if n, err := strconv.Atoi(token); err == nil && strconv.Itoa(n) == token {
		return n
	}
	return token
}

// typeFault names a JSON value of another type than the one wanted.
func typeFault(want string) (kind, message string) {
	switch want {
	case "string":
		return "string_type", "Input should be a valid string"
	case "boolean":
		return "bool_type", "Input should be a valid boolean"
	case "object":
		return "model_attributes_type", "Input should be a valid dictionary or object to extract fields from"
	default:
		return "value_error", "Value error, the value has another type than the one expected"
	}
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

func missing(body any, in api.Place, name string) fault {
	return fault{Type: "missing", Loc: []any{string(in), name}, Message: "Field required", Input: body}
}

// uuid notes why an id is none; nil notes nothing.
func (f *form) uuid(in api.Place, name, given string, err error) {
	if err != nil {
		f.faults = append(f.faults, fault{Type: "uuid_parsing", Loc: []any{string(in), name}, Message: "Input should be a valid UUID, " + err.Error(), Input: given})
	}
}

// value notes why a value is not acceptable; nil notes nothing.
func (f *form) value(in api.Place, name string, given any, err error) {
	if err != nil {
		f.faults = append(f.faults, fault{Type: "value_error", Loc: []any{string(in), name}, Message: "Value error, " + err.Error(), Input: given})
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
		f.faults = append(f.faults, fault{Type: "value_error", Loc: []any{"body"}, Message: "Value error, the input cannot be read"})
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
