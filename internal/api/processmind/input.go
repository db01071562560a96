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

// pathTenant reads the tenant of the path. Upstream's ids are opaque texts:
// what is no id of ours names a tenant that is not there
// (contracts/README.md, rule 8). It comes after the body, so that the two
// kinds of unknown tenant read the same.
func pathTenant(c *gin.Context) (tenancy.TenantRef, error) {
	id, err := tenancy.ParseTenantID(c.Param("tenantId"))
	if err != nil {
		return tenancy.TenantRef{}, unknownTenant()
	}
	return tenancy.RefTo(id), nil
}

func unknownTenant() error {
	return &tenancy.Refusal{Outcome: tenancy.Outcome{Reasons: []tenancy.Finding{tenancy.Find(tenancy.CodeTenantUnknown)}}}
}

// userID reads the id of a user in a body. What is no id of ours is nobody's:
// the zero id, which the gate finds unknown after everything that comes first.
func userID(given string) tenancy.UserID {
	id, err := tenancy.ParseUserID(given)
	if err != nil {
		return tenancy.UserID{}
	}
	return id
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

// sameTenant refuses a body about another tenant than the path's. Ids are
// compared in lower case (contracts/README.md, rule 8).
func sameTenant(c *gin.Context, given *string) error {
	if err := required(given, "tenantId"); err != nil {
		return err
	}
	path, body := c.Param("tenantId"), *given
	if path == body {
		return nil
	}
	inPath, err := tenancy.ParseTenantID(path)
	inBody, other := tenancy.ParseTenantID(body)
	if err != nil || other != nil || inPath != inBody {
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
