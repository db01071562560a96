package cognee

import (
	"net/http"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// The texts that the operations on roles, datasets and capabilities share.
const (
	noSuchUser         = "No user found in the system. Please create a user. [UserNotFoundError]"
	noSuchRole         = "User role not found. [RoleNotFoundError]"
	noRoleOfTenant     = "Role not found for this tenant. [RoleNotFoundError]"
	noSuchPrincipal    = "Could not find principal: {principal} [EntityNotFoundError]"
	mayNotShare        = "Request owner does not have necessary permission: [share] for all datasets requested. [PermissionDeniedError]"
	mayNotMakeDatasets = "You are not permitted to make datasets. [PermissionDeniedError]"
	notInTenant        = "User not found in tenant. [UserNotFoundError]"
	notMember          = "User is not a member of this tenant [PermissionDeniedError]"
	otherTenantsRole   = "User tenant does not match role tenant. User cannot be added to role. [TenantNotFoundError]"
	nothingSelected    = "Could not find tenant: None [TenantNotFoundError]" // Python's null, as upstream prints it
	alreadyInRole      = "User is already part of group. [EntityAlreadyExistsError]"
	roleAlreadyExists  = "Role already exists for tenant. [EntityAlreadyExistsError]"
)

// creatingRole: contracts/cognee.md, POST /permissions/roles.
var creatingRole = operation{
	answers: api.Answers{
		{Code: tenancy.CodeTenantUnknown, Status: http.StatusNotFound, Body: nothingSelected},
		{Code: tenancy.CodeNotAMember, Status: http.StatusForbidden, Body: notManager},
		{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: notManager},
		{Code: tenancy.CodeNameTaken, Status: http.StatusConflict, Body: roleAlreadyExists},
	},
}

// deletingRole: contracts/cognee.md, DELETE /permissions/roles/{r}.
var deletingRole = operation{
	answers: api.Answers{
		{Code: tenancy.CodeRoleUnknown, Status: http.StatusNotFound, Body: "Role not found. [EntityNotFoundError]"},
		{Code: tenancy.CodeNotAMember, Status: http.StatusForbidden, Body: notManager},
		{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: notManager},
	},
}

// addingToRole: contracts/cognee.md, POST /permissions/users/{u}/roles.
var addingToRole = operation{
	answers: api.Answers{
		{Code: tenancy.CodeUserUnknown, Status: http.StatusNotFound, Body: noSuchUser},
		{Code: tenancy.CodeRoleUnknown, Status: http.StatusNotFound, Body: noSuchRole},
		{Code: tenancy.CodeTargetNotMember, Status: http.StatusNotFound, Body: otherTenantsRole},
		{Code: tenancy.CodeNotAMember, Status: http.StatusForbidden, Body: notManager},
		{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: notManager},
		{Code: tenancy.CodeConflict, Status: http.StatusConflict, Body: alreadyInRole},
	},
}

// removingFromRole: contracts/cognee.md, DELETE /permissions/users/{u}/roles.
var removingFromRole = operation{
	answers: api.Answers{
		{Code: tenancy.CodeUserUnknown, Status: http.StatusNotFound, Body: noSuchUser},
		{Code: tenancy.CodeRoleUnknown, Status: http.StatusNotFound, Body: noSuchRole},
		{Code: tenancy.CodeNotAMember, Status: http.StatusForbidden, Body: notManager},
		{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: notManager},
	},
}

// listingHolders: contracts/cognee.md, GET /permissions/tenants/{t}/roles/{r}/users.
// An unknown tenant has no roles.
var listingHolders = operation{
	answers: api.Answers{
		{Code: tenancy.CodeRoleUnknown, Status: http.StatusNotFound, Body: noRoleOfTenant},
		{Code: tenancy.CodeTenantUnknown, Status: http.StatusNotFound, Body: noRoleOfTenant},
		{Code: tenancy.CodeNotAMember, Status: http.StatusForbidden, Body: notManager},
		{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: notManager},
	},
}

// listingRolesOf: contracts/cognee.md, GET /permissions/tenants/{t}/roles/users/{u}.
var listingRolesOf = operation{
	answers: api.Answers{
		{Code: tenancy.CodeTenantUnknown, Status: http.StatusNotFound, Body: tenantNotFound},
		{Code: tenancy.CodeNotAMember, Status: http.StatusForbidden, Body: notManager},
		{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: notManager},
		{Code: tenancy.CodeUserUnknown, Status: http.StatusNotFound, Body: notInTenant},
		{Code: tenancy.CodeTargetNotMember, Status: http.StatusNotFound, Body: notInTenant},
	},
}

// creatingDataset: contracts/cognee.md, POST /api/v1/datasets.
var creatingDataset = operation{
	answers: api.Answers{
		{Code: tenancy.CodeNotAMember, Status: http.StatusForbidden, Body: mayNotMakeDatasets},
		{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: mayNotMakeDatasets},
	},
}

// sharing: contracts/cognee.md, POST and DELETE /permissions/datasets/{principal}.
// A dataset that is not there is one that nobody may share.
var sharing = operation{
	answers: api.Answers{
		{Code: tenancy.CodeNotAMember, Status: http.StatusForbidden, Body: mayNotShare},
		{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: mayNotShare},
		{Code: tenancy.CodePrincipalUnknown, Status: http.StatusNotFound, Body: noSuchPrincipal},
	},
}

// listingDatasets: contracts/cognee.md, GET /permissions/principals/{p}/datasets.
var listingDatasets = operation{
	answers: api.Answers{
		{Code: tenancy.CodeNotAMember, Status: http.StatusForbidden, Body: notManager},
		{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: notManager},
		{Code: tenancy.CodePrincipalUnknown, Status: http.StatusNotFound, Body: noSuchPrincipal},
	},
}

// readingCapabilities: contracts/cognee.md, GET /permissions/tenants/{t}/capabilities/me.
// Unknown and foreign tenants read the same.
var readingCapabilities = operation{
	answers: api.Answers{
		{Code: tenancy.CodeTenantUnknown, Status: http.StatusForbidden, Body: notMember},
		{Code: tenancy.CodeNotAMember, Status: http.StatusForbidden, Body: notMember},
		{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: notMember},
	},
}

// settingCapability: contracts/cognee.md, POST and DELETE /permissions/capabilities/{principal}.
// Whatever is not there reads as what the caller may not manage.
var settingCapability = operation{
	answers: api.Answers{
		{Code: tenancy.CodeTenantUnknown, Status: http.StatusForbidden, Body: notManager},
		{Code: tenancy.CodeNotAMember, Status: http.StatusForbidden, Body: notManager},
		{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: notManager},
		{Code: tenancy.CodePrincipalUnknown, Status: http.StatusForbidden, Body: notManager},
		{Code: tenancy.CodeTargetNotMember, Status: http.StatusForbidden, Body: notManager},
	},
}
