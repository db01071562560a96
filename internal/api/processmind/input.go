package processmind

import (
	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// decode reads the body of a request.
func decode(c *gin.Context, into any) error {
	return api.JSON(c, into, api.DecodeOptions{IgnoreUnknown: true})
}

// pathTenant is the tenant of the path. Upstream's ids are opaque texts: what
// is no id of ours names a tenant that is not there.
func pathTenant(c *gin.Context) tenancy.TenantRef {
	return tenancy.RefTo(api.OpaqueTenantID(c.Param("tenantId")))
}

// pathOrganization is the organization that the tenant of the path belongs to.
func pathOrganization(c *gin.Context) tenancy.OrganizationRef {
	return tenancy.OrganizationRef{Of: pathTenant(c)}
}

// required refuses a key of the body that is absent or null.
func required(given *string, name string) error {
	if given == nil {
		return &api.InputError{Fault: api.FaultMissing, In: api.InBody, Path: []string{name}, Msg: "the value is required"}
	}
	return nil
}

// unacceptable says what is wrong with a value of the body; nil stays nil.
func unacceptable(name string, err error) error {
	if err == nil {
		return nil
	}
	return &api.InputError{Fault: api.FaultValue, In: api.InBody, Path: []string{name}, Msg: err.Error()}
}

// sameTenant refuses a body about another tenant than the path's.
func sameTenant(c *gin.Context, given *string) error {
	if err := required(given, "tenantId"); err != nil {
		return err
	}
	if api.OpaqueTenantID(*given) != api.OpaqueTenantID(c.Param("tenantId")) {
		return &api.InputError{Fault: api.FaultValue, In: api.InBody, Path: []string{"tenantId"}, Msg: "the tenant is another than that of the path"}
	}
	return nil
}

// named gives a text that may be absent or null.
func named(given *string) string {
	if given == nil {
		return ""
	}
	return *given
}

// firstOf gives the first error.
func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
