package tenancy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// Version names one state of a record: two states of it have the same version
// only when everything that is shown of them is the same.
type Version string

// AnyVersion matches every record that is there (RFC 9110, 13.1.1).
const AnyVersion Version = "*"

// VersionOf gives the version of a record that changes and queries give as
// their result; of anything else none. When an account last signed in, and when a key was
// last used, is no part of it.
func VersionOf(record any) Version {
	switch r := record.(type) {
	case UserView:
		u := r.User
		u.PasswordHash, u.ActiveTenant, u.TokenEpoch = "", TenantID{}, 0
		return digest("user", u)
	case KeyView:
		k := r.Key
		k.Scopes = append([]Action{}, k.Scopes...) // none is none, nil or not
		k.Digest = Digest{}                        // never shown
		return digest("key", k)
	case Tenant:
		return digest("tenant", r)
	case Member:
		return digest("member", memberVersion(r))
	case AddedMember:
		return digest("member", memberVersion(r.Member))
	case Role:
		return digest("role", r)
	case RoleView:
		return digest("role", r.Role)
	case Project:
		return digest("project", r)
	case Organization:
		return digest("organization", r)
	case OrganizationMemberView:
		return digest("organization member", r.OrganizationMember)
	case InvitationView:
		i := r.Invitation
		i.Code = Digest{}
		return digest("invitation", i)
	case Entity:
		return digest("entity", r)
	case Usage:
		return digest("usage", r)
	default:
		return ""
	}
}

// memberVersion is what makes two states of a member different: what hangs on
// the account or on other records does not.
func memberVersion(m Member) any {
	type version struct {
		Membership
		Email string
	}
	m.Epoch = 0 // never shown
	m.Roles, m.Capabilities = slices.Concat([]RoleID{}, m.Roles), slices.Concat([]Capability{}, m.Capabilities)
	m.Projects.IDs = slices.Concat([]ProjectID{}, m.Projects.IDs)
	return version{m.Membership, m.Email}
}

// digest relies on every field of a record being a value: %#v of a pointer
// would differ from run to run.
func digest(kind string, record any) Version {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %#v", kind, record))
	return Version(hex.EncodeToString(sum[:12]))
}
