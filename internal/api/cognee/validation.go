package cognee

import (
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

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
func renderInput(c *gin.Context, wrong *api.InputError) {
	if wrong.Fault == api.FaultTooSlow {
		write(c, http.StatusRequestTimeout, detail{"Request Timeout"})
		return
	}
	write(c, http.StatusBadRequest, &invalid{Details: []fault{faultOf(wrong, nil)}})
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
	if n, err := strconv.Atoi(token); err == nil {
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

// form collects the faults of one request, so that an answer names them all.
type form struct {
	c      *gin.Context
	faults []fault
	query  map[string]string
	body   any
}

// read begins with the query; parameters that are not known are ignored.
func read(c *gin.Context, parameters ...string) (*form, error) {
	query, err := api.Query(c.Request, true, parameters...)
	return &form{c: c, query: query}, err
}

// json decodes the body. With secret, nothing of it is ever sent back.
func (f *form) json(into any, secret bool) error {
	err := api.JSON(f.c, into, api.DecodeOptions{IgnoreUnknown: true})
	if !secret && json.Unmarshal(api.Body(f.c), &f.body) != nil {
		f.body = nil // nothing that could be shown
	}
	return err
}

// user reads the user id of the path.
func (f *form) user() tenancy.UserID {
	given := f.c.Param("user_id")
	id, err := tenancy.ParseUserID(given)
	f.uuid(api.InPath, "user_id", given, err)
	return id
}

// tenant reads the tenant id of the path.
func (f *form) tenant() tenancy.TenantID {
	given := f.c.Param("tenant_id")
	id, err := tenancy.ParseTenantID(given)
	f.uuid(api.InPath, "tenant_id", given, err)
	return id
}

// required gives a parameter of the query that must be there.
func (f *form) required(name string) (string, bool) {
	given, ok := f.query[name]
	if !ok {
		f.missing(api.InQuery, name)
	}
	return given, ok
}

// tenantOf reads the tenant id that a parameter of the query must hold.
func (f *form) tenantOf(name string) tenancy.TenantID {
	given, ok := f.required(name)
	if !ok {
		return tenancy.TenantID{}
	}
	id, err := tenancy.ParseTenantID(given)
	f.uuid(api.InQuery, name, given, err)
	return id
}

func (f *form) missing(in api.Place, name string) {
	f.faults = append(f.faults, fault{Type: "missing", Loc: []any{string(in), name}, Message: "Field required", Input: f.body})
}

// uuid notes an id that is none.
func (f *form) uuid(in api.Place, name, given string, err error) {
	if err != nil {
		f.wrong(fault{Type: "uuid_parsing", Loc: []any{string(in), name}, Message: "Input should be a valid UUID, " + err.Error(), Input: given})
	}
}

// value notes a value that is not acceptable.
func (f *form) value(in api.Place, name string, given any, err error) {
	if err != nil {
		f.wrong(fault{Type: "value_error", Loc: []any{string(in), name}, Message: "Value error, " + err.Error(), Input: given})
	}
}

func (f *form) wrong(noted fault) { f.faults = append(f.faults, noted) }

// check gives the validation error of the operation: err, if it is one of
// input, and everything noted.
func (f *form) check(op *operation, err error) error {
	if wrong, ok := err.(*api.InputError); ok { //nolint
		f.faults = append(f.faults, faultOf(wrong, f.body))
	} else if err != nil {
		return err
	}
	if len(f.faults) == 0 {
		return nil
	}
	return &invalid{status: op.invalid, Details: f.faults, Body: f.body}
}
