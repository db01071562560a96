package cogniac

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// An error code has seven digits (contracts/cogniac.md): two for the resource
// (00 tenant, 01 user, 11 invite), two for the verb (01 create, 02 get, 03
// update, 04 delete; 00 sign in, 99 none of them), three for what is wrong.
// Where upstream documents a code, it is that one: 0004008, 0001009, 0100006,
// 0100011, 0100016, 1103005 and the like, 0099999.
//
//	000 the input is wrong           008 no such member            016 no tenant is named
//	001 no such tenant               009 no such user              017 exists already
//	002 not permitted                010 more than one holds       018 ownership is transferred
//	003 the owner stays              011 no member of the tenant   019 a rule of the operator's own
//	004 the last administrator       012 a member already          999 anything else
//	005 no such invitation           015 the tenant is full
//	006 the credential is not valid

// operation is what one call answers when it cannot do what was asked.
type operation struct {
	code    string      // resource and verb
	answers api.Answers // errors in the order of the contract; Body begins with the three digits
}

// handle serves an operation: whatever its handler fails with is answered in
// the operation's words.
func (op operation) handle(serve api.Handler) api.Handler {
	return func(c *gin.Context, actor tenancy.Actor) error {
		if err := serve(c, actor); err != nil {
			return &failure{operation: op, cause: err}
		}
		return nil
	}
}

// inTenant begins every table about a tenant: unknown and foreign ones read
// the same, and without the right nothing else is told
// (contracts/README.md, rules 4 and 5).
var inTenant = api.Answers{
	{Code: tenancy.CodeTenantUnknown, Status: http.StatusNotFound, Body: noTenant},
	{Code: tenancy.CodeNotAMember, Status: http.StatusNotFound, Body: noTenant},
	{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: "002 You are not permitted to do this"},
}

// permanence ends the tables of what takes somebody's place away.
var permanence = api.Answers{
	{Code: tenancy.CodeOwnerPermanent, Status: http.StatusForbidden, Body: "003 The owner of a tenant stays its owner"},
	{Code: tenancy.CodeLastAdministrator, Status: http.StatusForbidden, Body: "004 A tenant keeps an administrator"},
	{Code: tenancy.CodeRankExceeded, Status: http.StatusForbidden, Body: tooMuch},
}

// handing ends the tables of what gives somebody a role.
var handing = api.Answers{
	{Code: tenancy.CodeMemberLimit, Status: http.StatusForbidden, Body: "015 The tenant has as many users as its limit allows"},
	{Code: tenancy.CodeRankExceeded, Status: http.StatusForbidden, Body: tooMuch},
	{Code: tenancy.CodeActionsExceeded, Status: http.StatusForbidden, Body: tooMuch},
	{Code: tenancy.CodeOwnerByTransferOnly, Status: http.StatusForbidden, Body: "018 Only a transfer of ownership makes an owner"},
}

// reach ends the tables of what a credential may be too narrow for.
var reach = api.Answers{
	{Code: tenancy.CodeRankExceeded, Status: http.StatusForbidden, Body: tooMuch},
	{Code: tenancy.CodeActionsExceeded, Status: http.StatusForbidden, Body: tooMuch},
}

// The texts that several rows share.
const (
	noTenant = "001 Tenant not found"
	noMember = "008 The user is no member of the tenant"
	noUser   = "009 User not found"
	tooMuch  = "010 Nobody gives or takes more than they hold"
)

var (
	listing = operation{"0002", inTenant}
	adding  = operation{"0001", slices.Concat(inTenant, api.Answers{
		{Code: tenancy.CodeUserUnknown, Status: http.StatusNotFound, Body: noUser},
	}, handing)}
	removing = operation{"0004", slices.Concat(inTenant, api.Answers{
		{Code: tenancy.CodeUserUnknown, Status: http.StatusNotFound, Body: noMember},
		{Code: tenancy.CodeTargetNotMember, Status: http.StatusNotFound, Body: noMember},
	}, permanence)}
	promoting = operation{"0003", slices.Concat(inTenant, api.Answers{
		{Code: tenancy.CodeUserUnknown, Status: http.StatusNotFound, Body: noMember},
		{Code: tenancy.CodeTargetNotMember, Status: http.StatusNotFound, Body: noMember},
	}, permanence, handing)}

	showing  = operation{"0002", inTenant}
	founding = operation{"0001", slices.Concat(inTenant, reach)}
	changing = operation{"0003", slices.Concat(inTenant, reach)}
	deleting = operation{"0004", slices.Concat(inTenant, reach)}

	listingInvites = operation{"1102", inTenant}
	inviting       = operation{"1101", slices.Concat(inTenant, api.Answers{
		{Code: tenancy.CodeAlreadyMember, Status: http.StatusConflict, Body: "012 The user is a member of the tenant already"},
	}, handing)}
	withdrawing = operation{"1104", slices.Concat(inTenant, api.Answers{
		{Code: tenancy.CodeInvitationUnknown, Status: http.StatusNotFound, Body: "005 There is no such invitation"},
	})}

	signingIn = operation{"0100", personal}
	reading   = operation{"0102", personal}
)

// personal is the table of what concerns the caller alone.
var personal = api.Answers{
	{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: "002 You are not permitted to do this"},
}

// failures answers what is no refusal. What no row names is a fault of ours.
// Getting a token for a tenant that one is no member of is 400, since a client
// would answer 401 by signing in again and again.
var failures = api.Answers{
	{Code: tenancy.CodeUnauthenticated, Status: http.StatusUnauthorized, Body: "006 The credential is missing or not valid"},
	{Code: tenancy.CodeForbidden, Status: http.StatusForbidden, Body: "002 This credential cannot be used for this"},
	{Code: tenancy.CodeNotPermitted, Status: http.StatusForbidden, Body: "002 You are not permitted to do this"},
	{Code: tenancy.CodeNotAMember, Status: http.StatusBadRequest, Body: "011 You are no member of such a tenant"},
	{Code: tenancy.CodeNotFound, Status: http.StatusNotFound, Body: "999 Not found"},
	{Code: tenancy.CodeMethod, Status: http.StatusMethodNotAllowed, Body: "999 The method is not allowed here"},
	{Code: tenancy.CodeTooLarge, Status: http.StatusRequestEntityTooLarge, Body: "000 The body has more than 1 MiB"},
	{Code: tenancy.CodeConflict, Status: http.StatusConflict, Body: "999 The state changes too fast: try again"},
	{Code: tenancy.CodeStoreFull, Status: http.StatusServiceUnavailable, Body: "999 Nothing was changed: the store is full"},
	{Code: tenancy.CodeOutcomeUnknown, Status: http.StatusServiceUnavailable, Body: "999 It is unknown whether anything was changed"},
	{Code: tenancy.CodeUnavailable, Status: http.StatusServiceUnavailable, Body: "999 The store cannot answer"},
	{Code: tenancy.CodeTimeout, Status: http.StatusServiceUnavailable, Body: "999 The answer took too long"},
}
