package llamacloud

import (
	"time"

	"github.com/memberward/memberward/internal/tenancy"
)

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
