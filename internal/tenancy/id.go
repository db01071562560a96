package tenancy

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// TenantID names a tenant. The zero value names none.
type TenantID uuid.UUID

// UserID names an account. The zero value names none.
type UserID uuid.UUID

// KeyID names an API key or a platform key. The zero value names none.
type KeyID uuid.UUID

// DecisionID names one decision (UUIDv7: ids sort by time). The zero value
// names none.
type DecisionID uuid.UUID

// Revision counts the committed changes of the store. Zero is an empty store.
type Revision uint64

// ParseTenantID reads a tenant id in the 36-character form of RFC 9562.
// Braces, "urn:uuid:", 32 bare digits and the nil UUID are refused
// (contracts/README.md, rule 8).
func ParseTenantID(s string) (TenantID, error) {
	id, err := parseUUID(s)
	return TenantID(id), err
}

// ParseUserID reads a user id; it accepts what [ParseTenantID] accepts.
func ParseUserID(s string) (UserID, error) {
	id, err := parseUUID(s)
	return UserID(id), err
}

// ParseKeyID reads a key id; it accepts what [ParseTenantID] accepts.
func ParseKeyID(s string) (KeyID, error) {
	id, err := parseUUID(s)
	return KeyID(id), err
}

// ParseDecisionID reads a decision id; it accepts what [ParseTenantID] accepts.
func ParseDecisionID(s string) (DecisionID, error) {
	id, err := parseUUID(s)
	return DecisionID(id), err
}

// String gives the 36-character lower-case form, or "" for the zero value, so
// that a missing id never looks like one.
func (id TenantID) String() string { return formatUUID(uuid.UUID(id)) }

// String gives the 36-character lower-case form, or "" for the zero value.
func (id UserID) String() string { return formatUUID(uuid.UUID(id)) }

// String gives the 36-character lower-case form, or "" for the zero value.
func (id KeyID) String() string { return formatUUID(uuid.UUID(id)) }

// String gives the 36-character lower-case form, or "" for the zero value.
func (id DecisionID) String() string { return formatUUID(uuid.UUID(id)) }

// IsZero reports whether the id names nothing.
func (id TenantID) IsZero() bool { return id == TenantID{} }

// IsZero reports whether the id names nothing.
func (id UserID) IsZero() bool { return id == UserID{} }

// IsZero reports whether the id names nothing.
func (id KeyID) IsZero() bool { return id == KeyID{} }

// IsZero reports whether the id names nothing.
func (id DecisionID) IsZero() bool { return id == DecisionID{} }

func formatUUID(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

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
	ID   TenantID
	Slug string
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
func (r TenantRef) IsZero() bool { return r.ID.IsZero() && r.Slug == "" }

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
