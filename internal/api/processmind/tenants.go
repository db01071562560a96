package processmind

import (
	"errors"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// shownTenant is a tenant (S 004).
type shownTenant struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
	CreatedAt   string `json:"createdAt"`
	Plan        string `json:"plan"`
}

func showTenant(t tenancy.Tenant) shownTenant {
	return shownTenant{ID: t.ID.String(), DisplayName: t.Name, CreatedAt: stamp(t.CreatedAt), Plan: t.Plan}
}

// tenant serves GET /tenant/{tenantId}.
func (d *dialect) tenant(c *gin.Context, actor tenancy.Actor) error {
	ref := pathTenant(c)
	tenant, err := read[tenancy.Tenant](d, c, actor, tenancy.GetTenant{Tenant: ref})
	if err != nil {
		return err
	}
	return ok(c, showTenant(tenant))
}

// updateTenant serves PUT /tenant/{tenantId}.
func (d *dialect) updateTenant(c *gin.Context, actor tenancy.Actor) error {
	var given struct {
		DisplayName *string `json:"displayName"`
	}
	if err := decode(c, &given); err != nil {
		return err
	}
	if err := required(given.DisplayName, "displayName"); err != nil {
		return err
	}
	if err := unacceptable("displayName", checkTenantName(*given.DisplayName)); err != nil {
		return err
	}
	ref := pathTenant(c)
	outcome, err := d.apply(c, actor, tenancy.UpdateTenant{Tenant: ref, Name: given.DisplayName})
	if err != nil {
		return err
	}
	tenant, err := api.Result[tenancy.Tenant](outcome)
	if err != nil {
		return err
	}
	return ok(c, showTenant(tenant))
}

func checkTenantName(name string) error {
	if strings.TrimSpace(name) == "" {
		return errors.New("a tenant has a name")
	}
	return tenancy.CheckName(name)
}

// shownStatistics are a tenant's numbers (S 004). What Memberward cannot count
// is what the application last reported, 0 until then.
type shownStatistics struct {
	ProcessCount     int64 `json:"processCount"`
	DatasetCount     int64 `json:"datasetCount"`
	UserCount        int64 `json:"userCount"`
	StorageUsedBytes int64 `json:"storageUsedBytes"`
}

// statistics serves GET /tenant/{tenantId}/statistics.
func (d *dialect) statistics(c *gin.Context, actor tenancy.Actor) error {
	ref := pathTenant(c)
	numbers, err := read[tenancy.Statistics](d, c, actor, tenancy.GetStatistics{Tenant: ref})
	if err != nil {
		return err
	}
	return ok(c, shownStatistics{
		ProcessCount: numbers.Processes, DatasetCount: numbers.Counters.Datasets,
		UserCount: numbers.Members, StorageUsedBytes: numbers.StorageBytes,
	})
}
