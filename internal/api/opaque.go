package api

import (
	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

// The ids of some APIs are texts of any form to their clients. One that is no
// UUID is unknown there and nothing worse (contracts/README.md, rule 8): it
// gets an id that nothing has, always the same one, so that the request is
// decided, answered and recorded like any other that names what is not there.

// OpaqueUserID reads a user id of such an API.
func OpaqueUserID(text string) tenancy.UserID { return opaqueID(text, tenancy.ParseUserID) }

// OpaqueTenantID reads a tenant id of such an API.
func OpaqueTenantID(text string) tenancy.TenantID { return opaqueID(text, tenancy.ParseTenantID) }

func opaqueID[ID ~[16]byte](text string, parse func(string) (ID, error)) ID {
	if id, err := parse(text); err == nil {
		return id
	}
	space := uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://github.com/memberward/memberward#opaque"))
	return ID(uuid.NewSHA1(space, []byte(text)))
}
