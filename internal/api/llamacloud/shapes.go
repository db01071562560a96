package llamacloud

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

// userOrganization is a membership as it is shown.
type userOrganization struct {
	ID                 string                 `json:"id"`
	CreatedAt          *time.Time             `json:"created_at"`
	UpdatedAt          *time.Time             `json:"updated_at"`
	Email              string                 `json:"email"`
	UserID             *string                `json:"user_id"` // null until they have signed up
	OrganizationID     string                 `json:"organization_id"`
	Pending            bool                   `json:"pending"`
	InvitedByUserID    *string                `json:"invited_by_user_id"`
	InvitedByUserEmail *string                `json:"invited_by_user_email"`
	Roles              []userOrganizationRole `json:"roles"` // exactly one
}

// userOrganizationRole is the role of a member as it is shown.
type userOrganizationRole struct {
	ID             string         `json:"id"`
	CreatedAt      *time.Time     `json:"created_at"`
	UpdatedAt      *time.Time     `json:"updated_at"`
	UserID         string         `json:"user_id"` // of who has not signed up: the id that they will have
	OrganizationID string         `json:"organization_id"`
	RoleID         string         `json:"role_id"`
	ProjectIDs     *[]string      `json:"project_ids"` // null: all
	Role           jsontext.Value `json:"role"`
}

func userOrganizationOf(m tenancy.Member, book *roleBook) userOrganization {
	shown := userOrganization{
		ID: tenancy.MembershipID(m.Tenant, m.User).String(), CreatedAt: instant(m.CreatedAt), UpdatedAt: instant(m.UpdatedAt),
		Email: m.Email, OrganizationID: m.Tenant.String(), Pending: m.Pending, InvitedByUserID: text(m.InvitedBy.String()), InvitedByUserEmail: text(m.Inviter),
		Roles: []userOrganizationRole{userOrganizationRoleOf(m, book)},
	}
	if !m.Pending {
		shown.UserID = text(m.User.String())
	}
	return shown
}

func userOrganizationRoleOf(m tenancy.Member, book *roleBook) userOrganizationRole {
	id, role := book.held(m)
	shown := userOrganizationRole{
		ID:        uuid.NewSHA1(tenancy.MembershipID(m.Tenant, m.User), id[:]).String(),
		CreatedAt: instant(m.CreatedAt), UpdatedAt: instant(m.UpdatedAt),
		UserID: m.User.String(), OrganizationID: m.Tenant.String(), RoleID: id.String(), Role: role,
	}
	if m.Projects.Only {
		ids := make([]string, len(m.Projects.IDs))
		for i, project := range m.Projects.IDs {
			ids[i] = project.String()
		}
		shown.ProjectIDs = &ids
	}
	return shown
}

// organization is a tenant as it is shown.
type organization struct {
	ID               string     `json:"id"`
	CreatedAt        *time.Time `json:"created_at"`
	UpdatedAt        *time.Time `json:"updated_at"`
	Name             string     `json:"name"`
	StripeCustomerID *string    `json:"stripe_customer_id"` // Memberward knows nothing of payments
	ParsePlanLevel   string     `json:"parse_plan_level"`
}

func organizationOf(t tenancy.Tenant) organization {
	return organization{
		ID: t.ID.String(), CreatedAt: instant(t.CreatedAt), UpdatedAt: instant(t.UpdatedAt), Name: t.Name, ParsePlanLevel: "DEFAULT",
	}
}

// project is a project as it is shown.
type project struct {
	ID                 string     `json:"id"`
	CreatedAt          *time.Time `json:"created_at"`
	UpdatedAt          *time.Time `json:"updated_at"`
	Name               string     `json:"name"`
	AdHocEvalDatasetID *string    `json:"ad_hoc_eval_dataset_id"` // nothing of a project's content is kept
	OrganizationID     string     `json:"organization_id"`
	IsDefault          bool       `json:"is_default"`
}

func projectOf(p tenancy.Project) project {
	return project{
		ID: p.ID.String(), CreatedAt: instant(p.CreatedAt), UpdatedAt: instant(p.UpdatedAt), Name: p.Name,
		OrganizationID: p.Tenant.String(), IsDefault: p.Default,
	}
}

// instant gives a time in UTC; nil for none.
func instant(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

// text gives a text; nil for an empty one.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
