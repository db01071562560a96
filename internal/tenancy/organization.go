package tenancy

import (
	"fmt"
	"strings"
	"time"
)

// Organization stands above tenants. Its administrators act in each of them as
// an owner would, except for transfer and deletion (contracts/levels.md).
type Organization struct {
	ID        OrganizationID
	Name      string
	ShortName string // unique; of the form of a slug
	// Own is the tenant that the organization was made for; zero: it was made by
	// itself. As long as it holds that tenant alone, it goes with it.
	Own       TenantID
	CreatedAt time.Time
	UpdatedAt time.Time
}

// OrganizationMember says that a user belongs to an organization, and how. The
// zero value says that they do not.
type OrganizationMember struct {
	Organization OrganizationID
	User         UserID
	Admin        bool
	Enabled      bool
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Administers reports whether the member acts in the organization's tenants.
func (m OrganizationMember) Administers() bool { return m.Admin && m.Enabled }

// OrganizationMemberView is a member of an organization with what is shown of
// the account.
type OrganizationMemberView struct {
	OrganizationMember
	Email     string
	GivenName string
	Surname   string
}

// OrganizationRef points at an organization: by its id, by its short name, or
// as the one that a tenant belongs to. The zero value points at none.
type OrganizationRef struct {
	ID        OrganizationID
	ShortName string
	Of        TenantRef
}

// IsZero reports whether the reference points at nothing.
func (r OrganizationRef) IsZero() bool { return r == OrganizationRef{} }

// ParseOrganizationRef reads an id or a short name; ids win.
func ParseOrganizationRef(s string) (OrganizationRef, error) {
	if id, err := ParseOrganizationID(s); err == nil {
		return OrganizationRef{ID: id}, nil
	}
	if err := CheckShortName(s); err != nil {
		return OrganizationRef{}, fmt.Errorf("neither an organization id nor a short name: %w", err)
	}
	return OrganizationRef{ShortName: s}, nil
}

// CheckShortName reports why s cannot be an organization's short name: it has
// the form of a slug.
func CheckShortName(s string) error {
	if err := CheckSlug(s); err != nil {
		return fmt.Errorf("%s", strings.Replace(err.Error(), "a slug", "a short name", 1))
	}
	return nil
}
