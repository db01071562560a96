package cognee

import (
	"net/http"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// The texts of the operations on datasets and capabilities.
const (
	noSuchPrincipal    = "Could not find principal: {principal} [EntityNotFoundError]"
	mayNotShare        = "Request owner does not have necessary permission: [share] for all datasets requested. [PermissionDeniedError]"
	mayNotMakeDatasets = "You are not permitted to make datasets. [PermissionDeniedError]"
	notMember          = "User is not a member of this tenant [PermissionDeniedError]"
)

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
