package opadata

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// failure is the body of every error, as OPA's.
type failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// failures are the codes and texts of OPA's server, where it has any. No row
// is a 2xx, so a client that looks at nothing but the status is refused.
var failures = []struct {
	code   tenancy.Code
	status int
	failure
}{
	{tenancy.CodeUnauthenticated, http.StatusUnauthorized, failure{"unauthorized", "a valid credential is required"}},
	{tenancy.CodeNotPermitted, http.StatusForbidden, failure{"unauthorized", "request rejected by administrative policy"}},
	{tenancy.CodeForbidden, http.StatusForbidden, failure{"unauthorized", "request rejected by administrative policy"}},
	{tenancy.CodeNotFound, http.StatusNotFound, failure{"resource_not_found", "there is nothing here"}},
	{codeUndefined, http.StatusNotFound, failure{"undefined_document", "document missing"}},
	{tenancy.CodeMethod, http.StatusMethodNotAllowed, failure{"invalid_operation", "data and policies are read-only here"}},
	{tenancy.CodeTooLarge, http.StatusRequestEntityTooLarge, failure{"invalid_parameter", "the body has more than 1 MiB"}},
	{tenancy.CodeRateLimited, http.StatusTooManyRequests, failure{"too_many_requests", "too many requests"}},
	{tenancy.CodePolicyError, http.StatusInternalServerError, failure{"internal_error", "error(s) occurred while evaluating query"}},
	{tenancy.CodePolicyUndefined, http.StatusInternalServerError, failure{"internal_error", "error(s) occurred while evaluating query"}},
	{tenancy.CodePolicyTimeout, http.StatusInternalServerError, failure{"internal_error", "the evaluation took too long"}},
	{tenancy.CodeTimeout, http.StatusServiceUnavailable, failure{"internal_error", "the request took too long"}},
	{tenancy.CodeUnavailable, http.StatusServiceUnavailable, failure{"internal_error", "the store cannot answer now"}},
}

// render writes the answer to an error. What no row names is a mistake of
// ours, and its cause is for the log alone.
func render(c *gin.Context, err error) {
	var wrong *api.InputError
	if errors.As(err, &wrong) {
		status := http.StatusBadRequest
		if wrong.Fault == api.FaultTooSlow {
			status = http.StatusRequestTimeout
		}
		api.WriteJSON(c, status, mediaJSON, failure{"invalid_parameter", wrong.Error()})
		return
	}
	code := api.CodeOf(err)
	for _, row := range failures {
		if row.code == code {
			api.WriteJSON(c, row.status, mediaJSON, row.failure)
			return
		}
	}
	status, shown := http.StatusInternalServerError, failure{"internal_error", "the server made a mistake"}
	var failed *tenancy.Error
	if code == tenancy.CodeInvalid && errors.As(err, &failed) {
		status, shown = http.StatusBadRequest, failure{"invalid_parameter", failed.Msg}
	}
	api.WriteJSON(c, status, mediaJSON, shown)
}
