package llamacloud

import (
	"encoding/hex"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

// writer writes a membership as it is shown, field by field: each carries a
// whole role, and to encode that anew took most of the time of a long list.
type writer struct{ jsontext.Value }

func (w *writer) raw(text string) { w.Value = append(w.Value, text...) }

func (w *writer) id(id uuid.UUID) {
	before := `"`
	for _, part := range [][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		w.raw(before)
		w.Value = hex.AppendEncode(w.Value, part)
		before = "-"
	}
	w.raw(`"`)
}

// idOrNull writes null for an id that names nothing.
func (w *writer) idOrNull(id tenancy.UserID) {
	if id.IsZero() {
		w.raw("null")
		return
	}
	w.id(uuid.UUID(id))
}

// text writes a text; null for an empty one.
func (w *writer) textOrNull(text string) {
	if text == "" {
		w.raw("null")
		return
	}
	w.text(text)
}

// text writes a text. The error would be of invalid UTF-8, which it replaces.
func (w *writer) text(text string) { w.Value, _ = jsontext.AppendQuote(w.Value, text) }

// times writes when something was made and changed, and gives what it wrote.
func (w *writer) times(created, updated time.Time) []byte {
	begin := len(w.Value)
	w.raw(`,"created_at":`)
	w.time(created)
	w.raw(`,"updated_at":`)
	w.time(updated)
	return w.Value[begin:]
}

func (w *writer) time(at time.Time) {
	if at.IsZero() {
		w.raw("null")
		return
	}
	w.Value = append(at.UTC().AppendFormat(append(w.Value, '"'), time.RFC3339Nano), '"')
}

// userOrganization writes a membership. Who has not signed up has no user_id.
func (w *writer) userOrganization(m tenancy.Member, book *roleBook) {
	membership := tenancy.MembershipID(m.Tenant, m.User)
	w.raw(`{"id":`)
	w.id(membership)
	times := w.times(m.CreatedAt, m.UpdatedAt)
	w.raw(`,"email":`)
	w.text(m.Email)
	w.raw(`,"user_id":`)
	user := m.User
	if m.Pending {
		user = tenancy.UserID{}
	}
	w.idOrNull(user)
	w.raw(`,"organization_id":`)
	w.id(uuid.UUID(m.Tenant))
	w.raw(`,"pending":`)
	w.Value = strconv.AppendBool(w.Value, m.Pending)
	w.raw(`,"invited_by_user_id":`)
	w.idOrNull(m.InvitedBy)
	w.raw(`,"invited_by_user_email":`)
	w.textOrNull(m.Inviter)
	w.raw(`,"roles":[`)
	w.userOrganizationRole(m, membership, times, book)
	w.raw(`]}`)
}

// userOrganizationRole writes the role of a member by a membership, which has
// the times that are written. The user_id of who has not signed up is the one that they will have.
func (w *writer) userOrganizationRole(m tenancy.Member, membership uuid.UUID, times []byte, book *roleBook) {
	id, role := book.held(m)
	w.raw(`{"id":`)
	w.id(assignmentID(membership, id))
	w.Value = append(w.Value, times...)
	w.raw(`,"user_id":`)
	w.id(uuid.UUID(m.User))
	w.raw(`,"organization_id":`)
	w.id(uuid.UUID(m.Tenant))
	w.raw(`,"role_id":`)
	w.id(uuid.UUID(id))
	w.raw(`,"project_ids":`)
	w.projectIDs(m.Projects)
	w.raw(`,"role":`)
	w.Value = append(w.Value, role...)
	w.raw(`}`)
}

// assignmentID names that a member has a role, made of both as the id of a
// membership is.
func assignmentID(membership uuid.UUID, role tenancy.RoleID) uuid.UUID {
	return tenancy.MembershipID(tenancy.TenantID(role), tenancy.UserID(membership))
}

// projectIDs writes null for all projects.
func (w *writer) projectIDs(access tenancy.ProjectAccess) {
	if !access.Only {
		w.raw("null")
		return
	}
	w.raw("[")
	for i, project := range access.IDs {
		if i > 0 {
			w.raw(",")
		}
		w.id(uuid.UUID(project))
	}
	w.raw("]")
}

// userOrganizationRoleOf shows the role of a member.
func userOrganizationRoleOf(m tenancy.Member, book *roleBook) jsontext.Value {
	var times, w writer
	w.userOrganizationRole(m, tenancy.MembershipID(m.Tenant, m.User), times.times(m.CreatedAt, m.UpdatedAt), book)
	return w.Value
}
