package cogniac

import (
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// current stands for the tenant that the credential is bound to.
const current = "current"

// tenantOf reads the tenant of the path. Without a bound credential there is
// no current one, and it is as unknown as any text that is no id.
func tenantOf(c *gin.Context, actor tenancy.Actor) tenancy.TenantRef {
	name := c.Param("tenant")
	if name == current && !actor.Tenant.IsZero() {
		return tenancy.RefTo(actor.Tenant)
	}
	return tenancy.RefTo(api.OpaqueTenantID(name))
}

// json decodes a body; what is unknown in it is ignored.
func json(c *gin.Context, into any) error {
	return api.JSON(c, into, api.DecodeOptions{IgnoreUnknown: true})
}

// missing says that a key of the body is not there.
func missing(name string) error {
	return &api.InputError{Fault: api.FaultMissing, In: api.InBody, Path: []string{name}, Msg: "this is required"}
}

// wrong says why a value of the body is not acceptable; nil says nothing.
func wrong(name string, err error) error {
	if err == nil {
		return nil
	}
	return &api.InputError{Fault: api.FaultValue, In: api.InBody, Path: []string{name}, Msg: err.Error()}
}

// required gives a key of the body that has to hold a text.
func required(name string, given *string) (string, error) {
	if given == nil || *given == "" {
		return "", missing(name)
	}
	return *given, nil
}

// roles are those of the seed's matrix, with the levels that they stand for.
var roles = []struct {
	name  string
	level tenancy.Level
}{
	{"tenant_admin", tenancy.LevelAdmin},
	{"tenant_user", tenancy.LevelMember},
	{"tenant_viewer", tenancy.LevelViewer},
}

// roleOf names a level. An owner is an administrator here.
func roleOf(level tenancy.Level) string {
	if level.Administers() {
		level = tenancy.LevelAdmin
	}
	for _, role := range roles {
		if role.level == level {
			return role.name
		}
	}
	return ""
}

// named is how a body names a role: the vendor's SDK sends role, its reference
// says tenant_role.
type named struct {
	Role       *string `json:"role"`
	TenantRole *string `json:"tenant_role"`
}

// level reads the role; LevelNone where there is none.
func (n named) level() (tenancy.Level, error) {
	name, given := "role", n.Role
	if given == nil {
		name, given = "tenant_role", n.TenantRole
	} else if n.TenantRole != nil && *n.TenantRole != *given {
		return tenancy.LevelNone, wrong("tenant_role", fmt.Errorf("differs from role"))
	}
	if given == nil {
		return tenancy.LevelNone, nil
	}
	for _, role := range roles {
		if role.name == *given {
			return role.level, nil
		}
	}
	return tenancy.LevelNone, wrong(name, fmt.Errorf("want tenant_admin, tenant_user or tenant_viewer"))
}
