package tenancy

import (
	"fmt"
	"time"
)

// Dataset is the registration of a dataset: what it is, and never what is in
// it.
type Dataset struct {
	ID        DatasetID
	Tenant    TenantID // zero: it belongs to its owner alone
	Owner     UserID   // who registered it
	Name      string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Permissions is a set of what somebody may do with a dataset. The bits are
// part of the file format: never change one.
type Permissions uint8

// The permissions.
const (
	PermissionRead Permissions = 1 << iota
	PermissionWrite
	PermissionDelete
	PermissionShare

	AllPermissions = PermissionRead | PermissionWrite | PermissionDelete | PermissionShare
)

// permissionNames are in the order of the bits.
var permissionNames = [...]string{"read", "write", "delete", "share"}

// ParsePermission reads "read", "write", "delete" or "share".
func ParsePermission(s string) (Permissions, error) {
	for bit, name := range permissionNames {
		if s == name {
			return 1 << bit, nil
		}
	}
	return 0, fmt.Errorf("unknown permission %q: want read, write, delete or share", s)
}

// Names lists the permissions of the set, in their fixed order.
func (p Permissions) Names() []string {
	names := []string{}
	for bit, name := range permissionNames {
		if p&(1<<bit) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// Has reports whether the set holds every permission of another.
func (p Permissions) Has(wanted Permissions) bool { return p&wanted == wanted }

// PrincipalKind tells what a principal is. The numbers are part of the file
// format.
type PrincipalKind uint8

// The kinds of principal.
const (
	PrincipalUser   PrincipalKind = 1
	PrincipalRole   PrincipalKind = 2
	PrincipalTenant PrincipalKind = 3
)

// Principal is whoever may be granted something.
type Principal struct {
	Kind PrincipalKind
	ID   PrincipalID
}

// UserPrincipal is a user as a principal.
func UserPrincipal(id UserID) Principal { return Principal{PrincipalUser, PrincipalID(id)} }

// RolePrincipal stands for everybody who holds a role.
func RolePrincipal(id RoleID) Principal { return Principal{PrincipalRole, PrincipalID(id)} }

// TenantPrincipal stands for every member of a tenant.
func TenantPrincipal(id TenantID) Principal { return Principal{PrincipalTenant, PrincipalID(id)} }

// Grant says what a principal may do with a dataset.
type Grant struct {
	Dataset     DatasetID
	Tenant      TenantID // the dataset's
	Principal   Principal
	Permissions Permissions
}
