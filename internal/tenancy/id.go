package tenancy

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// ID names a record of one kind. Ids of different kinds are different types.
// The zero value names none.
type ID[Kind any] uuid.UUID

// The ids of the domain. Decisions, records, users and tenants have UUIDv7, so
// that ids sort by time.
type (
	TenantID       = ID[tenantKind]
	UserID         = ID[userKind]
	KeyID          = ID[keyKind]
	DecisionID     = ID[decisionKind]
	RoleID         = ID[roleKind]
	ProjectID      = ID[projectKind]
	DatasetID      = ID[datasetKind]
	InvitationID   = ID[invitationKind]
	OrganizationID = ID[organizationKind]
	// PrincipalID names whoever may be granted something: it is the id of a
	// user, a role or a tenant.
	PrincipalID = ID[principalKind]
)

type (
	tenantKind       struct{}
	userKind         struct{}
	keyKind          struct{}
	decisionKind     struct{}
	roleKind         struct{}
	projectKind      struct{}
	datasetKind      struct{}
	invitationKind   struct{}
	organizationKind struct{}
	principalKind    struct{}
)

// Revision counts the committed changes of the store. Zero is an empty store.
type Revision uint64

// String gives the 36-character lower-case form, or "" for the zero value, so
// that a missing id never looks like one.
func (id ID[Kind]) String() string {
	if id.IsZero() {
		return ""
	}
	return uuid.UUID(id).String()
}

// IsZero reports whether the id names nothing.
func (id ID[Kind]) IsZero() bool { return id == ID[Kind]{} }

// ParseID reads an id in the 36-character form of RFC 9562. Braces,
// "urn:uuid:", 32 bare digits and the nil UUID are refused
// (contracts/README.md, rule 8).
func ParseID[Kind any](s string) (ID[Kind], error) {
	id, err := parseUUID(s)
	return ID[Kind](id), err
}

// ParseTenantID reads a tenant id; it accepts what [ParseID] accepts.
func ParseTenantID(s string) (TenantID, error) { return ParseID[tenantKind](s) }

// ParseUserID reads a user id; it accepts what [ParseID] accepts.
func ParseUserID(s string) (UserID, error) { return ParseID[userKind](s) }

// ParseKeyID reads a key id; it accepts what [ParseID] accepts.
func ParseKeyID(s string) (KeyID, error) { return ParseID[keyKind](s) }

// ParseDecisionID reads a decision id; it accepts what [ParseID] accepts.
func ParseDecisionID(s string) (DecisionID, error) { return ParseID[decisionKind](s) }

// ParseRoleID reads a role id; it accepts what [ParseID] accepts.
func ParseRoleID(s string) (RoleID, error) { return ParseID[roleKind](s) }

// ParseProjectID reads a project id; it accepts what [ParseID] accepts.
func ParseProjectID(s string) (ProjectID, error) { return ParseID[projectKind](s) }

// ParseDatasetID reads a dataset id; it accepts what [ParseID] accepts.
func ParseDatasetID(s string) (DatasetID, error) { return ParseID[datasetKind](s) }

// ParseInvitationID reads an invitation id; it accepts what [ParseID] accepts.
func ParseInvitationID(s string) (InvitationID, error) { return ParseID[invitationKind](s) }

// ParseOrganizationID reads an organization id; it accepts what [ParseID]
// accepts.
func ParseOrganizationID(s string) (OrganizationID, error) { return ParseID[organizationKind](s) }

// ParsePrincipalID reads the id of a principal; it accepts what [ParseID]
// accepts.
func ParsePrincipalID(s string) (PrincipalID, error) { return ParseID[principalKind](s) }

func parseUUID(s string) (uuid.UUID, error) {
	if len(s) != 36 {
		return uuid.Nil, fmt.Errorf("an id has 36 characters, not %d", len(s))
	}
	id, err := uuid.Parse(s)
	if err != nil {
		return uuid.Nil, fmt.Errorf("not a UUID: %w", err)
	}
	if id == uuid.Nil {
		return uuid.Nil, fmt.Errorf("the nil UUID names nothing")
	}
	return id, nil
}

// slugLimit is the longest slug, in characters (contracts/native.md).
const slugLimit = 63

// TenantRef points at a tenant by id or by slug, as callers may. The zero
// value points at none. References are resolved inside the transaction.
type TenantRef struct {
	ID     TenantID
	Slug   string
	Active bool // the one that the actor has selected; none where none is
}

// RefTo points at a tenant by its id.
func RefTo(id TenantID) TenantRef { return TenantRef{ID: id} }

// ParseTenantRef reads an id or a slug; ids win. Anything else is an error.
func ParseTenantRef(s string) (TenantRef, error) {
	if id, err := ParseTenantID(s); err == nil {
		return TenantRef{ID: id}, nil
	}
	if err := CheckSlug(s); err != nil {
		return TenantRef{}, fmt.Errorf("neither a tenant id nor a slug: %w", err)
	}
	return TenantRef{Slug: s}, nil
}

// IsZero reports whether the reference points at nothing.
func (r TenantRef) IsZero() bool { return r == TenantRef{} }

// String gives the id, or the slug where there is no id.
func (r TenantRef) String() string {
	if r.ID.IsZero() {
		return r.Slug
	}
	return r.ID.String()
}

// CheckSlug reports why s cannot be a tenant's slug: it holds 1 to 63 of
// a-z, 0-9 and "-", is no UUID, and is not the word "current".
func CheckSlug(s string) error {
	if s == "" || len(s) > slugLimit {
		return fmt.Errorf("a slug has 1 to %d characters", slugLimit)
	}
	if !isSlug(s) {
		return fmt.Errorf("a slug holds only a-z, 0-9 and -")
	}
	if _, err := uuid.Parse(s); err == nil {
		return fmt.Errorf("a slug cannot have the form of a UUID")
	}
	if s == "current" {
		return fmt.Errorf(`"current" is reserved`)
	}
	return nil
}

func isSlug(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// SlugFrom makes a slug out of a tenant's name: lower case, every run of
// other characters one "-". It is empty when nothing of the name remains.
func SlugFrom(name string) string {
	var b strings.Builder
	for _, c := range []byte(strings.ToLower(name)) {
		switch {
		case b.Len() == slugLimit:
			return strings.TrimRight(b.String(), "-")
		case isSlug(string(rune(c))) && c != '-':
			b.WriteByte(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	slug := strings.TrimRight(b.String(), "-")
	if CheckSlug(slug) != nil {
		return ""
	}
	return slug
}
