package native

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// list is one page of a list.
type list[T any] struct {
	Items      []T     `json:"items" nullable:"false" doc:"The order is not promised."`
	NextCursor *string `json:"next_cursor" doc:"Where the next page begins; null: this is the last one."`
	Revision   uint64  `json:"revision" doc:"The revision of the store that this page was computed at."`
}

// place says which list is read, so that the cursor of one is of no use in
// another: what it lists, and of whom.
type place string

// The lists. Part of the cursors that clients hold: never change one.
const (
	listKeys                = "keys/"
	listTenants             = "tenants/"
	listMembers             = "members/"
	listAudit               = "audit"
	listRoles               = "roles/"
	listInvitations         = "invitations/"
	listMemberships         = "memberships/"
	listOrganizations       = "organizations/"
	listOrganizationMembers = "organization-members/"
	listEntities            = "entities/"
)

// A cursor is the id of the last element before the page, and a checksum over
// it and the list. It is no secret and no proof: each page is decided afresh.
// The checksum keeps a mistake from shortening a list in silence.
const (
	cursorVersion = 1
	idBytes       = len(uuid.UUID{})
	sumBytes      = 8
)

func (p place) sum(id []byte) []byte {
	sum := sha256.Sum256(append(append([]byte{cursorVersion}, id...), p...))
	return sum[:sumBytes]
}

// cursor points behind an element.
func (p place) cursor(last uuid.UUID) string { return p.behind(last[:]) }

// textCursor is the same in a list whose elements have texts for ids. No such
// text holds the NUL that ends it.
func (p place) textCursor(last string) string { return p.behind([]byte(last + "\x00")) }

func (p place) behind(id []byte) string {
	return base64.RawURLEncoding.EncodeToString(append(append([]byte{cursorVersion}, id...), p.sum(id)...))
}

// after gives the id that a cursor of this list holds; the nil UUID for none.
func (p place) after(cursor string) (uuid.UUID, error) {
	if cursor == "" {
		return uuid.Nil, nil
	}
	if id := p.idIn(cursor); len(id) == idBytes {
		return uuid.UUID(id), nil
	}
	return uuid.Nil, noCursor()
}

// afterText gives the id that such a cursor holds; the empty text for none.
func (p place) afterText(cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	if id, ended := strings.CutSuffix(string(p.idIn(cursor)), "\x00"); ended {
		return id, nil
	}
	return "", noCursor()
}

// idIn gives what behind was given for a cursor of this list; nil for any
// other text.
func (p place) idIn(cursor string) []byte {
	data, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(data) < 1+sumBytes {
		return nil
	}
	if id := data[1 : len(data)-sumBytes]; p.behind(id) == cursor {
		return id
	}
	return nil
}

func noCursor() error {
	return &api.InputError{Fault: api.FaultValue, In: api.InQuery, Path: []string{"cursor"}, Msg: "this is no cursor of this list"}
}

// pageOf shows a page of at most limit rows. The gate was asked for one row
// more, which only says whether another page follows.
func pageOf[R, T any](o tenancy.Outcome, p place, limit int, show func(R) T, id func(R) uuid.UUID) (*body[list[T]], error) {
	return pageUpTo(o, limit, show, func(last R) string { return p.cursor(id(last)) })
}

// pageUpTo is the same with cursors of any kind.
func pageUpTo[R, T any](o tenancy.Outcome, limit int, show func(R) T, cursor func(last R) string) (*body[list[T]], error) {
	rows, ok := o.Result.([]R)
	if !ok {
		return nil, unexpected(o)
	}
	shown := list[T]{Items: []T{}, Revision: uint64(o.Revision)}
	if len(rows) > limit {
		rows = rows[:limit]
		next := cursor(rows[limit-1])
		shown.NextCursor = &next
	}
	for _, row := range rows {
		shown.Items = append(shown.Items, show(row))
	}
	return &body[list[T]]{shown}, nil
}
