package cognee

import (
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
	case "array":
		return "list_type", "Input should be a valid list"
	case "object":
		return "model_attributes_type", "Input should be a valid dictionary or object to extract fields from"
	default:
		return "value_error", "Value error, the value has another type than the one expected"
	}
}

// at follows a path into a decoded value; nil where it leads nowhere.
func at(value any, path []string) any {
	for _, token := range path {
		switch inside := value.(type) {
		case map[string]any:
			value = inside[token]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(inside) {
				return nil
			}
			value = inside[i]
		default:
			return nil
		}
	}
	return value
}
