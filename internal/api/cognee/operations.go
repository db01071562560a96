package cognee

import (
	"net/http"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// operation is what one call answers when it cannot do what was asked.
type operation struct {
	answers api.Answers // errors in the order of the contract; {user}, {tenant} and {principal} stand for the ids asked for
	failed  string      // the detail of a 500
	invalid int         // the status of a validation error
	// body gives the body of one of the answers; nil: {"detail": text}.
	body func(code tenancy.Code, text string) any
}

// bodyOf gives the body of an answer.
func (op operation) bodyOf(code tenancy.Code, text string) any {
	if op.body == nil {
		return detail{text}
	}
	return op.body(code, text)
}

// The texts that several operations share.
const (
	userNotFound   = "Could not find user: {user} [EntityNotFoundError]"
	tenantNotFound = "Could not find tenant: {tenant} [TenantNotFoundError]"
	notManager     = "User is not authorized to manage users for this tenant [PermissionDeniedError]"
)

// adding: contracts/cognee.md, POST /permissions/users/{user_id}/tenants.
var adding = operation{
	answers: api.Answers{
		{Code: tenancy.CodeUserUnknown, Status: http.StatusNotFound, Body: userNotFound},
		{Code: tenancy.CodeTenantUnknown, Status: http.StatusNotFound, Body: tenantNotFound},
		{Code: tenancy.CodeNotAMember, Status: http.StatusForbidden, Body: onlyOwnerAdds},
		{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: onlyOwnerAdds},
		{Code: tenancy.CodeAlreadyMember, Status: http.StatusConflict, Body: "User is already part of group. [EntityAlreadyExistsError]"},
	},
	failed: "Error adding user to tenant",
}

const onlyOwnerAdds = "Only tenant owner can add other users to organization. [PermissionDeniedError]"

// removing: contracts/cognee.md, DELETE /permissions/tenants/{tenant_id}/users/{user_id}.
// Permission stands before the owner, so that nobody without it learns who
// the owner is.
var removing = operation{
	answers: api.Answers{
		{Code: tenancy.CodeTenantUnknown, Status: http.StatusNotFound, Body: tenantNotFound},
		{Code: tenancy.CodeNotAMember, Status: http.StatusForbidden, Body: notManager},
		{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: notManager},
		{Code: tenancy.CodeOwnerPermanent, Status: http.StatusBadRequest, Body: "Cannot remove the tenant owner from their own tenant. [CogneeValidationError]"},
		{Code: tenancy.CodeLastAdministrator, Status: http.StatusForbidden, Body: "Cannot remove the last administrator of the tenant. [PermissionDeniedError]"},
		{Code: tenancy.CodeUserUnknown, Status: http.StatusNotFound, Body: userNotFound},
		{Code: tenancy.CodeTargetNotMember, Status: http.StatusNotFound, Body: "User not found in this tenant. [EntityNotFoundError]"},
	},
	failed:  "Error removing user from tenant",
	invalid: http.StatusUnprocessableEntity,
}

// selecting: contracts/cognee.md, POST /permissions/tenants/select.
var selecting = operation{
	answers: api.Answers{
		{Code: tenancy.CodeTenantUnknown, Status: http.StatusNotFound, Body: tenantNotFound},
		{Code: tenancy.CodeNotAMember, Status: http.StatusNotFound, Body: "User is not part of the tenant. [TenantNotFoundError]"},
	},
}

// listing: contracts/cognee.md, GET /permissions/tenants/{t}/users and …/roles.
var listing = operation{
	answers: api.Answers{
		{Code: tenancy.CodeTenantUnknown, Status: http.StatusNotFound, Body: tenantNotFound},
		{Code: tenancy.CodeNotAMember, Status: http.StatusForbidden, Body: notManager},
		{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: notManager},
	},
}

// finding: contracts/cognee.md, POST /api/v1/users/get-user-id.
var finding = operation{
	answers: api.Answers{
		{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: "You are not permitted to find other users. [PermissionDeniedError]"},
		{Code: tenancy.CodeUserUnknown, Status: http.StatusNotFound, Body: "User not found"},
	},
}

// registering: contracts/cognee.md, POST /api/v1/auth/register.
var registering = operation{
	answers: api.Answers{
		{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: "Registration is not permitted. [PermissionDeniedError]"},
		{Code: tenancy.CodeEmailTaken, Status: http.StatusBadRequest, Body: "REGISTER_USER_ALREADY_EXISTS"},
	},
}

// making: contracts/cognee.md, POST /api/v1/auth/api-keys.
var making = operation{
	answers: api.Answers{
		{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: "You are not permitted to make API keys. [PermissionDeniedError]"},
		{Code: tenancy.CodeConflict, Status: http.StatusBadRequest, Body: "You have reached the maximum number of API keys."},
	},
	body: func(code tenancy.Code, text string) any {
		if code == tenancy.CodeConflict {
			return errorMessage{message{text}}
		}
		return detail{text}
	},
}

// errorMessage is how upstream words that there are too many keys, and nothing
// else (U).
type errorMessage struct {
	Error message `json:"error"`
}

// revoking: contracts/cognee.md, DELETE /api/v1/auth/api-keys/{id}. Other
// people's keys are as unknown as those that are not there.
var revoking = operation{
	answers: api.Answers{
		{Code: tenancy.CodeKeyUnknown, Status: http.StatusNotFound, Body: "API key not found. [EntityNotFoundError]"},
		{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: "You are not permitted to revoke API keys. [PermissionDeniedError]"},
	},
}

// others is every operation without errors of its own.
var others = operation{}
