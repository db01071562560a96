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

func newFault(kind, message string, input any, loc ...any) fault {
	return fault{FieldFault: api.FieldFault{Type: kind, Loc: loc, Message: message}, Input: input}
}

func missing(body any, in api.Place, name string) fault {
	return newFault("missing", "Field required", body, string(in), name)
}
