package tenancy

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The types of which Memberward has its own: with an id that is a UUID, they
// are no entities of the registry (contracts/proxy.md, "AuthZEN").
const (
	TypeUser   = "user"
	TypeTenant = "tenant"
)

// The longest texts of an entity, in bytes.
const (
	EntityTypeLimit = 128
	EntityIDLimit   = 512
	PropertiesLimit = 64 << 10
)

// EntityRef names a subject or a resource by its type and an id, which is any
// text.
type EntityRef struct {
	Type string
	ID   string
}

// Entity is a subject or a resource that an operator's rules judge and that is
// neither an account nor a tenant: it lives in a registry of its own.
type Entity struct {
	EntityRef
	Owner      string     // id of a subject of type user; empty: nobody
	Properties Properties // never with an owner besides Owner
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Properties are a JSON object, without white space. The empty text is one
// without members. Numbers keep their digits: no two of them fall together.
type Properties string

// Own reports whether the reference names an account or a tenant of
// Memberward's, there or not.
func (r EntityRef) Own() bool { return !r.User().IsZero() || !r.Tenant().IsZero() }

// User is the account that the reference names; zero for anything else.
func (r EntityRef) User() UserID { return ownID(r, TypeUser, ParseUserID) }

// Tenant is the tenant that the reference names; zero for anything else.
func (r EntityRef) Tenant() TenantID { return ownID(r, TypeTenant, ParseTenantID) }

func ownID[ID any](r EntityRef, kind string, parse func(string) (ID, error)) (id ID) {
	if r.Type != kind {
		return id
	}
	id, _ = parse(r.ID) // none: zero
	return id
}

// Record is the id under which changes tell of the entity: the beginning of the
// SHA-256 of its type, NUL and its id, neither of which holds NUL.
func (r EntityRef) Record() RecordID {
	sum := sha256.Sum256([]byte(r.Type + "\x00" + r.ID))
	return RecordID(sum[:16])
}

// Check says why nothing of that name can be in the registry.
func (r EntityRef) Check() error {
	if err := checkEntityText("type", r.Type, EntityTypeLimit); err != nil {
		return err
	}
	if err := checkEntityText("id", r.ID, EntityIDLimit); err != nil {
		return err
	}
	if r.Own() {
		return fmt.Errorf("a %s whose id is a UUID is Memberward's own, and no entity", r.Type)
	}
	return nil
}

// Check says why an entity cannot be kept.
func (e Entity) Check() error {
	if err := e.EntityRef.Check(); err != nil {
		return err
	}
	if e.Owner == "" {
		return nil
	}
	if err := checkEntityText("owner", e.Owner, EntityIDLimit); err != nil {
		return err
	}
	if e.Properties.has("owner") {
		return fmt.Errorf("the owner is given twice: as owner, and among the properties")
	}
	return nil
}

// checkEntityText wants 1 to limit bytes of clean text.
func checkEntityText(what, s string, limit int) error {
	if s == "" || len(s) > limit {
		return fmt.Errorf("the %s of an entity has 1 to %d bytes", what, limit)
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return fmt.Errorf("the %s of an entity is UTF-8 without control characters", what)
	}
	return nil
}

// Stored gives what rules see of an entity: its properties, with the owner
// among them where there is one.
func (e Entity) Stored() Properties {
	if e.Owner == "" {
		return e.Properties
	}
	owner, _ := jsontext.AppendQuote([]byte(`{"owner":`), e.Owner) // an error says only that invalid UTF-8 was replaced
	if e.Properties == "" {
		return Properties(append(owner, '}'))
	}
	return Properties(owner) + "," + e.Properties[1:]
}

// ParseProperties reads a JSON object of at most PropertiesLimit bytes whose
// keys stand once and whose numbers are not out of all bounds.
func ParseProperties(text []byte) (Properties, error) {
	value := jsontext.Value(bytes.Clone(text))
	if err := value.Compact(); err != nil {
		return "", fmt.Errorf("properties are no JSON: %w", err)
	}
	var members map[string]any
	switch err := json.Unmarshal(value, &members); {
	case value.Kind() != '{':
		return "", fmt.Errorf("properties are a JSON object")
	case err != nil:
		return "", fmt.Errorf("properties: %w", err)
	case len(value) > PropertiesLimit:
		return "", fmt.Errorf("properties have at most %d bytes", PropertiesLimit)
	case len(members) == 0:
		return "", nil
	}
	return Properties(value), nil
}

// has reports whether a member of that name is there.
func (p Properties) has(name string) bool {
	var members map[string]jsontext.Value
	return p != "" && json.Unmarshal([]byte(p), &members) == nil && members[name] != nil
}

// PutEntity makes an entity, or puts another in its place; the result is the
// Entity.
type PutEntity struct {
	EntityRef
	Owner      string
	Properties Properties
}

// DeleteEntity takes an entity out of the registry.
type DeleteEntity struct{ EntityRef }

// GetEntity reads an entity; the result is the Entity.
type GetEntity struct{ EntityRef }

// ListEntities reads the entities of a type whose ids come after a text, byte
// by byte; the result is a []Entity.
type ListEntities struct {
	Type  string
	After string
	Limit int
}

func (PutEntity) change()    {}
func (DeleteEntity) change() {}
func (GetEntity) query()     {}
func (ListEntities) query()  {}
